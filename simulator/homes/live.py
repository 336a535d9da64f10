"""The homes as VENs, all in one process: physics goes on by the clock, VENs tell of it and bring events."""

import asyncio
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from simulator.errors import SimulatorError
from simulator.homes.physics import INTERVAL, Homes
from simulator.homes.reaction import is_cut_off, opts_out, random_start
from simulator.homes.register import meter_name
from simulator.town.chance import Ints
from simulator.ven import (
    OPT_IN,
    OPT_OUT,
    Change,
    Point,
    Quantity,
    Resource,
    Status,
    Store,
    Value,
    Ven,
    VenConfig,
    VenEvent,
    Wire,
)

_KEPT, _SHEDS = "homes", "sheds"
_STATUS_SECONDS = 30
_MAX_BEHIND = 31 * 86_400
_SAY_AGAIN_SECONDS = 60


class Street:
    """Homes with a VEN each.

    Args:
        seed: the town's.
        configs: by the home's number.
        store: what outlives a restart; holds the state that `homes history` left, if it was given the same file.
        wire: the process's connections.
        every: seconds between two powers.
        has_outages: whether homes lose the network now and then.
        say: where sentences for the person at the terminal go.
        clock: seconds since 1970.

    Raises:
        SimulatorError: the state was kept for other homes, or too long ago.
    """

    def __init__(
        self,
        seed: int,
        configs: Mapping[int, VenConfig],
        *,
        store: Store,
        wire: Wire,
        every: float = 2.0,
        has_outages: bool = True,
        say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.seed, self.numbers = seed, np.array(sorted(configs), dtype=np.int64)
        self._store, self._every, self._say, self._clock = store, every, say, clock
        self._has_outages = has_outages
        self._said: dict[str, float] = {}
        self.homes = self._resume()
        spread = min(10.0, len(configs) / 100)
        self.vens = [
            self._ven(home, configs[number], wire, spread) for home, number in enumerate(self.numbers.tolist())
        ]
        self._status_at = 0.0

    def _resume(self) -> Homes:
        """The homes as they were left; new ones have been lived in for three days."""
        kept, now = self._store.get(_KEPT), int(self._clock())
        if kept is None:
            return Homes(self.seed, self.numbers, now // INTERVAL * INTERVAL)
        homes = Homes.load(kept, self.seed, self.numbers)
        if not -INTERVAL <= now - homes.at <= _MAX_BEHIND:
            raise SimulatorError("The homes' state is more than a month old, or of the future; make the history anew.")
        for home, number in enumerate(self.numbers.tolist()):
            homes.sheds.load(home, self._store.get(f"{_SHEDS}/{number}") or b"[]")
        return homes

    def _ven(self, home: int, config: VenConfig, wire: Wire, spread: float) -> Ven:
        resource = (config.resources or (Resource(meter_name(int(self.numbers[home]))),))[0].name
        points = (
            Point(f"{resource}-energy", resource, Quantity.ENERGY, INTERVAL),
            Point(f"{resource}-power", resource, Quantity.POWER, max(1, round(self._every)), 60),
            Point(f"{resource}-status", resource, Quantity.STATUS, _STATUS_SECONDS, 600),
        )

        def react(change: Change, event: VenEvent) -> str:
            return self._react(home, change, event)

        delay = random.uniform(0.0, spread)
        return Ven(
            config,
            points,
            wire=wire,
            store=self._store,
            on_event=react,
            delay=delay,
            say=self._say_once,
            clock=self._clock,
        )

    def _say_once(self, text: str) -> None:
        """What one VEN says soon another will: once a minute is enough."""
        said, now = text.partition(": ")[2], self._clock()
        if now - self._said.get(said, 0.0) >= _SAY_AGAIN_SECONDS:
            self._said[said] = now
            self._say(text)

    async def run(self) -> None:
        """Lives on for ever."""
        tasks = [asyncio.create_task(ven.run()) for ven in self.vens]
        tasks.append(asyncio.create_task(self._live()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _live(self) -> None:
        while True:
            self.step(self._clock())
            await asyncio.sleep(self._every)

    def step(self, now: float) -> None:
        """Moves the homes on to `now`, and tells their VENs."""
        for start, energies in self.homes.advance(int(now)):
            self._close(start, energies)
        # A clock set back, or a call that begins in the past: the homes are where they are.
        at = self.homes.at
        for ven, power in zip(self.vens, self.homes.power.tolist(), strict=True):
            ven.put(Value(ven.points[1].r_id, at, 0, power))
        if now >= self._status_at:
            self._status_at = now + _STATUS_SECONDS
            self._tell_status(at)

    def _close(self, start: int, energies: Ints) -> None:
        """An interval is over: its energies and the state to go on from are kept together."""
        with self._store.at_once():
            for ven, wh in zip(self.vens, energies.tolist(), strict=True):
                ven.put(Value(ven.points[0].r_id, start, INTERVAL, wh))
            self._store.put(_KEPT, self.homes.dump())

    def _tell_status(self, at: int) -> None:
        cut_off = is_cut_off(self.seed, self.numbers, at) & self._has_outages
        for ven, is_off in zip(self.vens, cut_off.tolist(), strict=True):
            if ven.is_online is is_off:
                ven.set_online(not is_off)
            is_overridden = any(ven.opt_of(event.event_id) == OPT_OUT for event in ven.events)
            ven.put(Value(ven.points[2].r_id, at, 0, Status(is_overridden=is_overridden)))

    def _react(self, home: int, change: Change, event: VenEvent) -> str:
        """Takes an event and answers it; the next step shows it in the power."""
        number, sheds = int(self.numbers[home]), self.homes.sheds
        now = max(self.homes.at, int(self._clock()))
        if opts_out(self.seed, number, event.event_id):
            return OPT_OUT
        if change in {Change.CANCELLED, Change.OVER}:
            sheds.cut(home, event.event_id, now)
        else:
            start = event.start + random_start(self.seed, number, event.event_id, event.start_after)
            level = max((round(span.value) for span in event.spans), default=1)
            sheds.put(home, event.event_id, start=max(now, start), end=event.end, level=max(0, min(3, level)))
        self._store.put(f"{_SHEDS}/{number}", sheds.dump(home, self.homes.at - INTERVAL))
        return OPT_IN


def keep_state(path: Path, homes: Homes) -> None:
    """Leaves the homes as they are for a live run to go on from; whatever was kept before is gone."""
    for old in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        old.unlink(missing_ok=True)
    store = Store(path)
    store.put(_KEPT, homes.dump())
    store.close()


async def live(
    seed: int, configs: Mapping[int, VenConfig], *, state: Path | None, every: float, has_outages: bool = True
) -> None:
    """Runs the homes until SIGTERM or SIGINT."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    store = Store(state)
    try:
        async with Wire() as wire:
            await Street(seed, configs, store=store, wire=wire, every=every, has_outages=has_outages).run()
    except asyncio.CancelledError:
        print("Stopped.", file=sys.stderr)
    finally:
        store.close()
