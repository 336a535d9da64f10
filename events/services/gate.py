"""Whether a meter's readings suffice for a program: what there is, what is missing, and when it will be enough."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.utils import timezone

from common.intervals import DAY, local_day, slots_in_day
from events.holiday_calendar import holiday_days
from events.models import ProgramVersion
from meters.models import DailyEnergy, Meter, MeterMap
from meters.selectors import holders_at

WINDOW_DAYS = 60
ENOUGH = Fraction(4, 5)
# What a rule without a word on it needs.
USUAL_MINIMUM = 5
# Readings that are older than this say nothing of when there will be enough.
STILL_COMING = 3 * DAY
CHUNK = 500


@dataclass(frozen=True)
class Gate:
    """What the data gate found of one meter.

    Attributes:
        days: business days of the window of which enough was measured.
        needed: days that the rule needs.
        share: measured intervals of those that the meter should have sent since its first one in the window.
        ready_on: the day on which it suffices if readings keep coming; None if it does, or if none come.
    """

    days: int
    needed: int
    share: Fraction
    ready_on: date | None
    checked_at: datetime

    @property
    def is_enough(self) -> bool:
        """Whether the meter can be measured."""
        return self.days >= self.needed and self.share >= ENOUGH

    def data(self) -> dict[str, Any]:
        """As an enrollment keeps it."""
        return {
            "is_enough": self.is_enough,
            "days": self.days,
            "needed": self.needed,
            "percent": int(self.share * 100),
            "ready_on": self.ready_on.isoformat() if self.ready_on else None,
            "checked_at": self.checked_at.isoformat(),
        }


def check_gates(*, version: ProgramVersion, meters: Collection[Meter], now: datetime | None = None) -> dict[int, Gate]:
    """Meter id -> what the gate of these terms finds. Three queries for up to 500 meters.

    Only days on which the present holder had the meter count: nobody is measured by what others used.
    """
    now = now or timezone.now()
    ids = [meter.pk for meter in meters]
    since, rows = _held_since(ids, now), _measured(ids, now)
    return {meter.pk: _gate(version, meter, since.get(meter.pk), rows.get(meter.pk, {}), now) for meter in meters}


def minimum_days(version: ProgramVersion) -> int:
    """How many business days the version's rule needs at least."""
    business = version.rule.get("business")
    found = business.get("minimum") if isinstance(business, Mapping) else None
    return found if isinstance(found, int) else USUAL_MINIMUM


def _held_since(ids: list[int], now: datetime) -> dict[int, datetime]:
    holders = holders_at(meter_ids=ids, at=now)
    found: dict[int, datetime] = {}
    for first in range(0, len(ids), CHUNK):
        maps = MeterMap.objects.in_force(now).filter(meter__in=ids[first : first + CHUNK])
        for meter_id, entity_id, start in maps.values_list("meter_id", "entity_id", "valid_from"):
            if holders.get(meter_id) == entity_id:
                found[meter_id] = start
    return found


def _measured(ids: list[int], now: datetime) -> dict[int, dict[date, int]]:
    """Meter id -> day -> measured intervals, over somewhat more than the window in any zone."""
    start = now.date() - (WINDOW_DAYS + 2) * DAY
    found: dict[int, dict[date, int]] = {}
    for first in range(0, len(ids), CHUNK):
        rows = DailyEnergy.objects.filter(meter__in=ids[first : first + CHUNK], day__gte=start)
        for meter_id, day, slots, estimated in rows.values_list("meter_id", "day", "slots", "estimated_slots"):
            found.setdefault(meter_id, {})[day] = max(0, slots - estimated)
    return found


def _gate(
    version: ProgramVersion, meter: Meter, since: datetime | None, slots: Mapping[date, int], now: datetime
) -> Gate:
    today = local_day(now, meter.zone)
    start = today - WINDOW_DAYS * DAY
    if since is not None:
        # Of the day on which somebody moves in, only a part is theirs.
        start = max(start, local_day(since, meter.zone) + DAY)
    days = sorted(day for day in slots if start <= day < today and slots[day])
    if not days:
        return Gate(0, minimum_days(version), Fraction(0), None, now)
    holidays = holiday_days(version, start, today + 2 * WINDOW_DAYS * DAY)
    due = {day: slots_in_day(day, meter.zone, meter.interval_minutes) for day in _span(days[0], today)}
    good = [day for day in days if _is_business(day, holidays) and slots[day] >= ENOUGH * due[day]]
    total, measured = sum(due.values()), sum(min(slots.get(day, 0), count) for day, count in due.items())
    found = Gate(len(good), minimum_days(version), Fraction(measured, total), None, now)
    if found.is_enough or today - days[-1] > STILL_COMING:
        return found
    complete = _days_until_complete(measured, total, max(due.values()))
    return replace(found, ready_on=_ready_on(today, found.needed - found.days, holidays, complete))


def _days_until_complete(measured: int, total: int, a_day: int) -> int:
    """How many complete days more bring the share to where it suffices."""
    count = 0
    while Fraction(measured + count * a_day, total + count * a_day) < ENOUGH and count < 4 * WINDOW_DAYS:
        count += 1
    return count


def _ready_on(today: date, missing: int, holidays: frozenset[date], at_least: int) -> date:
    """The day after the last one that is missing, if every day from today on is complete."""
    day = today
    while missing > 0 or at_least > 0:
        missing -= _is_business(day, holidays)
        at_least -= 1
        day += DAY
    return day


def _is_business(day: date, holidays: frozenset[date]) -> bool:
    return day.weekday() < 5 and day not in holidays


def _span(first: date, end: date) -> list[date]:
    return [first + number * DAY for number in range((end - first).days)]
