"""What follows a dispute in favor: a run that brings more, or an adjustment of what is in the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from settlement.errors import BadAdjustment, BadDispute, DisputeDecided, TooLate
from settlement.models import DecisionKind, Dispute, DisputeState, RunKind
from settlement.services import (
    approve_adjustment,
    background,
    balance,
    disputes,
    open_dispute,
    post_run,
    refuse_run,
    reopen_run,
    resolve_against,
    resolve_by_adjusting,
    resolve_by_settling,
    settle,
)
from settlement.services.closing import close_events
from settlement.services.disputes import lacks_remedy
from settlement.services.objections import last_day_to_object
from settlement.tests.test_disputes import Case
from settlement.tests.world import EVENT_DAY, make_case, put

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def case():
    return Case()


def test_a_refused_run_gives_the_remedy_back(case):
    opened = case.open()
    put(case.here.home, EVENT_DAY, 550)
    ended = resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    assert not lacks_remedy(ended)
    refuse_run(run=ended.run, by=case.second, reason="The meter was not swapped.")
    assert lacks_remedy(ended)
    asked = resolve_by_adjusting(dispute=ended, outcome="You are right.", amount=D("0.28"), by=case.here.admin)
    assert not lacks_remedy(ended)
    approve_adjustment(adjustment=asked, by=case.second)
    assert balance(holder=case.here.resident) == D("2.52")


@pytest.mark.parametrize(("home", "school"), [(600, 30_000), (700, 20_000)])
def test_settling_again_is_in_favor_only_where_the_holder_gets_more(case, home, school):
    opened = case.open()
    put(case.here.home, EVENT_DAY, home)
    put(case.here.school, EVENT_DAY, school)
    with pytest.raises(BadDispute, match="more"):
        resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    opened.refresh_from_db()
    assert opened.state == DisputeState.OPEN
    # The newer run waits for its approval, and what is posted was opened for it with the reason.
    assert [(row.kind, row.reason) for row in case.run.decisions.all()] == [(DecisionKind.REOPENED, "You are right.")]


def test_a_dispute_decided_meanwhile_stays_so_and_the_newer_run_waits_beside_what_it_opened(case, monkeypatch):
    opened = case.open()
    put(case.here.home, EVENT_DAY, 550)
    real = disputes.made_or_begun

    def decide_first(**asked):
        resolve_against(dispute=opened, outcome="It is right.", by=case.second)
        return real(**asked)

    monkeypatch.setattr(disputes, "made_or_begun", decide_first)
    with pytest.raises(DisputeDecided):
        resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    opened.refresh_from_db()
    assert opened.state == DisputeState.AGAINST
    assert case.run.decisions.get().kind == DecisionKind.REOPENED


def test_nothing_new_opens_nothing(case):
    opened = case.open()
    with pytest.raises(BadDispute, match="more"):
        resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    assert not case.run.decisions.exists()


def test_an_estimate_that_says_more_lacks_no_remedy():
    world, _, event = make_case()
    here = world.here
    estimate = settle(event=event, kind=RunKind.PRELIMINARY)
    opened = open_dispute(line=estimate.lines.get(meter=here.home), category="reading", by=here.resident)
    put(here.home, EVENT_DAY, 500)
    ended = resolve_by_settling(dispute=opened, outcome="You are right.", by=here.admin)
    assert (ended.state, ended.run.kind) == (DisputeState.IN_FAVOR, RunKind.PRELIMINARY)
    assert not lacks_remedy(ended)


def test_the_figure_of_a_refused_correction_is_questioned_as_long_as_what_is_posted(case, time_machine):
    reopen_run(run=case.run, by=case.here.admin, reason="the school read its meter")
    put(case.here.school, EVENT_DAY, 30_000)
    refused = settle(event=case.event, by=case.here.admin)
    refuse_run(run=refused, by=case.second, reason="no")
    line = refused.lines.get(meter=case.here.home)
    assert last_day_to_object(line) == last_day_to_object(case.run.lines.get(meter=case.here.home))
    time_machine.move_to(timezone.now() + timedelta(days=40))
    with pytest.raises(TooLate, match="until"):
        open_dispute(line=line, category="reading", by=case.here.resident)


def test_nobody_objects_to_a_closed_event(case):
    line = case.run.lines.get(meter=case.here.home)
    assert close_events(now=timezone.now() + timedelta(days=40)) == [case.event]
    with pytest.raises(TooLate, match="closed"):
        open_dispute(line=line, category="reading", by=case.here.resident)
    assert not Dispute.objects.exists()


def test_a_large_event_is_worked_out_by_a_worker_first(case, monkeypatch):
    opened = case.open()
    put(case.here.home, EVENT_DAY, 550)
    monkeypatch.setattr(background, "MOST_AT_ONCE", 1)
    with pytest.raises(BadDispute, match="background"):
        resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    (run,) = background.finish_runs()
    ended = resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    assert (ended.run, case.run.decisions.get().kind) == (run, DecisionKind.REOPENED)


def test_the_adjustment_of_a_questioned_estimate_names_what_was_posted_of_it():
    case = Case(posted=False)
    opened = case.open()
    with pytest.raises(BadAdjustment, match="not in the ledger"):
        resolve_by_adjusting(dispute=opened, outcome="Yes.", amount=D(1), by=case.here.admin)
    opened.refresh_from_db()
    assert opened.state == DisputeState.OPEN
    put(case.here.home, EVENT_DAY, 700)
    run = settle(event=case.event)
    post_run(run=run)
    asked = resolve_by_adjusting(dispute=opened, outcome="Yes.", amount=D(1), by=case.here.admin)
    assert asked.line == run.lines.get(meter=case.here.home)
