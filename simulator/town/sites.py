"""Load of organizations' meters, all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.town.calendar import LocalTimes
from simulator.town.chance import Floats, Ints, drifting, normals, remembering
from simulator.town.meters import Site
from simulator.town.weather import Weather


@dataclass(frozen=True)
class Profile:
    """Hours of a place: what runs at night, when it opens and shuts, and how its other days differ."""

    night: float  # share of the peak that never stops
    opens: float
    shuts: float
    saturday: float  # share of a workday's rise
    sunday: float
    summer: float = 1.0  # share left in July and August
    waves: float = 0.0  # of the rise, how much follows the town's morning and evening instead of the hours


PROFILES = {
    "school": Profile(0.28, 6.5, 17.5, 0.12, 0.05, summer=0.45),
    "gym": Profile(0.25, 7.5, 21.0, 0.6, 0.25, summer=0.5),
    "plant": Profile(0.72, 5.0, 22.0, 0.95, 0.92, waves=0.4),
    "pumps": Profile(0.45, 5.0, 23.0, 1.0, 0.97, waves=1.0),
    "cooling": Profile(0.66, 7.0, 21.5, 1.0, 0.9),
    "shop": Profile(0.22, 7.0, 21.0, 1.05, 0.85),
    "workshop": Profile(0.14, 6.5, 18.0, 0.3, 0.03),
    "office": Profile(0.24, 7.0, 18.5, 0.12, 0.05),
}


def site_watts(seed: int, numbers: Ints, sites: Sequence[Site], times: LocalTimes, sky: Weather) -> Floats:
    """What the sites draw, `(n_sites, n_times)` in W."""
    activity = np.array([_activity(PROFILES[site.profile], times) for site in sites])
    night = np.array([PROFILES[site.profile].night for site in sites])[:, None]
    steady = _trait(sites, "peak_kw") * (night + (1.0 - night) * activity)
    air = _trait(sites, "heat_kw") * np.maximum(0.0, 15.0 - sky.temperature)
    air = air + _trait(sites, "cool_kw") * np.maximum(0.0, sky.temperature - 18.0)
    result: Floats = 1000.0 * (steady + air * (0.4 + 0.6 * np.minimum(1.0, activity)))
    return result * _jitter(seed, numbers, sites, times)


def _trait(sites: Sequence[Site], name: str) -> Floats:
    return np.array([getattr(site, name) for site in sites], dtype=np.float64)[:, None]


def _activity(profile: Profile, times: LocalTimes) -> Floats:
    """Rise over the night's share: 1 in the middle of a workday."""
    opening = 1.0 / (1.0 + np.exp(-(times.hour - profile.opens) / 0.35))
    shutting = 1.0 / (1.0 + np.exp((times.hour - profile.shuts) / 0.45))
    waves = _bump(times.hour, 7.5, 2.2) + 0.95 * _bump(times.hour, 18.5, 2.8) + 0.25 * _bump(times.hour, 13.0, 3.5)
    rise = (1.0 - profile.waves) * opening * shutting + profile.waves * waves
    day = np.where(times.works, 1.0, np.where(times.sunday, profile.sunday, profile.saturday))
    holidays = (times.season > 181 / 366) & (times.season < 243 / 366)
    result: Floats = rise * day * np.where(holidays, profile.summer, 1.0)
    return result


def _bump(hours: Floats, top: float, width: float) -> Floats:
    result: Floats = np.exp(-(((hours - top) / width) ** 2))
    return result


def _jitter(seed: int, numbers: Ints, sites: Sequence[Site], times: LocalTimes) -> Floats:
    today = 0.6 * remembering(seed, "site/day", numbers, times.day, 0.4)
    now = 0.7 * drifting(seed, "site/hour", numbers, times.seconds, 7200)
    slot = 0.6 * normals(seed, "site/slot", numbers, times.seconds)
    result: Floats = np.exp(_trait(sites, "noise") * (today + now + slot))
    return result
