"""Load of households, all of them at once."""

from collections.abc import Sequence

import numpy as np

from simulator.town.calendar import LocalTimes
from simulator.town.chance import Floats, Ints, drifting, normals, remembering, uniforms
from simulator.town.meters import Home
from simulator.town.weather import Weather

# Activity by hour of the day, relative to its mean: a row before noon, a row after.
_OUT = np.array(
    [
        [0.35, 0.28, 0.25, 0.25, 0.3, 0.55, 1.1, 1.35, 1.0, 0.65, 0.55, 0.55],
        [0.6, 0.55, 0.6, 0.85, 1.3, 1.9, 2.2, 2.2, 2.0, 1.7, 1.2, 0.65],
    ]
).ravel()
_IN = np.array(
    [
        [0.4, 0.32, 0.28, 0.28, 0.32, 0.45, 0.8, 1.15, 1.25, 1.2, 1.1, 1.15],
        [1.25, 1.15, 1.05, 1.1, 1.35, 1.75, 1.9, 1.85, 1.7, 1.45, 1.0, 0.6],
    ]
).ravel()
_FREE = np.array(
    [
        [0.45, 0.35, 0.3, 0.28, 0.28, 0.35, 0.55, 0.9, 1.3, 1.5, 1.45, 1.4],
        [1.4, 1.3, 1.2, 1.25, 1.4, 1.75, 1.95, 1.9, 1.75, 1.5, 1.15, 0.75],
    ]
).ravel()


def home_watts(
    seed: int, numbers: Ints, homes: Sequence[Home], times: LocalTimes, sky: Weather
) -> tuple[Floats, Floats]:
    """What the homes draw and what their roofs make, each `(n_homes, n_times)` in W."""
    living = _trait(homes, "activity_w") * _shape(homes, times) * _habit(seed, numbers, homes, times)
    drawn = _trait(homes, "base_w") + living + _climate(homes, times, sky) + _appliance(seed, numbers, times)
    drawn = drawn * _jitter(seed, numbers, homes, times) + _car(seed, numbers, homes, times)
    return drawn, _trait(homes, "solar_w") * sky.sun


def _trait(homes: Sequence[Home], name: str) -> Floats:
    return np.array([getattr(home, name) for home in homes], dtype=np.float64)[:, None]


def _curve(hours: Floats, by_hour: Floats) -> Floats:
    """Values between the hours' middles, round the clock."""
    return np.interp(hours, np.arange(24) + 0.5, by_hour, period=24)


def _shape(homes: Sequence[Home], times: LocalTimes) -> Floats:
    hours = (times.hour - _trait(homes, "shift_hours")) % 24
    at_home = _trait(homes, "at_home")
    workday = (1 - at_home) * _curve(hours, _OUT) + at_home * _curve(hours, _IN)
    return np.where(times.works, workday, _curve(hours, _FREE))


def _habit(seed: int, numbers: Ints, homes: Sequence[Home], times: LocalTimes) -> Floats:
    """How lively today is, and this hour; on one day in fifty almost nobody is at home."""
    loose = _trait(homes, "noise")
    today = 0.8 * loose * remembering(seed, "home/day", numbers, times.day, 0.3)
    now = 1.6 * loose * drifting(seed, "home/hour", numbers, times.seconds, 5400)
    days, where = np.unique(times.day, return_inverse=True)
    away = uniforms(seed, "home/away", numbers, days)[:, where] < 0.02
    result: Floats = np.where(away, 0.35, 1.0) * np.exp(today + now)
    return result


def _climate(homes: Sequence[Home], times: LocalTimes, sky: Weather) -> Floats:
    """Heating below 15 °C, a little less of it at night, and cooling above 21 °C."""
    setback = 1.0 - 0.25 * np.exp(-(((times.hour - 3.0) / 2.5) ** 2))
    heating = _trait(homes, "heat_w") * np.maximum(0.0, 15.0 - sky.temperature) * setback
    return heating + _trait(homes, "cool_w") * np.maximum(0.0, sky.temperature - 21.0)


def _jitter(seed: int, numbers: Ints, homes: Sequence[Home], times: LocalTimes) -> Floats:
    noise = _trait(homes, "noise")
    result: Floats = np.exp(noise * normals(seed, "home/slot", numbers, times.seconds) - noise**2 / 2)
    return result


def _appliance(seed: int, numbers: Ints, times: LocalTimes) -> Floats:
    """Washing, on about two days in five, somewhere between 9 and 20 o'clock: 900 W for 90 minutes."""
    days, where = np.unique(times.day, return_inverse=True)
    runs = uniforms(seed, "home/wash", numbers, days)[:, where] < 0.4
    start = (9.0 + 11.0 * uniforms(seed, "home/wash/hour", numbers, days))[:, where]
    return np.where(runs & (times.hour >= start) & (times.hour < start + 1.5), 900.0, 0.0)


def _car(seed: int, numbers: Ints, homes: Sequence[Home], times: LocalTimes) -> Floats:
    """Charging in the evening, at its own hour give or take, for as long as the day's miles ask."""
    days = np.arange(int(times.day.min()) - 1, int(times.day.max()) + 1, dtype=np.int64)
    usual = 20.5 + 2.0 * uniforms(seed, "car/usual", numbers, np.array([0], dtype=np.int64))
    start = usual + 0.2 * normals(seed, "car/start", numbers, days)
    length = 2.5 + 1.5 * uniforms(seed, "car/length", numbers, days)
    charging = np.zeros((len(homes), len(times.day)), dtype=np.bool_)
    for ago in (0, 1):  # a charge begun yesterday may run past midnight
        session = times.day - ago - days[0]
        since = times.hour + 24.0 * ago - start[:, session]
        charging |= (since >= 0.0) & (since < length[:, session])
    return _trait(homes, "car_w") * charging
