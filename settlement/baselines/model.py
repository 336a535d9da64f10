"""What goes into the engine and comes out of it. Energy is in Wh, positive is consumption from the grid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from common import intervals
from settlement.baselines.errors import InvalidEvent, InvalidHistory

MAX_EVENT_HOURS = 24


class Exclusion(StrEnum):
    """Why a participant's local day is no ordinary day, weakest reason first."""

    EVENT = "EVENT"
    TEST = "TEST"
    IDLE = "IDLE"
    OUTAGE = "OUTAGE"
    OTHER_HOLDER = "OTHER_HOLDER"


class DayType(StrEnum):
    """Days that are compared with one another."""

    BUSINESS = "BUSINESS"
    NON_BUSINESS = "NON_BUSINESS"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class DayOutcome(StrEnum):
    """What became of a day that the walk visited."""

    USED = "USED"
    KEPT = "KEPT"
    NOT_SELECTED = "NOT_SELECTED"
    SKIPPED_BY_NOTICE = "SKIPPED_BY_NOTICE"
    HOLIDAY = "HOLIDAY"
    WEEKEND = "WEEKEND"
    OTHER_DAY_TYPE = "OTHER_DAY_TYPE"
    NO_SUCH_HOUR = "NO_SUCH_HOUR"
    EVENT_DAY = "EVENT_DAY"
    TEST = "TEST"
    IDLE = "IDLE"
    OUTAGE = "OUTAGE"
    OTHER_HOLDER = "OTHER_HOLDER"
    MISSING_READINGS = "MISSING_READINGS"
    TOO_MANY_ESTIMATES = "TOO_MANY_ESTIMATES"
    LOW_USAGE = "LOW_USAGE"

    @property
    def words(self) -> str:
        """The outcome in words for people."""
        return _OUTCOME_WORDS[self]


_OUTCOME_WORDS = {
    DayOutcome.USED: "used",
    DayOutcome.KEPT: "a good day, but there are too few of them",
    DayOutcome.NOT_SELECTED: "a good day, but not among those the rule picks",
    DayOutcome.SKIPPED_BY_NOTICE: "left out: too close to the event, people may already have known of it",
    DayOutcome.HOLIDAY: "left out: holiday",
    DayOutcome.WEEKEND: "left out: weekend",
    DayOutcome.OTHER_DAY_TYPE: "left out: another kind of day than the event day",
    DayOutcome.NO_SUCH_HOUR: "left out: the clock skipped the hours of the event",
    DayOutcome.EVENT_DAY: "left out: there was an event on this day",
    DayOutcome.TEST: "left out: a test ran on this day",
    DayOutcome.IDLE: "left out: the site was idle",
    DayOutcome.OUTAGE: "left out: power outage",
    DayOutcome.OTHER_HOLDER: "left out: before the holder had the meter",
    DayOutcome.MISSING_READINGS: "left out: readings are missing",
    DayOutcome.TOO_MANY_ESTIMATES: "left out: too many readings are estimates",
    DayOutcome.LOW_USAGE: "left out: unusually low use",
}
KEPT_OUTCOMES = frozenset({DayOutcome.USED, DayOutcome.KEPT, DayOutcome.NOT_SELECTED})
OUTCOME_OF_EXCLUSION = {
    Exclusion.EVENT: DayOutcome.EVENT_DAY,
    Exclusion.TEST: DayOutcome.TEST,
    Exclusion.IDLE: DayOutcome.IDLE,
    Exclusion.OUTAGE: DayOutcome.OUTAGE,
    Exclusion.OTHER_HOLDER: DayOutcome.OTHER_HOLDER,
}


class BaselineStatus(StrEnum):
    """Whether a baseline can be paid on."""

    OK = "OK"
    INSUFFICIENT_HISTORY = "INSUFFICIENT_HISTORY"
    DATA_PENDING = "DATA_PENDING"
    UNMEASURED = "UNMEASURED"


