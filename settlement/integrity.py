"""What looks odd in a reward: pure functions on numbers. Each returns the numbers that say so, or nothing."""

from collections.abc import Sequence
from datetime import date
from math import sqrt

# Below this many days a spread says nothing.
LEAST_DAYS = 10
SIGMAS = 3
OLDEST_DAYS = 30
HIGH_BY = 0.25
LEAST_EVENTS = 3

Numbers = dict[str, float]


def window_load(today_wh: float, history_wh: Sequence[float]) -> Numbers | None:
    """Use in the adjustment window above three standard deviations of the same hours on the meter's own days.

    >>> window_load(20, [10, 12] * 5) is None, window_load(20, [10, 12] * 6)["mean_wh"]
    (False, 11.0)
    >>> window_load(13, [10, 12] * 6) is None
    True
    """
    if len(history_wh) < LEAST_DAYS:
        return None
    mean = sum(history_wh) / len(history_wh)
    sigma = sqrt(sum((wh - mean) ** 2 for wh in history_wh) / (len(history_wh) - 1))
    # Where every day was the same to the Wh, any other day would be far off.
    if sigma <= 0 or today_wh <= mean + SIGMAS * sigma:
        return None
    return _rounded({"wh": today_wh, "mean_wh": mean, "sigmas": (today_wh - mean) / sigma, "days": len(history_wh)})


def old_pool(event_day: date, pool_days: Sequence[date]) -> Numbers | None:
    """The newest day of the pool older than 30 days.

    >>> old_pool(date(2026, 7, 31), [date(2026, 7, 1)]), old_pool(date(2026, 8, 1), [date(2026, 7, 1)])
    (None, {'days': 31})
    """
    if not pool_days:
        return None
    age = (event_day - max(pool_days)).days
    return {"days": age} if age > OLDEST_DAYS else None


def high_pool(pool_wh: Sequence[float], before_wh: Sequence[float]) -> Numbers | None:
    """The mean of the pool's days more than 25 percent above that of all like days in the 60 before.

    >>> high_pool([125.0], [100.0] * 10), high_pool([126.0], [100.0] * 10)
    (None, {'pool_wh': 126.0, 'before_wh': 100.0, 'share': 0.26})
    """
    if not pool_wh or len(before_wh) < LEAST_DAYS:
        return None
    pool, before = sum(pool_wh) / len(pool_wh), sum(before_wh) / len(before_wh)
    if before <= 0 or pool <= (1 + HIGH_BY) * before:
        return None
    return _rounded({"pool_wh": pool, "before_wh": before, "share": pool / before - 1})


def record_delivery(delivered_kw: float, earlier_kw: Sequence[float]) -> Numbers | None:
    """More delivered than in any of at least three earlier events.

    >>> record_delivery(5, [1, 2]), record_delivery(2, [1, 2, 1]), record_delivery(5, [1, 2, 1])["most_kw"]
    (None, None, 2.0)
    """
    if len(earlier_kw) < LEAST_EVENTS or delivered_kw <= max(earlier_kw):
        return None
    return _rounded({"kw": delivered_kw, "most_kw": max(earlier_kw), "events": len(earlier_kw)})


def _rounded(numbers: Numbers) -> Numbers:
    return {
        name: value if isinstance(value, int) and name in ("days", "events") else round(float(value), 3)
        for name, value in numbers.items()
    }
