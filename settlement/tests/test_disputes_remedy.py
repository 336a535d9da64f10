"""What follows a dispute in favor: a run that brings more, or an adjustment of what is in the ledger."""

from decimal import Decimal

import pytest

from settlement.errors import BadAdjustment, BadDispute, DisputeDecided
from settlement.models import DecisionKind, DisputeState
from settlement.services import (
    approve_adjustment,
    background,
    balance,
    disputes,
    post_run,
    refuse_run,
    resolve_against,
    resolve_by_adjusting,
    resolve_by_settling,
    settle,
)
from settlement.services.disputes import lacks_remedy
from settlement.tests.test_disputes import Case
from settlement.tests.world import EVENT_DAY, put

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
    assert not case.run.decisions.exists()


def test_a_dispute_decided_meanwhile_opens_no_settlement(case, monkeypatch):
    opened = case.open()
    put(case.here.home, EVENT_DAY, 550)
    real = disputes.made_or_begun

    def decide_first(**asked):
        resolve_against(dispute=opened, outcome="It is right.", by=case.second)
        return real(**asked)

    monkeypatch.setattr(disputes, "made_or_begun", decide_first)
    with pytest.raises(DisputeDecided):
        resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    assert not case.run.decisions.exists()


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
