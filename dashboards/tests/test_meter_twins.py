"""What a picture draws, what its table says and what its file holds are the same numbers, those of a small fixture."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.selectors import sums
from dashboards.selectors.comparison import compared
from dashboards.selectors.hours import cells_of
from dashboards.selectors.slots import measured_slots
from dashboards.selectors.spans import Period, period_span
from meters.models import (
    DailyEnergy,
    IntervalReading,
    Meter,
    MeterMap,
    Prediction,
    Quality,
    RollupMark,
)
from meters.services import exclude
from tests.builder import make_user, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HALF_HOUR = timedelta(minutes=30)
# New York's clock goes back on 1 November 2026, in the middle of this week.
WEEK = Period("week", date(2026, 10, 26))


def at(text: str, meter: Meter) -> datetime:
    """A moment of the meter's own clock, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=meter.zone).astimezone(UTC)


def store(meter: Meter, start: datetime, energies: list[int | None]) -> None:
    """Half hours from a moment on; None is left out."""
    IntervalReading.objects.bulk_create(
        IntervalReading(meter=meter, start=start + row * HALF_HOUR, energy_wh=wh)
        for row, wh in enumerate(energies)
        if wh is not None
    )


def payload(client, meter: Meter, name: str, query: dict) -> dict:
    response = client.get(reverse(name, args=[meter.pk]), query)
    assert response.status_code == 200
    return json.loads(response.content)


