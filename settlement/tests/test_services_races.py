"""Two settlements, postings and recordings at once. Only MariaDB has two writers."""

import pytest

from common.errors import PortalError
from events.models import Event, ParticipationState
from events.services import (
    advance_events,
    find_or_record_event,
    notify_event,
    opt_out,
    record_completed_event,
    schedule_event,
)
from events.tests.world import PAST, make_announced, make_draft, make_program
from settlement.models import LedgerBatch, LedgerEntry, SettlementRun
from settlement.services import check_chain, post_run, settle
from settlement.tests.world import make_case, put_history
from tests.builder import make_distributor, make_meter
from tests.races.two import WAYS

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
each_way = pytest.mark.parametrize("way", WAYS)


def race(way, first, second):
    """Both writers, neither of them refused by the database."""
    writers = WAYS[way](first, second)
    strange = [writer.refused for writer in writers if not isinstance(writer.refused, PortalError | None)]
    assert strange == []
    return writers


@each_way
def test_two_settlements_at_once_are_one_run(way):
    _, _, event = make_case()
    race(way, lambda: settle(event=event), lambda: settle(event=event))
    assert SettlementRun.objects.get().lines.count() == 2


@each_way
def test_two_postings_at_once_are_one_batch(way):
    world, _, event = make_case()
    run = settle(event=event)
    race(way, lambda: post_run(run=run), lambda: post_run(run=run))
    assert (LedgerBatch.objects.count(), LedgerEntry.objects.count()) == (1, 4)
    assert check_chain(distributor=world.here.distributor) is None


@each_way
def test_two_runs_of_one_distributor_posted_at_once_are_one_chain(way):
    distributor = make_distributor()
    meter = make_meter(distributor, contracted_kw=1)
    put_history(meter, 1000, 600)
    runs = []
    for name in "AB":
        program = make_program(distributor, name)
        runs.append(settle(event=record_completed_event(program=program, start=PAST[0], end=PAST[1])))
    race(way, lambda: post_run(run=runs[0]), lambda: post_run(run=runs[1]))
    assert [batch.number for batch in LedgerBatch.objects.all()] == [1, 2]
    assert check_chain(distributor=distributor) is None


@each_way
def test_an_event_that_two_record_at_once_is_one_event(way):
    distributor = make_distributor()
    make_meter(distributor, contracted_kw=1)
    program = make_program(distributor)

    def record():
        find_or_record_event(program=program, start=PAST[0], end=PAST[1])

    race(way, record, record)
    assert Event.objects.get().participations.count() == 1


@each_way
def test_two_clocks_move_an_event_on_once(way):
    distributor = make_distributor()
    make_meter(distributor, contracted_kw=1)
    event = make_announced(make_program(distributor))
    race(way, lambda: advance_events(now=event.start), lambda: advance_events(now=event.start))
    event.refresh_from_db()
    assert event.modification_number == 3


@each_way
def test_an_answer_at_the_last_moment_is_either_taken_or_refused(way):
    distributor = make_distributor()
    make_meter(distributor, contracted_kw=1)
    event = make_announced(make_program(distributor))
    mine = event.participations.get()
    answer, _ = race(way, lambda: opt_out(participation=mine), lambda: advance_events(now=event.start))
    mine.refresh_from_db()
    taken = ParticipationState.OPTED_OUT if answer.refused is None else ParticipationState.NO_RESPONSE
    assert mine.state == taken


@each_way
def test_two_who_announce_tell_people_once(way):
    distributor = make_distributor()
    make_meter(distributor, contracted_kw=1)
    event = schedule_event(event=make_draft(make_program(distributor)))
    writers = race(way, lambda: notify_event(event=event), lambda: notify_event(event=event))
    assert sorted(writer.refused is None for writer in writers) == [False, True]
    event.refresh_from_db()
    assert event.modification_number == 2
