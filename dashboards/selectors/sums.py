"""Energy by day and month of one meter: the stored sums of days where they are right for the reader, else readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from django.utils import timezone

from accounts.models import User
from common.intervals import DAY, day_bounds, local_days
from common.speech import day_words
from dashboards.charts.sums import Bar
from dashboards.selectors.slots import measured_slots
from dashboards.selectors.spans import Period, Span
from meters.models import DailyEnergy, Meter, RollupMark
from meters.services import Held, held_by

LONG_DAYS = 45
"""From so many days on bars are of months."""


@dataclass(frozen=True, slots=True)
class DaySum:
    """What was measured on one local day: Wh, and in how many intervals."""

    wh: int = 0
    slots: int = 0


NOTHING = DaySum()


def day_sums(*, user: User, meter: Meter, days: Sequence[date]) -> dict[date, DaySum]:
    """Local day -> its sum, of the dates that were the reader's; days without a reading are left out.

    Args:
        days: rising, without gaps.
    """
    if not days:
        return {}
    held = held_by(user=user, meter=meter)
    own = [day for day in days if _is_whole(day, held, meter.zone)]
    stored = _stored(meter, own)
    rest = [day for day in days if day not in stored]
    return stored | (_measured(user, meter, rest) if rest else {})


def _is_whole(day: date, held: list[Held] | None, zone: ZoneInfo) -> bool:
    """Whether all of the day was the reader's."""
    if held is None:
        return True
    start, end = day_bounds(day, zone)
    return any(span.start <= start and (span.end is None or span.end >= end) for span in held)


def _stored(meter: Meter, days: Sequence[date]) -> dict[date, DaySum]:
    """The stored sums of those days that are not waiting to be summed again."""
    if not days:
        return {}
    # Marks first: who refreshes takes a mark away with the new sum, so a sum read after them is never the old one.
    marks = list(RollupMark.objects.filter(meter=meter).values_list("start", "end"))
    stale = {day for start, end in marks for day in local_days(start, end, meter.zone)}
    rows = DailyEnergy.objects.filter(meter=meter, day__gte=days[0], day__lte=days[-1])
    wanted = set(days) - stale
    found = rows.values_list("day", "energy_wh", "slots")
    return {day: DaySum(int(wh), int(slots)) for day, wh, slots in found if day in wanted}


def _measured(user: User, meter: Meter, days: Sequence[date]) -> dict[date, DaySum]:
    """The sums of readings; days need not follow each other."""
    start, end = day_bounds(days[0], meter.zone)[0], day_bounds(days[-1], meter.zone)[1]
    slots = measured_slots(user=user, meter=meter, start=start, end=end)
    every = [days[0] + number * DAY for number in range((days[-1] - days[0]).days + 1)]
    edges = [round(day_bounds(day, meter.zone)[0].timestamp() * 1000) for day in every]
    places = np.searchsorted(np.array(edges), slots.start_ms, side="right") - 1
    sums = np.bincount(places, weights=slots.energy_wh, minlength=len(every))
    counts = np.bincount(places, minlength=len(every))
    asked = set(days)
    return {
        day: DaySum(int(sums[row]), int(counts[row])) for row, day in enumerate(every) if day in asked and counts[row]
    }


def has_bars(span: Span) -> bool:
    """Whether the dates are shown as bars besides the line: months and years are, and what is as long."""
    if span.period is not None:
        return span.period.kind in ("month", "year")
    return (span.end - span.start).days > 7 and span.is_named


def bars_of(*, user: User, meter: Meter, span: Span) -> list[Bar]:
    """A bar for each day of the dates, or for each month where they are long, oldest first."""
    days = local_days(span.start, span.end, meter.zone)
    sums = day_sums(user=user, meter=meter, days=days)
    return [_bar(group, sums, meter) for group in _groups(days)]


def _groups(days: Sequence[date]) -> list[list[date]]:
    if len(days) <= LONG_DAYS:
        return [[day] for day in days]
    months: dict[date, list[date]] = {}
    for day in days:
        months.setdefault(day.replace(day=1), []).append(day)
    return list(months.values())


def _bar(days: Sequence[date], sums: dict[date, DaySum], meter: Meter) -> Bar:
    start, end = day_bounds(days[0], meter.zone)[0], day_bounds(days[-1], meter.zone)[1]
    found = [sums.get(day, NOTHING) for day in days]
    is_month = len(days) > 1
    return Bar(
        label=Period.of("month", days[0]).words() if is_month else day_words(days[0]),
        tick=day_words(days[0], "month")[:3] if is_month else str(days[0].day),
        first_day=days[0].isoformat(),
        last_day=days[-1].isoformat(),
        start_ms=_ms(start),
        end_ms=_ms(end),
        wh=sum(one.wh for one in found),
        slots=sum(one.slots for one in found),
        wanted=int((end - start).total_seconds()) // 60 // meter.interval_minutes,
        is_running=start <= timezone.now() < end,
    )


def _ms(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
