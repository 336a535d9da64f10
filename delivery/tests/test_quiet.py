"""Quiet hours, in any zone, at any hours, on any day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.quiet import end_of_quiet

NEW_YORK = ZoneInfo("America/New_York")
# Half-hour changes, changes at midnight, a day that was left out, a zone west of UTC, one without any change.
ZONES = [
    "America/New_York",
    "Europe/Athens",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Beirut",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
]
HOURS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
MOMENTS = st.integers(0, 25 * 365 * 24 * 60).map(
    lambda minutes: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
# The weeks in which clocks change are where it can go wrong.
CHANGES = st.sampled_from(
    [
        datetime(2026, 3, 8, 6, tzinfo=UTC),
        datetime(2026, 11, 1, 5, tzinfo=UTC),
        datetime(2026, 3, 29, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 0, tzinfo=UTC),
        datetime(2026, 4, 4, 15, tzinfo=UTC),
        datetime(2026, 10, 3, 15, tzinfo=UTC),
        datetime(2026, 4, 5, 3, tzinfo=UTC),
        datetime(2026, 9, 6, 4, tzinfo=UTC),
        datetime(2011, 12, 30, 10, tzinfo=UTC),
    ]
)
NEAR = st.builds(lambda at, minutes: at + timedelta(minutes=minutes), CHANGES, st.integers(-2000, 2000))


def local(year, month, day, hour, minute=0, *, fold=0, zone=NEW_YORK):
    return datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold)


def end(moment, start, until, zone=NEW_YORK):
    found = end_of_quiet(moment, start, until, zone)
    return None if found is None else f"{found.astimezone(zone):%Y-%m-%d %H:%M}"


def shows(moment, start, until, zone):
    """Whether the clock on the wall shows a quiet time, whatever the day."""
    clock = moment.astimezone(zone).time()
    return start <= clock < until if start < until else clock >= start or clock < until


class TestNight:
    def test_hours_over_midnight_end_in_the_morning_after(self):
        assert end(local(2026, 7, 1, 23, 30), time(22), time(7)) == "2026-07-02 07:00"
        assert end(local(2026, 7, 2, 3), time(22), time(7)) == "2026-07-02 07:00"

    def test_first_minute_is_quiet_and_the_last_is_not(self):
        assert end(local(2026, 7, 1, 22), time(22), time(7)) == "2026-07-02 07:00"
        assert end(local(2026, 7, 2, 7), time(22), time(7)) is None
        assert end(local(2026, 7, 1, 21, 59), time(22), time(7)) is None

    def test_hours_within_a_day(self):
        assert end(local(2026, 7, 1, 13), time(12), time(14)) == "2026-07-01 14:00"
        assert end(local(2026, 7, 1, 23), time(12), time(14)) is None

    def test_equal_ends_mean_no_quiet_hours(self):
        assert end(local(2026, 7, 1, 13), time(7), time(7)) is None


class TestChangeOfClock:
    def test_night_with_the_skipped_hour_still_ends_at_seven(self):
        assert end(local(2026, 3, 8, 1, 30), time(22), time(7)) == "2026-03-08 07:00"

    def test_end_that_the_clock_jumps_over_is_the_jump(self):
        assert end(local(2026, 3, 8, 1, 30), time(22), time(2, 30)) == "2026-03-08 03:00"

    def test_start_that_the_clock_jumps_over_is_the_jump(self):
        assert end(local(2026, 3, 8, 3), time(2, 30), time(5)) == "2026-03-08 05:00"

    def test_end_that_comes_twice_is_the_second_one(self):
        quiet_until = end_of_quiet(local(2026, 11, 1, 0, 30), time(22), time(1, 30), NEW_YORK)
        assert quiet_until == local(2026, 11, 1, 1, 30, fold=1).astimezone(UTC)

    def test_start_that_comes_twice_is_the_first_one(self):
        assert end(local(2026, 11, 1, 1, 10, fold=1), time(1, 30), time(6)) == "2026-11-01 06:00"

    def test_whole_day_that_was_left_out_delays_nothing_beyond_the_jump(self):
        apia = ZoneInfo("Pacific/Apia")
        assert end(datetime(2011, 12, 29, 23, tzinfo=apia), time(22), time(7), apia) == "2011-12-31 00:00"


@settings(max_examples=600, deadline=None)
@given(moment=MOMENTS | NEAR, start=HOURS, until=HOURS, name=st.sampled_from(ZONES))
def test_a_message_leaves_at_the_first_moment_that_is_not_quiet(moment, start, until, name):
    zone = ZoneInfo(name)
    found = end_of_quiet(moment, start, until, zone)
    if found is None:
        return
    assert moment < found <= moment + timedelta(hours=26)
    # At that moment nothing holds it back, or another night has begun at the same time.
    again = end_of_quiet(found, start, until, zone)
    assert again is None or again > found
    # One moment before was quiet still, so it is not later than it needs to be.
    assert end_of_quiet(found - timedelta(seconds=1), start, until, zone) is not None
    wall = found.astimezone(zone).time()
    before = (found - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    jumped = (found.astimezone(zone).replace(tzinfo=None) - before) > timedelta(seconds=1)
    assert wall.replace(fold=0) == until or jumped


@settings(max_examples=400, deadline=None)
@given(moment=MOMENTS, start=HOURS, until=HOURS, name=st.sampled_from(ZONES))
def test_on_a_day_like_any_other_the_clock_on_the_wall_decides(moment, start, until, name):
    zone = ZoneInfo(name)
    around = {(moment + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in range(-49, 50)}
    if len(around) > 1:
        return
    is_quiet = start != until and shows(moment, start, until, zone)
    assert (end_of_quiet(moment, start, until, zone) is not None) == is_quiet


@pytest.mark.parametrize("name", ZONES)
def test_no_minute_of_a_year_raises(name):
    zone = ZoneInfo(name)
    first = datetime.combine(date(2026, 1, 1), time(), UTC)
    for step in range(0, 365 * 24, 1):
        end_of_quiet(first + timedelta(hours=step, minutes=step % 60), time(21, 45), time(6, 15), zone)
