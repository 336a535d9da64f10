"""Periods of the calendar: right at their edges, on every clock, and bookmarkable."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.intervals import local_days
from dashboards.errors import BadRange
from dashboards.selectors.spans import PERIODS, Period, span_of

PACIFIC = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 18, 20, tzinfo=UTC)
ZONES = ["America/Los_Angeles", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


def span(**asked):
    return span_of(asked, anchor=NOW, zone=PACIFIC)


def test_day_chooses_the_period_that_it_lies_in():
    days = {kind: Period.of(kind, date(2026, 11, 18)) for kind in PERIODS}
    assert {kind: (period.first.isoformat(), period.after.isoformat()) for kind, period in days.items()} == {
        "day": ("2026-11-18", "2026-11-19"),
        "week": ("2026-11-16", "2026-11-23"),
        "month": ("2026-11-01", "2026-12-01"),
        "year": ("2026-01-01", "2027-01-01"),
    }


def test_address_of_a_period_leads_to_it_again():
    for kind in PERIODS:
        found = span(period=kind, day="2026-11-18")
        asked = dict(part.split("=") for part in found.query.split("&"))
        assert span(**asked) == found


def test_period_without_a_day_is_the_running_one():
    assert span(period="week").period == Period("week", date(2026, 11, 16))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)])
def test_day_is_as_long_as_its_clock_says(day, hours):
    found = span(period="day", day=day)
    assert found.end - found.start == timedelta(hours=hours)


def test_year_before_keeps_weekdays_for_days_and_weeks_and_names_for_months():
    assert Period.of("day", date(2026, 11, 18)).year_before.first == date(2025, 11, 19)
    assert Period.of("week", date(2026, 11, 18)).year_before.first == date(2025, 11, 17)
    assert Period.of("month", date(2024, 2, 29)).year_before.first == date(2023, 2, 1)


def test_old_addresses_still_work():
    assert span(days="30").days == 30
    assert span(start="2026-11-01", end="2026-11-02").query == "start=2026-11-01&end=2026-11-02"
    assert span().query == "days=7"


@pytest.mark.parametrize(
    "asked",
    [
        {"period": "decade"}, {"period": "week", "day": "soon"}, {"period": "week", "day": "2026-02-30"},
        {"period": "day", "day": "0001-01-01"}, {"period": "year", "day": "9999-12-31"}, {"period": "week", "day": "²"},
        {"period": "week", "day": "2026-W47-1-1"},
    ],
)  # fmt: skip
def test_what_is_no_period_is_refused(asked):
    with pytest.raises(BadRange):
        span(**asked)


@pytest.mark.parametrize("day", ["1990-01-01", "2100-12-31"])
@pytest.mark.parametrize("kind", PERIODS)
def test_first_and_last_day_of_the_reach_have_neighbors_that_can_be_named(kind, day):
    period = Period.of(kind, date.fromisoformat(day))
    assert all(other.words() for other in (period.previous, period.next, period.year_before))


@given(st.sampled_from(PERIODS), st.dates(date(1995, 1, 1), date(2090, 1, 1)), st.sampled_from(ZONES))
def test_periods_follow_each_other_without_gap_or_overlap_and_split_into_their_days(kind, day, name):
    zone, period = ZoneInfo(name), Period.of(kind, day)
    assert period.first <= day < period.after
    assert period.next.previous == period
    start, end = period.bounds(zone)
    assert end == period.next.bounds(zone)[0]
    assert local_days(start, end, zone) == period.days()
    days = [Period.of("day", one).bounds(zone) for one in period.days()]
    assert sum((last - first for first, last in days), timedelta()) == end - start
    if kind == "year":
        assert sum(len(Period.of("month", month).days()) for month in period.months()) == len(period.days())
