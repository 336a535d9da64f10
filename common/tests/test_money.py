"""Exact money: rounding and canonical fractions."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.money import fraction_text, half_up, parse_fraction, round_half_up, to_fraction

always_alike = settings(deadline=None, derandomize=True, database=None, max_examples=80)  # no clock, no luck
fractions = st.fractions(max_denominator=10**6)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 200), "0.01"),
        (Fraction(-1, 200), "-0.01"),
        (Fraction(499, 100_000), "0.00"),
        (Fraction(-499, 100_000), "0.00"),
        (Decimal("2.675"), "2.68"),
        (Decimal("1E+3"), "1000.00"),
        (7, "7.00"),
    ],
)
def test_halves_go_away_from_zero_and_zero_has_no_sign(value, expected):
    assert str(round_half_up(value)) == expected


def test_rounding_to_no_decimals_gives_a_whole_decimal():
    assert str(round_half_up(Fraction(5, 2), 0)) == "3"


def test_a_huge_amount_keeps_every_digit():
    assert str(round_half_up(Fraction(10**40 + 1, 2))) == "5" + "0" * 39 + ".50"


@pytest.mark.parametrize("value", [0.1, True, "1", None])
def test_only_exact_numbers_are_taken(value):
    with pytest.raises(TypeError, match="exact number"):
        to_fraction(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_a_decimal_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="not a number"):
        round_half_up(value)


def test_a_negative_number_of_decimals_is_refused():
    with pytest.raises(ValueError, match="negative"):
        round_half_up(1, -1)


@always_alike
@given(fractions)
def test_rounding_errs_by_half_a_cent_at_most_and_is_odd(value):
    rounded = round_half_up(value)
    assert abs(Fraction(rounded) - value) <= Fraction(1, 200)
    assert round_half_up(-value) == rounded.copy_negate()
    assert rounded.as_tuple().exponent == -2


@always_alike
@given(st.integers(-(10**9), 10**9))
def test_every_half_rounds_away_from_zero(number):
    half = Fraction(2 * number + 1, 2)
    assert half_up(half) == (number + 1 if half > 0 else number)


@always_alike
@given(fractions)
def test_a_fraction_survives_its_text(value):
    assert parse_fraction(fraction_text(value)) == value


@pytest.mark.parametrize(
    "text", ["2/4", "1", "1/0", "1/-2", "+1/2", " 1/2", "01/2", "-0/1", "0/7", "1.5/2", "1/02", ""]
)
def test_a_second_spelling_of_a_fraction_is_refused(text):
    with pytest.raises(ValueError, match=r"form n/d|lowest terms"):
        parse_fraction(text)
