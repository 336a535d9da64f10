"""The heat map and the peaks: by the local clock, right on the days when it changes, and never too many cells."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.charts import (
    ChartDataError,
    HeatCells,
    heat_columns,
    heat_csv_rows,
    heat_payload,
    month_peaks,
    peak_csv_rows,
    peak_rows,
    peaks_of,
)

PACIFIC = ZoneInfo("America/Los_Angeles")
HOUR = 3_600_000
LEVELS = [f"heat_{level}" for level in range(1, 6)]


def at(text):
    """An instant of UTC in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def hours(first, values, doubtful=()):
    """Hours from a moment on, in Wh; None where nothing was measured."""
    wh = np.array([np.nan if value is None else float(value) for value in values])
    return HeatCells(at(first) + HOUR * np.arange(len(wh)), wh, np.isin(np.arange(len(wh)), list(doubtful)))


def drawn(payload):
    """Cells as (level, left, bottom, kWh), by time."""
    sources = payload["sources"]
    rows = [
        (start, level, left, bottom, value)
        for level, name in enumerate(LEVELS, 1)
        for start, left, bottom, value in zip(
            *(sources[name][key] for key in ("start", "left", "bottom", "value")), strict=True
        )
    ]
    return [row[1:] for row in sorted(rows)]


def test_cells_stand_at_local_days_and_hours():
    payload = heat_payload(hours("2026-07-22T07:00", [1000, 2000, 3000]), PACIFIC)
    midnight = at("2026-07-22T07:00")
    assert drawn(payload) == [(1, midnight, 0, 1.0), (3, midnight, 1, 2.0), (5, midnight, 2, 3.0)]
    assert payload["rows"] == [["Wed 22 July", "1.000", "2.000", "3.000", *["–"] * 21]]
    assert len(heat_columns()) == 25
    assert "From 1.00 kWh" in payload["say"]


def test_all_alike_are_of_the_middle_step():
    assert {row[0] for row in drawn(heat_payload(hours("2026-07-22T07:00", [500, 500]), PACIFIC))} == {3}


def test_repeated_hour_stands_twice_in_its_cell_and_in_table_and_file():
    cells = hours("2026-11-01T07:00", [1000, 2000, 3000, 4000])
    payload = heat_payload(cells, PACIFIC)
    assert [row[2] for row in drawn(payload)] == [0, 1, 1.5, 2]
    assert payload["rows"][0][1:4] == ["1.000", "2.000 / 3.000", "4.000"]
    assert [row[2:4] for row in heat_csv_rows(cells, PACIFIC)] == [
        ("00:00", "1.000"), ("01:00", "2.000"), ("01:00", "3.000"), ("02:00", "4.000"),
    ]  # fmt: skip
    source = payload["sources"]["heat_1"]
    assert source["right"][0] - source["left"][0] == 25 * HOUR


def test_skipped_hour_has_no_cell():
    payload = heat_payload(hours("2026-03-08T08:00", [1000] * 4), PACIFIC)
    assert [row[2] for row in drawn(payload)] == [0, 1, 3, 4]
    assert payload["rows"][0][3] == "–"


def test_hour_that_was_measured_in_part_is_hatched_and_marked():
    payload = heat_payload(hours("2026-07-22T07:00", [1000, 2000, None], doubtful=[1]), PACIFIC)
    assert payload["sources"]["doubtful"]["bottom"] == [1]
    assert payload["rows"][0][1:4] == ["1.000", "2.000*", "–"]


def test_slots_become_hours_and_a_missing_half_makes_one_doubtful():
    start = at("2026-07-22T07:00") + 30 * 60_000 * np.arange(6)
    cells = HeatCells.of_slots(start, np.array([100.0, 200, 300, np.nan, np.nan, np.nan]), 30 * 60_000)
    assert (cells.wh.tolist(), cells.doubtful.tolist()) == ([300.0, 300.0], [False, True])


