"""What terms pay, from readings to the ledger: every kind of line, caps of the season, money conserved."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.models import Enrollment
from events.services import record_completed_event
from events.tests.world import PAST, make_program
from settlement.models import Account, LedgerEntry, LineStatus, SettlementLine
from settlement.services import check_ledger, post_run, settle
from settlement.tests.world import EVENT_DAY, make_case, put, put_history, told_before
from tests.builder import make_world

pytestmark = pytest.mark.django_db
D = Decimal


def test_every_kind_is_a_line_and_a_posting_of_its_own():
    world, _, event = make_case(flat_per_event=D(1), rate_per_kwh=D("0.10"), penalty_per_kw=D(3))
    put(world.here.school, EVENT_DAY, 60_000)
    run = settle(event=told_before(event))
    home = {line.kind: line.credit for line in run.lines.filter(meter=world.here.home)}
    assert home == {"capacity": D("2.24"), "energy": D("0.16"), "flat": D("1.00")}
    school = {line.kind: line.credit for line in run.lines.filter(meter=world.here.school)}
    assert school == {"capacity": D("0.00"), "penalty": D("-150.00")}
    assert run.lines.exclude(kind="capacity").filter(delivered_wh__gt=0).count() == 0
    batch = post_run(run=run)
    assert sum(batch.entries.values_list("amount", flat=True)) == 0
    assert batch.entries.filter(account=Account.OWED).count() == 4


def test_nobody_owes_a_penalty_for_an_event_that_was_entered_after_it_happened():
    world, _, event = make_case(flat_per_event=D(1), penalty_per_kw=D(3))
    put(world.here.school, EVENT_DAY, 60_000)
    lines = settle(event=event).lines.filter(meter=world.here.school)
    assert {line.kind: line.credit for line in lines} == {"capacity": D("0.00")}


def test_kwh_are_paid_without_a_nomination():
    world = make_world()
    program = make_program(world.here.distributor, rate="0", rate_per_kwh=D(1))
    Enrollment.objects.create(program=program, meter=world.here.neighbor_home, enrolled_at=PAST[0])
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    put_history(world.here.neighbor_home, 1000, 600)
    line = settle(event=event).lines.get(meter=world.here.neighbor_home)
    assert (line.status, line.credit) == (LineStatus.OK, D("1.60"))


def test_a_seasons_cap_holds_over_its_events_in_whatever_order_they_are_settled():
    world, program, event = make_case(rate="0", rate_per_kwh=D("1"), cap_per_season=D("2.00"))
    home = world.here.home
    day = timedelta(days=1)
    put(home, EVENT_DAY + day, 600)
    later = record_completed_event(program=program, start=PAST[0] + day, end=PAST[1] + day)
    assert settle(event=later).lines.get(meter=home).credit == D("1.60")
    first = settle(event=event).lines.get(meter=home)
    assert first.credit == D("0.40")
    assert first.trace["pay"]["clips"][-1]["by"] == "cap_per_season"
    assert settle(event=later).lines.get(meter=home).credit == D("1.60")


AMOUNTS = st.lists(st.integers(0, 2000), min_size=2, max_size=3)


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uses=AMOUNTS)
def test_money_is_conserved_over_any_corrections(uses):
    with transaction.atomic():
        _conserved(uses)
        transaction.set_rollback(True)


def _conserved(uses):
    world, _, event = make_case(flat_per_event=D("0.05"), rate_per_kwh=D("0.33"), points_per_kwh=7)
    before, last = D(0), None
    for wh in uses:
        put(world.here.home, EVENT_DAY, wh)
        run = settle(event=event)
        batch = post_run(run=run)
        for unit in ("money", "points"):
            assert sum(batch.entries.filter(unit=unit).values_list("amount", flat=True)) == 0
        lines = SettlementLine.objects.filter(run=run)
        now = sum(lines.values_list("credit", flat=True))
        mine = LedgerEntry.objects.filter(account=Account.OWED, line__run__event=event, unit="money")
        assert sum(mine.values_list("amount", flat=True)) == now
        posted = sum(mine.filter(batch=batch).values_list("amount", flat=True))
        # The same use twice is the same run and the same posting.
        assert batch == last or posted == now - before
        before, last = now, batch
    assert check_ledger(distributor=world.here.distributor).holds
