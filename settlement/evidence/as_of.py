"""What was known of a meter at some moment: readings before they were corrected, left-out days before later ones."""

from datetime import datetime

from django.db.models import Q

from common.intervals import day_bounds
from meters.models import BatchSpan, Exclusion, IntervalReading, Meter, Quality, ReadingRevision
from settlement.baselines import Exclusion as Reason
from settlement.baselines import Plan, days_of_others, exclusion_days, unusual_starts
from settlement.services.measuring.measured import Unusual

# Times in one IN list.
CHUNK = 500

Row = tuple[datetime, int, bool]


def readings_as_of(meter: Meter, starts: list[datetime], moment: datetime) -> list[Row]:
    """(start, Wh, estimated) of the meter in these intervals as they stood then, those that existed, by time."""
    found: dict[datetime, tuple[int, int]] = {}
    for first in range(0, len(starts), CHUNK):
        some = starts[first : first + CHUNK]
        rows = IntervalReading.objects.filter(meter=meter, start__in=some)
        found |= {start: (wh, quality) for start, wh, quality in rows.values_list("start", "energy_wh", "quality")}
        found = _without_new(meter, some, moment, found)
        revised = ReadingRevision.objects.filter(meter=meter, start__in=some, replaced_at__gt=moment)
        # The oldest one since says what stood there; it is written last.
        for start, wh, quality in revised.order_by("-pk").values_list("start", "energy_wh", "quality"):
            found[start] = (wh, quality)
    return [(start, found[start][0], found[start][1] == Quality.ESTIMATED) for start in starts if start in found]


def _without_new(
    meter: Meter, starts: list[datetime], moment: datetime, found: dict[datetime, tuple[int, int]]
) -> dict[datetime, tuple[int, int]]:
    """The readings without those that a later import brought."""
    if not starts:
        return found
    spans = BatchSpan.objects.filter(
        meter=meter, start__lte=max(starts), end__gt=min(starts), batch__stored_at__gt=moment
    )
    new = list(spans.values_list("start", "end"))
    return {start: row for start, row in found.items() if not any(first <= start < end for first, end in new)}


def unusual_as_of(meter: Meter, plan: Plan, held_from: datetime | None, moment: datetime) -> Unusual:
    """What is no usual use before the event, of what was entered by then.

    Args:
        held_from: since when the holder has had the meter, where the settlement heeded it.
    """
    since = day_bounds(plan.days[-1].day, plan.event.zone)[0]
    own = Q(meter=meter) if meter.feeder_id is None else Q(meter=meter) | Q(feeder=meter.feeder_id)
    rows = Exclusion.objects.filter(own, start__lt=plan.event.start, end__gt=since, created_at__lte=moment)
    spans = [(row.start, row.end, Reason(row.kind.upper())) for row in rows]
    days = exclusion_days(spans, plan.event.zone)
    if held_from is not None:
        days |= days_of_others(held_from, (planned.day for planned in plan.days), plan.event.zone)
    return Unusual(days, unusual_starts(spans, plan.window, plan.minutes))
