"""Which rule to choose, and why not each other one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from settlement.placebo.score import Draws, Figures, Interval, Sums, interval

MOST_BIAS = 0.01
# A rule that can say nothing about half of the hours is not a rule for the program.
LEAST_COVERAGE = 0.5
_NONE = Interval(0.0, 0.0)


class Verdict(StrEnum):
    """What became of a rule."""

    BEST = "best"
    BIASED = "biased"
    DEARER = "dearer"
    CLOSE = "close"
    BEST_BIASED = "best_biased"


@dataclass(frozen=True)
class Judged:
    """One rule's verdict.

    Attributes:
        extra: what it pays for nothing beyond the recommended rule, as a share of load, and its interval.
    """

    verdict: Verdict
    extra: float = 0.0
    interval: Interval = _NONE


def judge(found: Mapping[str, Figures], parts: Mapping[str, Sums], draws: Draws) -> dict[str, Judged]:
    """Rule -> verdict. Recommended is the lowest pay for nothing among the rules whose bias is within ±1 %.

    Where none is, the least biased one is named so, and recommended with that warning.
    """
    fair = {name: row for name, row in found.items() if abs(row.bias) <= MOST_BIAS}
    if fair:
        best, verdict = min(fair, key=lambda name: fair[name].for_nothing), Verdict.BEST
    else:
        best, verdict = min(found, key=lambda name: abs(found[name].bias)), Verdict.BEST_BIASED
    rest = {name: _against(name, best, found, parts, draws) for name in found if name != best}
    return {best: Judged(verdict), **rest}


def _against(name: str, best: str, found: Mapping[str, Figures], parts: Mapping[str, Sums], draws: Draws) -> Judged:
    extra = found[name].for_nothing - found[best].for_nothing
    spread = interval(draws.for_nothing(parts[name]) - draws.for_nothing(parts[best]))
    if abs(found[name].bias) > MOST_BIAS:
        return Judged(Verdict.BIASED, extra, spread)
    return Judged(Verdict.DEARER if spread.low > 0 else Verdict.CLOSE, extra, spread)
