"""The whole audit of some rules: figures altogether, by hour, by segment and by meter, and the recommendation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from settlement.placebo.load import Floats
from settlement.placebo.recommend import LEAST_COVERAGE, Judged, judge
from settlement.placebo.score import Draws, Figures, Intervals, figures, sums


@dataclass(frozen=True)
class Measurements:
    """What was used and what the rules say would have been usual.

    Attributes:
        actual: (meters, days, hours) Wh, unknown as NaN.
        baselines: rule -> the same shape.
        price: (meters, 2): money per kW delivered and the kW it is paid up to (infinite for no bound).
        segments: kind of segment -> name of the segment of each meter.
    """

    actual: Floats
    baselines: Mapping[str, Floats]
    price: Floats
    segments: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Audited:
    """One rule's result.

    Attributes:
        money: what the audited hours would have paid for nothing.
        hours: by place in the list of hours; segments: (kind, name) -> figures; meters: by meter.
    """

    figures: Figures
    intervals: Intervals
    money: float
    hours: Sequence[Figures]
    segments: Mapping[tuple[str, str], Figures]
    meters: Sequence[Figures]
    judged: Judged


def audit(data: Measurements) -> tuple[dict[str, Audited], dict[str, float]]:
    """Rule -> result, and rule -> share of the cells that it covers, for those that cover too few."""
    known = int((~np.isnan(data.actual)).sum())
    covered = {
        name: float((~np.isnan(values - data.actual)).sum()) / known if known else 0.0
        for name, values in data.baselines.items()
    }
    usable = {name: values for name, values in data.baselines.items() if covered[name] >= LEAST_COVERAGE}
    thin = {name: share for name, share in covered.items() if name not in usable}
    if not usable:
        return {}, thin
    draws = Draws(*data.actual.shape[:2])
    parts = {name: sums(values, data.actual) for name, values in usable.items()}
    total = {name: figures(_flat(values), _flat(data.actual)) for name, values in usable.items()}
    verdicts = judge(total, parts, draws)
    return {
        name: Audited(
            figures=total[name],
            intervals=draws.intervals(parts[name]),
            money=_money(data, values),
            hours=_by_hour(data, values),
            segments=_by_segment(data, values),
            meters=[figures(_flat(values[[row]]), _flat(data.actual[[row]])) for row in range(len(values))],
            judged=verdicts[name],
        )
        for name, values in usable.items()
    }, thin


def _flat(values: Floats) -> Floats:
    return values.reshape(values.shape[0], -1)


def _money(data: Measurements, baseline: Floats) -> float:
    """What would have been paid: kW of each hour up to the bound, times the price; losses count nothing."""
    kw = np.clip(np.nan_to_num(baseline - data.actual) / 1000, 0, data.price[:, 1][:, None, None])
    return float((kw * data.price[:, 0][:, None, None]).sum())


def _by_hour(data: Measurements, baseline: Floats) -> list[Figures]:
    return [figures(baseline[:, :, at], data.actual[:, :, at]) for at in range(data.actual.shape[2])]


def _by_segment(data: Measurements, baseline: Floats) -> dict[tuple[str, str], Figures]:
    found = {}
    for kind, names in data.segments.items():
        own = np.array(names)
        for name in sorted(set(names)):
            rows: NDArray[np.bool_] = own == name
            found[kind, name] = figures(_flat(baseline[rows]), _flat(data.actual[rows]))
    return found
