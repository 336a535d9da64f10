"""The whole audit of some rules: figures altogether, by hour, by segment and by meter, and the recommendation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from settlement.placebo.compare import Halves, chosen, common_cells, flat
from settlement.placebo.load import Floats
from settlement.placebo.recommend import Judged
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
        judged, halves, same: on the cells that all rules cover; by the earlier half of the days, on both halves, and on
            all days. The other figures are those of all cells that the rule itself covers.
        coverage, compared: shares of the measured cells that the rule covers, and that all rules cover.
    """

    figures: Figures
    intervals: Intervals
    money: float
    hours: Sequence[Figures]
    segments: Mapping[tuple[str, str], Figures]
    meters: Sequence[Figures]
    judged: Judged
    same: Figures
    coverage: float
    compared: float
    halves: Halves | None


def audit(
    data: Measurements, progress: Callable[[float], None] = lambda share: None
) -> tuple[dict[str, Audited], dict[str, float]]:
    """Rule -> result, and rule -> share of the cells that it covers, for those that cover too few.

    Args:
        progress: told the share that is done, after each rule.
    """
    common = common_cells(data.actual, data.baselines)
    usable = common.usable
    thin = {name: share for name, share in common.coverage.items() if name not in usable}
    if not usable:
        return {}, thin
    draws = Draws(*data.actual.shape[:2])
    verdicts, halves = chosen(data.actual, usable)
    found = {}
    for number, (name, common_values) in enumerate(usable.items(), start=1):
        values = data.baselines[name]
        found[name] = Audited(
            figures=figures(flat(values), flat(data.actual)),
            intervals=draws.intervals(sums(values, data.actual)),
            money=_money(data, values),
            hours=_by_hour(data, values),
            segments=_by_segment(data, values),
            meters=[figures(flat(values[[row]]), flat(data.actual[[row]])) for row in range(len(values))],
            judged=verdicts[name],
            same=figures(flat(common_values), flat(data.actual)),
            coverage=common.coverage[name],
            compared=common.compared,
            halves=halves.get(name),
        )
        progress(number / len(usable))
    return found, thin


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
            found[kind, name] = figures(flat(baseline[rows]), flat(data.actual[rows]))
    return found
