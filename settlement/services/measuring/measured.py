"""What was measured of one participant, in full or, for the many ordinary ones, in whole numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from settlement.baselines import (
    Baseline,
    CapacityTerms,
    Exclusion,
    Reward,
    RewardStatus,
    canonical_json,
    compute_reward,
)
from settlement.baselines.many import Quick, Ratio, baseline_of
from settlement.baselines.plan import Plan
from settlement.baselines.quick_pay import QuickReward
from settlement.baselines.trace import utc_text
from settlement.services.measuring.case import Participant

ExcludedDays = Mapping[date, Exclusion]


@dataclass(frozen=True, eq=False)
class Unusual:
    """What is no usual use of a participant before an event; many share one.

    Attributes:
        days: the extraordinary local days.
        window: the intervals of the adjustment window, on the event day, that are so.
    """

    days: ExcludedDays
    window: Mapping[datetime, Exclusion]


@dataclass(frozen=True)
class Measured:
    """One participant's baseline and reward, and what they were computed from.

    Attributes:
        readings: (start, Wh, estimated) of the intervals the rule looked at, those that exist, by time.
        unusual: what is extraordinary among the days visited, and in the adjustment window.
    """

    participant: Participant
    baseline: Baseline
    reward: Reward
    readings: tuple[tuple[datetime, int, bool], ...]
    unusual: Unusual

    @property
    def reward_status(self) -> RewardStatus:
        """Whether a reward is due."""
        return self.reward.status


@dataclass(frozen=True)
class Shared:
    """What ordinary participants of one pattern share.

    Attributes:
        starts: of the readings the rule looked at, by time.
        unusual: as in `Measured`.
    """

    plan: Plan
    terms: CapacityTerms
    starts: tuple[datetime, ...]
    unusual: Unusual

    @cached_property
    def hours(self) -> Ratio:
        """The length of the event."""
        return self.plan.event.hours.as_integer_ratio()

    @cached_property
    def readings_begin(self) -> tuple[str, ...]:
        """Of each reading in canonical text all that comes before its energy."""
        return tuple(f'["{utc_text(start)}",' for start in self.starts)

    @cached_property
    def excluded_text(self) -> str:
        """The extraordinary days in canonical text."""
        return canonical_json({day.isoformat(): reason.value for day, reason in self.unusual.days.items()})

    @cached_property
    def not_usual_text(self) -> str:
        """The extraordinary intervals of the window in canonical text; empty if there are none."""
        window = {utc_text(start): reason.value for start, reason in self.unusual.window.items()}
        return canonical_json(window) if window else ""


@dataclass(frozen=True, eq=False)
class QuickMeasured:
    """The same of an ordinary participant; what is exact and full is made when somebody asks for it.

    Attributes:
        quick, amounts: baseline and reward in whole numbers.
        energies: Wh of `shared.starts`, all of them metered.
        nominated: kW.
    """

    participant: Participant
    shared: Shared
    quick: Quick
    amounts: QuickReward
    energies: Sequence[int]
    nominated: Ratio | None

    @property
    def reward_status(self) -> RewardStatus:
        """Whether a reward is due."""
        return self.amounts.status

    @cached_property
    def baseline(self) -> Baseline:
        """The baseline in exact fractions."""
        return baseline_of(self.shared.plan, self.quick)

    @cached_property
    def reward(self) -> Reward:
        """The reward in exact fractions."""
        return compute_reward(self.baseline, self.shared.terms, self.participant.nominated_kw)

    @property
    def readings(self) -> tuple[tuple[datetime, int, bool], ...]:
        """As in `Measured`."""
        return tuple((start, wh, False) for start, wh in zip(self.shared.starts, self.energies, strict=True))

    @property
    def unusual(self) -> Unusual:
        """As in `Measured`."""
        return self.shared.unusual

    def in_full(self) -> Measured:
        """The same with everything worked out."""
        return Measured(self.participant, self.baseline, self.reward, self.readings, self.unusual)


Row = Measured | QuickMeasured


def in_full(row: Row) -> Measured:
    """The row with everything worked out."""
    return row if isinstance(row, Measured) else row.in_full()
