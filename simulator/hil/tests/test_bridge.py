"""The bridge between a device and a VTN, both on real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from simulator.hil.bridge import Bridge, Plan
from simulator.hil.device import Device, new_device, serve
from simulator.hil.errors import SourceMissing
from simulator.hil.modbus_source import ModbusSource
from simulator.hil.tests.rigs import TRAITS, free_port
from simulator.tests.vtn import Vtn, event_xml
from simulator.times import parse_time
from simulator.ven import OPT_IN, OPT_OUT, Store, Ven, VenConfig, VenEvent, Wire, service_url
from simulator.ven.events import Span

PLAN = Plan("feeder", (60_000.0,), interval_seconds=60, every=0.05)
QUICK = replace(TRAITS, ramp_watts=1e9)


@dataclass
class Shifted:
    """Time that flows, and leaps when it is told to."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Place:
    """A device and a VTN, and what the bridges between them said."""

    vtn: Vtn
    device: Device
    clock: Shifted
    port: int
    said: list[str] = field(default_factory=list)

    @property
    def now(self) -> int:
        return int(self.clock())

    def bridge(self, store: Store, **changes) -> Bridge:
        config = VenConfig(service_url(self.vtn.url), "feeder", poll_seconds=0.02)
        source = ModbusSource("127.0.0.1", self.port, timeout=0.5, clock=self.clock)
        plan = replace(PLAN, **changes)
        return Bridge(source, config, plan, store, self.said.append, clock=self.clock)

    def powers(self) -> list[float]:
        rows = [(start, float(value)) for (r_id, start), value in self.vtn.values.items() if r_id == "feeder-power"]
        return [value for _, value in sorted(rows)]

    def looked_at(self) -> int:
        return max((parse_time(start) for r_id, start in self.vtn.values if r_id == "feeder-power"), default=0)

    def energies(self) -> dict[str, int]:
        return {at: int(wh) for (r_id, at), wh in self.vtn.values.items() if r_id == "feeder-energy"}

    def online(self) -> list[str]:
        return [value for (r_id, _), value in sorted(self.vtn.values.items()) if r_id == "feeder-status"]


@asynccontextmanager
async def place(watchdog_seconds: int = 30) -> AsyncIterator[Place]:
    clock = Shifted()
    device = new_device(QUICK, watchdog_seconds=watchdog_seconds, clock=clock)
    port = free_port()
    server = await serve(device, "127.0.0.1", port)
    async with Vtn() as vtn:
        vtn.granularity = dict.fromkeys(("power", "voltage", "status"), 1) | {"energy": 60}
        vtn.report_back = dict.fromkeys(vtn.granularity, 0)
        try:
            yield Place(vtn, device, clock, port)
        finally:
            await server.shutdown()


@asynccontextmanager
async def running(bridge: Bridge) -> AsyncIterator[asyncio.Task]:
    task = asyncio.create_task(bridge.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for the processes of this loop, not for the clock."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.01)


def in_loop(test):
    def run(tmp_path: Path) -> None:
        asyncio.run(asyncio.wait_for(test(tmp_path), 30))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@in_loop
async def test_an_event_sheds_load_and_its_end_releases_it(tmp_path):
    async with place() as here, running(here.bridge(Store())):
        await until(lambda: len(here.powers()) >= 1)
        before = here.powers()[-1]
        here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600)))
        await until(lambda: here.device.feeder.setpoint_watts == 60_000)
        assert here.vtn.answers["e1"] == (0, OPT_IN)
        here.clock.ahead += 2
        await until(lambda: here.powers()[-1] < before - 50_000)
        for _ in range(4):
            # Longer than the watchdog in all: the bridge keeps it quiet.
            here.clock.ahead += 20
            last = len(here.powers())
            await until(lambda last=last: len(here.powers()) > last)
        assert here.device.feeder.setpoint_watts == 60_000
        here.clock.ahead += 600
        await until(lambda: here.device.feeder.setpoint_watts == 0)
        await until(lambda: here.said[-1] == "Released the shed.")


@in_loop
async def test_an_event_called_off_releases_at_once(tmp_path):
    async with place() as here, running(here.bridge(Store())):
        here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600)))
        await until(lambda: here.device.feeder.setpoint_watts == 60_000)
        here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600, number=1, status="cancelled")))
        await until(lambda: here.device.feeder.setpoint_watts == 0)


@in_loop
async def test_an_event_that_leaves_the_list_is_over(tmp_path):
    async with place() as here, running(here.bridge(Store())):
        here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600)))
        await until(lambda: here.device.feeder.setpoint_watts == 60_000)
        here.vtn.tell(("e1", ""))
        await until(lambda: here.device.feeder.setpoint_watts == 0)


