"""Local days, slots and clock changes."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import intervals
from common.intervals import AmbiguousTime, MissingTime, NaiveTime, NotAligned, NotUtc

ANGELES = ZoneInfo("America/Los_Angeles")
ATHENS = ZoneInfo("Europe/Athens")
NEW_YORK = ZoneInfo("America/New_York")
BEIRUT = ZoneInfo("Asia/Beirut")  # clocks go forward at midnight
HAVANA = ZoneInfo("America/Havana")  # clocks go back from one to midnight
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # clocks move by half an hour
always_alike = settings(deadline=None, derandomize=True, database=None, max_examples=80)  # no clock, no luck
ZONES = st.sampled_from([ANGELES, ATHENS, NEW_YORK, BEIRUT, HAVANA, LORD_HOWE, UTC])


@pytest.mark.parametrize(
    ("zone", "day", "slots"),
    [
        (ANGELES, date(2026, 3, 8), 92),
        (ANGELES, date(2026, 11, 1), 100),
        (ANGELES, date(2026, 7, 1), 96),
        (ATHENS, date(2026, 3, 29), 92),
        (ATHENS, date(2026, 10, 25), 100),
        (ATHENS, date(2026, 10, 26), 96),
        (LORD_HOWE, date(2026, 4, 5), 98),
    ],
)
def test_quarter_hours_in_a_local_day(zone, day, slots):
    assert intervals.slots_in_day(day, zone, 15) == slots


def test_a_day_that_is_no_whole_number_of_intervals_is_refused():
    with pytest.raises(NotAligned):
        intervals.slots_in_day(date(2026, 4, 5), LORD_HOWE, 60)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        (BEIRUT, date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),
        (HAVANA, date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_day_starts_at_its_first_instant_when_midnight_is_skipped_or_repeated(zone, day, start):
    assert intervals.day_bounds(day, zone)[0] == start
    assert intervals.local_day(start, zone) == day
    assert intervals.local_day(start - timedelta(seconds=1), zone) == day - timedelta(days=1)


@always_alike
@given(st.dates(date(2000, 1, 1), date(2035, 12, 31)), ZONES)
def test_days_follow_one_another_without_gap(day, zone):
    start, end = intervals.day_bounds(day, zone)
    assert intervals.day_bounds(day + timedelta(days=1), zone)[0] == end
    assert intervals.local_days(start, end, zone) == [day]


@always_alike
@given(st.dates(date(2000, 1, 1), date(2035, 12, 31)), ZONES)
def test_every_instant_of_a_day_is_found_again_by_its_clock_minute(day, zone):
    for start in intervals.slot_starts(*intervals.day_bounds(day, zone), 30):
        assert start in intervals.starts_of_clock(day, intervals.clock_minute(start, zone), zone)


def test_local_days_of_an_empty_span_are_none():
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    assert intervals.local_days(moment, moment, ANGELES) == []


def test_local_days_leave_out_the_day_that_starts_at_the_end():
    start, _ = intervals.day_bounds(date(2026, 7, 1), ANGELES)
    _, end = intervals.day_bounds(date(2026, 7, 3), ANGELES)
    assert intervals.local_days(start, end, ANGELES) == [date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)]


def test_slot_starts_fill_the_span():
    start = datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert intervals.slot_starts(start, start + timedelta(hours=1), 30) == [
        start,
        start + timedelta(minutes=30),
    ]


@pytest.mark.parametrize("length", [timedelta(minutes=50), -timedelta(minutes=30)])
def test_a_span_of_broken_or_negative_length_is_refused(length):
    start = datetime(2026, 7, 1, 10, tzinfo=UTC)
    with pytest.raises(NotAligned):
        intervals.slot_starts(start, start + length, 30)


@pytest.mark.parametrize("minutes", [0, -15])
def test_an_interval_without_length_is_refused(minutes):
    with pytest.raises(ValueError, match="at least one minute"):
        intervals.slots_in_day(date(2026, 7, 1), UTC, minutes)


def test_clock_slot_is_the_same_in_both_passes_of_the_repeated_hour():
    first, second = intervals.starts_of_clock(date(2026, 11, 1), 90, ANGELES)
    assert second - first == timedelta(hours=1)
    assert intervals.clock_slot(first, ANGELES, 30) == intervals.clock_slot(second, ANGELES, 30) == 3


def test_a_skipped_minute_has_no_start():
    assert intervals.starts_of_clock(date(2026, 3, 8), 150, ANGELES) == ()


def test_a_plain_local_time_becomes_utc():
    assert intervals.parse_local("2021-05-26T17:00", NEW_YORK) == datetime(2021, 5, 26, 21, tzinfo=UTC)
    assert intervals.parse_local(" 2021-05-26 17:00:00+02:00 ", NEW_YORK) == datetime(2021, 5, 26, 15, tzinfo=UTC)


def test_an_ambiguous_hour_is_refused_and_taken_with_its_offset():
    with pytest.raises(AmbiguousTime, match="twice"):
        intervals.parse_local("2021-11-07T01:30", NEW_YORK)
    with pytest.raises(AmbiguousTime):
        intervals.resolve_local(datetime(2021, 11, 7, 1, 30, fold=1), NEW_YORK)  # noqa: DTZ001 - a wall time
    assert intervals.parse_local("2021-11-07T01:30-05:00", NEW_YORK) == datetime(2021, 11, 7, 6, 30, tzinfo=UTC)


def test_a_skipped_hour_is_refused():
    with pytest.raises(MissingTime, match="skips"):
        intervals.parse_local("2021-03-14T02:30", NEW_YORK)


@pytest.mark.parametrize("error", [AmbiguousTime, MissingTime, NaiveTime, NotUtc, NotAligned])
def test_every_error_of_times_is_a_value_error(error):
    assert issubclass(error, ValueError)


@pytest.mark.parametrize("text", ["", "tomorrow", "2021-13-01T00:00", "x" * 5000])
def test_text_that_is_no_time_is_refused_in_a_short_sentence(text):
    with pytest.raises(ValueError, match="not a time") as caught:
        intervals.parse_local(text, NEW_YORK)
    assert len(str(caught.value)) < 100


def test_an_aware_time_is_not_resolved_a_second_time():
    with pytest.raises(ValueError, match="already has a zone"):
        intervals.resolve_local(datetime(2021, 5, 26, tzinfo=UTC), NEW_YORK)


def test_require_utc_refuses_naive_times_and_other_offsets():
    moment = datetime(2021, 5, 26, 17, tzinfo=UTC)
    assert intervals.require_utc(moment) is moment
    with pytest.raises(NaiveTime):
        intervals.require_utc(moment.replace(tzinfo=None))
    with pytest.raises(NotUtc):
        intervals.require_utc(moment.astimezone(timezone(timedelta(hours=2))))
    with pytest.raises(NaiveTime):
        intervals.to_utc(moment.replace(tzinfo=None))


def test_alignment_is_counted_from_the_clock_of_the_zone():
    kolkata = ZoneInfo("Asia/Kolkata")  # half an hour off the hour
    start = intervals.parse_local("2026-07-01T16:00", kolkata)
    assert intervals.is_aligned(start, 60, kolkata)
    assert not intervals.is_aligned(start, 60)
    assert intervals.is_aligned(start, 30)
    assert not intervals.is_aligned(start + timedelta(seconds=1), 30)
