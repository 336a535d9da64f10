"""Changes bind every process of the VTN, also where their announcement is late or lost; and hold nobody up."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import ApprovalStatus
from accounts.services import set_approval
from events.services import cancel_event, notify_event, schedule_event
from events.tests.world import make_announced, make_draft, make_program
from openadr.models import ChangeCounter, Ven, VenChange
from openadr.services import changes
from openadr.services.deliveries import Ack, acknowledge, deliver_vens
from openadr.tests.delivery_world import delivery_of, make_ven
from openadr.vtn20b import snapshot as snapshot_module
from openadr.vtn20b.snapshot import FEW, ROUND_SECONDS, Snapshot
from tests.builder import make_side

HOUR = timedelta(hours=1)
PATIENCE = 20


class Clock:
    """The monotonic clock, as the test moves it."""

    def __init__(self, monkeypatch):
        self.at = 1000.0
        monkeypatch.setattr(snapshot_module.time, "monotonic", lambda: self.at)

    def __call__(self, seconds):
        self.at += seconds


@pytest.fixture
def later(monkeypatch):
    return Clock(monkeypatch)


def known(snapshot, lenient):
    entries = map(snapshot.of_pk, Ven.objects.values_list("pk", flat=True))
    return [entry.pk for entry in entries if entry.is_lenient == lenient]


@pytest.mark.django_db
def test_what_nobody_announced_binds_within_ten_minutes(here, later):
    ven = make_ven(here.distributor, here.home)
    snapshot = Snapshot()
    snapshot.refresh()
    Ven.objects.update(is_lenient=True)
    later(ROUND_SECONDS - 1)
    assert snapshot.refresh() == 0
    assert not snapshot.of_pk(ven.pk).is_lenient
    later(1)
    assert snapshot.refresh() == 1
    assert snapshot.of_pk(ven.pk).is_lenient


@pytest.mark.django_db
def test_a_ven_that_nobody_announced_is_found_where_there_was_none(here, later):
    snapshot = Snapshot()
    snapshot.refresh()
    ven = make_ven(here.distributor, here.home)
    later(ROUND_SECONDS)
    assert (snapshot.refresh(), snapshot.of_pk(ven.pk).ven_id) == (1, ven.ven_id)
    Ven.objects.update(is_lenient=True)
    later(ROUND_SECONDS)
    snapshot.refresh()
    assert snapshot.of_pk(ven.pk).is_lenient


@pytest.mark.django_db
def test_the_round_goes_through_many_in_small_pieces_and_begins_anew(here, later, django_assert_max_num_queries):
    Ven.objects.bulk_create(
        Ven(distributor=here.distributor, name=f"v{number}", ven_id=f"v{number}") for number in range(5 * FEW // 2)
    )
    snapshot = Snapshot()
    snapshot.refresh()
    Ven.objects.update(is_lenient=True)
    pieces = []
    for _tick in range(11):
        later(ROUND_SECONDS / 10 + 1)
        with django_assert_max_num_queries(12):
            pieces.append(snapshot.refresh())
    assert max(pieces) < FEW // 2
    assert known(snapshot, False) == []
    Ven.objects.update(is_lenient=False)
    for _tick in range(11):
        later(ROUND_SECONDS / 10)
        snapshot.refresh()
    assert known(snapshot, True) == []


@pytest.mark.django_db
def test_what_is_read_anew_and_is_as_it_was_stays_the_same_entry(here, later):
    ven = make_ven(here.distributor, here.home)
    make_announced(make_program(here.distributor))
    snapshot = Snapshot()
    snapshot.refresh()
    entry = snapshot.of_pk(ven.pk)
    later(ROUND_SECONDS)
    assert snapshot.refresh() == 1
    assert snapshot.of_pk(ven.pk) is entry


@pytest.mark.django_db(transaction=True)
def test_an_announcement_that_fails_after_the_commit_undoes_and_repeats_nothing(monkeypatch):
    side = make_side("Hither")
    ven = make_ven(side.distributor, side.home)
    event = schedule_event(event=make_draft(make_program(side.distributor)))
    tries = []

    def fail(*_args):
        tries.append(1)
        raise DatabaseError("gone")

    monkeypatch.setattr(changes, "_next_number", fail)
    event = notify_event(event=event)
    assert (len(tries), event.modification_number) == (1, 2)
    assert delivery_of(ven, event).modification_number == 0


def number():
    return ChangeCounter.objects.values_list("number", flat=True).filter(pk=1).first() or 0


@pytest.mark.django_db
@pytest.mark.parametrize("work", ["announce", "call off", "reject"])
def test_long_transactions_announce_after_their_commit(here, django_capture_on_commit_callbacks, work):
    ven = make_ven(here.distributor, here.home, owner=here.resident)
    event = schedule_event(event=make_draft(make_program(here.distributor)))
    event = event if work == "announce" else notify_event(event=event)
    before = number()
    with django_capture_on_commit_callbacks(execute=True):
        if work == "announce":
            notify_event(event=event)
        elif work == "call off":
            cancel_event(event=event)
        else:
            set_approval(user=here.resident, status=ApprovalStatus.REJECTED, by=here.admin)
        assert number() == before
    assert number() > before
    assert VenChange.objects.filter(number__gt=before, ven=ven).exists()


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_that_announces_an_event_holds_up_no_acknowledgement():
    side = make_side("Hither")
    program = make_program(side.distributor)
    told = make_announced(program)
    ven, other = make_ven(side.distributor, side.home), make_ven(side.distributor, side.school)
    deliver_vens([ven.pk, other.pk])
    scheduled = schedule_event(event=make_draft(program, days=9))
    done, found = threading.Event(), []

    def answer():
        try:
            found.extend(acknowledge([Ack(ven.pk, told.pk, 0, "optIn")]))
        finally:
            connection.close()
            done.set()

    job = threading.Thread(target=answer)
    with transaction.atomic():
        notify_event(event=scheduled)
        before = number()
        job.start()
        is_done = done.wait(PATIENCE)
        assert VenChange.objects.filter(number__gt=before, ven=ven).exists()
    job.join()
    assert (is_done, [outcome.code for outcome in found]) == (True, [200])
    assert VenChange.objects.filter(number__gt=before, ven=other).exists()
