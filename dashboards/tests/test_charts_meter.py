"""The meter chart's payload: gaps, clock changes, thinning, events, and its table twin."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dashboards.charts import ChartDataError, EventSpan, MeterSlots, meter_payload, meter_table, payload_json
from dashboards.charts.clock import clock_steps, interval_words
from dashboards.charts.meter import POINT_LIMIT, ROW_LIMIT, Marks, meter_csv_rows
from dashboards.charts.peaks import highest

PACIFIC = ZoneInfo("America/Los_Angeles")
HALF_HOUR = 1_800_000
NOON = datetime(2026, 7, 23, 12, tzinfo=UTC)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def slots(energy, *, first=NOON, predicted=None, keep=None, quality=()):
    energy = np.asarray(energy, dtype=float)
    n = len(energy)
    start = np.datetime64(first.replace(tzinfo=None), "ms") + np.arange(n) * np.timedelta64(30, "m")
    expected = np.full(n, 500.0) if predicted is None else np.asarray(predicted, dtype=float)
    columns = [start, energy, expected, expected - 100, expected + 100]
    if keep is not None:
        columns = [column[keep] for column in columns]
    return MeterSlots(*columns, interval_minutes=30, quality=quality)


def event(begin_slot, end_slot, name="Summer evenings", first=NOON):
    begin, end = (first + timedelta(minutes=30 * slot) for slot in (begin_slot, end_slot))
    return EventSpan(id="1", name=name, start=begin, end=end)


def test_values_are_kwh_and_times_are_utc_milliseconds():
    columns = meter_payload(slots([312, 450]), [], PACIFIC)["sources"]["slots"]
    assert columns["reading"] == [0.312, 0.45]
    assert columns["prediction"] == [0.5, 0.5]
    assert (columns["lower"][0], columns["upper"][0]) == (0.4, 0.6)
    assert columns["start"] == [ms(NOON), ms(NOON) + HALF_HOUR]
    assert columns["end"] == [ms(NOON) + HALF_HOUR, ms(NOON) + 2 * HALF_HOUR]


def test_missing_value_is_null_and_a_gap():
    payload = meter_payload(slots([300, np.nan, np.nan, 300]), [], PACIFIC)
    assert payload["sources"]["slots"]["reading"] == [0.3, None, None, 0.3]
    assert payload["sources"]["gaps"] == {
        "start": [ms(NOON) + HALF_HOUR],
        "end": [ms(NOON) + 3 * HALF_HOUR],
    }


def test_missing_row_is_a_gap_and_its_neighbour_does_not_reach_over_it():
    payload = meter_payload(slots([300] * 4, keep=[0, 1, 3]), [], PACIFIC)
    assert payload["sources"]["gaps"]["start"] == [ms(NOON) + 2 * HALF_HOUR]
    assert payload["sources"]["slots"]["end"][1] == ms(NOON) + 2 * HALF_HOUR


def test_what_has_not_arrived_yet_is_no_gap():
    assert meter_payload(slots([300, 300, np.nan, np.nan]), [], PACIFIC)["sources"]["gaps"]["start"] == []


def test_latest_reading_is_marked_at_its_end():
    latest = meter_payload(slots([300, 320, np.nan]), [], PACIFIC)["sources"]["latest"]
    assert latest == {"x": [ms(NOON) + 2 * HALF_HOUR], "y": [0.32]}


def test_saved_is_drawn_only_in_event_hours_and_only_below_the_forecast():
    payload = meter_payload(slots([400, 400, 600, 400, 400]), [event(1, 4)], PACIFIC)
    assert payload["sources"]["saved_slots"]["start"] == [ms(NOON) + HALF_HOUR, ms(NOON) + 3 * HALF_HOUR]


def test_thinning_keeps_the_extremes_of_both_lines():
    values = np.full(20_000, 500.0)
    values[[777, 15_001]] = 3_000, 1
    predicted = np.full(20_000, 480.0)
    predicted[9_999] = 4_000
    columns = meter_payload(slots(values, predicted=predicted), [], PACIFIC)["sources"]["slots"]
    assert len(columns["start"]) <= POINT_LIMIT
    assert max(columns["reading"]) == 3.0
    assert min(columns["reading"]) == 0.001
    assert max(columns["prediction"]) == 4.0
    assert columns["start"] == sorted(set(columns["start"]))


def test_thinning_keeps_every_slot_of_an_event():
    generator = np.random.default_rng(1)
    payload = meter_payload(slots(generator.normal(500, 50, 20_000)), [event(10_000, 10_004)], PACIFIC)
    starts = set(payload["sources"]["slots"]["start"])
    assert {ms(NOON) + slot * HALF_HOUR for slot in range(10_000, 10_004)} <= starts


def test_thinning_leaves_the_first_view_whole_and_says_so():
    generator = np.random.default_rng(1)
    payload = meter_payload(slots(generator.normal(500, 50, 20_000)), [], PACIFIC)
    shown = [start for start in payload["sources"]["slots"]["start"] if start >= payload["view"]["start"]]
    assert len(shown) == 3 * 48
    assert payload["say"].endswith("So long a range shows only peaks and dips, except in events and the newest days.")


def test_thinned_step_does_not_cross_a_gap():
    values = np.full(10_000, 500.0)
    values[4_000:5_000] = np.nan
    columns = meter_payload(slots(values), [], PACIFIC)["sources"]["slots"]
    before_gap = [end for end, value in zip(columns["end"], columns["reading"], strict=True) if value]
    assert not any(ms(NOON) + 4_000 * HALF_HOUR < end <= ms(NOON) + 5_000 * HALF_HOUR for end in before_gap)


def test_whole_year_stays_small():
    generator = np.random.default_rng(2)
    payload = meter_payload(slots(generator.normal(500, 90, 17_520)), [], PACIFIC)
    assert len(payload_json(payload)) < 160_000


def test_no_slots_show_a_sentence_instead_of_a_chart():
    payload = meter_payload(slots([]), [], PACIFIC)
    assert payload["empty"].startswith("There are no readings yet")
    assert payload["sources"] == {}


def test_forecast_without_any_reading_is_drawn():
    payload = meter_payload(slots([np.nan, np.nan]), [], PACIFIC)
    assert payload["empty"] == ""
    assert payload["sources"]["latest"] == {"x": [], "y": []}
    assert payload["say"] == "Nothing was measured yet; the dashed line is what we expect."


def test_payload_is_json():
    assert json.loads(payload_json(meter_payload(slots([1, np.nan, 2]), [event(0, 1)], PACIFIC)))


def test_table_rows_equal_the_columns_newest_first():
    payload = meter_payload(slots([312, np.nan, 450]), [event(2, 3)], PACIFIC)
    columns, table = payload["sources"]["slots"], meter_table(payload, PACIFIC)
    assert [row[1] for row in table["rows"]] == ["0.450", "no reading", "0.312"]
    assert [float(row[2]) for row in table["rows"]] == columns["prediction"][::-1]
    assert table["rows"][0] == [
        "Thu 23 Jul, 6:00 to 6:30 am PDT",
        "0.450",
        "0.500",
        "0.400 to 0.600",
        "event",
    ]
    assert table["rows_note"] == ""


def test_table_tells_what_is_ahead_after_what_was_measured():
    table = meter_table(meter_payload(slots([1, 2, np.nan, np.nan]), [], PACIFIC), PACIFIC)
    assert [row[0].split(", ")[1][:4] for row in table["rows"]] == ["5:30", "5:00", "6:00", "6:30"]


def test_long_table_of_the_page_has_the_newest_and_says_how_many_there_are():
    table = meter_table(meter_payload(slots(np.full(1_000, 300.0)), [], PACIFIC), PACIFIC)
    assert len(table["rows"]) == ROW_LIMIT
    assert table["rows_note"] == "The first 48 of 1,000 rows."


def test_file_has_the_drawn_numbers_and_what_is_said_of_them():
    outage = event(1, 2, "outage")
    payload = meter_payload(slots([312, np.nan, 450]), [event(2, 3)], PACIFIC, marks=Marks(excluded=[outage]))
    assert list(meter_csv_rows(payload, PACIFIC)) == [
        ("2026-07-23T12:00:00Z", "2026-07-23T05:00:00-07:00", "0.312", "0.500", "0.400", "0.600", ""),
        ("2026-07-23T12:30:00Z", "2026-07-23T05:30:00-07:00", "", "0.500", "0.400", "0.600", "outage"),
        ("2026-07-23T13:00:00Z", "2026-07-23T06:00:00-07:00", "0.450", "0.500", "0.400", "0.600", "event"),
    ]
    assert list(meter_csv_rows(meter_payload(slots([]), [], PACIFIC), PACIFIC)) == []


def test_named_dates_are_shown_whole_and_others_from_the_newest_days():
    window = (ms(NOON), ms(NOON) + 30 * 86_400_000)
    view = meter_payload(slots(np.full(480, 300.0)), [], PACIFIC, marks=Marks(window=window))["view"]
    assert (view["start"], view["end"]) == (view["phone_start"], view["phone_end"]) == window


def test_outage_has_a_strip_of_its_own_and_estimates_their_steps():
    marks = Marks(excluded=[event(1, 2, "outage")])
    measured = slots([1, 2, 3], quality=["", "", "estimated"])
    found = MeterSlots(
        **{name: getattr(measured, name) for name in MeterSlots.__slots__} | {"estimated": np.array([0, 0, 1], bool)}
    )
    sources = meter_payload(found, [], PACIFIC, marks=marks)["sources"]
    assert sources["excluded"] == {
        "start": [ms(NOON) + HALF_HOUR], "end": [ms(NOON) + 2 * HALF_HOUR], "name": ["outage"],
    }  # fmt: skip
    assert sources["estimated_slots"]["start"] == [ms(NOON) + 2 * HALF_HOUR]
    assert sources["slots"]["remark"] == ["", "outage", "estimated"]


def test_peaks_are_marked_where_they_are_and_listed_with_their_times():
    measured = slots([100, 900, 500])
    found = highest(measured.start_ms, measured.energy_wh, HALF_HOUR, 2)
    payload = meter_payload(measured, [], PACIFIC, marks=Marks(peaks=found))
    assert payload["sources"]["peaks"] == {
        "x": [ms(NOON) + 1.5 * HALF_HOUR, ms(NOON) + 2.5 * HALF_HOUR], "y": [0.9, 0.5], "place": ["1", "2"],
    }  # fmt: skip
    assert payload["lists"]["peaks"] == [
        ["1. Thu 23 Jul, 5:30 to 6:00 am PDT", "0.900", "1.800"],
        ["2. Thu 23 Jul, 6:00 to 6:30 am PDT", "0.500", "1.000"],
    ]


def test_quality_word_stands_beside_its_reading():
    payload = meter_payload(slots([1, 2], quality=["", "estimated"]), [], PACIFIC)
    assert meter_table(payload, PACIFIC)["rows"][0][4] == "estimated"
    assert payload["sources"]["slots"]["remark"] == ["", "estimated"]


def test_repeated_hour_of_autumn_stays_in_order_and_apart():
    autumn = datetime(2026, 11, 1, 8, tzinfo=UTC)
    payload = meter_payload(slots([1, 2, 3, 4, 5], first=autumn), [], PACIFIC)
    starts = payload["sources"]["slots"]["start"]
    assert np.diff(starts).tolist() == [HALF_HOUR] * 4
    assert payload["clock"][1] == [ms(datetime(2026, 11, 1, 9, tzinfo=UTC)), -8 * 3_600_000, "PST"]
    assert [row[0] for row in meter_table(payload, PACIFIC)["rows"]][::-1] == [
        "Sun 1 Nov, 1:00 to 1:30 am PDT",
        "Sun 1 Nov, 1:30 am PDT to 1:00 am PST",
        "Sun 1 Nov, 1:00 to 1:30 am PST",
        "Sun 1 Nov, 1:30 to 2:00 am PST",
        "Sun 1 Nov, 2:00 to 2:30 am PST",
    ]


def test_left_out_hour_of_spring_is_no_gap():
    spring = datetime(2026, 3, 8, 9, tzinfo=UTC)
    payload = meter_payload(slots([1, 2, 3, 4], first=spring), [], PACIFIC)
    assert payload["sources"]["gaps"]["start"] == []
    assert meter_table(payload, PACIFIC)["rows"][2][0] == "Sun 8 Mar, 1:30 am PST to 3:00 am PDT"


def test_clock_of_a_year_has_both_changes_of_both_hemispheres():
    first, last = ms(datetime(2026, 1, 1, tzinfo=UTC)), ms(datetime(2026, 12, 31, tzinfo=UTC))
    assert [step[2] for step in clock_steps(first, last, PACIFIC)] == ["PST", "PDT", "PST"]
    assert len(clock_steps(first, last, ZoneInfo("Australia/Lord_Howe"))) == 3
    assert len(clock_steps(first, last, ZoneInfo("Asia/Kolkata"))) == 1


def test_interval_over_noon_says_both_halves():
    at = ms(datetime(2026, 7, 23, 18, 30, tzinfo=UTC))
    assert interval_words(at, at + HALF_HOUR, PACIFIC) == "Thu 23 Jul, 11:30 am to 12:00 pm PDT"


def test_events_elsewhere_are_left_out_and_the_next_one_extends_the_axis():
    tomorrow, past = event(52, 56), event(-20, -18)
    payload = meter_payload(slots([300] * 4), [tomorrow, past], PACIFIC)
    assert [choice["start"] for choice in payload["events"]] == [tomorrow.start_ms]
    assert payload["view"]["all_end"] == tomorrow.end_ms


def test_phone_sees_the_last_day_and_others_three():
    view = meter_payload(slots(np.full(480, 300.0)), [], PACIFIC)["view"]
    last = ms(NOON) + 480 * HALF_HOUR
    assert view["phone_start"] == last - 86_400_000
    assert view["start"] == last - 3 * 86_400_000
    assert view["end"] == view["all_end"] == last


def test_export_to_the_grid_fits_on_the_axis():
    ends = meter_payload(slots([-400, 300]), [], PACIFIC)["props"]["y_range"]
    assert ends["start"] < -0.4
    assert ends["end"] > 0.6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"energy_wh": np.zeros(3)}, "energy_wh must have 2 values"),
        ({"start": np.array(["2026-01-01", "2026-01-01"], "datetime64[ms]")}, "start must rise"),
        ({"interval_minutes": 0}, "interval_minutes must be positive"),
        ({"quality": [""]}, "quality must have 2 values"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, words):
    start = np.array(["2026-01-01T00:00", "2026-01-01T00:30"], "datetime64[ms]")
    fitting = {"start": start, "interval_minutes": 30} | {
        name: np.zeros(2) for name in ("energy_wh", "predicted_wh", "lower_wh", "upper_wh")
    }
    with pytest.raises(ChartDataError, match=words):
        MeterSlots(**(fitting | change))
