"""The value of a month at the wholesale meter, worked by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from settlement.reports.wholesale import Peak, Reduction, month_value, width_of

COST = Decimal("10.35")


def at(hour):
    return datetime(2026, 7, 22, hour, tzinfo=UTC)


LOAD = {at(16): 5_000_000, at(17): 5_600_000, at(20): 5_800_000}


def test_an_event_on_the_peak_saves_until_the_next_highest_hour():
    # 18:00 fell from 6,100 to 5,600 kW; 20:00 is the peak now, 5,800: 300 kW of the 500 count.
    value = month_value(load_wh=LOAD, reductions={at(17): Reduction(Fraction(500_000))}, cost_per_kw=COST)
    assert value.peak == Peak(at(20), Fraction(5800))
    assert value.peak_without == Peak(at(17), Fraction(6100))
    assert (value.coincident_kw, value.avoided_kw, value.avoided_cost) == (0, 300, Decimal("3105.00"))
    assert (value.low_kw, value.high_cost) == (None, None)


def test_an_event_beside_the_peak_saves_nothing():
    value = month_value(load_wh=LOAD, reductions={at(16): Reduction(Fraction(300_000), 0.0)}, cost_per_kw=COST)
    assert (value.avoided_kw, value.low_kw, value.high_kw) == (0, 0, 0)


def test_the_interval_is_that_of_the_reductions():
    value = month_value(load_wh=LOAD, reductions={at(17): Reduction(Fraction(500_000), 100_000.0)}, cost_per_kw=COST)
    assert (value.low_kw, value.avoided_kw, value.high_kw) == (200, 300, 400)
    assert (value.low_cost, value.high_cost) == (Decimal("2070.00"), Decimal("4140.00"))


def test_the_suppliers_hour_decides_where_it_is_known():
    reductions = {at(16): Reduction(Fraction(300_000), 50_000.0), at(17): Reduction(Fraction(500_000), 0.0)}
    value = month_value(load_wh=LOAD, reductions=reductions, cost_per_kw=COST, billed_at=at(16))
    assert (value.peak, value.coincident_kw) == (Peak(at(16), Fraction(5000)), 300)
    assert (value.low_kw, value.avoided_kw, value.high_kw) == (250, 300, 350)


def test_without_a_measured_hour_nothing_is_said():
    assert month_value(load_wh={}, reductions={}, cost_per_kw=COST) is None
    assert month_value(load_wh=LOAD, reductions={}, cost_per_kw=COST, billed_at=at(3)) is None


def test_a_month_without_events_avoided_nothing():
    value = month_value(load_wh=LOAD, reductions={}, cost_per_kw=COST)
    assert (value.avoided_kw, value.avoided_cost, value.low_kw) == (0, 0, 0)


ENERGIES = st.lists(st.integers(0, 10**10), min_size=3, max_size=3)


@given(ENERGIES, ENERGIES)
def test_what_was_avoided_lies_between_nothing_and_the_largest_reduction(load, reduced):
    hours = [at(16), at(17), at(18)]
    reductions = {hour: Reduction(Fraction(wh), 0.0) for hour, wh in zip(hours, reduced, strict=True)}
    value = month_value(load_wh=dict(zip(hours, load, strict=True)), reductions=reductions, cost_per_kw=COST)
    assert 0 <= value.avoided_kw <= Fraction(max(reduced), 1000)
    assert value.low_kw == value.avoided_kw == value.high_kw


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=40), st.floats(0, 1e6))
def test_the_interval_does_not_depend_on_the_level(totals, level):
    moved = width_of([total + level for total in totals])
    assert abs(moved - width_of(totals)) <= 1e-6 * max([*totals, level, 1.0]) * 10


def test_what_has_no_interval_leaves_that_of_the_others():
    """17:00 lies between 5,900 and 6,300 kW without events; of 20:00 nobody can say how sure its 100 kW are."""
    reductions = {at(17): Reduction(Fraction(500_000), 200_000.0), at(20): Reduction(Fraction(100_000))}
    value = month_value(load_wh=LOAD, reductions=reductions, cost_per_kw=COST)
    assert (value.avoided_kw, value.low_kw, value.high_kw) == (300, 100, 500)
