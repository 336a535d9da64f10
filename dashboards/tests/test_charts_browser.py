"""The charts in a real Chromium under the portal's policy: drawn, live, themed, honest on errors."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import bokeh
import numpy as np
import pytest
from django.utils.html import json_script
from playwright.sync_api import Page, expect, sync_playwright

from dashboards.charts import (
    EventSpan,
    HeatCells,
    MeterSlots,
    empty_payload,
    etag,
    figure_json,
    heat_payload,
    meter_payload,
    payload_json,
)
from dashboards.charts.script_words import script_words

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("DRPORTAL_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
POLICY = "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-n0'; img-src 'self' data:"
SCRIPTS = ("js/chart-nonce.js", "bokeh.min.js", "js/chart-shapes.js", "js/chart.js")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chart</title>
<meta name="style-nonce" content="n0"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/css/tokens.css"><link rel="stylesheet" href="/css/charts.css">
{words}{scripts}</head><body>
<figure class="chart"><p data-chart-say></p>
<label>Event <select data-chart-events><option value="all">All times</option></select></label>
<div data-chart data-figure-url="/figure" data-data-url="/data" data-live-seconds="0.2"
aria-label="Use"></div>
<p data-chart-status aria-live="polite"></p>
<table><tbody data-chart-rows></tbody></table></figure></body></html>""".format(
    scripts="".join(f'<script src="/{name}" defer></script>' for name in SCRIPTS),
    words=json_script(script_words(), "chart-words"),
)
FIRST = datetime(2026, 10, 31, 12, tzinfo=UTC)


def payload(count: int) -> dict:
    """Two days of which `count` half-hours were measured, one event."""
    start = np.datetime64(FIRST.replace(tzinfo=None), "ms") + np.arange(96) * np.timedelta64(30, "m")
    energy = np.where(np.arange(96) < count, 300.0, np.nan)
    usual = np.full(96, 400.0)
    slots = MeterSlots(start, energy, usual, usual - 80, usual + 90, interval_minutes=30)
    begin = FIRST + timedelta(hours=20)
    event = EventSpan("7", "Autumn evening", begin, begin + timedelta(hours=2))
    return meter_payload(slots, [event], ZoneInfo("America/Los_Angeles"))


class Portal:
    """What the pages of the portal answer; a test changes it while the page is open."""

    def __init__(self) -> None:
        self.payload, self.fails, self.unchanged, self.asked = payload(60), False, 0, 0
        self.kind = "meter"

    def answer(self, path: str, known: str | None) -> tuple[int, str, bytes]:
        if path == "/":
            return 200, "text/html", PAGE.encode()
        if path == "/figure":
            return 200, "application/json", figure_json(self.kind)
        if path == "/data":
            return self._data(known)
        found = BOKEH if path == "/bokeh.min.js" else ROOT / "static" / path.lstrip("/")
        return 200, "text/css" if path.endswith("css") else "text/javascript", found.read_bytes()

    def _data(self, known: str | None) -> tuple[int, str, bytes]:
        self.asked += 1
        if self.fails:
            return 500, "text/plain", b""
        body = payload_json(self.payload)
        if known == etag(body):
            self.unchanged += 1
            return 304, "application/json", b""
        return 200, "application/json", body


BOKEH = Path(bokeh.__file__).parent / "server/static/js/bokeh.min.js"


@contextmanager
def served(portal: Portal) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            status, kind, body = portal.answer(self.path, self.headers.get("If-None-Match"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            if self.path == "/data" and body:
                self.send_header("ETag", etag(body))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM:
        pytest.skip("no Chromium: install it or name it in DRPORTAL_CHROMIUM")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split(), timeout=90_000)
        yield browser
        browser.close()


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def page(chromium, portal) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1000, "height": 800}, color_scheme="light")
    page.messages = []
    page.on("console", lambda message: page.messages.append(message.text))
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    with served(portal) as url:
        page.goto(url)
        has_state(page, "ready")
        yield page
        page.close()


