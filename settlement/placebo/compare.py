"""Where rules may be compared: on the same cells, and chosen on other days than those that they are reported on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from settlement.placebo.load import Floats, Truths
from settlement.placebo.recommend import LEAST_COVERAGE, Judged, judge
from settlement.placebo.score import Draws, Figures, Intervals, figures, sums

# Fewer days in each half say nothing: then a rule is chosen on all of them.
LEAST_DAYS = 5


@dataclass(frozen=True)
class Half:
    """One rule on half of the days."""

    figures: Figures
    intervals: Intervals


@dataclass(frozen=True)
class Halves:
    """A rule on the days on which one was chosen, and on the later ones, which had no say in it."""

    earlier: Half
    later: Half


@dataclass(frozen=True)
class Common:
    """What can be compared.

    Attributes:
        usable: rule -> baselines, unknown outside of the cells that all of these rules cover.
        coverage: rule -> share of the measured cells that it covers, of every rule.
        compared: share of the measured cells that all usable rules cover.
    """

    usable: Mapping[str, Floats]
    coverage: Mapping[str, float]
    compared: float


def common_cells(actual: Floats, baselines: Mapping[str, Floats]) -> Common:
    """The rules that cover at least half of the cells, on the cells that all of them cover.

    Where these are less than half of all, the rule that covers least has no say, and is left out as well.
    """
    measured = ~np.isnan(actual)
    known = int(measured.sum())
    covers: dict[str, Truths] = {name: measured & ~np.isnan(values) for name, values in baselines.items()}
    coverage = {name: float(cells.sum()) / known if known else 0.0 for name, cells in covers.items()}
    left = [name for name in baselines if coverage[name] >= LEAST_COVERAGE]
    while left:
        common = np.logical_and.reduce([covers[name] for name in left])
        share = float(common.sum()) / known
        if share >= LEAST_COVERAGE:
            return Common({name: np.where(common, baselines[name], np.nan) for name in left}, coverage, share)
        left.remove(min(left, key=lambda name: coverage[name]))
    return Common({}, coverage, 0.0)


def chosen(actual: Floats, usable: Mapping[str, Floats]) -> tuple[dict[str, Judged], dict[str, Halves]]:
    """Rule -> verdict from the earlier half of the days, and its figures on both halves.

    With too few days the verdict rests on all of them, and there are no halves.

    Args:
        actual, usable: (meters, days, hours) Wh, on common cells.
    """
    middle = actual.shape[1] // 2
    both = [slice(None, middle), slice(middle, None)]
    if middle < LEAST_DAYS or any(_is_empty(actual[:, half], usable, half) for half in both):
        return _judged(actual, usable, slice(None)), {}
    earlier, later = (_half(actual, usable, half) for half in both)
    return _judged(actual, usable, both[0]), {name: Halves(earlier[name], later[name]) for name in usable}


def _is_empty(actual: Floats, usable: Mapping[str, Floats], half: slice) -> bool:
    return any(not np.nansum(np.where(np.isnan(values[:, half]), 0, actual)) > 0 for values in usable.values())


def _judged(actual: Floats, usable: Mapping[str, Floats], days: slice) -> dict[str, Judged]:
    some = actual[:, days]
    draws = Draws(*some.shape[:2])
    parts = {name: sums(values[:, days], some) for name, values in usable.items()}
    total = {name: figures(flat(values[:, days]), flat(some)) for name, values in usable.items()}
    return judge(total, parts, draws)


def _half(actual: Floats, usable: Mapping[str, Floats], days: slice) -> dict[str, Half]:
    some = actual[:, days]
    draws = Draws(*some.shape[:2])
    return {
        name: Half(figures(flat(values[:, days]), flat(some)), draws.intervals(sums(values[:, days], some)))
        for name, values in usable.items()
    }


def flat(values: Floats) -> Floats:
    """(meters, cells) of (meters, days, hours)."""
    return values.reshape(values.shape[0], -1)