class Flag(StrEnum):
    """What a reader of a baseline should know besides its numbers."""

    LOOKBACK_EXTENDED = "LOOKBACK_EXTENDED"
    POOL_SHORT = "POOL_SHORT"
    EVENT_DAYS_TAKEN = "EVENT_DAYS_TAKEN"
    WINDOW_MOVED_BEFORE_NOTICE = "WINDOW_MOVED_BEFORE_NOTICE"
    WINDOW_INCOMPLETE = "WINDOW_INCOMPLETE"
    WINDOW_NOT_USUAL = "WINDOW_NOT_USUAL"
    WINDOW_BASELINE_NOT_POSITIVE = "WINDOW_BASELINE_NOT_POSITIVE"
    ADJUSTMENT_CLAMPED = "ADJUSTMENT_CLAMPED"
    ESTIMATED_EVENT_READINGS = "ESTIMATED_EVENT_READINGS"
    PREDICTION_MISSING = "PREDICTION_MISSING"
    GROUP_TOO_SMALL = "GROUP_TOO_SMALL"
    SIZE_NOT_POSITIVE = "SIZE_NOT_POSITIVE"


class Reading(NamedTuple):
    """One meter interval."""

    energy_wh: int
    estimated: bool = False


@dataclass(frozen=True)
class Event:
    """The span asked for, [start, end) in aware UTC, and the zone whose days and clock the rule follows.

    Attributes:
        notice_at: when participants were last told before it began; if on the event day or within the adjustment
            window, the window moves before it.
        told_at: when they were told first, where that was earlier.
        data_deadline: from when on a missing reading means UNMEASURED and no longer DATA_PENDING.
    """

    start: datetime
    end: datetime
    zone: tzinfo
    notice_at: datetime | None = None
    told_at: datetime | None = None
    data_deadline: datetime | None = None

    def __post_init__(self) -> None:
        for moment in (self.start, self.end, self.notice_at, self.told_at, self.data_deadline):
            if moment is not None and not intervals.is_utc(moment):
                raise InvalidEvent(f"The time {moment.isoformat()} of the event is not in UTC.")
        if not 0 < self.hours <= MAX_EVENT_HOURS:
            raise InvalidEvent(f"An event lasts more than 0 and at most {MAX_EVENT_HOURS} hours.")

    @property
    def hours(self) -> Fraction:
        """The event's length, exactly."""
        return Fraction((self.end - self.start) // intervals.MINUTE, 60)

    @property
    def day(self) -> date:
        """The local day on which the event starts."""
        return intervals.local_day(self.start, self.zone)

    @property
    def was_told_ahead(self) -> bool:
        """Whether people knew of it on the day before already."""
        told = self.told_at or self.notice_at
        return told is not None and intervals.local_day(told, self.zone) < self.day


@dataclass(frozen=True)
class MeterHistory:
    """What is known of one meter: its readings by aware UTC start and its extraordinary local days.

    Args:
        readings: an absent start is a missing reading.
        minutes: length of the meter's interval.
        excluded: local day -> the strongest reason (see `exclusion_days`, `days_of_others`).
        not_usual: start of an interval before the event, on its day -> the reason why its use was not the usual one.
        loaded_from: the oldest local day whose readings were fetched; None if all there are were.
    """

    readings: Mapping[datetime, Reading]
    minutes: int
    excluded: Mapping[date, Exclusion] = field(default_factory=dict)
    not_usual: Mapping[datetime, Exclusion] = field(default_factory=dict)
    loaded_from: date | None = None

    def __post_init__(self) -> None:
        for start, reading in self.readings.items():
            if start.tzinfo is None:
                raise InvalidHistory(f"The reading of {start.isoformat()} has no zone.")
            if type(reading[0]) is not int:
                raise InvalidHistory(f"The energy at {start.isoformat()} is not a whole number of Wh.")


def exclusion_days(spans: Iterable[tuple[datetime, datetime, Exclusion]], zone: tzinfo) -> dict[date, Exclusion]:
    """Local day -> strongest reason, for every day touched by a span [start, end) in aware time.

    An outage on an event day counts as an outage: such a day is never taken back for want of others.
    """
    days: dict[date, Exclusion] = {}
    for start, end, exclusion in spans:
        for day in intervals.local_days(start, end, zone):
            days[day] = stronger(days.get(day, exclusion), exclusion)
    return days


def days_of_others(held_from: datetime, days: Iterable[date], zone: tzinfo) -> dict[date, Exclusion]:
    """Of these local days those that begin before the holder had the meter, with that reason."""
    others = (day for day in days if intervals.day_bounds(day, zone)[0] < held_from)
    return dict.fromkeys(others, Exclusion.OTHER_HOLDER)


def unusual_starts(
    spans: Iterable[tuple[datetime, datetime, Exclusion]], starts: Sequence[datetime], minutes: int
) -> dict[datetime, Exclusion]:
    """Start -> strongest reason, for each interval of these that a span [start, end) touches."""
    length = minutes * intervals.MINUTE
    found: dict[datetime, Exclusion] = {}
    for first, last, exclusion in spans:
        for start in starts:
            if start < last and first < start + length:
                found[start] = stronger(found.get(start, exclusion), exclusion)
    return dict(sorted(found.items()))


def stronger(one: Exclusion, other: Exclusion) -> Exclusion:
    """The reason that stands where both hold."""
    return max(one, other, key=list(Exclusion).index)


@dataclass(frozen=True)
class DayTrace:
    """One visited local day: what became of it and, if it is in the pool, with what.

    Attributes:
        mean_wh: mean energy per event slot, None for a refused day.
        rank: place among the used days, from 1: by energy where the rule ranks, else most recent first.
        weight: share in the average, None unless used.
        event_day: an event day taken back because there are too few ordinary ones.
    """

    day: date
    outcome: DayOutcome
    mean_wh: Fraction | None = None
    rank: int | None = None
    weight: Fraction | None = None
    event_day: bool = False

    @property
    def kept(self) -> bool:
        """Whether the day is in the pool, used or not."""
        return self.outcome in KEPT_OUTCOMES


@dataclass(frozen=True)
class Slot:
    """One interval of the event.

    Attributes:
        unadjusted_wh: the plain average of the used days.
        adjusted_wh: after the same-day adjustment, before rounding.
        baseline_wh: what is settled on, rounded as the preset says.
        actual_wh: metered, None while missing.
        counts: False if the actual is an estimate and the rule pays for none.
    """

    start: datetime
    unadjusted_wh: Fraction
    adjusted_wh: Fraction
    baseline_wh: Fraction
    actual_wh: int | None
    estimated: bool
    counts: bool

    @property
    def delta_wh(self) -> Fraction | None:
        """Baseline less actual, signed; None while the actual is missing."""
        return None if self.actual_wh is None else self.baseline_wh - self.actual_wh


@dataclass(frozen=True)
class Baseline:
    """A baseline and all that it rests on.

    Attributes:
        days: every visited local day, most recent first.
        slots: empty if the history is insufficient.
        adjustment_raw: the factor (ratio) or Wh per slot (additive) as computed; None without a window.
        adjustment_applied: the factor used, or the mean Wh added per slot; None without an adjustment rule.
        actual_wh: metered energy of the whole event, None while a reading is missing.
        basis: what it rests on besides one's own days, as JSON values: the predictions, or the control group.
    """

    preset: str
    rule_hash: str
    event: Event
    minutes: int
    day_type: DayType
    status: BaselineStatus
    days: tuple[DayTrace, ...]
    slots: tuple[Slot, ...]
    adjustment_raw: Fraction | None
    adjustment_applied: Fraction | None
    actual_wh: int | None
    flags: tuple[Flag, ...]
    basis: Mapping[str, Any] | None = None

    @property
    def used_days(self) -> tuple[date, ...]:
        """The days averaged, in the order of their rank."""
        used = [trace for trace in self.days if trace.rank is not None]
        return tuple(trace.day for trace in sorted(used, key=lambda trace: trace.rank or 0))

    @property
    def baseline_wh(self) -> Fraction | None:
        """The baseline of the whole event, None if the history is insufficient."""
        return sum((slot.baseline_wh for slot in self.slots), Fraction(0)) if self.slots else None

    @property
    def counted_deltas_wh(self) -> tuple[Fraction, ...]:
        """The signed deltas that may be paid on, in time order; empty unless the status is OK."""
        if self.status is not BaselineStatus.OK:
            return ()
        return tuple(slot.delta_wh for slot in self.slots if slot.counts and slot.delta_wh is not None)
