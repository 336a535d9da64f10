"""The rules that find what looks wrong, by hand-worked examples and properties."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.intervals import slots_in_day
from meters.services.columns import Integers, integers
from meters.services.quality import rules
from meters.services.quality.clock import bounds_of_days, local_seconds
from meters.services.quality.rules import Found, Values

STEP = 1_800
NEW_YORK = ZoneInfo("America/New_York")
T0 = 1_719_792_000  # 2024-07-01 00:00 UTC


def at(*numbers: int) -> Integers:
    """Starts of half hours, counted from T0."""
    return T0 + STEP * integers(numbers)


def values(energies: list[int], estimated: tuple[int, ...] = ()) -> Values:
    """Readings without a hole from T0 on; those of these places are estimates."""
    flags = np.zeros(len(energies), bool)
    flags[list(estimated)] = True
    return Values(at(*range(len(energies))), integers(energies), flags)


@pytest.mark.parametrize(("day", "slots"), [(date(2024, 3, 10), 46), (date(2024, 11, 3), 50), (date(2024, 7, 1), 48)])
def test_a_complete_day_has_as_many_half_hours_as_its_clock_shows(day: date, slots: int) -> None:
    bounds = bounds_of_days(day, 1, NEW_YORK)
    starts = np.arange(bounds[0], bounds[1], STEP)
    counts, expected = rules.completeness(starts, bounds, STEP)
    assert (counts.tolist(), expected.tolist()) == ([slots], [slots])
    counts, _expected = rules.completeness(starts[5:], bounds, STEP)
    assert counts.tolist() == [slots - 5]


def test_a_gap_is_from_the_end_of_one_reading_to_the_start_of_the_next() -> None:
    assert rules.gaps(at(0, 1, 4, 5, 9), STEP) == [
        Found(T0 + 2 * STEP, T0 + 4 * STEP, 2),
        Found(T0 + 6 * STEP, T0 + 9 * STEP, 3),
    ]
    assert rules.gaps(at(0), STEP) == rules.gaps(at(), STEP) == []


@given(st.sets(st.integers(0, 200), min_size=1))
def test_gaps_and_readings_together_fill_the_time_between_first_and_last(numbers: set[int]) -> None:
    starts = at(*sorted(numbers))
    found = rules.gaps(starts, STEP)
    assert sum(gap.slots for gap in found) + len(starts) == (starts[-1] - starts[0]) // STEP + 1
    assert all(gap.end - gap.start == gap.slots * STEP for gap in found)


def test_negatives_are_runs_with_their_lowest_value() -> None:
    assert rules.negatives(values([5, -1, -7, 3, -2, 0]), STEP) == [
        Found(T0 + STEP, T0 + 3 * STEP, 2, -7, 0),
        Found(T0 + 4 * STEP, T0 + 5 * STEP, 1, -2, 0),
    ]


def test_one_value_for_a_day_is_stuck_and_for_one_slot_less_is_not() -> None:
    assert rules.stuck(values([7] * 47 + [8]), STEP) == []
    assert rules.stuck(values([1, *[7] * 48, 2]), STEP) == [Found(T0 + STEP, T0 + 49 * STEP, 48, 7)]


def test_an_estimate_and_a_missing_slot_end_a_run() -> None:
    assert rules.stuck(values([7] * 48, estimated=(10,)), STEP) == []
    whole = values([7] * 48)
    holed = Values(np.delete(whole.starts, 20), whole.energy_wh[1:], whole.estimated[1:])
    assert rules.stuck(holed, STEP) == []


def test_zeros_are_stuck_only_where_there_were_hardly_any() -> None:
    night = values([300, *[0] * 12, 300])
    never, often, unknown = (np.full(14, share) for share in (0.0, 0.4, np.nan))
    assert rules.zeros(night, STEP, never) == [Found(T0 + STEP, T0 + 13 * STEP, 12, 0)]
    assert rules.zeros(night, STEP, often) == rules.zeros(night, STEP, unknown) == []
    assert rules.zeros(values([300, *[0] * 11, 300]), STEP, never[:13]) == []
    assert rules.stuck(values([0] * 96), STEP) == []


@pytest.mark.parametrize(("kind", "hours"), [("home", 24), ("Street lighting", 168), ("pump", 168), ("", 24)])
def test_what_runs_evenly_by_nature_may_do_so_for_a_week(kind: str, hours: int) -> None:
    assert rules.hours_until_stuck(kind) == hours


def test_the_usual_peak_leaves_one_day_of_ten_aside_and_needs_a_week() -> None:
    assert np.isnan(rules.usual_peak(np.full(6, 500.0)))
    assert rules.usual_peak(np.array([500.0] * 6 + [900])) == 900
    assert rules.usual_peak(np.array([500.0] * 26 + [9_000, 9_000])) == 500
    # A shop that is open once a week: four high days of 28 are usual.
    assert rules.usual_peak(np.array([50.0] * 24 + [4_000] * 4)) == 4_000


def test_three_times_the_usual_peak_is_not_yet_a_spike_and_a_small_value_never() -> None:
    peaks = np.full(4, 1_000.0)
    flags = rules.may_be_spikes(values([3_000, 3_001, 900, 50_000], estimated=(3,)), STEP, peaks)
    assert flags.tolist() == [False, True, False, False]
    assert not rules.may_be_spikes(values([499]), STEP, np.array([1.0])).any()
    assert not rules.may_be_spikes(values([10**9]), STEP, np.array([np.nan])).any()


def test_the_limit_of_a_slot_is_its_median_and_eight_deviations() -> None:
    # Median 110; its deviations 20, 0, 20, 10, 0, 10, 20 have the median 10: 110 + 8 × 14.826.
    median, limit = rules.slot_limit(np.array([90.0, 110, 90, 100, 110, 120, 130]))
    assert (median, limit) == (110, pytest.approx(228.608))
    assert rules.slot_limit(np.full(28, 100.0)) == (100, pytest.approx(180))
    assert all(np.isnan(rules.slot_limit(np.full(6, 100.0))))


def test_what_has_not_ended_is_of_a_time_to_come() -> None:
    assert rules.futures(at(0, 1, 2, 3), STEP, T0 + 2 * STEP) == [Found(T0 + 2 * STEP, T0 + 4 * STEP, 2)]
    assert rules.futures(at(0, 1), STEP, T0 + 2 * STEP) == []


def _three_days(middle: date, without: int = 0) -> tuple[Integers, Integers]:
    first = date.fromordinal(middle.toordinal() - 1)
    bounds = bounds_of_days(first, 3, NEW_YORK)
    starts = np.arange(bounds[0], bounds[3], STEP)
    inside = np.flatnonzero((starts >= bounds[1]) & (starts < bounds[2]))
    return np.delete(starts, inside[4 : 4 + without]), bounds


def test_an_autumn_day_of_48_half_hours_has_a_wrong_length() -> None:
    starts, bounds = _three_days(date(2024, 11, 3), without=2)
    assert rules.day_lengths(starts, bounds, STEP) == [Found(int(bounds[1]), int(bounds[2]), 48)]
    assert rules.day_lengths(*_three_days(date(2024, 11, 3)), STEP) == []


def test_on_an_ordinary_day_missing_slots_are_gaps_only() -> None:
    assert rules.day_lengths(*_three_days(date(2024, 7, 3), without=2), STEP) == []


def test_a_day_with_too_many_slots_has_a_wrong_length() -> None:
    starts, bounds = _three_days(date(2024, 7, 3))
    crowded = np.sort(np.append(starts, bounds[1] + 900))
    assert rules.day_lengths(crowded, bounds, STEP) == [Found(int(bounds[1]), int(bounds[2]), 49)]
    # Its neighbour lacks a slot: then nobody knows which day the slot belongs to.
    assert rules.day_lengths(crowded[1:], bounds, STEP) == []


def test_rows_of_a_file_repeat_and_overlap() -> None:
    again = rules.duplicates(integers([1, 2, 1, 1]), at(0, 0, 0, 1))
    assert again.tolist() == [False, False, True, False]
    assert rules.overlaps(at(0, 1, 2), at(1, 2, 3)).tolist() == [False] * 3
    # A long interval covers all that begin in it.
    assert rules.overlaps(at(0, 1, 2), at(3, 2, 3)).tolist() == [False, True, True]


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
@given(moment=st.integers(1_600_000_000, 1_900_000_000))
def test_local_seconds_are_what_the_clock_shows(zone: str, moment: int) -> None:
    shown = datetime.fromtimestamp(moment, ZoneInfo(zone)).replace(tzinfo=UTC)
    assert int(local_seconds(integers([moment]), ZoneInfo(zone))[0]) == int(shown.timestamp())


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_expected_slots_are_those_of_the_calendar(day: date) -> None:
    bounds = bounds_of_days(day, 1, NEW_YORK)
    assert rules.completeness(integers([]), bounds, STEP)[1][0] == slots_in_day(day, NEW_YORK, 30)
