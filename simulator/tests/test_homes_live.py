"""The homes as VENs, against a VTN on the loopback."""

import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from aiohttp import web

from simulator.homes.live import Street, keep_state
from simulator.homes.physics import Homes
from simulator.homes.reaction import is_cut_off, opts_out
from simulator.tests.vtn import Vtn, event_xml
from simulator.times import utc_text
from simulator.ven import Resource, Store, VenConfig, Wire, service_url

SEED = 2026
START = int(time.time()) // 300 * 300 - 3600


@asynccontextmanager
async def street(vtn: Vtn, path: Path, numbers=(1, 2, 3)):
    """Homes whose VENs run; the test moves the homes on by `step`."""
    configs = {
        number: VenConfig(
            service_url(vtn.url), f"D-{number:04d}", resources=(Resource(f"D-{number:04d}"),), poll_seconds=0.02
        )
        for number in numbers
    }
    store = Store(path)
    async with Wire() as wire:
        row = Street(SEED, configs, store=store, wire=wire, say=lambda text: None)
        tasks = [asyncio.create_task(ven.run()) for ven in row.vens]
        try:
            yield row
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            store.close()


def state_at(path: Path, at: int, numbers=(1, 2, 3)) -> Homes:
    keep_state(path, Homes(SEED, np.array(numbers), at))
    return Homes(SEED, np.array(numbers), at)


def energies(vtn: Vtn) -> dict[tuple[str, str], int]:
    return {(name[:6], start): int(value) for (name, start), value in vtn.values.items() if "energy" in name}


def expected(homes: Homes, until: int) -> dict[tuple[str, str], int]:
    return {
        (f"D-{number:04d}", utc_text(start)): wh
        for start, row in homes.advance(until)
        for number, wh in zip(homes.traits.numbers.tolist(), row.tolist(), strict=True)
    }


def power_at(homes: Homes, at: int) -> int:
    for _ in homes.advance(at):
        pass
    return int(homes.power.sum())


def test_homes_lose_the_network_now_and_then_unless_told_not_to():
    numbers, day = np.arange(1, 401), 1_790_000_100
    at = next(at for at in range(day, day + 86_400, 300) if is_cut_off(SEED, numbers, at).any())
    off = is_cut_off(SEED, numbers, at)
    configs = {number: VenConfig("http://127.0.0.1:9", f"D-{number:04d}") for number in numbers.tolist()}

    async def test() -> None:
        async with Wire() as wire:
            for has_outages in (True, False):
                row = Street(SEED, configs, store=Store(None), wire=wire, has_outages=has_outages, clock=lambda: at)
                row.step(at)
                assert [not ven.is_online for ven in row.vens] == (off & has_outages).tolist()

    asyncio.run(test())


def test_readings_go_on_where_the_history_ends(tmp_path):
    async def test() -> None:
        alone = state_at(tmp_path / "state", START)
        async with Vtn() as vtn, street(vtn, tmp_path / "state") as row:
            row.step(START + 1800.5)
            await vtn.until(lambda: len(vtn.values) == 18)
            assert energies(vtn) == expected(alone, START + 1800)

    asyncio.run(test())


def test_homes_that_were_killed_go_on_without_a_seam_and_lose_no_energy(tmp_path):
    async def test() -> None:
        alone = state_at(tmp_path / "state", START)
        async with Vtn() as vtn:
            async with street(vtn, tmp_path / "state") as row:
                await vtn.until(lambda: vtn.got.count("oadrPoll") >= 3)
                for ven in row.vens:
                    ven.set_online(False)
                row.step(START + 1000)  # three intervals that nobody has heard of
            async with street(vtn, tmp_path / "state") as row:
                row.step(START + 1801)
                await vtn.until(lambda: len(vtn.values) == 18)
            assert energies(vtn) == expected(alone, START + 1800)

    asyncio.run(test())


def test_event_lowers_power_at_once_and_its_cancellation_lets_it_rise(tmp_path):
    async def test() -> None:
        numbers = tuple(number for number in range(1, 31) if not opts_out(SEED, number, "event-7"))
        alone = state_at(tmp_path / "state", START, numbers)
        async with Vtn() as vtn, street(vtn, tmp_path / "state", numbers) as row:
            row.step(time.time())
            now = int(time.time())
            vtn.events["e"] = event_xml("event-7", now - 60, 3600)
            await vtn.until(lambda: vtn.got.count("oadrPoll") >= 2 * len(numbers))
            for ven in row.vens:
                ven.set_online(False)
                ven.set_online(True)  # asks for all events
            await vtn.until(lambda: all(ven.opt_of("event-7") == "optIn" for ven in row.vens))
            assert {ven.events[0].event_id for ven in row.vens} == {"event-7"}
            row.step(time.time() + 2)
            assert row.homes.power.sum() < power_at(alone, row.homes.at)  # at the same moment, whatever the day
            vtn.events["e"] = event_xml("event-7", now - 60, 3600, number=1, status="cancelled")
            for ven in row.vens:
                ven.set_online(False)
                ven.set_online(True)
            await vtn.until(lambda: not any(ven.events for ven in row.vens))
            for home in range(len(numbers)):
                alone.sheds.put(home, "event-7", start=alone.at, end=alone.at + 3600, level=1)
            row.step(time.time() + 90)
            assert row.homes.power.sum() > power_at(alone, row.homes.at)  # as if nobody had called it off

    asyncio.run(test())


def test_home_that_opts_out_says_so_and_goes_on_as_before(tmp_path):
    async def test() -> None:
        number = next(number for number in range(1, 200) if opts_out(SEED, number, "event-7"))
        alone = state_at(tmp_path / "state", START, (number,))
        async with Vtn() as vtn, street(vtn, tmp_path / "state", (number,)) as row:
            vtn.tell(("e", event_xml("event-7", START, 7200)))
            await vtn.until(lambda: vtn.answers.get("event-7") == (0, "optOut"))
            row.step(START + 1800)
            await vtn.until(lambda: len(vtn.values) == 6)
            assert energies(vtn) == expected(alone, START + 1800)

    asyncio.run(test())


def test_vtn_that_fails_at_first_gets_every_reading_once_it_works(tmp_path):
    async def test() -> None:
        state_at(tmp_path / "state", START)
        async with Vtn() as vtn, street(vtn, tmp_path / "state") as row:
            vtn.fail["oadrUpdateReport"] = lambda: web.Response(status=500)
            row.step(START + 600)
            await vtn.until(lambda: len(vtn.values) == 6)
            assert set(vtn.taken.values()) == {1}

    asyncio.run(test())


def test_homes_that_were_killed_in_an_event_still_answer_it(tmp_path):
    async def test() -> None:
        state_at(tmp_path / "state", START, (2, 3, 4))
        now = int(time.time())
        async with Vtn() as vtn:
            vtn.events["e"] = event_xml("event-7", now - 60, 3600, level=2)
            async with street(vtn, tmp_path / "state", (2, 3, 4)) as row:
                await vtn.until(lambda: vtn.got.count("oadrCreatedEvent") == 3)
                before = row.homes.sheds.levels(now + 600).tolist()
            async with street(vtn, tmp_path / "state", (2, 3, 4)) as row:
                assert row.homes.sheds.levels(now + 600).tolist() == before == [2, 2, 2]

    asyncio.run(test())
