"""What a rule needs to know once per event, for all meters of one interval: the days and the readings."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from common import intervals
from settlement.baselines.errors import InvalidEvent
from settlement.baselines.model import DayOutcome, DayType, Event, Flag
from settlement.baselines.presets import DayRule, Preset, Weekend
from settlement.baselines.rules import rule_hash

SATURDAY = 5

Groups = tuple[tuple[datetime, ...], ...]


@dataclass(frozen=True)
class PlannedDay:
    """One local day before the event as the calendar alone sees it.

    Attributes:
        age: days before the event day, from 1.
        refused: why the calendar refuses it, else None.
        touched: the local days on which an exclusion spoils it.
        slots, window: per slot of the event and of the adjustment window the UTC starts with the same clock
            time: one, two in a repeated hour, none in a skipped one.
    """

    day: date
    age: int
    refused: DayOutcome | None
    touched: tuple[date, ...] = ()
    slots: Groups = ()
    window: Groups = ()


@dataclass(frozen=True)
class Plan:
    """A rule laid out on the calendar before one event; the same for every meter with this interval.

    Attributes:
        slots, window: UTC starts of the event's intervals and of the adjustment window on the event day.
        days: most recent first, as far back as the extended walk may go.
        flags: what holds for every meter.
    """

    preset: Preset
    rule_hash: str
    event: Event
    minutes: int
    day_type: DayType
    rule: DayRule
    slots: tuple[datetime, ...]
    window: tuple[datetime, ...]
    days: tuple[PlannedDay, ...]
    flags: tuple[Flag, ...]

    def pool_days(self, spare: int = 0) -> list[PlannedDay]:
        """The most recent days that the calendar allows: as many as the pool needs, and some to spare.

        Without extraordinary days a meter needs the readings of no others.
        """
        return [planned for planned in self.days if planned.refused is None][: self.rule.pool + spare]

    def reading_starts(self, days: list[PlannedDay]) -> list[datetime]:
        """The UTC starts of all readings the engine looks at on these days and on the event day, sorted."""
        starts = {*self.slots, *self.window}
        for planned in days:
            starts.update(start for group in planned.slots + planned.window for start in group)
        return sorted(starts)


def make_plan(preset: Preset, event: Event, minutes: int, holidays: AbstractSet[date]) -> Plan:
    """The rule laid out for an event, to be used for every meter with this interval length.

    Args:
        minutes: length of the meters' interval.
        holidays: local days of the program's holiday calendar.

    Raises:
        InvalidEvent: if the event or the adjustment window does not fall on whole intervals.
    """
    slots = _starts(event.start, event.end, minutes, event.zone)
    window, flags = _window(preset, event, minutes)
    kind = day_type(event.day, holidays, preset.weekends)
    clocks = _Clocks(event, slots, window)
    ages = range(1, preset.days_back_extended + 1)
    skipped = max(preset.skip_days, int(preset.skips_told_day and event.was_told_ahead))
    return Plan(
        preset=preset,
        rule_hash=rule_hash(preset),
        event=event,
        minutes=minutes,
        day_type=kind,
        rule=preset.day_rule(kind),
        slots=slots,
        window=window,
        days=tuple(
            PlannedDay(event.day - timedelta(days=age), age, DayOutcome.SKIPPED_BY_NOTICE)
            if age <= skipped
            else _plan_day(preset, clocks, kind, age, holidays)
            for age in ages
        ),
        flags=flags,
    )


def day_type(day: date, holidays: AbstractSet[date], weekends: Weekend = Weekend.TOGETHER) -> DayType:
    """The kind of a local day; a holiday counts as a weekend day, and as a Sunday where the two are apart."""
    if day.weekday() < SATURDAY and day not in holidays:
        return DayType.BUSINESS
    if weekends is Weekend.TOGETHER:
        return DayType.NON_BUSINESS
    return DayType.SATURDAY if day.weekday() == SATURDAY and day not in holidays else DayType.SUNDAY


class _Clocks:
    """The event's slots and window as clock times: (days after the event's first day, minute of the day)."""

    def __init__(self, event: Event, slots: tuple[datetime, ...], window: tuple[datetime, ...]) -> None:
        self.event = event
        self.slots = tuple(self._clock(start) for start in slots)
        self.window = tuple(self._clock(start) for start in window)

    def _clock(self, start: datetime) -> tuple[int, int]:
        day = intervals.local_day(start, self.event.zone)
        return (day - self.event.day).days, intervals.clock_minute(start, self.event.zone)

    def groups(self, clocks: tuple[tuple[int, int], ...], day: date) -> Groups:
        zone = self.event.zone
        return tuple(intervals.starts_of_clock(day + timedelta(days=offset), minute, zone) for offset, minute in clocks)

    def touched(self, day: date) -> tuple[date, ...]:
        # An event past midnight reads hours of the event day itself when it looks at the day before; they lie
        # before the event, so the event must not exclude them.
        days = {day} | {day + timedelta(days=offset) for offset, _ in self.slots + self.window}
        return tuple(sorted(touched for touched in days if touched < self.event.day))


def _plan_day(preset: Preset, clocks: _Clocks, kind: DayType, age: int, holidays: AbstractSet[date]) -> PlannedDay:
    day = clocks.event.day - timedelta(days=age)
    refused = _calendar_refusal(preset, day, kind, holidays)
    if refused is not None:
        return PlannedDay(day, age, refused)
    slots = clocks.groups(clocks.slots, day)
    if not any(slots):
        return PlannedDay(day, age, DayOutcome.NO_SUCH_HOUR)
    return PlannedDay(day, age, None, clocks.touched(day), slots, clocks.groups(clocks.window, day))


def _calendar_refusal(preset: Preset, day: date, kind: DayType, holidays: AbstractSet[date]) -> DayOutcome | None:
    if day in holidays:
        return DayOutcome.HOLIDAY
    if day_type(day, holidays, preset.weekends) is kind:
        return None
    return DayOutcome.WEEKEND if kind is DayType.BUSINESS else DayOutcome.OTHER_DAY_TYPE


def _window(preset: Preset, event: Event, minutes: int) -> tuple[tuple[datetime, ...], tuple[Flag, ...]]:
    rule = preset.adjustment
    if rule is None:
        return (), ()
    opens = event.start - rule.opens_minutes_before * intervals.MINUTE
    length = rule.window_minutes * intervals.MINUTE
    late = _after_notice(event, opens, opens + length)
    if late:
        opens -= -(-late // (minutes * intervals.MINUTE)) * minutes * intervals.MINUTE
    flags = (Flag.WINDOW_MOVED_BEFORE_NOTICE,) if late else ()
    return _starts(opens, opens + length, minutes, UTC), flags


def _after_notice(event: Event, opens: datetime, closes: datetime) -> timedelta:
    """How far the window reaches past a notice given within it or on the event's own day."""
    notice = event.notice_at
    if notice is None or not (opens < notice or intervals.local_day(notice, event.zone) == event.day):
        return timedelta(0)
    return max(timedelta(0), closes - notice)


def _starts(start: datetime, end: datetime, minutes: int, zone: tzinfo) -> tuple[datetime, ...]:
    if zone is not UTC and not intervals.is_aligned(start, minutes, zone):
        raise InvalidEvent(f"The event does not start with a {minutes}-minute interval of the meter.")
    try:
        return tuple(intervals.slot_starts(start, end, minutes))
    except intervals.NotAligned as error:
        raise InvalidEvent(f"The event does not fit whole {minutes}-minute intervals: {error}") from error