def test_year_is_shown_by_week_as_means():
    cells = hours("2026-01-01T08:00", np.arange(365 * 24))
    payload = heat_payload(cells, PACIFIC)
    assert len(drawn(payload)) <= 2000
    # The first column is Thursday to Sunday: midnights of four days.
    assert drawn(payload)[0][3] == round(np.mean([0, 24, 48, 72]) / 1000, 3)
    assert payload["rows_note"].startswith("So many days")
    assert "mean of 4 hours" in payload["sources"]["heat_1"]["note"]


def test_nothing_measured_says_so():
    for cells in (hours("2026-07-22T07:00", []), hours("2026-07-22T07:00", [None])):
        assert heat_payload(cells, PACIFIC)["empty"]
        assert heat_csv_rows(cells, PACIFIC) == []


def test_cells_that_do_not_fit_together_are_refused():
    with pytest.raises(ChartDataError):
        HeatCells(np.array([0]), np.array([1.0, 2.0]), np.array([False]))
    with pytest.raises(ChartDataError):
        HeatCells(np.array([0, 1]), np.array([1.0, 2.0]), np.array([False, False]))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    st.integers(0, 9000),
    st.lists(st.one_of(st.none(), st.integers(-500, 5000)), min_size=1, max_size=3000),
)
def test_every_measured_hour_is_in_exactly_one_cell(zone, offset, values):
    cells = HeatCells(
        at("2026-01-01") + HOUR * (offset + np.arange(len(values))),
        np.array([np.nan if value is None else value for value in values], dtype=float),
        np.zeros(len(values), dtype=bool),
    )
    rows = heat_csv_rows(cells, ZoneInfo(zone))
    assert len(rows) <= 2_000
    assert sum(int(row[4]) for row in rows) == sum(value is not None for value in values)
    total = sum(float(row[3]) * int(row[4]) for row in rows)
    assert total == pytest.approx(sum(value or 0 for value in values) / 1000, abs=0.0005 * len(values) + 1e-6)
    shown = sum(len(source["left"]) for name, source in heat_payload(cells, ZoneInfo(zone))["sources"].items()
                if name in LEVELS)  # fmt: skip
    assert shown == len(rows)


def test_peaks_are_of_different_days_and_highest_first():
    values = np.zeros(72)
    values[[18, 19, 40, 60]] = [900, 1000, 500, 700]
    found = peaks_of(at("2026-07-22T07:00") + HOUR * np.arange(72), values, HOUR, 2, zone=PACIFIC)
    assert [peak.wh for peak in found] == [1000, 700]
    assert peak_rows(found, PACIFIC)[0] == ["Wed 22 Jul, 7:00 to 8:00 pm PDT", "1.000", "1.000"]
    assert peak_csv_rows(found)[0] == ("2026-07-23T02:00:00Z", "2026-07-23T03:00:00Z", "1.000", "1.000")


def test_peak_of_half_hours_has_twice_its_energy_as_power():
    found = peaks_of(np.array([0]), np.array([500.0]), HOUR // 2, 1, zone=PACIFIC)
    assert found[0].kw == 1.0


def test_of_two_peaks_alike_the_earlier_counts():
    found = peaks_of(HOUR * np.arange(3), np.array([1.0, 1.0, 1.0]), HOUR, 3, zone=ZoneInfo("UTC"))
    assert [peak.start_ms for peak in found] == [0]


def test_each_local_month_has_one_peak():
    starts = at("2026-01-31T00:00") + HOUR * np.arange(48)
    values = np.arange(48, dtype=float)
    found = month_peaks(starts, values, HOUR, zone=PACIFIC)
    # January ends at 8 am UTC of 1 February.
    assert [peak.wh for peak in found] == [31.0, 47.0]


def test_nothing_measured_has_no_peaks():
    for values in (np.array([]), np.array([np.nan])):
        starts = HOUR * np.arange(len(values))
        assert peaks_of(starts, values, HOUR, 3, zone=PACIFIC) == month_peaks(starts, values, HOUR, zone=PACIFIC) == []