def file_rows(client, meter: Meter, name: str, query: dict) -> list[dict[str, str]]:
    response = client.get(reverse(name, args=[meter.pk]), query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


def page(client, meter: Meter, query: dict) -> str:
    return client.get(reverse("meter_detail", args=[meter.pk]), query).content.decode()


def test_line_and_its_peaks(rita, here):
    home = here.home
    store(home, at("2026-10-27T00:00", home), [100, 1200, None, 300])
    IntervalReading.objects.filter(meter=home, energy_wh=300).update(quality=Quality.ESTIMATED)
    start = at("2026-10-27T00:30", home)
    Prediction.objects.create(
        meter=home, start=start, wh=900, lower_wh=800, upper_wh=1000, issued_at=start, forecast_number=1
    )
    exclude(kind="outage", meters=[home], start=start + HALF_HOUR, end=start + 2 * HALF_HOUR, source="test")
    query = {"period": "day", "day": "2026-10-27"}
    drawn = payload(rita, home, "chart_meter", query)
    columns = drawn["sources"]["slots"]
    assert (columns["reading"], columns["prediction"]) == ([0.1, 1.2, 0.3], [None, 0.9, None])
    assert drawn["sources"]["excluded"]["name"] == ["outage"]
    rows = file_rows(rita, home, "meter_chart_file", query)
    assert [(row["kwh"], row["expected_kwh"], row["remark"]) for row in rows] == [
        ("0.100", "", ""), ("1.200", "0.900", ""), ("0.300", "", "estimated"),
    ]  # fmt: skip
    assert [row["local_start"][11:16] for row in rows] == ["00:00", "00:30", "01:30"]
    told = page(rita, home, query)
    assert all(f'<td class="r">{words}</td>' in told for words in ("0.100", "1.200", "0.300", "0.800 to 1.000"))
    assert "outage" in told
    peaks = file_rows(rita, home, "meter_peaks_file", query)
    assert [(row["kwh"], row["mean_kw"]) for row in peaks] == [
        ("1.200", "2.400"),
        ("0.300", "0.600"),
        ("0.100", "0.200"),
    ]
    assert drawn["sources"]["peaks"]["y"] == [1.2, 0.3, 0.1]
    assert [row[1:] for row in drawn["lists"]["peaks"]] == [["1.200", "2.400"], ["0.300", "0.600"], ["0.100", "0.200"]]
    assert "1. Tue 27 Oct, 12:30 to 1:00 am EDT" in told


def test_bars(rita, here):
    home = here.home
    store(home, at("2026-10-31T00:00", home), [100] * 48)
    store(home, at("2026-11-01T00:00", home), [100] * 50)
    store(home, at("2026-11-02T00:00", home), [100] * 24)
    query = {"period": "month", "day": "2026-11-05"}
    drawn = payload(rita, home, "chart_meter_sums", query)
    assert drawn["sources"]["bars"]["value"] == [5.0]
    assert drawn["sources"]["part_bars"]["value"] == [2.4]
    assert drawn["rows"] == [["Sun 1 November", "5.000", ""], ["Mon 2 November", "2.400", "50 % measured"]]
    assert [tuple(row.values()) for row in file_rows(rita, home, "meter_sums_file", query)] == [
        ("2026-11-01", "2026-11-01", "5.000", "50", "50"),
        ("2026-11-02", "2026-11-02", "2.400", "24", "48"),
    ]
    told = page(rita, home, query)
    assert '<th scope="row">Mon 2 November</th><td class="r">2.400</td>' in told
    year = payload(rita, home, "chart_meter_sums", {"period": "year", "day": "2026-11-05"})
    assert [row[:2] for row in year["rows"]][-2:] == [["October 2026", "4.800"], ["November 2026", "7.400"]]


def test_heat_map(rita, here):
    home = here.home
    store(home, at("2026-11-01T00:00", home), [100, 200, 300, 400, 500, 600, 700, None])
    query = {"period": "week", "day": "2026-10-28", "show": "hours"}
    drawn = payload(rita, home, "chart_meter_hours", query)
    values = sorted(
        value for name, one in drawn["sources"].items() if name.startswith("heat_") for value in one["value"]
    )
    # Two hours of the clock between one and two.
    assert values == [0.3, 0.7, 0.7, 1.1]
    assert drawn["rows"] == [["Sun 1 November", "0.300", "0.700 / 1.100", "0.700*", *["–"] * 21]]
    rows = file_rows(rita, home, "meter_hours_file", query)
    assert [(row["hour"], row["kwh"], row["remark"]) for row in rows] == [
        ("00:00", "0.300", ""), ("01:00", "0.700", ""), ("01:00", "1.100", ""), ("02:00", "0.700", "not all measured"),
    ]  # fmt: skip
    assert '<td class="r">0.700 / 1.100</td>' in page(rita, home, query)


def test_comparison(rita, here):
    home = here.home
    store(home, at("2026-10-27T00:00", home), [100, 100, 200, None])
    store(home, at("2026-10-26T00:00", home), [50, 50, 50, 50])
    query = {"period": "day", "day": "2026-10-27", "show": "compare"}
    drawn = payload(rita, home, "chart_meter_comparison", query)
    places = drawn["sources"]["places"]
    assert (places["this"][:4], places["other"][:4]) == ([0.1, 0.1, 0.2, None], [0.05] * 4)
    assert drawn["rows"] == [
        ["00:00", "0.100", "0.050", "+0.050", ""],
        ["00:30", "0.100", "0.050", "+0.050", ""],
        ["01:00", "0.200", "0.050", "+0.150", ""],
        ["01:30", "no data", "0.050", "–", "not all measured"],
    ]
    assert [tuple(row.values()) for row in file_rows(rita, home, "meter_comparison_file", query)] == [
        ("00:00", "0.100", "0.050", "0.050", "yes"),
        ("00:30", "0.100", "0.050", "0.050", "yes"),
        ("01:00", "0.200", "0.050", "0.150", "yes"),
        ("01:30", "", "0.050", "", "no"),
    ]
    assert drawn["lists"]["sums"] == [
        ["Tuesday 27 October 2026", "0.4 kWh", "6 %"],
        ["Monday 26 October 2026", "0.2 kWh", "8 %"],
        ["Difference over what both have", "+0.3 kWh (+167 %)", "6 %"],
    ]
    told = page(rita, home, query)
    assert '<th scope="row">01:00</th><td class="r">0.200</td><td class="r">0.050</td>' in told
    assert "+0.3 kWh (+167 %)" in told


def test_weeks_with_a_clock_change_are_laid_over_each_other_by_what_the_clock_shows(here):
    home = here.home
    for period in (WEEK, WEEK.previous):
        start, end = period.bounds(home.zone)
        store(home, start, [100] * int((end - start) / HALF_HOUR))
    found = compared(user=here.resident, meter=home, this=WEEK, other=WEEK.previous)
    repeated = 6 * 24 + 1
    assert found.this.wh.tolist() == [200.0] * repeated + [400.0] + [200.0] * (168 - repeated - 1)
    assert found.other.wh.tolist() == [200.0] * 168
    assert found.this.is_whole
    assert "The clock changes" in found.remark


def test_skipped_hour_is_missing_and_counts_against_nobody(here):
    spring = Period.of("day", date(2026, 3, 8))
    start, end = spring.bounds(here.home.zone)
    store(here.home, start, [100] * int((end - start) / HALF_HOUR))
    found = compared(user=here.resident, meter=here.home, this=spring, other=spring.previous)
    assert found.this.wanted[[3, 4, 5, 6]].tolist() == [1, 0, 0, 1]
    assert found.this.is_whole
    assert found.this.share == 1.0


def test_month_is_compared_day_by_day_with_a_shorter_one(here):
    march = Period.of("month", date(2026, 3, 1))
    for period in (march, march.previous):
        start, end = period.bounds(here.home.zone)
        store(here.home, start, [100] * int((end - start) / HALF_HOUR))
    found = compared(user=here.resident, meter=here.home, this=march, other=march.previous)
    assert found.this.wh[7] == 4_600
    assert found.other.wh[28:].tolist() == [0, 0, 0]
    assert found.other.wanted[28:].tolist() == [0, 0, 0]
    assert found.other.is_whole


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.integers(-900, 4000)), min_size=1, max_size=200), st.integers(0, 300))
def test_bars_slots_heat_map_and_comparison_have_the_same_sum(here, values, offset):
    home = here.home
    IntervalReading.objects.filter(meter=home).delete()
    start, _end = WEEK.bounds(home.zone)
    store(home, start + min(offset, 330 - len(values)) * HALF_HOUR, values)
    asked = {"user": here.resident, "meter": home}
    wanted = sum(value or 0 for value in values)
    span = period_span(WEEK, home.zone)
    bars = sums.bars_of(**asked, span=span)
    slots = measured_slots(**asked, start=span.start, end=span.end)
    found = compared(**asked, this=WEEK, other=WEEK.previous)
    cells = cells_of(**asked, span=span)
    assert [sum(bar.wh for bar in bars), slots.energy_wh.sum(), cells.wh.sum(), found.this.wh.sum()] == [wanted] * 4
    assert sum(bar.slots for bar in bars) == len(slots) == found.this.slots.sum()


