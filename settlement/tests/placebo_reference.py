"""The placebo audit of 2021 once more, in plain numpy and straight from its definitions: no code of the portal.

One hour has one number here (the two half hours added), days are rows of business days, and rules are a few lines.
"""

import csv
import gzip
import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("DRPORTAL_SHARED_DATA", ROOT.parent / "shared" / "data")) / "vec2021"
HOLIDAYS = {date(2021, 4, 2), date(2021, 5, 31), date(2021, 9, 6)}
EVENTS = ("2021-03-29T07:00", "2021-05-25T17:00", "2021-06-14T16:00", "2021-07-29T14:00")
EVENT_DAYS = {date.fromisoformat(text[:10]) for text in EVENTS}
HOURS = (7, 14, 16, 17)
FIRST, LAST = date(2021, 3, 21), date(2021, 6, 27)


def read_kwh():
    """Meter numbers and their half hours: (meters, days, 48) kWh."""
    found = {}
    with gzip.open(FOLDER / "readings.csv.gz", "rt", newline="", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            if row["meter"] != "RESIDENTIAL":
                found.setdefault(row["meter"], {})[row["start"]] = float(row["kwh"])
    numbers = sorted(found)
    starts = sorted(found[numbers[0]])
    values = np.array([[found[number][start] for start in starts] for number in numbers])
    return numbers, values.reshape(len(numbers), -1, 48)


class Reference:
    """Ordinary days in a row; `hourly[m, n, h]` is what meter m used on ordinary day n in hour h."""

    def __init__(self):
        self.numbers, self.kwh = read_kwh()
        days = [FIRST + timedelta(days=number) for number in range(self.kwh.shape[1])]
        ordinary = [n for n, d in enumerate(days) if d.weekday() < 5 and d not in HOLIDAYS and d not in EVENT_DAYS]
        self.days = [days[n] for n in ordinary]
        self.hourly = (self.kwh[:, :, ::2] + self.kwh[:, :, 1::2])[:, ordinary]
        self.audited = [n for n in range(12, len(self.days)) if (self.days[n] - self.days[n - 10]).days <= 25]

    def half(self, number):
        """The audited days of the earlier or the later half."""
        middle = len(self.audited) // 2
        return self.audited[:middle] if number == 1 else self.audited[middle:]

    def figures(self, rule, days=None):
        """Median RRMSE, bias and pay for nothing."""
        days = self.audited if days is None else days
        error, actual = [], []
        for n in days:
            for h in HOURS:
                used = self.hourly[:, n, h]
                error.append([rule(self, m, n, h) - used[m] for m in range(len(used))])
                actual.append(used)
        error = np.array(error)
        # Two rules find too few days for a few hours of meters that are often off; those count for nothing.
        actual = np.where(np.isnan(error), np.nan, np.array(actual))
        rrmse = np.median(np.sqrt(np.nanmean(error**2, axis=0)) / np.nanmean(actual, axis=0))
        total = np.nansum(actual)
        return rrmse, np.nansum(error) / total, np.nansum(np.maximum(error, 0)) / total

    def before(self, m, n, count):
        """Hours of the last days before day n, newest first: (count, 24)."""
        return self.hourly[m, n - count : n][::-1]


def mean_of(count):
    return lambda data, m, n, h: data.before(m, n, count)[:, h].mean()


def added(data, m, n, h, count):
    """The mean of the days and what the window adds to it, by 20 percent at most."""
    past = data.before(m, n, count)
    base, window = past[:, h].mean(), slice(h - 4, h - 1)
    extra = data.hourly[m, n, window].mean() - past[:, window].mean()
    # Each half hour has a fifth of itself as its bound.
    halves = _halves(data, m, n, h, count)
    return base + sum(np.clip(extra / 2, -0.2 * half, 0.2 * half) for half in halves)


def _halves(data, m, n, h, count):
    rows = [(day - FIRST).days for day in data.days[n - count : n]]
    return data.kwh[m, rows, 2 * h : 2 * h + 2].mean(axis=0)


def three_added(data, m, n, h):
    return added(data, m, n, h, 3)


def ten_added(data, m, n, h):
    return added(data, m, n, h, 10)


def _ratio(data, m, n, chosen, window, low, high):
    usual = chosen[:, window].mean(axis=0).sum()
    return np.clip(data.hourly[m, n, window].sum() / usual, low, high) if usual > 0 else 1.0


def ten_ratio(data, m, n, h):
    past = data.before(m, n, 10)
    return past[:, h].mean() * _ratio(data, m, n, past, slice(h - 4, h - 1), 0.8, 1.2)


def _highest(data, m, n, h, count=5, pool=10):
    past = data.before(m, n, pool)
    return past[np.argsort(-past[:, h], kind="stable")[:count]]


def high_five(data, m, n, h):
    return _highest(data, m, n, h)[:, h].mean()


def high_five_ratio(data, m, n, h):
    best = _highest(data, m, n, h)
    return best[:, h].mean() * _ratio(data, m, n, best, slice(h - 4, h - 1), 0.8, 1.2)


def five_in_ten(data, m, n, h):
    best = _highest(data, m, n, h)
    return best[:, h].mean() * _ratio(data, m, n, best, slice(h - 4, h - 1), 5 / 7, 7 / 5)


def middle_eight(data, m, n, h):
    past = data.before(m, n, 10)
    best = past[np.argsort(-past[:, h], kind="stable")[1:9]]
    return best[:, h].mean() * _ratio(data, m, n, best, slice(h - 4, h - 1), 0.8, 1.2)


def _not_low(data, m, n, h, pool, skip, reach):
    """The newest days without those below a quarter of their own mean, until none is left; None for too few."""
    low = set()
    near = [k for k in range(n - 1, -1, -1) if skip < (data.days[n] - data.days[k]).days <= reach]
    while True:
        chosen = [k for k in near if k not in low][:pool]
        use = data.hourly[m, chosen, h]
        found = {k for k, wh in zip(chosen, use, strict=True) if wh < use.mean() / 4}
        if not found:
            return chosen
        low |= found


def high_four(data, m, n, h):
    chosen = _not_low(data, m, n, h, 5, 0, 60)
    if len(chosen) < 5:
        return np.nan
    past = data.hourly[m, chosen]
    best = past[np.argsort(-past[:, h], kind="stable")[:4]]
    window = slice(h - 4, h - 1)
    extra = data.hourly[m, n, window].mean() - best[:, window].mean()
    rows = [(data.days[k] - FIRST).days for k in np.array(chosen)[np.argsort(-past[:, h], kind="stable")[:4]]]
    halves = data.kwh[m, rows, 2 * h : 2 * h + 2].mean(axis=0)
    return sum(max(0.0, half + extra / 2) for half in halves)


def weather_sensitive(data, m, n, h):
    chosen = _not_low(data, m, n, h, 10, 1, 30)
    if len(chosen) < 5:
        chosen = _not_low(data, m, n, h, 10, 1, 60)
    if len(chosen) < 5:
        return np.nan
    past = data.hourly[m, chosen]
    best = past[np.argsort(-past[:, h], kind="stable")[:5]]
    return best[:, h].mean() * _ratio(data, m, n, best, slice(h - 4, h - 2), 0.8, 1.2)


WEIGHTS = np.array([17, 15, 13, 11, 9, 8, 7, 6, 5, 4, 3, 2]) / 100


def weighted_twelve(data, m, n, h):
    past = data.before(m, n, 12)
    extra = 0.6 * (data.hourly[m, n, h - 2] - WEIGHTS @ past[:, h - 2])
    rows = [(day - FIRST).days for day in data.days[n - 12 : n][::-1]]
    halves = WEIGHTS @ data.kwh[m, rows, 2 * h : 2 * h + 2]
    return sum(max(0.0, half + extra / 2) for half in halves)


RULES = {
    "three-day": mean_of(3),
    "three-day-additive-20": three_added,
    "ten-in-ten": mean_of(10),
    "ten-in-ten-ratio-20": ten_ratio,
    "ten-in-ten-additive-20": ten_added,
    "five-in-ten": five_in_ten,
    "high-five-of-ten": high_five,
    "high-five-of-ten-ratio-20": high_five_ratio,
    "high-four-of-five": high_four,
    "weather-sensitive-five-of-ten": weather_sensitive,
    "middle-eight-of-ten": middle_eight,
    "weighted-twelve-additive": weighted_twelve,
}
