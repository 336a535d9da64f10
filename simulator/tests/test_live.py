"""Live readings against a small HTTP server that stands where the portal stands."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from simulator.errors import NotAllowed, PortalAway, SimulatorError, TokenRefused
from simulator.files import kwh_text
from simulator.live import Feed, due_readings
from simulator.portal import Portal
from simulator.times import utc_text
from simulator.town import Event, build_town, energy_wh, slots_between

pytestmark = pytest.mark.slow

TOWN = build_town()
NOON = int(datetime(2026, 11, 18, 17, tzinfo=UTC).timestamp())
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Counter:
    """What the standing-in portal was given, and what it shall answer."""

    url: str = ""
    posts: list[list[dict[str, str]]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    active: list[dict[str, object]] = field(default_factory=list)
    past: list[dict[str, object]] = field(default_factory=list)
    status: int = 200
    events_status: int = 200
    silent: bool = False
    asked_before: bool = False
    asked: threading.Event = field(default_factory=threading.Event)
    refused_twice: threading.Event = field(default_factory=threading.Event)
    posted: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def readings(self) -> list[dict[str, str]]:
        return [reading for post in self.posts for reading in post]


def handler_of(counter: Counter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            rows = counter.active if "state=active" in self.path else counter.active + counter.past
            self.answer(counter.events_status, {"results": rows})

        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            counter.tokens.add(self.headers["Authorization"])
            if counter.status < 300:
                counter.posts.append(content["readings"])
                counter.posted.set()
            elif counter.asked_before:
                counter.refused_twice.set()
            counter.asked_before = True
            self.answer(counter.status, {})

        def answer(self, status: int, content: object) -> None:
            counter.asked.set()
            if counter.silent:
                counter.released.wait(20)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def counter() -> Iterator[Counter]:
    counter = Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(counter))
    server.daemon_threads = True
    counter.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield counter
    counter.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def feed(counter: Counter, done_until: int) -> tuple[Feed, list[str]]:
    said: list[str] = []
    return Feed(TOWN, Portal(counter.url, "secret"), done_until, say=said.append), said


def expected(start: int, end: int, events=()) -> dict[tuple[str, str], str]:
    """Every reading of the half-hour meters from the town itself, gaps included."""
    meters = [meter for meter in TOWN.meters if meter.interval_minutes == 30]
    slots = slots_between(start, end, 30)
    energies = energy_wh(TOWN.seed, meters, slots, events).tolist()
    return {
        (meter.name, utc_text(at)): kwh_text(wh)
        for meter, row in zip(meters, energies, strict=True)
        for at, wh in zip(slots.starts.tolist(), row, strict=True)
    }


def by_key(readings: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    keyed = {(reading["meter"], reading["start"]): reading["kwh"] for reading in readings}
    assert len(keyed) == len(readings)
    return keyed


def test_posts_each_closed_slot_once_and_never_an_open_one(counter):
    live, _ = feed(counter, NOON)
    for now in (NOON + 299, NOON + 300.5, NOON + 900, NOON + 1799, NOON + 1801, NOON + 1803):
        live.step(now)
    sent = by_key(counter.readings())
    assert {name for name, _ in sent} <= {meter.name for meter in TOWN.meters}
    assert sorted(start for name, start in sent if name == "L-0001") == [
        utc_text(NOON + 300 * number) for number in range(6)
    ]
    assert {start for name, start in sent if name == "L-0002"} == {utc_text(NOON)}
    assert counter.tokens == {"Bearer secret"}


def test_catching_up_sends_what_history_would_hold_in_parts_of_at_most_a_thousand(counter):
    live, _ = feed(counter, NOON - 2 * 86_400)
    live.step(NOON)
    sent = by_key(counter.readings())
    wanted = expected(NOON - 2 * 86_400, NOON)
    halves = {key: kwh for key, kwh in sent.items() if key[0] not in {"L-0001", "L-0101"}}
    assert halves.items() <= wanted.items()
    assert len(halves) > 0.98 * len(wanted)
    assert max(len(post) for post in counter.posts) <= 1000


def test_a_start_within_a_slot_still_sends_that_slot():
    starts = {reading["start"] for reading in due_readings(TOWN, NOON + 100, NOON + 1800, ())}
    assert utc_text(NOON) in starts


def test_enrolled_meters_answer_a_running_event_and_rebound_after_it_is_gone_from_the_list(counter):
    event = Event(NOON, NOON + 3600)
    live, _ = feed(counter, NOON)
    counter.active = [{"id": 4, "start": utc_text(event.start), "end": utc_text(event.end), "state": "active"}]
    live.step(NOON + 1800)
    live.step(NOON + 3599)
    counter.active = []
    for now in (NOON + 3602, NOON + 5400, NOON + 9000):
        live.step(now)
    sent = by_key(counter.readings())
    wanted = expected(NOON, NOON + 9000, [event])
    assert all(wanted[key] == kwh for key, kwh in sent.items() if key in wanted)
    assert wanted != expected(NOON, NOON + 9000)
    live.step(NOON + 9001)
    assert live.events == {}


def test_an_event_called_off_ends_when_it_leaves_the_list(counter):
    live, _ = feed(counter, NOON)
    counter.active = [{"id": "a", "start": utc_text(NOON), "end": utc_text(NOON + 7200)}]
    live.step(NOON + 10)
    counter.active = []
    live.step(NOON + 1800)
    assert live.events == {"a": Event(NOON, NOON + 1800)}


def test_an_event_that_ran_while_nobody_was_there_shows_when_catching_up(counter):
    event = Event(NOON - 7200, NOON - 3600)
    times = {"start": utc_text(event.start), "end": utc_text(event.end)}
    counter.past = [{"id": 1, "state": "settled", **times}, {"id": 2, "state": "cancelled", **times}]
    live, _ = feed(counter, NOON - 10_800)
    live.step(NOON)
    wanted = expected(NOON - 10_800, NOON, [event])
    assert all(wanted[key] == kwh for key, kwh in by_key(counter.readings()).items() if key in wanted)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_nothing_is_lost_while_the_portal_is_away(counter, status):
    live, _ = feed(counter, NOON)
    counter.status = status
    with pytest.raises(PortalAway):
        live.step(NOON + 1800)
    assert live.done_until == NOON
    counter.status = 200
    assert live.step(NOON + 3600) == len(counter.readings()) > 140


def test_a_portal_that_is_not_there_is_away():
    with pytest.raises(PortalAway, match="does not answer"):
        Feed(TOWN, Portal("http://127.0.0.1:9", "secret"), NOON).step(NOON + 1800)


def test_a_refused_token_stops_the_feed(counter):
    live, _ = feed(counter, NOON)
    counter.events_status = 401
    with pytest.raises(TokenRefused):
        live.step(NOON + 1800)
    counter.events_status, counter.status = 403, 403
    with pytest.raises(NotAllowed):
        live.step(NOON + 1800)


def test_readings_go_on_without_events_and_it_is_said_once(counter):
    live, said = feed(counter, NOON)
    counter.events_status = 404
    live.step(NOON + 1800)
    live.step(NOON + 3600)
    assert len(counter.readings()) > 140
    assert len(said) == 1
    assert "Events are not known" in said[0]


def test_readings_refused_for_good_do_not_stop_the_later_ones(counter):
    live, said = feed(counter, NOON)
    counter.status = 400
    assert live.step(NOON + 1800) == 0
    counter.status = 200
    assert live.step(NOON + 3600) > 60
    assert "refuses readings" in said[0]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8000", "http://portal.example"])
def test_wrong_and_unsafe_addresses_are_refused(url):
    with pytest.raises(SimulatorError):
        Portal(url, "secret")


def started(counter: Counter, token_file: Path, *more: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "simulator",
        "live",
        "--url",
        counter.url,
        "--token-file",
        str(token_file),
    ]
    return subprocess.Popen([*command, "--every", "0.1", *more], cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("secret\n")
    return path


def test_a_wrong_token_ends_the_process_with_one_sentence(counter, token_file):
    counter.status = counter.events_status = 401
    process = started(counter, token_file)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said == "The portal does not accept the token (401): wrong, expired or withdrawn.\n"


@pytest.mark.parametrize("silent", [False, True], ids=["between polls", "while the portal keeps it waiting"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_within_a_second(counter, token_file, number, silent):
    counter.silent = silent
    with started(counter, token_file) as process:
        try:
            assert counter.asked.wait(20)
            asked = time.monotonic()
            os.kill(process.pid, number)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - asked < 1.0
            assert process.stderr is not None
            assert process.stderr.read().endswith("Stopped.\n")
        finally:
            process.kill()


def test_the_process_says_once_that_the_portal_is_away_and_then_goes_on(counter, token_file):
    counter.status = 503
    with started(counter, token_file) as process:
        try:
            assert counter.refused_twice.wait(20)
            counter.status = 200
            assert counter.posted.wait(20)
            process.terminate()
            _, said = process.communicate(timeout=10)
            assert said.count("trying again.") == 1
            assert process.returncode == 0
        finally:
            process.kill()


def test_a_missing_or_empty_token_file_is_said(counter, tmp_path):
    process = started(counter, tmp_path / "nowhere")
    assert "nowhere" in process.communicate(timeout=20)[1]
    (tmp_path / "empty").write_text("\n")
    process = started(counter, tmp_path / "empty")
    assert "one token and nothing else" in process.communicate(timeout=20)[1]
    assert process.returncode == 1
