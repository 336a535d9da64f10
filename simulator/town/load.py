"""Energy of any meters in any slots: the one function that history and live readings share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.town.calendar import LocalTimes, local_times
from simulator.town.chance import Floats, Ints, uniforms
from simulator.town.events import REBOUND_SECONDS, Event, overlap, rebound_share, shares_given_up
from simulator.town.homes import home_watts
from simulator.town.meters import Home, Meter, Site
from simulator.town.sites import site_watts
from simulator.town.weather import weather

_CHUNK = 4320


@dataclass(frozen=True)
class Slots:
    """Slots of equal length on the UTC clock: `starts` is `(n_slots,)`, seconds since 1970."""

    starts: Ints
    seconds: int


def slots_between(start: int, end: int, interval_minutes: int) -> Slots:
    """The whole slots within [start, end), both seconds since 1970."""
    seconds = interval_minutes * 60
    first, last = -(-start // seconds), end // seconds
    return Slots(np.arange(first, max(first, last), dtype=np.int64) * seconds, seconds)


def energy_wh(seed: int, meters: Sequence[Meter], slots: Slots, events: Sequence[Event] = ()) -> Ints:
    """What the meters measure, `(n_meters, n_slots)` in Wh; negative where a roof makes more than is used."""
    parts = [slots.starts[at : at + _CHUNK] for at in range(0, len(slots.starts), _CHUNK)]
    if not parts or not meters:
        return np.zeros((len(meters), len(slots.starts)), dtype=np.int64)
    return np.hstack([_energy_wh(seed, meters, Slots(part, slots.seconds), events) for part in parts])


def missing(seed: int, meters: Sequence[Meter], slots: Slots) -> NDArray[np.bool_]:
    """Which readings never arrive, `(n_meters, n_slots)`: single ones, and now and then some hours.

    Meters that report oftener than every half hour are the demonstration's own and never fail.
    """
    if not len(slots.starts) or not meters:
        return np.zeros((len(meters), len(slots.starts)), dtype=np.bool_)
    numbers = np.array([meter.number for meter in meters], dtype=np.int64)
    times = local_times(slots.starts)
    days, where = np.unique(times.day, return_inverse=True)
    fails = uniforms(seed, "gap/day", numbers, days)[:, where] < 0.004
    since = times.hour - (20.0 * uniforms(seed, "gap/hour", numbers, days))[:, where]
    length = (1.0 + 4.0 * uniforms(seed, "gap/length", numbers, days))[:, where]
    single = uniforms(seed, "gap/single", numbers, slots.starts) < 0.0008
    steady = np.array([[meter.interval_minutes < 30] for meter in meters])
    result: NDArray[np.bool_] = (single | (fails & (since >= 0.0) & (since < length))) & ~steady
    return result


def _energy_wh(seed: int, meters: Sequence[Meter], slots: Slots, events: Sequence[Event]) -> Ints:
    hours = slots.seconds / 3600
    drawn, made = _watts(seed, meters, slots)
    used = drawn * hours
    change = np.zeros_like(used)
    for event in _near(slots, events):
        shares = shares_given_up(seed, meters, event)
        change -= shares * used * overlap(slots.starts, slots.seconds, event)
        back = _saved_wh(seed, meters, slots.seconds, event, shares) * _rebounds(meters)
        change += back * rebound_share(slots.starts, slots.seconds, event)
    # Two events at once cannot save more than there is.
    return np.rint(np.maximum(used + change, 0.0) - made * hours).astype(np.int64)


def _watts(seed: int, meters: Sequence[Meter], slots: Slots) -> tuple[Floats, Floats]:
    """What is drawn and what roofs make in the middle of each slot, each `(n_meters, n_slots)` in W."""
    times: LocalTimes = local_times(slots.starts + slots.seconds // 2)
    sky = weather(seed, times)
    drawn, made = np.zeros((2, len(meters), len(slots.starts)))
    homes = [at for at, meter in enumerate(meters) if isinstance(meter.load, Home)]
    sites = [at for at, meter in enumerate(meters) if isinstance(meter.load, Site)]
    if homes:
        traits = [load for at in homes if isinstance(load := meters[at].load, Home)]
        drawn[homes], made[homes] = home_watts(seed, _numbers(meters, homes), traits, times, sky)
    if sites:
        places = [load for at in sites if isinstance(load := meters[at].load, Site)]
        drawn[sites] = site_watts(seed, _numbers(meters, sites), places, times, sky)
    return drawn, made


def _near(slots: Slots, events: Sequence[Event]) -> list[Event]:
    first, last = int(slots.starts[0]), int(slots.starts[-1]) + slots.seconds
    return [event for event in events if event.start < last and event.end + REBOUND_SECONDS > first]


def _saved_wh(seed: int, meters: Sequence[Meter], seconds: int, event: Event, shares: Floats) -> Floats:
    """What each meter saved in the whole event, `(n_meters, 1)`, whichever slots are being asked for."""
    starts = np.arange(event.start // seconds, -(-event.end // seconds), dtype=np.int64) * seconds
    drawn, _ = _watts(seed, meters, Slots(starts, seconds))
    used = drawn * seconds / 3600 * overlap(starts, seconds, event)
    result: Floats = shares * used.sum(axis=1, keepdims=True)
    return result


def _rebounds(meters: Sequence[Meter]) -> Floats:
    return np.array([[meter.rebound] for meter in meters])


def _numbers(meters: Sequence[Meter], which: Sequence[int]) -> Ints:
    return np.array([meters[at].number for at in which], dtype=np.int64)
