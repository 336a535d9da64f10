"""Baseline rules as data: what a preset can say, checked when it is made.

Source: published day-matching programs, followed in spirit; no conformance to any tariff is claimed.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from settlement.baselines.errors import InvalidPreset
from settlement.baselines.model import DayType

ONE = Fraction(1)
# Fewer homes could be told apart: who knows one of two has the other's use by subtraction.
SMALLEST_GROUP = 5


class Method(StrEnum):
    """What the usual use is taken from: one's own days, a prediction made before, or homes held out at random."""

    DAY_MATCHING = "DAY_MATCHING"
    FORECAST = "FORECAST"
    CONTROL_GROUP = "CONTROL_GROUP"


class Select(StrEnum):
    """Which days of the pool are averaged."""

    ALL = "ALL"
    TOP = "TOP"
    MIDDLE = "MIDDLE"


class AdjustmentKind(StrEnum):
    """How the hours before the event move the baseline."""

    RATIO = "RATIO"
    ADDITIVE = "ADDITIVE"


class Rounding(StrEnum):
    """When the baseline is rounded: half up to 1 Wh once per slot, or never."""

    WH_PER_SLOT = "WH_PER_SLOT"
    NONE = "NONE"


class Weekend(StrEnum):
    """Whether Saturdays and Sundays are one kind of day; holidays go with the Sundays."""

    TOGETHER = "TOGETHER"
    APART = "APART"


class EstimatedSlots(StrEnum):
    """What an estimated reading in the event is worth."""

    EARN_NOTHING = "EARN_NOTHING"
    COUNT = "COUNT"


@dataclass(frozen=True)
class DayRule:
    """How many days of one kind are gathered, and which of them are averaged.

    Attributes:
        pool: days to gather.
        used: days to average out of a full pool; MIDDLE drops half of the rest at each end.
        minimum: fewer kept days than this are an insufficient history.
        weights: shares of the used days by rank, summing to 1; empty for equal shares. ALL ranks the most recent
            day first.
    """

    pool: int
    used: int
    minimum: int
    select: Select = Select.ALL
    weights: tuple[Fraction, ...] = ()

    def __post_init__(self) -> None:
        _require(1 <= self.used <= self.pool, "the days used are between 1 and the pool")
        _require(1 <= self.minimum <= self.pool, "the minimum is between 1 day and the pool")
        _require(self.select is not Select.ALL or self.used == self.pool, "a rule for all days uses the pool")
        if self.select is Select.MIDDLE:
            _require((self.pool - self.used) % 2 == 0, "the middle days leave as many at each end")
            _require(self.minimum > self.pool - self.used, "the shortest pool still has a middle")
        if self.weights:
            _require(len(self.weights) == self.used, "there is one weight for each used day")
            _require(sum(self.weights) == 1 and min(self.weights) > 0, "weights are positive and sum to 1")
            _require(self.select is not Select.MIDDLE, "weights go with a ranking from the top")


@dataclass(frozen=True)
class Adjustment:
    """A same-day adjustment over a window of `window_minutes` that opens `opens_minutes_before` the event.

    Attributes:
        low, high: bounds of a ratio.
        share: bound of an addition, as a share of each baseline slot; None for no bound.
        shrink: how much of what the window says is believed, before the bounds: an hour of use is partly chance.
    """

    kind: AdjustmentKind
    opens_minutes_before: int
    window_minutes: int
    low: Fraction | None = None
    high: Fraction | None = None
    share: Fraction | None = None
    shrink: Fraction = ONE

    def __post_init__(self) -> None:
        _require(self.window_minutes > 0, "the adjustment window has a length")
        _require(0 < self.shrink <= 1, "the part of the adjustment that counts is above 0 and at most 1")
        gap = self.opens_minutes_before - self.window_minutes
        _require(gap >= 60, "the adjustment window ends at least one hour before the event")
        if self.kind is AdjustmentKind.ADDITIVE:
            _require(self.low is None and self.high is None, "an addition has a share, not two bounds")
            _require(self.share is None or self.share > 0, "the share of an addition is positive")
            return
        _require(self.share is None, "a ratio has two bounds, not a share")
        _require(self.low is not None and self.high is not None, "a ratio has two bounds")
        if self.low is not None and self.high is not None:
            _require(0 < self.low <= 1 <= self.high, "the bounds of a ratio lie on both sides of 1")


@dataclass(frozen=True)
class Preset:
    """One complete baseline rule; equal rules have equal hashes (`rule_hash`).

    Attributes:
        description: the rule in plain words, for whoever is paid by it.
        business, weekend: the day rules; `weekend` also serves holidays, and both kinds of days if apart. A
            forecast looks at no days; with a control group they say how large each home usually is.
        skip_days: days right before the event that are never candidates, whenever people were told.
        skips_told_day: whether the day right before is no candidate where people were told on it or earlier.
        days_back: how far the walk goes.
        days_back_extended: how far it goes if it found fewer days than the minimum.
        low_usage_share: days under this share of the pool's mean are left out; None keeps them.
        estimated_share: a day with a larger share of estimates in the event hours or the window is left out.
        event_days_fallback: whether the highest event days fill the pool up to the minimum at last.
        group_minimum: the fewest measured homes that make a control group; 0 without one.
    """

    name: str
    description: str
    business: DayRule
    weekend: DayRule
    weekends: Weekend = Weekend.TOGETHER
    adjustment: Adjustment | None = None
    rounding: Rounding = Rounding.WH_PER_SLOT
    estimated_slots: EstimatedSlots = EstimatedSlots.EARN_NOTHING
    skip_days: int = 0
    days_back: int = 45
    days_back_extended: int = 60
    low_usage_share: Fraction | None = None
    estimated_share: Fraction = Fraction(1, 5)
    event_days_fallback: bool = True
    method: Method = Method.DAY_MATCHING
    group_minimum: int = 0
    skips_told_day: bool = False

    def __post_init__(self) -> None:
        _require(bool(self.name.strip() and self.description.strip()), "a rule has a name and a description")
        _require(self.skip_days >= 0, "the number of skipped days is not negative")
        _require(self.skip_days < self.days_back, "the walk goes back beyond the skipped days")
        _require(self.days_back <= self.days_back_extended, "the extended walk is not the shorter one")
        _require(0 <= self.estimated_share <= 1, "the share of estimates is between 0 and 1")
        low = self.low_usage_share
        _require(low is None or 0 < low < 1, "the low-usage share is between 0 and 1")
        self._check_method()

    def _check_method(self) -> None:
        if self.method is Method.CONTROL_GROUP:
            _require(self.group_minimum >= SMALLEST_GROUP, f"a control group has at least {SMALLEST_GROUP} homes")
            _require(self.adjustment is None, "a control group needs no same-day adjustment")
            return
        _require(self.group_minimum == 0, "only a control group has a smallest number of homes")
        ratio = self.adjustment is None or self.adjustment.kind is AdjustmentKind.RATIO
        _require(self.method is not Method.FORECAST or ratio, "a forecast is adjusted by a ratio or not at all")

    def day_rule(self, day_type: DayType) -> DayRule:
        """The rule for days of this kind."""
        return self.business if day_type is DayType.BUSINESS else self.weekend


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise InvalidPreset(f"The baseline rule must be such that {sentence}.")
