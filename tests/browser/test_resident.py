"""A resident answers an event, opens an amount, and watches the meter."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from dashboards.words import money
from events.models import Participation, ParticipationState
from meters.models import IntervalReading
from settlement.models import SettlementLine
from tests.browser.reader import LIVE_MS

HALF_HOUR = timedelta(minutes=30)
AROUND_MS = 3 * 3_600_000


@pytest.fixture
def resident(visit, town):
    """Dana, signed in."""
    return visit(town.people["resident"])


def test_resident_sees_the_next_event_joins_and_skips(resident, town):
    resident.open("/home")
    card = resident.page.locator(".next-event")
    expect(card).to_contain_text("Tomorrow")
    expect(card).to_contain_text("What it pays")
    expect(card).to_contain_text("Waiting for your answer")

    resident.press("Join this event")
    resident.is_at(f"/events/{town.coming.pk}")
    resident.sees("You joined.", within="body")
    assert _answer(town) == ParticipationState.OPTED_IN

    resident.press("Skip it")
    resident.sees("You skipped this event.", within="body")
    assert _answer(town) == ParticipationState.OPTED_OUT

    resident.open("/home")
    expect(card).to_contain_text("Skipped")


def _answer(town) -> str:
    return Participation.objects.get(event=town.coming, meter=town.home).state


def test_amount_opens_down_to_the_days_and_the_rule(resident, town):
    line = SettlementLine.objects.get(pk=town.reward)
    assert line.credit > 0
    resident.open("/home")
    resident.follow("Rewards", within="header")
    resident.is_at("/rewards")
    resident.page.locator(f"main a[href='/rewards/{town.reward}/why']").first.click()
    resident.is_at(f"/rewards/{town.reward}/why")
    expect(resident.title()).to_contain_text(f"Why {money(line.credit, 'USD')}")
    resident.sees("Your usual use", "What you used", "Where your usual use comes from", "three-day")
    expect(resident.page.locator(".why-slots tbody tr")).to_have_count(4)


def test_event_of_the_selector_fills_the_chart(resident, town):
    resident.open(f"/meters/{town.home.pk}")
    whole = resident.view()
    resident.page.locator("[data-chart-events]").first.select_option(str(town.past.pk))
    start, end = (moment.timestamp() * 1000 for moment in (town.past.start, town.past.end))
    assert resident.view() == [start - AROUND_MS, end + AROUND_MS]
    resident.page.locator("[data-chart-events]").first.select_option("all")
    assert resident.view() == whole


def test_table_has_what_is_drawn_and_what_was_measured(resident, town):
    resident.open(f"/meters/{town.home.pk}")
    resident.page.locator("#use summary", has_text="Show as a table").click()
    rows = resident.page.locator("#use [data-chart-table] tbody tr").all_inner_texts()
    drawn = [value for value in resident.column("slots", "reading") if value is not None]
    measured = list(town.home.readings.order_by("-start").values_list("energy_wh", flat=True)[:20])
    shown = [text for text in (row.split("\t")[1].strip() for row in rows) if text[:1].isdigit()]
    assert [round(1000 * float(text)) for text in shown[:20]] == measured
    assert [round(1000 * value) for value in drawn[:-21:-1]] == measured


def test_new_reading_appears_on_an_open_chart(visit, town):
    reader = visit(town.people["neighbor"])
    meter = town.neighbor_home
    reader.open(f"/meters/{meter.pk}")
    place = reader.page.locator("#use [data-figure-url]")
    assert float(place.get_attribute("data-live-seconds")) <= 10
    newest = town.newest(meter)

    assert _send(reader.url, town.token_key, meter.number, newest + HALF_HOUR, "1.234") == 200
    assert IntervalReading.objects.get(meter=meter, start=newest + HALF_HOUR).energy_wh == 1234
    expect(reader.page.locator("#use .chart__say").first).to_contain_text("1.23 kWh", timeout=LIVE_MS)
    drawn = [value for value in reader.column("slots", "reading") if value is not None]
    assert drawn[-1] == 1.234


def _send(url: str, key: str, number: str, start: datetime, kwh: str) -> int:
    """Sends one reading as a program does, and gives the status."""
    rows = [{"meter": number, "start": start.astimezone(UTC).isoformat(), "kwh": kwh}]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps({"readings": rows}).encode()
    with urlopen(Request(f"{url}/api/v1/readings", body, headers), timeout=30) as answer:
        return answer.status


def test_resident_downloads_the_readings(resident, town):
    resident.open(f"/meters/{town.home.pk}")
    with resident.page.expect_download() as started:
        resident.follow("Download as CSV")
    with Path(started.value.path()).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    newest = town.newest(town.home)
    assert {row["meter"] for row in rows} == {town.home.number}
    assert f"{newest:%Y-%m-%dT%H:%M:%SZ}" in {row["start"] for row in rows if row["kwh"]}


def test_resident_chooses_dark_colors_and_signs_out(visit, town):
    reader = visit()
    reader.sign_in(town.people["newcomer"].email)
    reader.is_at("/home")
    light = _background(reader)

    reader.page.locator("[popovertarget=account-menu]").click()
    reader.follow("Your account", within="#account-menu")
    reader.follow("Name, language and look", within="main", exact=False)
    reader.page.get_by_label("Colors").select_option("dark")
    reader.press("Save", within="main")
    expect(reader.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert _background(reader) != light

    reader.sign_out()
    reader.is_at("/")
    expect(reader.page.get_by_role("link", name="Sign in").first).to_be_visible()
    reader.open("/home")
    reader.is_at("/accounts/login/")


def _background(reader) -> str:
    return reader.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