@in_loop
async def test_an_event_to_come_waits_for_its_start(tmp_path):
    async with place() as here, running(here.bridge(Store())):
        here.vtn.tell(("e1", event_xml("e1", here.now + 300, 600, status="far")))
        await here.vtn.until(lambda: "e1" in here.vtn.answers)
        last = len(here.powers())
        here.clock.ahead += 2
        await until(lambda: len(here.powers()) > last)
        assert here.device.feeder.setpoint_watts == 0
        here.clock.ahead += 300
        await until(lambda: here.device.feeder.setpoint_watts == 60_000)


@in_loop
async def test_a_bridge_started_again_in_an_event_goes_on_without_a_gap(tmp_path):
    store = Store(tmp_path / "state.sqlite3")
    async with place() as here:
        async with running(here.bridge(store)):
            here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600)))
            await until(lambda: here.device.feeder.setpoint_watts == 60_000)
        port = here.vtn.port
        await here.vtn.site.stop()
        here.clock.ahead += 20
        again = Store(tmp_path / "state.sqlite3")
        async with running(here.bridge(again)):
            # The VTN is away: it goes by what it knew.
            here.clock.ahead += 5
            heard = here.device._heard_at
            await until(lambda: here.device._heard_at > heard)
            here.clock.ahead += 29
            await until(lambda: here.device._heard_at > heard + 29)
            assert here.device.feeder.setpoint_watts == 60_000
            await here.vtn.listen(port)
            here.vtn.tell(("e1", ""))
            await until(lambda: here.device.feeder.setpoint_watts == 0)


@in_loop
async def test_a_bridge_that_lost_its_memory_hears_of_the_event_again(tmp_path):
    async with place() as here:
        here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600)))
        async with running(here.bridge(Store())):
            await until(lambda: here.device.feeder.setpoint_watts == 60_000)
        # It is registered for a while before it hears of events.
        here.vtn.fail["oadrRequestEvent"] = lambda: web.Response(status=503)
        sheds = []
        take = here.device._take
        here.device._take = lambda name, number: (sheds.append(number), take(name, number))
        async with running(here.bridge(Store())):
            await until(lambda: len(sheds) > 2)
        # It never took the shed back in between.
        assert set(sheds) == {60_000}


@in_loop
async def test_a_bridge_that_dies_loses_the_shed_by_the_watchdog(tmp_path):
    async with place() as here:
        async with running(here.bridge(Store())):
            here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600)))
            await until(lambda: here.device.feeder.setpoint_watts == 60_000)
        here.clock.ahead += 31
        here.device.read()
        assert here.device.feeder.setpoint_watts == 0
        async with running(here.bridge(Store())):
            await until(lambda: here.device.feeder.setpoint_watts == 60_000)


@in_loop
async def test_a_restart_neither_loses_nor_doubles_energy(tmp_path):
    async with place() as here:
        first = 0.0
        for _ in range(4):
            store = Store(tmp_path / "state.sqlite3")
            async with running(here.bridge(store)):
                for _ in range(3):
                    here.clock.ahead += 25
                    leapt, looks = here.clock(), len(here.powers())
                    await until(lambda looks=looks: len(here.powers()) > looks)
                    first = first or leapt
                    wanted = int(leapt) // 60 - int(first) // 60 - 1
                    await until(lambda wanted=wanted: len(here.energies()) >= wanted)
            store.close()
        found = here.energies()
        assert len(found) >= 3
        starts = [parse_time(at) for at in sorted(found)]
        assert {after - before for before, after in pairwise(starts)} == {60}
        assert list(found.values()) == pytest.approx([here.device.feeder.watts / 60] * len(found), rel=0.05)


@in_loop
async def test_energy_of_a_gap_is_said_to_be_uncertain(tmp_path):
    async with place() as here, running(here.bridge(Store())):
        for seconds in (*[30] * 7, 200, 30):
            here.clock.ahead += seconds
            await until(lambda leapt=here.now: here.looked_at() >= leapt)
        await until(lambda: len(here.energies()) >= 4)
        said = [here.vtn.qualities["feeder-energy", at] for at in sorted(here.energies())]
        assert said[0] == "Quality Good - Non Specific"
        assert said[3] == "Quality Uncertain - Non Specific"


