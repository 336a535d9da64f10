"""Whether people deliver less the more often they are asked: a line through the events of a season. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from settlement.reports.wholesale import t_90

# A line through two points always fits; its slope says nothing.
FEWEST = 3


class Trend(StrEnum):
    """What the events say."""

    FALLS = "falls"
    RISES = "rises"
    NO_SIGN = "no_sign"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class Fatigue:
    """The trend with its line: kW per participant against the event's number.

    Attributes:
        mean_kw: of the events.
        slope_kw: change from one event to the next, and its 90 % interval.
        level_kw: where the line begins, at number 0.
    """

    trend: Trend
    mean_kw: float = 0.0
    level_kw: float = 0.0
    slope_kw: float = 0.0
    low_kw: float = 0.0
    high_kw: float = 0.0

    def share(self, kw: float) -> float | None:
        """A change in kW as a share of the mean; None where nothing was delivered."""
        return kw / self.mean_kw if self.mean_kw else None

    def at(self, number: float) -> float:
        """The line at an event's number."""
        return self.level_kw + self.slope_kw * number


def fatigue(points: Sequence[tuple[int, float]]) -> Fatigue:
    """The least squares line through (number of the event, kW per participant), and what it says.

    The slope's interval is Student's t with n − 2 degrees of freedom; a trend is said only where all of it lies on
    one side of zero.

    >>> fatigue([(1, 3.0), (2, 2.0), (3, 1.0)]).trend, fatigue([(1, 3.0), (2, 2.0)]).trend
    (<Trend.FALLS: 'falls'>, <Trend.TOO_FEW: 'too_few'>)
    """
    if len(points) < FEWEST or len({number for number, _kw in points}) < FEWEST:
        return Fatigue(Trend.TOO_FEW)
    numbers, kws = zip(*points, strict=True)
    slope, level = statistics.linear_regression(numbers, kws)
    freedom = len(points) - 2
    spread = math.fsum((number - statistics.fmean(numbers)) ** 2 for number in numbers)
    rest = math.fsum((kw - level - slope * number) ** 2 for number, kw in points)
    width = t_90(freedom) * math.sqrt(rest / freedom / spread)
    low, high = slope - width, slope + width
    trend = Trend.FALLS if high < 0 else Trend.RISES if low > 0 else Trend.NO_SIGN
    return Fatigue(trend, statistics.fmean(kws), level, slope, low, high)
