"""A VTN above as a process, and a program that answers to it."""

import json
import queue
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from django.utils import timezone

from events.models import Program
from events.tests.world import make_program
from meters.models import Meter
from meters.services import Readings, ingest_readings
from openadr.models import Upstream, UpstreamPolicy
from openadr.services.upstream import Entered, set_up_upstream
from openadr.upstream.polling import poll
from organizations.models import Distributor
from tests.builder import make_meter, make_user, map_meter

HALF_HOUR = timedelta(minutes=30)
PATIENCE = 20


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class OtherVtn:
    """openleadr's server in a process of its own."""

    def __init__(self, port: int | None = None, **options: Any) -> None:
        self.port = port or free_port()
        self._options = options
        self.told: list[dict[str, Any]] = []
        self._start()

    def _start(self) -> None:
        script = str(Path(__file__).with_name("other_vtn.py"))
        self._process = subprocess.Popen(
            [sys.executable, script, str(self.port), json.dumps(self._options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=[self._process, self._lines], daemon=True).start()
        self._wait("ready")

    @staticmethod
    def _read(process: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                lines.put(line)

    def _wait(self, key: str) -> dict[str, Any]:
        while True:
            said: dict[str, Any] = json.loads(self._lines.get(timeout=PATIENCE))
            self.told.append(said)
            assert "failed" not in said, said
            if key in said:
                return said

    def do(self, do: str, **what: Any) -> None:
        """Tells it to do something, and waits until that is done; all it said before is in `told` then."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **what}, default=str) + "\n")
        self._process.stdin.flush()
        self._wait("done")

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a kind that it got, by now."""
        self.do("nothing")
        return [each["payload"] for each in self.told if each.get("heard") == kind]

    def all_of(self, key: str) -> list[Any]:
        """What it said of something, by now."""
        self.do("nothing")
        return [each[key] for each in self.told if key in each]

    def opts(self, event: str) -> list[tuple[int, str]]:
        """The answers to an event, in order: modification number and opt."""
        return [
            (each["modification_number"], each["opt_type"])
            for message in self.heard("oadrCreatedEvent")
            for each in message["event_responses"]
            if each["event_id"] == event
        ]

    def restart(self) -> None:
        """Kills it, and starts it anew with nothing known."""
        self.stop()
        self.told.clear()
        self._start()

    def stop(self) -> None:
        """Ends its process."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()


def make_town(distributor: Distributor, homes: int = 6, **terms: Any) -> Program:
    """A program with so many homes of a kilowatt each."""
    for number in range(homes):
        meter = make_meter(distributor, f"up-{number}", usage_kind="home", contracted_kw=Decimal(1))
        map_meter(meter, make_user(distributor))
    return make_program(distributor, "Answering upwards", **terms)


def make_upstream(program: Program, port: int, policy: str = UpstreamPolicy.DRAFT, **fields: Any) -> Upstream:
    """A VTN above on this machine."""
    values = {"name": "Market", "url": f"http://127.0.0.1:{port}", "ven_name": "larkfield", "poll_seconds": 1}
    entered = Entered(program=program, policy=policy, **(values | fields))  # type: ignore[arg-type]
    return set_up_upstream(distributor=program.distributor, entered=entered)


def poll_now(upstream: Upstream) -> Upstream:
    """The VTN after a poll that is due now, whoever had it in hand before."""
    Upstream.objects.filter(pk=upstream.pk).update(next_poll_at=timezone.now())
    assert poll(upstream.pk)
    upstream.refresh_from_db()
    return upstream


def half_hours_ago(count: int) -> datetime:
    """The start of a half hour, so many before the one that runs."""
    now = timezone.now().replace(second=0, microsecond=0)
    return now - timedelta(minutes=now.minute % 30) - count * HALF_HOUR


def measure(program: Program, start: datetime, wh: int = 500, leave: int = 0) -> None:
    """A reading of each meter of the program, but for the last ones."""
    meters = Meter.objects.filter(enrollments__program=program).order_by("pk")
    rows = [(meter.pk, start, wh) for meter in meters[: meters.count() - leave]]
    ingest_readings(distributor=program.distributor, readings=Readings.of(rows), source="test")
