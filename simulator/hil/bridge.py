"""The bridge: master of a feeder below, VEN above.

Every few seconds it reads the feeder and hands what it says to the VEN: power, voltage and state at once, energy for
each meter interval. What is to be shed follows from the events the VEN knows, and is written again at each look while
there is one: a device that was away, began anew or released by itself is asked again, and the watchdog of the device
notices a bridge that died.

Where the counter stood and the energies that no VTN has taken are kept in one file, in one transaction.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.hil.energy import IntervalEnergy, Intervals, Look
from simulator.hil.errors import SourceError, SourceMissing, SourceRefused
from simulator.hil.source import FeederSource, FeederState
from simulator.ven import (
    OPT_IN,
    OPT_OUT,
    Change,
    DataQuality,
    Point,
    Quantity,
    Status,
    Store,
    Value,
    Ven,
    VenConfig,
    VenEvent,
    Wire,
)

SIMPLE = "SIMPLE"
_SELDOM = 600  # seconds between two values, where the VTN wants no more


@dataclass(frozen=True)
class Plan:
    """How the feeder takes part.

    Attributes:
        resource: what the VTN calls the feeder.
        shed_watts: what it sheds at the levels 1, 2, 3 of the SIMPLE signal; the last one counts for the levels above.
        interval_seconds: the meter's interval.
        every: seconds between two looks.
    """

    resource: str
    shed_watts: tuple[float, ...]
    interval_seconds: int = 300
    every: float = 2.0

    def points(self) -> tuple[Point, ...]:
        """What it reports."""
        often = max(1, round(self.every))
        return (
            Point(self.r_id(Quantity.ENERGY), self.resource, Quantity.ENERGY, self.interval_seconds),
            Point(self.r_id(Quantity.POWER), self.resource, Quantity.POWER, often, _SELDOM),
            Point(self.r_id(Quantity.VOLTAGE), self.resource, Quantity.VOLTAGE, often, _SELDOM),
            Point(self.r_id(Quantity.STATUS), self.resource, Quantity.STATUS, often, _SELDOM),
        )

    def r_id(self, quantity: Quantity) -> str:
        """The rID of a quantity."""
        return f"{self.resource}-{quantity}"

    def means(self, event: VenEvent) -> bool:
        """Whether the event is for this feeder, by a signal it understands."""
        return event.signal == SIMPLE and (not event.resources or self.resource in event.resources)

    def watts(self, event: VenEvent, now: float) -> float:
        """What the event asks for now. A test event tries the way, not the feeder."""
        level = int(event.value_at(now))
        if level < 1 or event.is_test or not self.means(event):
            return 0.0
        return self.shed_watts[min(level, len(self.shed_watts)) - 1]


@dataclass
class Bridge:
    """One feeder as one VEN; `run` does it all.

    Args:
        source: the feeder.
        config: the VEN's configuration.
        plan: how it takes part.
        store: what outlives a restart.
        say: where sentences for the person at the terminal go.
        clock: seconds since 1970.
    """

    source: FeederSource
    config: VenConfig
    plan: Plan
    store: Store
    say: Callable[[str], None]
    clock: Callable[[], float] = time.time
    _intervals: Intervals = field(init=False)
    _shed: float = field(default=0.0, init=False)
    _trouble: str = field(default="", init=False)
    _has_warned: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._intervals = Intervals.loaded(self.store.get(self._place), self.plan.interval_seconds)

    async def run(self) -> None:
        """Works for ever, through outages on both sides; ends when the task is cancelled.

        Raises:
            SourceMissing: what talks to the feeder is not installed here.
        """
        async with Wire() as wire:
            ven = self.ven(wire)
            speaking = asyncio.create_task(ven.run())
            try:
                while not speaking.done():
                    await self.step(ven)
                    await asyncio.wait({speaking}, timeout=self.plan.every)
                speaking.result()
            finally:
                speaking.cancel()
                self.source.close()

    def ven(self, wire: Wire) -> Ven:
        """The VEN above."""
        return Ven(
            self.config,
            self.plan.points(),
            wire=wire,
            store=self.store,
            on_event=self._react,
            say=self.say,
            clock=self.clock,
        )

    async def step(self, ven: Ven) -> None:
        """One look: reads, reports, and writes what is to be shed."""
        try:
            state = await asyncio.to_thread(self.source.read)
            self._check_pace(state)
            self._report(ven, state)
            await self._follow(ven, state)
        except SourceMissing:
            raise
        except SourceRefused as error:
            self._say_trouble(str(error))
        except SourceError as error:
            ven.put(self._value(Quantity.STATUS, self.clock(), Status(is_online=False)))
            self._say_trouble(f"{error} Trying again.")
        else:
            self._say_trouble("")

    def _report(self, ven: Ven, state: FeederState) -> None:
        look = Look(state.at, state.energy_wh, state.counter)
        closed = self._intervals.add(look, most_watts=state.rating_watts)
        with self.store.at_once():
            self.store.put(self._place, self._intervals.dumped())
            ven.put(*(self._energy(each) for each in closed))
        ven.put(
            self._value(Quantity.POWER, state.at, state.watts),
            self._value(Quantity.VOLTAGE, state.at, round(sum(state.volts) / 3, 2)),
            self._value(Quantity.STATUS, state.at, Status(is_overridden=state.is_released)),
        )

    async def _follow(self, ven: Ven, state: FeederState) -> None:
        wanted = self.wanted(ven)
        # Before it has heard of events, it takes nothing back that it may have asked for in an earlier life.
        if wanted or (state.setpoint_watts and ven.has_heard):
            await asyncio.to_thread(self.source.write_shed, wanted)
        if wanted != self._shed:
            self.say(f"Asked for {wanted / 1000:g} kW less." if wanted else "Released the shed.")
            self._shed = wanted

    def wanted(self, ven: Ven) -> float:
        """What is to be shed now, in W: the most that any event asks for."""
        now = self.clock()
        return max((self.plan.watts(event, now) for event in _taken(ven)), default=0.0)

    def _react(self, change: Change, event: VenEvent) -> str:
        if not self.plan.means(event):
            self.say(f"Event {event.event_id} has no signal that the feeder understands, or is for something else.")
            return OPT_OUT
        self.say(f"Event {event.event_id}: {change}.")
        return OPT_IN

    def _check_pace(self, state: FeederState) -> None:
        """Says once that the watchdog would release between two looks, or after one that failed."""
        if 2 * self.plan.every > state.watchdog_seconds and not self._has_warned:
            seconds = f"{state.watchdog_seconds:g}"
            self.say(
                f"The device releases a shed after {seconds} s of silence: look at it twice in that time (--every)."
            )
            self._has_warned = True

    def _value(self, quantity: Quantity, at: float, value: float | Status) -> Value:
        return Value(self.plan.r_id(quantity), int(at), 0, value)

    def _energy(self, each: IntervalEnergy) -> Value:
        quality = DataQuality.UNCERTAIN if each.is_estimated else DataQuality.GOOD
        return Value(self.plan.r_id(Quantity.ENERGY), each.start, each.seconds, each.wh, quality)

    def _say_trouble(self, text: str) -> None:
        if text and text != self._trouble:
            self.say(text)
        elif self._trouble and not text:
            self.say("In touch with the feeder again.")
        self._trouble = text

    @property
    def _place(self) -> str:
        return f"counter of {self.plan.resource}"


def _taken(ven: Ven) -> Sequence[VenEvent]:
    return [event for event in ven.events if ven.opt_of(event.event_id) != OPT_OUT]
