"""Readings as they fall due: posts every slot that has closed, and lets the town answer running events."""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import numpy as np

from simulator.errors import NotAllowed, PortalAway, PortalRefused, SimulatorError, TokenRefused
from simulator.files import kwh_text, listed_events
from simulator.portal import MAX_READINGS, Portal
from simulator.times import utc_text
from simulator.town import Event, Meter, Slots, Town, energy_wh, missing, slots_between
from simulator.town.events import REBOUND_SECONDS

_WINDOW_SECONDS = 4 * 3600  # of the whole town: 672 readings
_MAX_WAIT_SECONDS = 30.0


class Stopped(BaseException):
    """SIGTERM or SIGINT came. Not an `Exception`: nothing on the way may swallow it."""


@dataclass
class Feed:
    """The town's way into one portal. Nothing is lost while the portal is away: what is due is computed anew.

    Args:
        town: whose meters report.
        portal: where to.
        done_until: seconds since 1970; slots that end later are still due.
        events: known ones, by id; running ones are learned from the portal.
        say: where sentences for the person at the terminal go.
    """

    town: Town
    portal: Portal
    done_until: int
    events: dict[str, Event] = field(default_factory=dict)
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)
    _running: set[str] = field(default_factory=set)
    _in_touch: bool = False
    _said: set[str] = field(default_factory=set)

    def step(self, now: float) -> int:
        """Learns of events, posts what has fallen due until `now`, and returns how many readings that was.

        Raises:
            PortalAway: try again later; what was not taken stays due.
            TokenRefused, NotAllowed: the token may not post readings.
        """
        self._learn_events(int(now))
        posted = 0
        while self.done_until < int(now):
            until = min(int(now), self.done_until + _WINDOW_SECONDS)
            readings = due_readings(self.town, self.done_until, until, tuple(self.events.values()))
            for at in range(0, len(readings), MAX_READINGS):
                posted += self._post(readings[at : at + MAX_READINGS])
            self.done_until = until
        return posted

    def run(self, every: float) -> None:
        """Steps for ever, `every` so many seconds, and waits longer and longer while the portal is away.

        Raises:
            TokenRefused, NotAllowed: the token may not post readings.
            Stopped: a signal came.
        """
        wait = every
        while True:
            try:
                posted = self.step(time.time())
            except PortalAway as away:
                wait = max(away.wait_seconds, min(_MAX_WAIT_SECONDS, 2 * wait))
                self._lose_touch(away)
            else:
                wait = every
                self._keep_touch(posted)
            time.sleep(wait)

    def _post(self, readings: Sequence[dict[str, str]]) -> int:
        """Posts, and gives up only readings that the portal refuses for good."""
        try:
            self.portal.post_readings(readings)
        except NotAllowed:
            raise
        except PortalRefused as refused:
            self._say_once(f"The portal refuses readings, which are left out. {refused}")
            return 0
        return len(readings)

    def _learn_events(self, now: int) -> None:
        """Adds running events, cuts short those called off, and forgets those whose rebound is over."""
        try:
            listed = dict(listed_events(self.portal.active_events()))
            # What ran while the two were out of touch still shows in the readings that are due.
            past = {} if self._in_touch else dict(listed_events(self.portal.all_events()))
        except (PortalAway, TokenRefused):
            raise
        except SimulatorError as error:
            self._say_once(f"Events are not known, so nobody answers them. {error}")
            return
        for name in self._running - listed.keys():
            self.events[name] = _cut_short(self.events[name], now)
        known = {**self.events, **past, **listed}
        self.events = {name: event for name, event in known.items() if _matters(event, self.done_until)}
        self._running = listed.keys() & self.events.keys()

    def _lose_touch(self, away: PortalAway) -> None:
        self._in_touch = False
        self._say_once(f"{away} Readings are kept; trying again.")

    def _keep_touch(self, posted: int) -> None:
        if not self._in_touch:
            self.say(f"In touch with the portal at {self.portal.url}.")
            self._in_touch, self._said = True, set()
        if posted:
            self.say(f"{posted} readings posted, up to {utc_text(self.done_until)}.")

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self.say(text)
            self._said.add(text)


def due_readings(town: Town, after: int, until: int, events: Sequence[Event]) -> list[dict[str, str]]:
    """The readings of all slots that end within (after, until], oldest first, as the portal takes them."""
    readings: list[tuple[int, dict[str, str]]] = []
    for minutes in sorted({meter.interval_minutes for meter in town.meters}):
        meters = [meter for meter in town.meters if meter.interval_minutes == minutes]
        slots = slots_between(_first_start(after, minutes * 60), until, minutes)
        readings.extend(_readings(town.seed, meters, slots, events))
    return [reading for _, reading in sorted(readings, key=lambda pair: pair[0])]


def _first_start(after: int, seconds: int) -> int:
    """The start of the first slot that ends later than `after`."""
    return after // seconds * seconds


def _readings(
    seed: int, meters: Sequence[Meter], slots: Slots, events: Sequence[Event]
) -> Iterator[tuple[int, dict[str, str]]]:
    energies, gaps = energy_wh(seed, meters, slots, events), missing(seed, meters, slots)
    for row, column in np.argwhere(~gaps).tolist():
        start = int(slots.starts[column])
        text = kwh_text(int(energies[row, column]))
        yield start + slots.seconds, {"meter": meters[row].name, "start": utc_text(start), "kwh": text}


def _cut_short(event: Event, now: int) -> Event:
    """The event as it really went: called off events end now."""
    return Event(event.start, min(event.end, max(event.start + 1, now)))


def _matters(event: Event, done_until: int) -> bool:
    return event.end + REBOUND_SECONDS > done_until


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Lets SIGTERM and SIGINT raise `Stopped`, which also ends a wait for the network at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
