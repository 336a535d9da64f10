"""What the errors of a rule add up to: bias, relative error, and pay for nothing."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from settlement.placebo.load import Floats

REPLICATES = 400
SEED = 20210329
# The middle 95 of 100.
_LOW, _HIGH = 2.5, 97.5


class Figures(NamedTuple):
    """One rule on some meters and hours.

    Attributes:
        cells: meters × hours that were measured and have a baseline.
        rrmse: median over the meters of √mean(error²) / mean(actual); NaN where nobody used anything.
        bias: Σ error / Σ actual, pooled.
        for_nothing: Σ max(0, error) / Σ actual, pooled.
        used_wh, nothing_wh: Σ actual, Σ max(0, error).
    """

    cells: int
    rrmse: float
    bias: float
    for_nothing: float
    used_wh: float
    nothing_wh: float


class Interval(NamedTuple):
    """Where a figure lies in 95 of 100 draws of meters and days."""

    low: float
    high: float


@dataclass(frozen=True)
class Intervals:
    """The intervals of one rule."""

    rrmse: Interval
    bias: Interval
    for_nothing: Interval


def figures(baseline: Floats, actual: Floats) -> Figures:
    """The figures over all cells where both are known.

    Args:
        baseline, actual: (meters, cells) Wh, unknown as NaN.

    >>> figures(np.array([[11.0, 9.0]]), np.array([[10.0, 10.0]]))[:4]
    (2, 0.1, 0.0, 0.05)
    """
    error = baseline - actual
    known = ~np.isnan(error)
    error, used = np.where(known, error, 0), np.where(known, actual, 0)
    total, nothing = float(used.sum()), float(np.maximum(error, 0).sum())
    return Figures(
        int(known.sum()),
        _median(relative_errors(error, used, known)),
        _ratio(float(error.sum()), total),
        _ratio(nothing, total),
        total,
        nothing,
    )


def relative_errors(error: Floats, used: Floats, known: NDArray[np.bool_]) -> Floats:
    """Each meter's √mean(error²) / mean(actual); NaN for who used nothing on the whole.

    Args:
        error, used: (meters, cells), zero where not known.
    """
    count = known.sum(axis=1)
    mean = used.sum(axis=1) / np.maximum(count, 1)
    squares = (error**2).sum(axis=1) / np.maximum(count, 1)
    return np.where(mean > 0, np.sqrt(squares) / np.where(mean > 0, mean, 1), np.nan)


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else float("nan")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


@dataclass(frozen=True)
class Sums:
    """A rule's sums by meter and day, enough for every resampling: each (meters, days)."""

    count: Floats
    error: Floats
    positive: Floats
    squares: Floats
    used: Floats


def sums(baseline: Floats, actual: Floats) -> Sums:
    """The sums over the hours of each day.

    Args:
        baseline, actual: (meters, days, hours) Wh, unknown as NaN.
    """
    error = baseline - actual
    known = ~np.isnan(error)
    error, used = np.where(known, error, 0), np.where(known, actual, 0)
    parts = (known.astype(float), error, np.maximum(error, 0), error**2, used)
    return Sums(*(part.sum(axis=2) for part in parts))


class Draws:
    """The same draws of meters and days for every rule, so that differences between rules are paired."""

    def __init__(self, meters: int, days: int, replicates: int = REPLICATES, seed: int = SEED) -> None:
        random = np.random.default_rng(seed)
        self.meters = random.multinomial(meters, np.full(meters, 1 / meters), replicates).astype(float)
        self.days = random.multinomial(days, np.full(days, 1 / days), replicates).astype(float)

    def bias(self, rule: Sums) -> Floats:
        """(replicates,): the pooled bias in each draw."""
        return self._pooled(rule.error, rule.used)

    def for_nothing(self, rule: Sums) -> Floats:
        """(replicates,): the share of load paid for nothing in each draw."""
        return self._pooled(rule.positive, rule.used)

    def rrmse(self, rule: Sums) -> Floats:
        """(replicates,): the median relative error in each draw."""
        count, used, squares = (self.days @ part.T for part in (rule.count, rule.used, rule.squares))
        mean = used / np.maximum(count, 1)
        each = np.where(mean > 0, np.sqrt(squares / np.maximum(count, 1)) / np.where(mean > 0, mean, 1), np.nan)
        return np.array([_weighted_median(row, weight) for row, weight in zip(each, self.meters, strict=True)])

    def intervals(self, rule: Sums) -> Intervals:
        """The intervals of one rule."""
        return Intervals(interval(self.rrmse(rule)), interval(self.bias(rule)), interval(self.for_nothing(rule)))

    def _pooled(self, part: Floats, whole: Floats) -> Floats:
        above = np.einsum("rm,md,rd->r", self.meters, part, self.days, optimize=True)
        below = np.einsum("rm,md,rd->r", self.meters, whole, self.days, optimize=True)
        return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)


def interval(values: Floats) -> Interval:
    """From the 2.5th to the 97.5th percentile; NaN for no draw that says anything."""
    known = values[~np.isnan(values)]
    if not known.size:
        return Interval(float("nan"), float("nan"))
    low, high = np.percentile(known, [_LOW, _HIGH])
    return Interval(float(low), float(high))


def _weighted_median(values: Floats, counts: Floats) -> float:
    """The median of the values, each as often as it was drawn."""
    return _median(np.repeat(values, counts.astype(int)))
