"""Energies are right to the Wh, however they are scaled and cut."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openadr.errors import InvalidData
from openadr.services.quantities import (
    SCALES,
    energy_of_power,
    milli_wh,
    number_of,
    scaled,
    slot_of,
    sum_of,
    whole_wh,
)

numbers = st.decimals(-(10**9), 10**9, places=6)


@pytest.mark.parametrize(
    "text", ["NaN", "INF", "-INF", "Infinity", "1e400", "1e15", "sNaN", "", "1_0", "٣", "0x10", "1e999999999999"]
)
def test_what_is_no_energy_is_refused(text):
    with pytest.raises(InvalidData):
        number_of(text)


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("-0.0", 0), ("1e-400", 0), ("+5", 5), ("12.5E1", 125), ("007", 7)]
)
def test_floats_of_xml_are_read_exactly(text, number):
    assert number_of(text) == number


@given(numbers, st.sampled_from([*SCALES.values()]))
def test_a_scale_is_an_exact_power_of_ten(number, exponent):
    try:
        found = scaled(number, exponent)
    except InvalidData:
        assert abs(Fraction(number)) * Fraction(10) ** exponent >= 10**15
    else:
        assert Fraction(found) == Fraction(number) * Fraction(10) ** exponent


@given(numbers, st.integers(1, 86_400))
def test_a_mean_power_over_an_hour_is_its_number(power, seconds):
    assert energy_of_power(power, 3600) == Fraction(power)
    assert energy_of_power(power, seconds) * 2 == energy_of_power(power, 2 * seconds)


@given(numbers)
def test_rounding_is_off_by_half_a_wh_at_most(energy):
    assert abs(whole_wh(energy) - Fraction(energy)) <= Fraction(1, 2)


@given(
    st.lists(st.decimals(-(10**6), 10**6, places=6), min_size=1, max_size=60),
    st.sampled_from([1, 10, 60, 300]),
    st.randoms(use_true_random=False),
)
def test_parts_add_up_to_their_sum_in_any_order(energies, seconds, luck):
    parts = [(at * seconds, seconds, milli_wh(energy)) for at, energy in enumerate(energies)]
    luck.shuffle(parts)
    found = sum_of(parts, 0, seconds * len(energies))
    exact = sum(map(Fraction, energies))
    assert abs(found - exact) <= Fraction(1, 2) + Fraction(len(energies), 2000)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=30), st.data())
def test_an_interval_with_a_gap_or_an_overlap_has_no_sum(energies, data):
    parts = [(at * 60, 60, energy) for at, energy in enumerate(energies)]
    hole = data.draw(st.integers(0, len(parts) - 1))
    whole = 60 * len(parts)
    assert sum_of(parts[:hole] + parts[hole + 1 :], 0, whole) is None
    overlapping = [*parts[:hole], (parts[hole][0], 61, parts[hole][2]), *parts[hole + 1 :]]
    assert sum_of(overlapping, 0, whole) is None


@given(
    st.integers(0, 2**32),
    st.sampled_from([0, 19_800, 20_700, -12_600, -18_000]),
    st.sampled_from([60, 900, 1800, 3600]),
)
def test_each_moment_is_in_one_interval_of_the_local_clock(moment, offset, step):
    start = slot_of(moment, offset, step)
    assert start <= moment < start + step
    assert (start + offset) % step == 0


def test_milli_wh_keep_what_whole_wh_would_lose():
    assert sum_of([(at * 10, 10, milli_wh(Decimal("0.4"))) for at in range(180)], 0, 1800) == 72
