from fractions import Fraction

import pytest

from common.units import BadQuantity, mean_kw, parse_energy_wh


@pytest.mark.parametrize(
    ("text", "unit", "wh"),
    [
        ("18.023", "kWh", 18023),
        (" 0.0005 ", "kWh", 1),
        ("-0.0005", "kWh", -1),
        ("450", "Wh", 450),
        ("1e-3", "MWh", 1000),
    ],
)
def test_energy_is_read_exactly(text, unit, wh):
    assert parse_energy_wh(text, unit=unit) == wh


@pytest.mark.parametrize("text", ["", "abc", "NaN", "inf", "1e13", "1e-999999999", "1e999999999", "1,5"])
def test_what_is_no_usable_number_is_refused_at_once(text):
    with pytest.raises(BadQuantity):
        parse_energy_wh(text)


def test_unknown_unit_names_the_known_ones():
    with pytest.raises(BadQuantity, match="kWh"):
        parse_energy_wh("1", unit="BTU")


def test_mean_power_of_half_an_hour():
    assert mean_kw(300, minutes=15) == Fraction(6, 5)
