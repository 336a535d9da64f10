"""Posting runs: two entries for each amount, only differences the second time, one unbroken chain."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from events.models import Event, EventState, Participation, ParticipationState
from settlement.errors import EstimateNotPosted, StaleRun
from settlement.models import Account, LedgerBatch, LedgerEntry
from settlement.services import check_chain, post_run, settle
from settlement.tests.world import EVENT_DAY, make_case, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return make_case()


def owed_to(holder):
    entries = LedgerEntry.objects.filter(account=Account.OWED, holder=holder.pk)
    return [entry.amount for entry in entries.order_by("pk")]


def test_each_amount_has_two_entries_that_sum_to_zero(case):
    world, _, event = case
    batch = post_run(run=settle(event=event))
    assert batch.entries.count() == 4
    assert sum(batch.entries.values_list("amount", flat=True)) == 0
    assert owed_to(world.here.resident) == [Decimal("2.24")]
    assert owed_to(world.here.organization) == [Decimal("140.00")]
    event.refresh_from_db()
    assert event.state == EventState.SETTLED
    assert set(event.participations.values_list("state", flat=True)) == {ParticipationState.SETTLED}


def test_posting_twice_posts_nothing(case):
    _, _, event = case
    run = settle(event=event)
    assert post_run(run=run) == post_run(run=run)
    assert LedgerEntry.objects.count() == 4


def test_a_second_run_posts_only_the_differences(case):
    world, _, event = case
    post_run(run=settle(event=event))
    put(world.here.home, EVENT_DAY, 700)
    second = settle(event=event)
    batch = post_run(run=second)
    assert [entry.amount for entry in batch.entries.order_by("-amount")] == [Decimal("0.56"), Decimal("-0.56")]
    assert sum(owed_to(world.here.resident)) == second.lines.get(meter=world.here.home).credit == Decimal("1.68")
    assert owed_to(world.here.organization) == [Decimal("140.00")]
    assert (batch.number, batch.previous_sha256) == (2, LedgerBatch.objects.get(number=1).sha256)


def test_who_skipped_after_all_gives_back_what_was_posted(case):
    world, _, event = case
    first = settle(event=event)
    post_run(run=first)
    Participation.objects.filter(meter=world.here.home).update(state=ParticipationState.OPTED_OUT)
    batch = post_run(run=settle(event=event))
    assert sum(owed_to(world.here.resident)) == 0
    assert {entry.line.run for entry in batch.entries.all()} == {first}


def test_an_amount_follows_a_corrected_holder(case):
    world, _, event = case
    post_run(run=settle(event=event))
    Participation.objects.filter(meter=world.here.home).update(holder=world.here.neighbor.pk)
    post_run(run=settle(event=event))
    assert owed_to(world.here.resident) == [Decimal("2.24"), Decimal("-2.24")]
    assert owed_to(world.here.neighbor) == [Decimal("2.24")]


def test_a_run_without_amounts_is_posted_as_an_empty_link(case):
    world, _, event = case
    for meter in (world.here.home, world.here.school):
        put(meter, EVENT_DAY, 90_000)
    batch = post_run(run=settle(event=event))
    assert batch.entries.count() == 0
    assert Event.objects.get(pk=event.pk).state == EventState.SETTLED
    assert check_chain(distributor=world.here.distributor) is None


def test_estimates_and_replaced_runs_are_not_posted(case):
    world, _, event = case
    with pytest.raises(EstimateNotPosted):
        post_run(run=settle(event=event, preset="ten-in-ten"))
    stale = settle(event=event)
    put(world.here.home, EVENT_DAY, 700)
    settle(event=event)
    with pytest.raises(StaleRun):
        post_run(run=stale)
    assert not LedgerBatch.objects.exists()


def test_the_chain_shows_where_it_was_broken(case):
    world, _, event = case
    distributor = world.here.distributor
    for wh in (600, 700, 800):
        put(world.here.home, EVENT_DAY, wh)
        post_run(run=settle(event=event))
    assert check_chain(distributor=distributor) is None
    assert check_chain(distributor=world.there.distributor) is None
    # A row that somebody slips in beside the service is no part of what the batch's hash says.
    LedgerEntry.objects.create(
        batch=LedgerBatch.objects.get(number=2), account=Account.OWED, amount=Decimal("1.00"), key="slipped in"
    )
    assert check_chain(distributor=distributor) == 2


def test_the_database_keeps_the_ledger_as_it_is(case):
    _, _, event = case
    post_run(run=settle(event=event))
    for table in ("settlement_ledgerentry", "settlement_ledgerbatch"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


def test_the_same_key_cannot_be_paid_twice(case):
    _, _, event = case
    batch = post_run(run=settle(event=event))
    entry = batch.entries.filter(account=Account.OWED).first()
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            batch=batch, account=entry.account, line=entry.line, amount=entry.amount, key=entry.key
        )
