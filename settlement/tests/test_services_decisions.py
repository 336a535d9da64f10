"""Approving, refusing and reopening a settlement: who may, when it is posted, and what then."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from events.models import Event, EventState, Participation, ParticipationState
from settlement.errors import EstimateNotPosted, NotApproved, NotOpen, NotPosted, ReasonMissing, StaleRun
from settlement.models import Account, DecisionKind, LedgerBatch, LedgerEntry, RunDecision, RunKind, SettlementRun
from settlement.services import approve_run, close_run, post_run, refuse_run, reopen_run, settle
from settlement.services.background import settle_or_begin
from settlement.services.decisions import authors_of
from settlement.services.runs import begin_run
from settlement.tests.world import EVENT_DAY, make_case, put
from tests.builder import make_admin

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return make_case()


@pytest.fixture
def second(case):
    return make_admin(case[0].here.distributor)


def test_a_persons_run_is_posted_once_another_one_approved_it(case, second):
    world, _, event = case
    run = settle(event=event, by=world.here.admin)
    with pytest.raises(NotApproved):
        post_run(run=run)
    with pytest.raises(NotApproved):
        approve_run(run=run, by=world.here.admin)
    decision = approve_run(run=run, by=second)
    assert approve_run(run=run, by=second) == decision
    batch = post_run(run=run, by=world.here.admin)
    assert (batch.posted_by, batch.entries.count()) == (world.here.admin, 4)


def test_the_database_lets_no_author_approve(case):
    world, _, event = case
    run = settle(event=event, by=world.here.admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        RunDecision.objects.create(run=run, kind=DecisionKind.APPROVED, decided_by=world.here.admin)


def test_a_run_by_the_clock_needs_one_person_once_a_person_posts_it(case):
    world, _, event = case
    run = settle(event=event)
    with pytest.raises(NotApproved):
        post_run(run=run, by=world.here.admin)
    approve_run(run=run, by=world.here.admin)
    assert post_run(run=run, by=world.here.admin).number == 1


def test_what_the_command_line_makes_and_posts_needs_nobody(case):
    assert post_run(run=settle(event=case[2])).number == 1


def test_what_was_refused_is_not_posted_until_somebody_approves_it_after_all(case, second):
    _, _, event = case
    run = settle(event=event)
    with pytest.raises(ReasonMissing):
        refuse_run(run=run, by=second, reason="  ")
    with pytest.raises(ReasonMissing):
        refuse_run(run=run, by=second, reason="x" * 301)
    refuse_run(run=run, by=second, reason="the school was closed")
    with pytest.raises(NotApproved, match="the school was closed"):
        post_run(run=run)
    approve_run(run=run, by=second)
    assert post_run(run=run, by=second)
    assert [row.kind for row in run.decisions.all()] == [DecisionKind.REFUSED, DecisionKind.APPROVED]


def test_a_posted_settlement_is_opened_with_a_reason_and_posts_only_the_difference(case, second):
    world, _, event = case
    first = settle(event=event)
    with pytest.raises(NotPosted):
        reopen_run(run=first, by=second, reason="a meter was swapped")
    post_run(run=first)
    with pytest.raises(ReasonMissing):
        reopen_run(run=first, by=second, reason="")
    reopen_run(run=first, by=second, reason="a meter was swapped")
    put(world.here.home, EVENT_DAY, 700)
    run = settle(event=event, by=world.here.admin)
    approve_run(run=run, by=second)
    batch = post_run(run=run, by=second)
    owed = batch.entries.filter(account=Account.OWED).values_list("amount", flat=True)
    assert list(owed) == [Decimal("-0.56")]
    with pytest.raises(StaleRun):
        approve_run(run=first, by=world.here.admin)


def test_estimates_trials_tests_and_replaced_runs_are_neither_decided_on_nor_posted(case, second):
    world, _, event = case
    estimate = settle(event=event, kind=RunKind.PRELIMINARY)
    stale = settle(event=event)
    for run in (estimate, settle(event=event, preset="ten-in-ten")):
        with pytest.raises(EstimateNotPosted):
            post_run(run=run)
        with pytest.raises(EstimateNotPosted):
            approve_run(run=run, by=second)
    put(world.here.home, EVENT_DAY, 700)
    settle(event=event)
    with pytest.raises(StaleRun):
        refuse_run(run=stale, by=second, reason="old")
    Event.objects.filter(pk=event.pk).update(is_test=True)
    stale.refresh_from_db()
    with pytest.raises(EstimateNotPosted):
        post_run(run=type(stale).objects.get(pk=stale.pk))
    assert not LedgerBatch.objects.exists()


def test_a_run_that_is_still_being_written_is_not_posted(case):
    _, _, event = case
    run = settle(event=event)
    run.sealed_at = None
    with pytest.raises(EstimateNotPosted):
        post_run(run=run)


def test_nobody_of_another_distributor_decides(case):
    world, _, event = case
    run = settle(event=event)
    with pytest.raises(IntegrityError), transaction.atomic():
        RunDecision.objects.create(run=run, kind=DecisionKind.APPROVED, decided_by=world.there.admin)


def test_points_are_a_second_currency_in_the_same_batch():
    world, _, event = make_case(points_per_kwh=100)
    batch = post_run(run=settle(event=event))
    points = LedgerEntry.objects.filter(batch=batch, unit="points", account=Account.OWED, holder=world.here.resident.pk)
    # 1600 Wh delivered; the school’s 100 kWh stand beside them.
    assert points.get().amount == Decimal(160)
    for unit in ("money", "points"):
        assert sum(batch.entries.filter(unit=unit).values_list("amount", flat=True)) == 0


def test_who_goes_on_with_a_run_is_its_author_too(case, second):
    world, _, event = case
    third = make_admin(world.here.distributor)
    begin_run(event=event)
    begin_run(event=event, by=world.here.admin)
    begin_run(event=event, by=second)
    run = settle(event=event)
    assert run.created_by == world.here.admin
    assert authors_of(run) == {world.here.admin.pk, second.pk}
    for author in (world.here.admin, second):
        with pytest.raises(NotApproved):
            approve_run(run=run, by=author)
    approve_run(run=run, by=third)
    assert post_run(run=run, by=third)


def test_a_run_begun_by_the_clock_and_thrown_away_keeps_its_authors(case, second):
    world, _, event = case
    begin_run(event=event, by=second)
    begin_run(event=event, by=world.here.admin)
    # Another ground: what was written so far is written again.
    other = {"ground": "", "parts": [], "also_by": [world.here.admin.pk]}
    SettlementRun.objects.filter(event=event).update(common=other)
    assert authors_of(settle(event=event)) == {world.here.admin.pk, second.pk}


def test_what_is_posted_is_opened_before_it_is_settled_anew_by_whatever_run(case, second):
    world, _, event = case
    first = settle(event=event)
    post_run(run=first)
    with pytest.raises(NotOpen):
        settle_or_begin(event=event, by=second)
    put(world.here.home, EVENT_DAY, 700)
    # As an import that is undone does.
    stale = settle(event=event)
    assert settle_or_begin(event=event, by=second) == stale
    put(world.here.home, EVENT_DAY, 650)
    third = settle(event=event)
    post_run(run=third)
    with pytest.raises(StaleRun):
        reopen_run(run=first, by=second, reason="an old one")
    with pytest.raises(NotOpen):
        settle_or_begin(event=event, by=second)
    reopen_run(run=third, by=second, reason="a meter was swapped")
    assert settle_or_begin(event=event, by=second) == third


def test_an_opening_that_changes_nothing_is_ended(case, second):
    _, _, event = case
    run = settle(event=event)
    post_run(run=run)
    with pytest.raises(NotOpen):
        close_run(run=run, by=second, reason="nothing to do")
    reopen_run(run=run, by=second, reason="by mistake")
    assert settle_or_begin(event=event, by=second) == run
    with pytest.raises(ReasonMissing):
        close_run(run=run, by=second, reason=" ")
    close_run(run=run, by=second, reason="opened by mistake")
    with pytest.raises(NotOpen):
        settle_or_begin(event=event, by=second)
    reopen_run(run=run, by=second, reason="now in earnest")
    assert [row.kind for row in run.decisions.order_by("pk")] == ["reopened", "closed", "reopened"]


def test_a_refused_settlement_is_left_and_its_event_holds_up_no_month(case, second):
    world, _, event = case
    run = settle(event=event)
    refuse_run(run=run, by=second, reason="the school was closed")
    # It takes two people, as paying does.
    with pytest.raises(NotApproved, match="neither made nor refused"):
        close_run(run=run, by=second, reason="nothing is paid for it")
    close_run(run=run, by=world.here.admin, reason="nothing is paid for it")
    event.refresh_from_db()
    assert event.state == EventState.SETTLED
    with pytest.raises(NotApproved, match="nothing is paid for it"):
        post_run(run=run)
    assert not LedgerBatch.objects.exists()
    # It is no dead end.
    put(world.here.home, EVENT_DAY, 700)
    again = settle_or_begin(event=event, by=world.here.admin)
    approve_run(run=again, by=second)
    assert post_run(run=again, by=second)


def test_a_refused_correction_that_is_left_changes_nothing_that_is_posted(case, second):
    world, _, event = case
    post_run(run=settle(event=event))
    put(world.here.home, EVENT_DAY, 700)
    run = settle(event=event)
    refuse_run(run=run, by=second, reason="no")
    close_run(run=run, by=second, reason="it stays")
    assert LedgerBatch.objects.count() == 1
    states = Participation.objects.filter(event=event).values_list("state", flat=True)
    assert set(states) == {ParticipationState.SETTLED}
