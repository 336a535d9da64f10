"""The town's weather: one temperature, one sky."""

from dataclasses import dataclass

import numpy as np

from simulator.town.calendar import LocalTimes
from simulator.town.chance import Floats, Ints, drifting, remembering

LATITUDE, LONGITUDE = 42.61, -74.17
_TOWN = np.array([0], dtype=np.int64)
_ROOF_TILT = 30.0


@dataclass(frozen=True)
class Weather:
    """Weather at the given times, every array `(n_times,)`."""

    temperature: Floats  # °C
    cloud: Floats  # 0 clear to 1 overcast
    sun: Floats  # on a south roof, share of a panel's rated power, after cloud


def weather(seed: int, times: LocalTimes) -> Weather:
    """Weather at `times`, from seasons, the day's wave, and days that remember the one before."""
    cloud = _cloud(seed, times)
    seasonal = 9.5 - 12.5 * np.cos(2 * np.pi * (times.season - 20 / 366))
    daily = 5.0 * (1.0 - 0.6 * cloud) * np.cos(2 * np.pi * (times.hour - 15.5) / 24)
    anomaly = 2.6 * _between_days(seed, "weather/temperature", times.seconds)
    return Weather(seasonal + daily + anomaly, cloud, _clear_sky(times) * (1.0 - 0.78 * cloud))


def _between_days(seed: int, stream: str, seconds: Ints) -> Floats:
    """Day-to-day noise, straight from noon (UTC) to noon so that midnight has no step."""
    shifted = seconds - 43_200
    days, share = shifted // 86_400, (shifted % 86_400) / 86_400
    result: Floats = (
        remembering(seed, stream, _TOWN, days, 0.7)[0] * (1 - share)
        + remembering(seed, stream, _TOWN, days + 1, 0.7)[0] * share
    )
    return result


def _cloud(seed: int, times: LocalTimes) -> Floats:
    by_day = remembering(seed, "weather/cloud", _TOWN, times.day, 0.35)[0]
    by_hour = drifting(seed, "weather/cloud/hour", _TOWN, times.seconds, 7200)[0]
    result: Floats = 1.0 / (1.0 + np.exp(0.7 - 1.7 * by_day - 0.8 * by_hour))
    return result


def _clear_sky(times: LocalTimes) -> Floats:
    """Share of rated power under a clear sky; zero while the sun is down."""
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (times.season + 10 / 366))
    solar_hour = (times.seconds / 3600 + LONGITUDE / 15) % 24
    angle = np.radians(15 * (solar_hour - 12))

    def height(latitude: float) -> Floats:
        north = np.radians(latitude)
        result: Floats = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(angle)
        return result

    # A roof tilted south sees the sun as a flat one would nearer the equator.
    on_roof = np.maximum(0.0, height(LATITUDE - _ROOF_TILT))
    return np.where(height(LATITUDE) > 0.0, 0.85 * on_roof, 0.0)
