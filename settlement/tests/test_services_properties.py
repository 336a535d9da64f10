"""What holds of money whatever the readings are."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement.models import Account, LedgerEntry
from settlement.services import check_chain, post_run, settle
from settlement.tests.world import EVENT_DAY, POOL, make_case, put

RATE = Decimal("2.80")
WH = st.integers(min_value=-3_000, max_value=90_000)
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return make_case()


def total_of(entries):
    return sum(entries.values_list("amount", flat=True), Decimal(0))


@pytest.mark.slow
@SLOW
@given(st.lists(st.tuples(WH, WH), min_size=2, max_size=4))
def test_money_stays_in_bounds_and_the_ledger_follows_it(case, energies):
    world, _, event = case
    for usual, used in energies:
        for day in POOL:
            put(world.here.home, day, usual)
        put(world.here.home, EVENT_DAY, used)
        run = settle(event=event)
        batch = post_run(run=run)
        assert total_of(batch.entries) == 0
        for line in run.lines.all():
            assert 0 <= line.credit <= line.nomination_kw * RATE
            assert line.delivered_wh >= 0
            assert line.demand_savings >= 0
            owed = LedgerEntry.objects.filter(account=Account.OWED, line__meter=line.meter)
            assert total_of(owed) == line.credit
    assert check_chain(distributor=world.here.distributor) is None


def test_the_world_of_these_tests_has_the_rate_they_reckon_with(case):
    _, program, _ = case
    assert program.current.rate_per_kw == RATE
