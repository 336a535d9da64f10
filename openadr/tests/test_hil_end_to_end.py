"""Hardware in the loop, the whole way, with real processes and sockets on the test's database.

HIL device → Modbus → bridge → report → VTN → database → dashboard; and event → VTN → bridge → Modbus set-point → lower
load → readings → baseline → settlement → ledger.

All processes and the test share one clock, which is shifted to shortly before an hour of a fixed day, so that the
feeder draws the same at each run and the event's minute is near.
"""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pymodbus.client import ModbusTcpClient

from dashboards.charts.room import kw_words
from dashboards.operator_facts.ven import power_words
from events.models import Event, EventState
from events.services import advance_events, create_event, create_program, enroll, notify_event, schedule_event
from events.tests.world import make_terms
from meters.models import IntervalReading, Meter
from openadr.models import DeviceStatus, EventDelivery, Opt, PowerSample, Ven
from openadr.services.enrolling import Enrolled, enroll_ven
from openadr.tests.running import ROOT, running_vtn, shared_database
from settlement.models import LedgerEntry, SettlementLine
from settlement.services import post_run, settle
from tests.builder import Side, make_meter, make_world, map_meter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# A Tuesday, 17:00 in New York.
HOUR = datetime(2026, 11, 17, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHED_KW = 60
# docs/hil.md
POWER, SETPOINT, SHED = (8, 2), (100, 2), (18, 2)
CLOCK = """
import os, time, time_machine
time_machine.travel(time.time() + float(os.environ["CLOCK_AHEAD"]), tick=True).start()
time.time()  # it ticks from the first question on
"""


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Waits for what the processes do."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
    return found


@contextmanager
def simulated(folder: Path, says: str, *words: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A command of the simulator that runs; killed at the end."""
    log = folder / f"{words[1]}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", *words], cwd=ROOT, env=os.environ | environment, stderr=file
        )
    try:
        until(lambda: says in log.read_text())
        yield process
    finally:
        process.kill()
        process.wait()


def ahead() -> timedelta:
    """How long before the hour to begin, so that all processes run by then: on a busy machine longer."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "simulator", "hil", "registers"], cwd=ROOT, check=True, capture_output=True)
    return timedelta(seconds=min(50.0, 16 + 6 * (time.monotonic() - begun)))


def history(folder: Path, meter: Meter) -> None:
    """Eleven days of readings, as the feeder draws when nobody asks."""
    file = folder / "history.csv"
    times = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (HOUR - timedelta(days=11), HOUR - timedelta(minutes=20))]
    words = ["--meter", meter.number, "--interval-minutes", "1", "--start", times[0], "--end", times[1]]
    command = [sys.executable, "-m", "simulator", "hil", "history", "--out", str(file), *words]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    call_command("import_readings", str(file), distributor=meter.distributor.name, stdout=io.StringIO())


def feeder_of(side: Side, folder: Path) -> tuple[Meter, Enrolled]:
    """A meter of one minute with a past, and the VEN behind it."""
    meter = make_meter(side.distributor, "F-1", usage_kind="other", interval_minutes=1, contracted_kw=Decimal(SHED_KW))
    map_meter(meter, side.organization)
    history(folder, meter)
    enrolled = enroll_ven(distributor=side.distributor, name="Feeder", resources=[("feeder", meter)])
    for name, content in enrolled.files.items():
        (folder / name).write_text(content)
    return meter, enrolled


def called(side: Side, meter: Meter) -> Event:
    """A minute's event, announced for the next full minute that can be met."""
    version, _ = create_program(distributor=side.distributor, name="Feeder relief", terms=make_terms())
    enroll(program=version.program, meter=meter, kw=Decimal(SHED_KW))
    start = (timezone.now() + timedelta(seconds=3)).replace(second=0, microsecond=0) + MINUTE
    return notify_event(
        event=schedule_event(event=create_event(program=version.program, start=start, end=start + MINUTE))
    )


def number(master: ModbusTcpClient, where: tuple[int, int]) -> int:
    """A number of two registers."""
    high, low = master.read_holding_registers(where[0], count=where[1]).registers
    return high << 16 | low


def drawn(ven: Ven) -> int | None:
    """The newest power in the database, W."""
    return PowerSample.objects.filter(resource__ven=ven).order_by("-at").values_list("power_w", flat=True).first()


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_from_the_feeder_to_the_dashboard_and_from_the_event_to_the_reward(tmp_path, settings) -> None:
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(CLOCK)
    settings.VAR_DIR, settings.VTN_POLL_SECONDS = tmp_path / "var", 1
    with time_machine.travel(HOUR - timedelta(minutes=10), tick=True):
        side = make_world().here
        meter, enrolled = feeder_of(side, tmp_path)
    with time_machine.travel(HOUR - ahead(), tick=True), shared_database(tmp_path) as url:
        shift = {"PYTHONPATH": str(tmp_path / "clock"), "CLOCK_AHEAD": str(shift_of())}
        with running_vtn(url, tmp_path, **shift) as vtn, feeder(tmp_path, vtn.url, shift) as master:
            story(side, meter, enrolled.ven, master)


def shift_of() -> float:
    """How far this process's clock is from that of the machine."""
    now = time.time()
    return now - float(subprocess.check_output([sys.executable, "-c", "import time; print(time.time())"]))


@contextmanager
def feeder(folder: Path, vtn_url: str, shift: dict[str, str]) -> Iterator[ModbusTcpClient]:
    """Device and bridge as processes; what is given reads the device's registers."""
    port = free_port()
    bridge = ["hil", "bridge", "--config", str(folder / "Feeder.json"), "--url", vtn_url]
    bridge += ["--modbus", f"127.0.0.1:{port}", "--shed-kw", str(SHED_KW), "--every", "1", "--interval-minutes", "1"]
    with simulated(folder, "HIL device at", "hil", "device", "--port", str(port), **shift):
        master = ModbusTcpClient("127.0.0.1", port=port, timeout=2)
        with simulated(folder, "", *bridge, **shift):
            yield master
        master.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def story(side: Side, meter: Meter, ven: Ven, master: ModbusTcpClient) -> None:
    client = Client()
    client.force_login(side.admin)
    before = until(lambda: drawn(ven))
    assert before == pytest.approx(number(master, POWER), rel=0.05)
    until(lambda: power_words(drawn(ven)) in shown(client, f"/ops/vens/{ven.pk}"))
    event = called(side, meter)
    until(lambda: EventDelivery.objects.filter(ven=ven, event=event, opt=Opt.IN).exists())
    until(lambda: number(master, SETPOINT) == SHED_KW * 1000, 75)
    until(lambda: number(master, SHED) == SHED_KW * 1000)
    assert timezone.now() >= event.start
    advance_events()
    event.refresh_from_db()
    assert event.state == EventState.ACTIVE
    lower = until(lambda: (watts := drawn(ven)) and watts < before - 50_000 and watts)
    assert lower == pytest.approx(number(master, POWER), rel=0.05)
    until(lambda: f"{kw_words(drawn(ven) / 1000)} kW at" in shown(client, f"/ops/events/{event.pk}"))
    status = DeviceStatus.objects.get(resource__ven=ven)
    assert status.is_online
    assert 250 < status.values["voltage"]["value"] < 290
    reading = until(lambda: IntervalReading.objects.filter(meter=meter, start=event.start).first(), 75)
    until(lambda: number(master, SETPOINT) == 0)
    rewarded(side, meter, event, reading)


def rewarded(side: Side, meter: Meter, event: Event, reading: IntervalReading) -> None:
    advance_events()
    event.refresh_from_db()
    assert event.state == EventState.COMPLETED
    run = settle(event=event)
    post_run(run=run)
    line = SettlementLine.objects.get(run=run, meter=meter)
    usual = IntervalReading.objects.get(meter=meter, start=event.start - timedelta(days=1)).energy_wh
    assert Fraction(line.event_wh) == reading.energy_wh
    assert float(Fraction(line.baseline_wh)) == pytest.approx(usual, rel=0.05)
    # A minute of 60 kW is 1,000 Wh; the ramp of ten seconds and a look a second take some of it.
    assert 700 < Fraction(line.delivered_wh) < 1200
    assert line.credit > 0
    paid = LedgerEntry.objects.filter(holder_id=side.organization.pk)
    assert sum(entry.amount for entry in paid) == line.credit
    client = Client()
    client.force_login(side.organization_admin)
    assert f"{line.credit:.2f}" in shown(client, "/org/rewards")