def day_row(meter: Meter, day: date, wh: int) -> None:
    DailyEnergy.objects.create(
        meter=meter, day=day, energy_wh=wh, slots=48, peak_wh=1, peak_start=at(f"{day}T12:00", meter)
    )


def bars_of_month(user, meter) -> dict[str, int]:
    span = period_span(Period("month", date(2026, 10, 1)), meter.zone)
    return {bar.first_day: bar.wh for bar in sums.bars_of(user=user, meter=meter, span=span) if bar.slots}


def test_stored_sums_are_used_but_not_while_they_wait_to_be_made_again(here):
    home = here.home
    for day in (1, 2):
        store(home, at(f"2026-10-0{day}T00:00", home), [100] * 48)
        day_row(home, date(2026, 10, day), 7_000)
    assert bars_of_month(here.resident, home) == {"2026-10-01": 7_000, "2026-10-02": 7_000}
    late = at("2026-10-02T23:30", home)
    RollupMark.objects.create(distributor=here.distributor, meter=home, start=late, end=late + HALF_HOUR)
    assert bars_of_month(here.resident, home) == {"2026-10-01": 7_000, "2026-10-02": 4_800}


def test_stored_sum_of_a_day_that_was_shared_is_shown_to_neither_holder(here):
    home = here.home
    store(home, at("2026-10-05T00:00", home), [100] * 48)
    day_row(home, date(2026, 10, 5), 4_800)
    noon = at("2026-10-05T12:00", home)
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=noon)
    newcomer = make_user(here.distributor)
    map_meter(home, newcomer, noon)
    for who in (here.resident, newcomer):
        assert bars_of_month(who, home) == {"2026-10-05": 2_400}
    assert bars_of_month(here.admin, home) == {"2026-10-05": 4_800}
    assert bars_of_month(here.neighbor, home) == {}


