"""What a program has cost: the ledger's word on its events, adjustments among it, and its months of standing by."""

from datetime import date
from decimal import Decimal

import pytest

from events.expectation import spent_on
from settlement.models import LineKind
from settlement.reports.season import Season, season_report
from settlement.services import (
    approve_adjustment,
    approve_month,
    ask_adjustment,
    post_month,
    post_run,
    settle,
    settle_month,
)
from settlement.tests.world import make_case
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
D = Decimal
YEAR = Season("2026", date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def case():
    world, program, event = make_case(capacity_per_kw_month=D(2))
    run = settle(event=event)
    post_run(run=run)
    return world, program, event, run


def spent(program, *events):
    return spent_on(list(events), program=program, first=YEAR.first, last=YEAR.last)


def adjust(world, amount, **about):
    row = ask_adjustment(
        distributor=world.here.distributor,
        holder=world.here.organization,
        amount=D(amount),
        reason="goodwill",
        by=world.here.admin,
        **about,
    )
    approve_adjustment(adjustment=row, by=make_admin(world.here.distributor))


def test_a_month_of_standing_by_is_spent_once_it_is_posted(case):
    world, program, event, _ = case
    before = spent(program, event)
    month = settle_month(program=program, month=date(2026, 7, 1))
    assert spent(program, event) == before
    approve_month(run=month, by=world.here.admin)
    post_month(run=month, by=world.here.admin)
    pay = sum(line.credit for line in month.lines.all())
    assert pay > 0
    assert spent(program, event) == before + pay
    assert spent(program) == pay
    assert season_report(program=program, season=YEAR).standby == pay


def test_an_adjustment_of_a_reward_is_spent_and_in_the_cost_per_kw(case):
    world, program, event, run = case
    before, report = spent(program, event), season_report(program=program, season=YEAR)
    line = run.lines.get(meter=world.here.school, kind=LineKind.CAPACITY)
    adjust(world, "25.00", line=line)
    assert spent(program, event) == before + 25
    after = season_report(program=program, season=YEAR)
    assert (after.adjusted, after.cost) == (D("25.00"), report.cost + 25)
    assert after.cost_per_kw > report.cost_per_kw


def test_an_adjustment_that_names_no_event_is_no_programs(case):
    world, program, event, _ = case
    before = spent(program, event)
    adjust(world, "25.00")
    assert spent(program, event) == before
    assert season_report(program=program, season=YEAR).adjusted == 0
