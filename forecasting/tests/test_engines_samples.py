"""Seeded synthetic homes for the tests of the engines, and that they are what they claim."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from forecasting.engines import History

ZONE = "America/New_York"
START = datetime(2021, 1, 31, 5, tzinfo=UTC)  # local midnight of a Sunday; the clock changes on 14 March
SLOT = timedelta(minutes=30)
PER_DAY = 48


def day_after(n_days: int) -> datetime:
    """UTC moment so many days after START."""
    return START + timedelta(days=n_days)


def home_wh(n_days: int, seed: int = 7, start: datetime = START) -> np.ndarray:
    """(n_days * 48,) Wh of a home living by the wall clock: two peaks a day, weekends, lasting noise."""
    rng = np.random.default_rng(seed)
    n = n_days * PER_DAY
    wall = [(start + i * SLOT).astimezone(ZoneInfo(ZONE)) for i in range(n)]
    hour = np.array([moment.hour + moment.minute / 60 for moment in wall])
    is_weekend = np.array([moment.weekday() >= 5 for moment in wall], dtype=bool)
    morning = np.exp(-((hour - np.where(is_weekend, 10, 7)) ** 2) / 2)
    evening = np.exp(-((hour - 19) ** 2) / 6)
    shape = 120 + 200 * morning + 420 * evening + 60 * is_weekend
    noise = np.zeros(n)
    for i in range(1, n):
        noise[i] = 0.9 * noise[i - 1] + rng.normal(0, 0.09)
    return np.rint(shape * np.exp(noise))


def home(n_days: int, seed: int = 7, **changes: object) -> History:
    """History of home_wh from START in half hours."""
    start = changes.get("start", START)
    moment = start if isinstance(start, datetime) and start.tzinfo else START
    given = {"energy_wh": home_wh(n_days, seed, moment), "start": START, "slot_minutes": 30, "zone": ZONE}
    return History(**{**given, **changes})


def test_sample_home_is_deterministic_and_believable() -> None:
    wh = home_wh(28)
    assert np.array_equal(wh, home_wh(28))
    naive_error = np.abs(wh[7 * PER_DAY :] - wh[: -7 * PER_DAY]).mean() / wh.mean()
    assert 0.15 < naive_error < 0.40