def chart(page: Page):
    return page.locator("[data-chart]")


def has_state(page: Page, state: str) -> None:
    expect(chart(page)).to_have_attribute("data-chart-state", state, timeout=20_000)


def model(page: Page, name: str, wanted: str):
    """A property of the drawn figure's model of that name, as the browser has it."""
    return page.evaluate(
        "([name, wanted]) => Bokeh.documents[0].get_model_by_name(name)[wanted]",
        [name, wanted],
    )


def view(page: Page) -> list[float]:
    return [model(page, "x_range", "start"), model(page, "x_range", "end")]


INK = """(color) => { let count = 0;
const walk = (root) => { for (const node of root.querySelectorAll("*")) {
  if (node.tagName === "CANVAS" && node.width) {
    const { data } = node.getContext("2d").getImageData(0, 0, node.width, node.height);
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] > 200 && color.every((part, j) => Math.abs(part - data[i + j]) < 8)) count += 1;
  }
  if (node.shadowRoot) walk(node.shadowRoot);
} };
walk(document); return count; }"""


def is_drawn(page: Page, color: list[int]) -> None:
    """Waits until the chart's canvases carry that color: "ready" is said when the data are in, and a busy
    machine paints them some frames later."""
    page.wait_for_function(f"(color) => ({INK})(color) > 500", arg=color, timeout=20_000)


LIGHT_READING, DARK_READING = [23, 99, 166], [121, 184, 241]


def test_chart_is_drawn_and_the_policy_is_not_violated(page):
    has_state(page, "ready")
    is_drawn(page, LIGHT_READING)
    assert [text for text in page.messages if "Security Policy" in text or "rror" in text.split(":")[0]] == []


def test_policy_test_would_notice_a_style_without_nonce(page):
    page.evaluate("() => { const style = document.createElementNS('http://www.w3.org/1999/xhtml', 'style');"
                  "style.textContent = 'p { color: red }'; document.head.append(style); }")  # fmt: skip
    assert any("Security Policy" in text for text in page.messages)


def test_new_reading_changes_the_chart_and_keeps_the_view(page, portal):
    chart(page).focus()
    page.keyboard.press("+")
    moved = view(page)
    portal.payload = payload(61)
    expect(page.locator("[data-chart-say]")).to_have_text(portal.payload["say"], timeout=10_000)
    expect(page.locator("tbody tr").first).to_contain_text("0.300")
    assert view(page) == moved


def test_view_nobody_moved_follows_the_newest_reading(page, portal):
    before = view(page)
    portal.payload = payload(80)
    expect(page.locator("[data-chart-say]")).to_have_text(portal.payload["say"], timeout=10_000)
    assert view(page) == [portal.payload["view"]["start"], portal.payload["view"]["end"]]
    assert before == [payload(60)["view"]["start"], payload(60)["view"]["end"]]


def test_table_has_every_drawn_slot_with_its_numbers(page, portal):
    columns = portal.payload["sources"]["slots"]
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(len(columns["start"]))
    told = [row.split("\t") for row in rows.all_inner_texts()]
    measured = [float(row[1]) for row in told if row[1][:1].isdigit()]
    assert measured == [value for value in columns["reading"] if value is not None][::-1]
    assert {row[2] for row in told} == {"0.400"}
    assert {row[3] for row in told} == {"0.320 to 0.490"}
    assert sum("event" in row[4] for row in told) == 4


def hide(page: Page, is_hidden: bool) -> None:
    """As if the reader went to another tab, and back."""
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
        "document.dispatchEvent(new Event('visibilitychange')); }",
        is_hidden,
    )


def test_hidden_tab_does_not_ask_and_catches_up_when_it_is_shown(page, portal):
    hide(page, True)
    portal.payload = payload(70)
    before = portal.asked
    # Five times the pause between two questions.
    page.wait_for_function("(since) => performance.now() > since + 1000", arg=page.evaluate("() => performance.now()"))
    assert portal.asked <= before + 1  # one may have been on its way
    expect(page.locator("[data-chart-say]")).not_to_have_text(portal.payload["say"])
    hide(page, False)
    expect(page.locator("[data-chart-say]")).to_have_text(portal.payload["say"], timeout=10_000)


