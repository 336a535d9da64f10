"""Energy of meter intervals: nothing lost, nothing twice, whatever the looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.hil.energy import IntervalEnergy, Intervals, Look

MINUTE = 60


def looks(*rows: tuple[float, int]) -> list[Look]:
    return [Look(at, wh, 7) for at, wh in rows]


def closed(intervals: Intervals, seen: list[Look]) -> list[IntervalEnergy]:
    """What the looks close, handed over or still held."""
    found = [interval for look in seen for interval in intervals.add(look)]
    found, intervals.held = found + intervals.held, []
    return found


def test_a_steady_load_is_cut_at_the_bounds():
    seen = looks(*((at, 100 * at) for at in range(30, 300, 7)))
    assert closed(Intervals(MINUTE), seen) == [
        IntervalEnergy(60, 60, 6000),
        IntervalEnergy(120, 60, 6000),
        IntervalEnergy(180, 60, 6000),
    ]


def test_the_counter_at_a_bound_is_between_the_looks_and_rounded_down_once():
    found = closed(Intervals(MINUTE), looks((55, 0), (62, 10), (118, 20), (123, 29)))
    # At 60 s: 5/7 of 10 Wh. At 120 s: 20 + 2/5 of 9 Wh.
    assert found == [IntervalEnergy(60, 60, 23 - 7)]


def test_an_interval_whose_start_was_not_seen_is_not_reported():
    assert closed(Intervals(MINUTE), looks((61, 0), (119, 50), (121, 60))) == []
    assert closed(Intervals(MINUTE), looks((60.0, 0), (119, 50), (120.0, 60))) == [IntervalEnergy(60, 60, 60)]


def test_a_counter_that_began_anew_costs_its_interval_and_no_other():
    intervals = Intervals(MINUTE)
    closed(intervals, looks((59, 1000), (61, 1010)))
    again = [Look(90, 3, 8), Look(118, 20, 8), Look(122, 24, 8), Look(179, 80, 8), Look(181, 82, 8)]
    assert closed(intervals, again) == [IntervalEnergy(120, 60, 81 - 22)]


def test_a_counter_that_fell_without_a_word_ends_the_run():
    intervals = Intervals(MINUTE)
    assert closed(intervals, looks((59, 1000), (61, 1010), (100, 40), (121, 60))) == []
    assert closed(intervals, looks((181, 120))) == [IntervalEnergy(120, 60, 119 - 59)]


def test_a_counter_that_leaps_ends_the_run():
    intervals = Intervals(MINUTE)
    assert intervals.add(Look(60.0, 1000, 7), most_watts=3600) == []
    assert intervals.add(Look(119.0, 1061, 7), most_watts=3600) == []
    assert intervals.add(Look(121.0, 9_000_000, 7), most_watts=3600) == []
    assert intervals.add(Look(181.0, 9_000_060, 7), most_watts=3600) == []
    assert [each.start for each in intervals.add(Look(243.0, 9_000_119, 7), most_watts=3600)] == [180]


def test_an_interval_is_held_until_it_is_over_on_a_slower_clock_too():
    intervals = Intervals(MINUTE)
    assert [interval for look in looks((60.0, 0), (121, 60), (122.9, 61)) for interval in intervals.add(look)] == []
    again = Intervals.loaded(intervals.dumped(), MINUTE)
    assert [each.start for each in again.add(Look(123.0, 62, 7))] == [60]
    assert again.add(Look(124.0, 63, 7)) == []


def test_a_clock_that_was_far_ahead_costs_an_interval_and_not_the_time_until_then():
    found = closed(Intervals(MINUTE), looks((900_000, 0), (61, 1), (119, 59), (121, 61), (181, 121)))
    assert [each.start for each in found] == [120]


def test_a_clock_set_back_loses_nothing():
    found = closed(Intervals(MINUTE), looks((60.0, 0), (100, 40), (70, 45), (100, 50), (120.0, 60)))
    assert found == [IntervalEnergy(60, 60, 60)]


def test_a_long_silence_is_spread_and_said():
    found = closed(Intervals(MINUTE), looks((60.0, 0), (100, 40), (250, 190), (299, 239), (301, 241)))
    assert [(each.start, each.wh, each.is_estimated) for each in found] == [
        (60, 60, True),
        (120, 60, True),
        (180, 60, True),
        (240, 60, True),
    ]
    assert sum(each.wh for each in found) == 240


@given(
    steps=st.lists(st.tuples(st.floats(0.01, 200), st.integers(0, 5000)), min_size=1, max_size=60),
    start=st.floats(0, 1e9),
    seconds=st.sampled_from([60, 300, 900, 3600]),
    restarts=st.sets(st.integers(0, 60)),
)
def test_a_restart_at_any_look_changes_nothing(steps, start, seconds, restarts):
    intervals, steady, at, wh, found, same = Intervals(seconds), Intervals(seconds), start, 0, [], []
    for number, (later, more) in enumerate([(0.0, 0), *steps]):
        at, wh = at + later, wh + more
        if number in restarts:
            intervals = Intervals.loaded(intervals.dumped(), seconds)
        found += intervals.add(Look(at, wh, 1))
        same += steady.add(Look(at, wh, 1))
    assert found == same
    assert all(each.wh >= 0 and each.start % seconds == 0 for each in found)
    assert (
        [each.start for each in found] == [found[0].start + seconds * n for n in range(len(found))] if found else True
    )
    everything = [*found, *intervals.held]
    if intervals.bound and everything:
        assert intervals.bound.at - everything[0].start == seconds * len(everything)
        assert sum(each.wh for each in everything) <= wh
    assert intervals.bound is None or intervals.bound.energy_wh <= wh


@given(steps=st.lists(st.tuples(st.floats(0.01, 200), st.integers(0, 5000)), min_size=1, max_size=60))
def test_what_is_reported_and_what_is_open_is_all_there_was(steps):
    intervals, at, wh, found = Intervals(MINUTE), 6000.0, 0, []
    intervals.add(Look(at, wh, 1))
    for later, more in steps:
        at, wh = at + later, wh + more
        found += intervals.add(Look(at, wh, 1))
    assert sum(each.wh for each in [*found, *intervals.held]) + (wh - intervals.bound.energy_wh) == wh


def test_other_intervals_begin_anew():
    intervals = Intervals(MINUTE)
    closed(intervals, looks((59, 0), (61, 5)))
    assert Intervals.loaded(intervals.dumped(), 300) == Intervals(300)
    assert Intervals.loaded(None, 300) == Intervals(300)
    assert Intervals.loaded(intervals.dumped(), MINUTE) == intervals


@pytest.mark.parametrize("gap", [59, 60, 61])
def test_what_counts_as_a_silence(gap):
    found = closed(Intervals(MINUTE), looks((60.0, 0), (60.0 + gap, gap), (121, 61)))
    assert found == [IntervalEnergy(60, 60, 60, gap > 60)]
