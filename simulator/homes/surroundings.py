"""What comes to the homes from outside, minute by minute: weather, people, hot water, the car's comings and goings."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.homes.traits import COLD_C, MIXED_C, Flags, Traits
from simulator.town.calendar import LocalTimes, local_times
from simulator.town.chance import Floats, Ints, normals, uniforms
from simulator.town.homes import home_watts
from simulator.town.weather import Weather, weather

MINUTE = 60
_CELLS = 400_000  # of one array
_SLOT = 600  # hot water runs for ten minutes
_LITRE_WH = 1.163
_TAP_W = 3600.0 / _SLOT * _LITRE_WH * (MIXED_C - COLD_C)  # heat of one litre in a slot

_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True)
class Surroundings:
    """Minutes from `start` on; arrays are `(n_minutes,)` or `(n_minutes, n_homes)`, constant within a minute."""

    start: int
    outdoors: Floats  # °C
    other_w: Ints  # what nobody controls: base load and occupants, less the roof
    gains: Floats  # W of heat from people, devices and sun
    heat_set: Floats
    cool_set: Floats
    draws: Floats  # W of heat that hot water takes along
    comes: Ints  # Ws that a car asks for on its arrival
    plugged: Flags
    left_s: Floats  # seconds until the car leaves

    @property
    def end(self) -> int:
        return self.start + MINUTE * len(self.outdoors)


def minutes_at_once(n_homes: int) -> int:
    """How many minutes to compute together: a day of few homes, less of many."""
    return int(np.clip(_CELLS // max(1, n_homes) // 5 * 5, 5, 1440))


def surroundings(seed: int, traits: Traits, start: int, n_minutes: int) -> Surroundings:
    """A pure function of seed, homes and time, however the time is cut. `start` is a full minute."""
    seconds = start + MINUTE * np.arange(n_minutes, dtype=np.int64)
    times = local_times(seconds)
    sky = weather(seed, times)
    drawn, _ = home_watts(seed, _coordinates(traits), traits.households(), times, sky)
    comes, plugged, left = _car(seed, traits, times)
    heat_set, cool_set = _wishes(traits, times)
    return Surroundings(
        start=start,
        outdoors=sky.temperature,
        other_w=_rows(np.rint(drawn - traits.solar_w[:, None] * sky.sun).astype(np.int64)),
        gains=_rows(_gains(traits, drawn, sky)),
        heat_set=_rows(heat_set),
        cool_set=_rows(cool_set),
        draws=_rows(_draws(seed, traits, times)),
        comes=_rows(comes),
        plugged=_rows(plugged),
        left_s=_rows(left),
    )


def _coordinates(traits: Traits) -> Ints:
    """Apart from the numbers of Larkfield's other meters, so that no two homes live the same day."""
    result: Ints = traits.numbers + 1_000_000
    return result


def _rows(array: NDArray[_Kind]) -> NDArray[_Kind]:
    """Minutes first, so that one minute of all homes lies together."""
    return np.ascontiguousarray(array.T)


def _gains(traits: Traits, drawn: Floats, sky: Weather) -> Floats:
    people = 65.0 * traits.occupants[:, None]
    result: Floats = 0.75 * drawn + people + traits.window_w[:, None] * sky.sun
    return result


def _wishes(traits: Traits, times: LocalTimes) -> tuple[Floats, Floats]:
    """Set-points, `(n_homes, n_minutes)`: a little cooler at night where the household likes it."""
    night = (times.hour >= 22.5) | (times.hour < 5.5)
    heat = traits.heat_set[:, None] - np.where(night, traits.night_less[:, None], 0.0)
    return heat, np.broadcast_to(traits.cool_set[:, None], heat.shape)


def _draws(seed: int, traits: Traits, times: LocalTimes) -> Floats:
    """Showers and sinks: the livelier the home, the likelier."""
    slots, where = np.unique(times.seconds // _SLOT, return_inverse=True)
    chance = uniforms(seed, "homes/tap", traits.numbers, slots)
    litres = 4.0 + 36.0 * uniforms(seed, "homes/tap/litres", traits.numbers, slots) ** 2
    hours = local_times(slots * _SLOT).hour
    wave = _wave(hours[None, :] - traits.shift_hours[:, None])
    likely = 0.05 * traits.occupants[:, None] * wave
    result: Floats = np.where(chance < likely, litres * _TAP_W, 0.0)[:, where]
    return result


def _wave(hours: Floats) -> Floats:
    morning = np.exp(-(((hours - 7.0) / 1.2) ** 2))
    evening = np.exp(-(((hours - 19.5) / 2.2) ** 2))
    awake = (hours > 6.0) & (hours < 23.5)
    result: Floats = 2.6 * morning + 1.5 * evening + 0.35 * awake
    return result


def _car(seed: int, traits: Traits, times: LocalTimes) -> tuple[Ints, Flags, Floats]:
    """What the car asks for when it comes home, whether it is plugged in, and how long it stays."""
    days = np.arange(int(times.day.min()) - 1, int(times.day.max()) + 1, dtype=np.int64)
    numbers = traits.numbers
    arrives = traits.arrives[:, None] + 0.5 * normals(seed, "homes/car/comes", numbers, days)
    arrives = np.floor(np.clip(arrives, 14.0, 22.0) * 60) / 60
    used = uniforms(seed, "homes/car/used", numbers, days) < 0.85
    need = traits.need_wh[:, None] * (0.6 + 0.8 * uniforms(seed, "homes/car/miles", numbers, days))
    today = times.day - days[0]
    hour, comes = times.hour[None, :], arrives[:, today]
    leaves = traits.leaves[:, None]
    has_car = (traits.charger_w > 0)[:, None]
    plugged = has_car & ((hour >= comes) | (hour < leaves))
    is_coming = has_car & used[:, today] & (np.abs(hour - comes) < 0.5 / 60)
    asked = np.where(is_coming, np.rint(3600.0 * need[:, today]), 0.0).astype(np.int64)
    left = 3600.0 * np.where(hour >= comes, 24.0 - hour + leaves, np.maximum(0.0, leaves - hour))
    return asked, plugged, left