@in_loop
async def test_a_device_that_is_away_is_reported_and_asked_again_when_it_is_back(tmp_path):
    clock = Shifted()
    port = free_port()
    async with Vtn() as vtn:
        vtn.granularity, vtn.report_back = {"status": 1}, {"status": 0}
        vtn.tell(("e1", event_xml("e1", int(clock()) - 5, 600)))
        here = Place(vtn, new_device(QUICK, watchdog_seconds=30, clock=clock), clock, port)
        async with running(here.bridge(Store())):
            await until(lambda: "e1" in vtn.answers)
            clock.ahead += 2
            await until(lambda: "false" in here.online())
            server = await serve(here.device, "127.0.0.1", port)
            clock.ahead += 2
            await until(lambda: here.device.feeder.setpoint_watts == 60_000)
            await until(lambda: here.online()[-1] == "true")
            await until(lambda: "In touch with the feeder again." in here.said)
            await server.shutdown()
        away = [line for line in here.said if "does not answer" in line]
        assert len(away) == 1


@in_loop
async def test_a_device_that_refuses_is_said_once_and_is_not_offline(tmp_path):
    async with place() as here, running(here.bridge(Store(), shed_watts=(500_000.0,))):
        here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600)))
        await until(lambda: any("refuses" in line for line in here.said))
        here.clock.ahead += 2
        last = len(here.powers())
        await until(lambda: len(here.powers()) > last)
        assert sum("refuses" in line for line in here.said) == 1
        assert "false" not in here.online()


@in_loop
async def test_a_watchdog_quicker_than_the_looks_is_said_once(tmp_path):
    async with place(watchdog_seconds=2) as here, Wire() as wire:
        bridge = here.bridge(Store(), every=1.5)
        ven = bridge.ven(wire)
        await bridge.step(ven)
        await bridge.step(ven)
        assert here.said == [
            "The device releases a shed after 2 s of silence: look at it twice in that time (--every)."
        ]


@in_loop
async def test_what_is_not_installed_ends_the_bridge(tmp_path):
    class Nowhere:
        def read(self):
            raise SourceMissing("It is not installed.")

        def close(self):
            pass

    async with place() as here:
        bridge = here.bridge(Store())
        bridge.source = Nowhere()
        with pytest.raises(SourceMissing):
            await bridge.run()


@in_loop
async def test_an_event_for_something_else_is_declined(tmp_path):
    async with place() as here, running(here.bridge(Store())):
        other = event_xml("e1", here.now - 5, 600, more="<ei:resourceID>house</ei:resourceID>")
        price = event_xml("e2", here.now - 5, 600).replace("SIMPLE", "ELECTRICITY_PRICE")
        here.vtn.tell(("e1", other), ("e2", price))
        await here.vtn.until(lambda: len(here.vtn.answers) == 2)
        assert {opt for _, opt in here.vtn.answers.values()} == {OPT_OUT}
        last = len(here.powers())
        here.clock.ahead += 2
        await until(lambda: len(here.powers()) > last)
        assert here.device.feeder.setpoint_watts == 0


def event(value: float, **changes) -> VenEvent:
    return VenEvent("e", 0, 0, 100, spans=(Span(0, 100, value),), **changes)


@pytest.mark.parametrize(("level", "watts"), [(0, 0), (1, 40_000), (2, 60_000), (3, 60_000), (7, 60_000)])
def test_levels_ask_for_their_share(level, watts):
    assert Plan("feeder", (40_000.0, 60_000.0)).watts(event(level), 50) == watts


def test_nothing_is_shed_outside_of_the_event_or_for_a_test():
    plan = Plan("feeder", (60_000.0,))
    assert plan.watts(event(1), 99.9) == 60_000
    assert plan.watts(event(1), 100) == 0
    assert plan.watts(event(1, is_test=True), 50) == 0
    assert plan.watts(event(1, resources=("feeder", "other")), 50) == 60_000
    assert plan.watts(event(1, resources=("other",)), 50) == 0


@in_loop
async def test_of_two_events_at_once_the_greater_counts(tmp_path):
    async with place() as here, Wire() as wire:
        bridge = here.bridge(Store(), shed_watts=(40_000.0, 60_000.0))
        ven = bridge.ven(wire)
        assert isinstance(ven, Ven)
        speaking = asyncio.create_task(ven.run())
        here.vtn.tell(("e1", event_xml("e1", here.now - 5, 600, level=2)), ("e2", event_xml("e2", here.now - 5, 900)))
        await here.vtn.until(lambda: len(here.vtn.answers) == 2)
        assert bridge.wanted(ven) == 60_000
        here.clock.ahead += 700
        assert bridge.wanted(ven) == 40_000
        speaking.cancel()