def test_arrow_keys_lead_through_the_heat_map_and_read_its_values(page, portal):
    noon = np.datetime64("2026-10-30T16:00", "ms").astype(np.int64)
    cells = HeatCells(noon + 3_600_000 * np.arange(30), np.arange(30) * 100.0 + 100, np.zeros(30, bool))
    portal.kind, portal.payload = "heat", heat_payload(cells, ZoneInfo("America/Los_Angeles"))
    page.reload()
    has_state(page, "ready")
    status = page.locator("[data-chart-status]")
    chart(page).focus()
    for key, words in (("ArrowDown", "0.100 kWh"), ("ArrowDown", "0.200 kWh"), ("ArrowRight", "2.600 kWh")):
        page.keyboard.press(key)
        expect(status).to_contain_text(words)


def test_nothing_new_is_asked_with_the_etag(page, portal):
    with page.expect_response(lambda response: response.status == 304):
        pass
    assert portal.unchanged


def test_choosing_an_event_shows_it_with_three_hours_around(page, portal):
    event = portal.payload["events"][0]
    home = view(page)
    select = page.locator("select[data-chart-events]")
    select.focus()
    page.keyboard.press("ArrowDown")
    assert view(page) == [event["start"] - 3 * 3_600_000, event["end"] + 3 * 3_600_000]
    page.keyboard.press("ArrowUp")
    assert view(page) == home


def test_arrow_keys_move_and_home_goes_back(page):
    start, end = home = view(page)
    chart(page).focus()
    page.keyboard.press("ArrowRight")
    assert view(page) == [start + (end - start) / 4, end + (end - start) / 4]
    page.keyboard.press("Home")
    assert view(page) == home


def test_theme_chosen_on_the_page_recolors_the_drawing(page):
    page.evaluate("() => document.documentElement.setAttribute('data-theme', 'dark')")
    is_drawn(page, DARK_READING)
    assert page.evaluate(INK, LIGHT_READING) == 0


def test_theme_of_the_system_recolors_the_drawing(page):
    page.emulate_media(color_scheme="dark")
    is_drawn(page, DARK_READING)


def test_portal_that_fails_is_said_and_recovers(page, portal):
    portal.fails = True
    has_state(page, "stale")
    expect(page.locator("[data-chart-status]")).to_contain_text("Not up to date since")
    portal.fails = False
    has_state(page, "ready")
    expect(page.locator("[data-chart-status]")).to_have_text("")


def test_no_readings_show_a_sentence(page, portal):
    portal.payload = empty_payload("meter", "There are no readings yet.")
    has_state(page, "empty")
    expect(page.locator("[data-chart-status]")).to_have_text("There are no readings yet.")
    portal.payload = payload(60)
    has_state(page, "ready")
    is_drawn(page, LIGHT_READING)


def test_ticks_are_local_hours_and_days(page):
    labels = page.evaluate(
        "() => [...Bokeh.documents[0].get_model_by_name('meter').below[0].major_label_overrides.values()]"
    )
    assert "Sun 1 Nov" in labels


def test_hover_tells_both_values(page):
    box = chart(page).bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 150)
    words = page.locator(".bk-Tooltip")
    expect(words).to_contain_text("measured: 0.300 kWh", timeout=10_000)
    expect(words).to_contain_text("expected: 0.400 kWh")


def test_phone_has_no_toolbar_and_begins_with_the_last_day(page, portal):
    page.set_viewport_size({"width": 320, "height": 700})
    page.reload()
    has_state(page, "ready")
    expect(page.locator(".bk-Toolbar").first).to_be_hidden()
    assert view(page) == [portal.payload["view"]["phone_start"], portal.payload["view"]["phone_end"]]
    assert chart(page).bounding_box()["width"] <= 320
