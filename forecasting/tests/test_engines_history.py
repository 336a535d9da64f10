"""History, task and local calendar."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from forecasting.engines import HistoryInvalid, Task
from forecasting.engines.gaps import fill_gaps
from forecasting.engines.local_calendar import calendar_terms, local_calendar
from forecasting.tests.test_engines_samples import PER_DAY, START, ZONE, day_after, home


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": datetime(2021, 1, 1)}, "no time zone"),  # noqa: DTZ001
        ({"slot_minutes": 7}, "whole number of slots"),
        ({"slot_minutes": 0}, "whole number of slots"),
        ({"zone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"energy_wh": np.array([1.0, np.inf])}, "infinite"),
        ({"energy_wh": np.zeros((2, 2, 2))}, "dimensions"),
        ({"excluded": np.zeros(3, dtype=bool)}, "another shape"),
    ],
)
def test_history_refuses_what_cannot_be_one(changes: dict, words: str) -> None:
    with pytest.raises(HistoryInvalid, match=words):
        home(2, **changes)


def test_reading_counts_as_known_only_when_its_slot_has_ended() -> None:
    history = home(2)
    assert history.known_at(START + timedelta(minutes=29)).n_slots == 0
    assert history.known_at(START + timedelta(minutes=30)).n_slots == 1
    assert history.known_at(day_after(99)).n_slots == 2 * PER_DAY


def test_first_target_is_the_first_slot_that_starts_at_or_after_the_issue() -> None:
    history = home(2)
    assert Task.at(history, day_after(1), 4, 90).first_target == PER_DAY
    assert Task.at(history, day_after(1) + timedelta(minutes=1), 4, 90).first_target == PER_DAY + 1
    assert Task.at(history, day_after(5), 4, 90).first_target == 5 * PER_DAY


def test_task_refuses_an_empty_horizon_and_an_issue_before_the_history() -> None:
    with pytest.raises(HistoryInvalid, match="at least one slot"):
        Task.at(home(2), day_after(1), 0, 90)
    with pytest.raises(HistoryInvalid, match="before the first slot"):
        Task.at(home(2), day_after(-1), 4, 90)
    with pytest.raises(HistoryInvalid, match="no time zone"):
        Task.at(home(2), datetime(2021, 2, 1), 4, 90)  # noqa: DTZ001


def test_excluded_slots_are_not_usable_but_still_tell_that_a_meter_feeds_in() -> None:
    wh = np.array([5.0, -3.0, 4.0])
    task = Task.at(home(1, energy_wh=wh, excluded=np.array([False, True, False])), day_after(1), 2, 90)
    assert np.isnan(task.usable_wh).tolist() == [False, True, False]
    assert not task.never_negative


def test_row_of_a_batch_is_the_meter_with_its_mask() -> None:
    mask = np.array([[False, True], [True, False]])
    batch = home(1, energy_wh=np.array([[1.0, 2.0], [3.0, 4.0]]), excluded=mask)
    assert batch.is_batch
    assert batch.meter(1).energy_wh.tolist() == [3.0, 4.0]
    assert batch.meter(1).excluded.tolist() == [True, False]


def test_spring_day_has_no_two_o_clock_and_autumn_day_has_one_o_clock_twice() -> None:
    spring = local_calendar(datetime(2021, 3, 14, 5, tzinfo=UTC), 30, ZONE, 46)
    assert set(spring.slot.tolist()) == set(range(48)) - {4, 5}
    assert len(set(spring.day.tolist())) == 1
    autumn = local_calendar(datetime(2021, 11, 7, 4, tzinfo=UTC), 30, ZONE, 50)
    assert autumn.slot.tolist()[:6] == [0, 1, 2, 3, 2, 3]
    assert len(set(autumn.day.tolist())) == 1


def test_calendar_agrees_with_the_time_zone_rules_slot_by_slot() -> None:
    from zoneinfo import ZoneInfo

    zone = "Australia/Lord_Howe"  # changes its clock by half an hour
    start = datetime(2021, 3, 25, tzinfo=UTC)
    calendar = local_calendar(start, 30, zone, 15 * 48)
    for i in range(15 * 48):
        wall = (start + i * timedelta(minutes=30)).astimezone(ZoneInfo(zone))
        assert calendar.minute[i] == wall.hour * 60 + wall.minute
        assert calendar.weekday[i] == wall.weekday()
        assert calendar.day[i] == (wall.date() - date(1970, 1, 1)).days


def test_holiday_is_a_day_off_with_a_column_of_its_own() -> None:
    plain = local_calendar(START, 30, ZONE, 3 * PER_DAY)
    festive = local_calendar(START, 30, ZONE, 3 * PER_DAY, frozenset({date(2021, 2, 2)}))
    assert not plain.is_off[2 * PER_DAY]
    assert festive.is_off[2 * PER_DAY :].all()
    assert calendar_terms(festive, 4).shape[1] == calendar_terms(plain, 4).shape[1] + 1


def test_shared_calendar_cannot_be_changed_by_one_meter() -> None:
    calendar = local_calendar(START, 30, ZONE, PER_DAY)
    with pytest.raises(ValueError, match="read-only"):
        calendar.slot[0] = 9


def test_gap_is_filled_with_the_same_slot_of_the_same_weekday() -> None:
    calendar = local_calendar(START, 30, ZONE, 21 * PER_DAY)
    series = (calendar.weekday * 100 + calendar.slot).astype(float)
    gappy = series.copy()
    gappy[500:600] = np.nan
    assert np.array_equal(fill_gaps(gappy, calendar, PER_DAY), series)
    assert np.isnan(gappy[500:600]).all()


def test_slot_never_read_is_filled_with_the_mean_and_nothing_with_zero() -> None:
    calendar = local_calendar(START, 30, ZONE, 2 * PER_DAY)
    series = np.full(2 * PER_DAY, 10.0)
    series[[3, PER_DAY + 3]] = np.nan
    assert fill_gaps(series, calendar, PER_DAY)[3] == 10.0
    assert not fill_gaps(np.full(PER_DAY, np.nan), calendar, PER_DAY).any()
