"""Texts become seconds and watt-hours exactly, or are refused in words."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.intervals import AmbiguousTime, MissingTime
from common.units import BadQuantity
from meters.formats.values import Clock, energy_wh

NEW_YORK = ZoneInfo("America/New_York")


def seconds(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "unit", "wh"),
    [
        ("0.412", "kWh", 412),
        ("-0.4", "kWh", -400),
        ("50817.304", "kWh", 50_817_304),
        ("18.0235", "kWh", 18_024),
        ("0.0005", "kWh", 1),
        ("0.000499", "kWh", 0),
        (" 7 ", "kWh", 7_000),
        ("+.5", "kWh", 500),
        ("1e2", "Wh", 100),
        ("1.5", "MWh", 1_500_000),
    ],
)
def test_a_number_becomes_whole_watt_hours(text, unit, wh):
    assert energy_wh(text, unit) == wh


@pytest.mark.parametrize(
    ("text", "unit", "seconds", "wh"),
    [
        ("1.2", "kW", 900, 300),
        ("1.2", "kW", 3600, 1_200),
        ("1200", "W", 900, 300),
        ("-0.002", "MW", 1800, -1_000),
        ("0.001", "kW", 1800, 1),
        ("0.0019", "kW", 900, 0),
    ],
)
def test_a_mean_power_is_the_energy_of_its_interval(text, unit, seconds, wh):
    assert energy_wh(text, unit, seconds) == wh


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "1,234.5", "1_000", "NaN", "inf", "--1", "1e-999999999", "1e999", "٣", "0x10", "9" * 60]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(BadQuantity):
        energy_wh(text)


def test_a_decimal_comma_is_refused_and_the_sentence_shows_the_right_spelling():
    with pytest.raises(BadQuantity, match=r"“0,412” has a decimal comma; write 0\.412"):
        energy_wh("0,412")


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_every_decimal_text_means_what_decimal_says(units, places):
    number = Decimal(units).scaleb(-places)
    exact = number * 1000
    rounded = int(abs(exact) + Decimal("0.5")) * (1 if exact >= 0 else -1)
    assert energy_wh(format(number, "f")) == rounded


def test_a_naive_time_is_read_on_the_clock_of_the_zone():
    assert Clock(NEW_YORK).start("2021-03-21T00:30") == seconds(2021, 3, 21, 4, 30)
    assert Clock(NEW_YORK).start("2021-03-21 00:30:00") == seconds(2021, 3, 21, 4, 30)


def test_an_offset_in_the_text_wins_over_the_zone():
    assert Clock(NEW_YORK).start("2021-03-21T00:30Z") == seconds(2021, 3, 21, 0, 30)
    assert Clock(NEW_YORK).start("2021-11-07T01:30-05:00") == seconds(2021, 11, 7, 6, 30)


def test_the_repeated_hour_is_refused_without_an_offset():
    with pytest.raises(AmbiguousTime):
        Clock(NEW_YORK).start("2021-11-07T01:30")


def test_the_skipped_hour_is_refused():
    with pytest.raises(MissingTime):
        Clock(NEW_YORK).start("2021-03-14T02:30")


@pytest.mark.parametrize(
    "text", ["", "2021-03-21", "21.03.2021 00:30", "now", "2021-03-21T00:00:00.5", "2021-13-01T00:00"]
)
def test_what_is_no_start_is_refused(text):
    with pytest.raises(ValueError, match=r"\S"):
        Clock(NEW_YORK).start(text)


def test_an_end_at_a_clock_change_may_be_written_either_way():
    clock, change = Clock(NEW_YORK), seconds(2021, 3, 14, 7)
    assert change in clock.ends("2021-03-14T02:00")
    assert change in clock.ends("2021-03-14T03:00")
    assert clock.ends("2021-11-07T01:00") == {seconds(2021, 11, 7, 5), seconds(2021, 11, 7, 6)}