FILES = ("meter_chart_file", "meter_peaks_file", "meter_sums_file", "meter_hours_file", "meter_comparison_file",
         "meter_green_button")  # fmt: skip
CHARTS = ("chart_meter_sums", "chart_meter_hours", "chart_meter_comparison")


@pytest.mark.parametrize("name", FILES + CHARTS)
def test_stranger_does_not_find_them_and_bad_dates_are_refused(client, world, name):
    here = world.here
    for who in (here.neighbor, here.member, world.there.admin):
        client.force_login(who)
        assert client.get(reverse(name, args=[here.home.pk])).status_code == 404
    client.force_login(here.resident)
    response = client.get(reverse(name, args=[here.home.pk]), {"period": "week", "day": "soon"})
    assert response.status_code == 400
    assert "soon" in response.content.decode()


@pytest.mark.parametrize("name", CHARTS)
def test_chart_without_readings_is_a_sentence_and_is_not_sent_twice(rita, here, name):
    response = rita.get(reverse(name, args=[here.home.pk]))
    assert response.json()["empty"]
    again = rita.get(reverse(name, args=[here.home.pk]), headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_green_button_holds_the_dates_that_were_the_readers(client, here):
    home = here.home
    start = at("2026-10-05T00:00", home)
    store(home, start, [111] * 24 + [222] * 24)
    noon = start + 24 * HALF_HOUR
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=noon)
    client.force_login(here.resident)
    response = client.get(reverse("meter_green_button", args=[home.pk]), {"period": "day", "day": "2026-10-05"})
    text = b"".join(response.streaming_content).decode()
    assert text.count("<value>111</value>") == 24
    assert "<value>222</value>" not in text
    assert response["Content-Disposition"] == 'attachment; filename="green-button-Hither-home.xml"'


@pytest.mark.parametrize("show", ["use", "compare", "hours", "nonsense"])
@pytest.mark.parametrize(
    "query", [{}, {"period": "day"}, {"period": "year"}, {"start": "2026-10-01", "end": "2026-10-30"}]
)
def test_every_look_at_every_length_is_a_page(rita, here, show, query):
    store(here.home, at("2026-10-05T00:00", here.home), [100] * 4)
    told = page(rita, here.home, {**query, "show": show})
    assert 'aria-current="page"' in told


def test_steps_lead_to_the_neighbors_and_keep_the_look(rita, here):
    told = page(rita, here.home, {"period": "month", "day": "2024-03-10", "show": "hours"})
    assert 'href="?period=month&amp;day=2024-02-01&amp;show=hours"' in told
    assert 'href="?period=month&amp;day=2024-04-01&amp;show=hours"' in told
    assert "Today" in told


def test_another_period_to_compare_with_is_taken_and_a_bad_one_said(rita, here):
    store(here.home, at("2026-10-05T00:00", here.home), [100] * 4)
    query = {"period": "day", "day": "2026-10-05", "show": "compare"}
    assert "Friday 2 October 2026" in page(rita, here.home, {**query, "against": "2026-10-02"})
    assert "is no date" in page(rita, here.home, {**query, "against": "<b>"})
