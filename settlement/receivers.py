"""What imports of readings mean for events that are settled: which rest on them, and settling those again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Max, Min, QuerySet
from django.dispatch import receiver

from common.errors import PortalError
from common.intervals import day_bounds, local_day
from events.models import Event
from meters.models import BatchSpan, ImportBatch, ReadingRevision
from meters.signals import batch_undone, settled_asked
from settlement.baselines import PRESETS, BaselineError
from settlement.models import SettlementRun
from settlement.selectors import newest_runs
from settlement.services import settle
from settlement.traces import days_looked_at

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# Meters in one IN list: from 1000 on MariaDB turns it into a join.
CHUNK = 500
# No rule looks further back; a day more for zones.
_LONGEST_LOOK = (max(preset.days_back_extended for preset in PRESETS.values()) + 1) * DAY
# The calendar alone left these days out, or they were others': nobody looked at their readings.
_NOT_LOOKED_AT = {"SKIPPED_BY_NOTICE", "HOLIDAY", "WEEKEND", "OTHER_DAY_TYPE", "NO_SUCH_HOUR", "OTHER_HOLDER"}

Span = tuple[datetime, datetime]
Spans = dict[int, list[Span]]


@receiver(settled_asked)
def events_resting_on(sender: type[ImportBatch], batch: ImportBatch, **kwargs: Any) -> list[dict[str, Any]]:
    """The settled events whose newest final run looked at a day in which the batch wrote."""
    spans = _spans_of(batch)
    if not spans:
        return []
    everything = list(chain.from_iterable(spans.values()))
    first, last = min(start for start, _end in everything), max(end for _start, end in everything)
    return [
        {"event": run.event_id, "name": str(run.event), "run": run.number}
        for run in _runs_near(batch.distributor_id, first, last)
        if _rests_on(run, spans)
    ]


@receiver(batch_undone)
def settle_again(
    sender: type[ImportBatch], batch: ImportBatch, events: list[int], **kwargs: Any
) -> list[dict[str, Any]]:
    """A further run of each event, without the batch's readings. It is posted in the ordinary way, by a person."""
    found = Event.objects.filter(pk__in=events).order_by("pk")
    return [_settled_again(event, batch) for event in found]


def _settled_again(event: Event, batch: ImportBatch) -> dict[str, Any]:
    try:
        return {"event": event.pk, "run": settle(event=event, by=batch.undone_by).number, "problem": ""}
    except (PortalError, BaselineError) as refusal:
        # A closed event stays as it is; the readings are taken back all the same.
        return {"event": event.pk, "run": None, "problem": str(refusal)}


def _spans_of(batch: ImportBatch) -> Spans:
    """Meter id -> the spans in which the batch brought readings, and from its first to its last change."""
    spans: Spans = {}
    for meter_id, start, end in BatchSpan.objects.filter(batch=batch).values_list("meter_id", "start", "end"):
        spans.setdefault(meter_id, []).append((start, end))
    changed = ReadingRevision.objects.filter(batch=batch).order_by().values_list("meter_id")
    for meter_id, start, latest in changed.annotate(Min("start"), Max("start")):
        spans.setdefault(meter_id, []).append((start, latest + HOUR))
    return spans


def _runs_near(distributor_id: int, first: datetime, last: datetime) -> QuerySet[SettlementRun]:
    """The runs that count, of events that may look at [first, last)."""
    runs = newest_runs().filter(event__program__distributor_id=distributor_id, event__end__gt=first - DAY)
    near = runs.filter(event__start__lt=last + _LONGEST_LOOK)
    return near.select_related("event__program__distributor").order_by("event__start", "pk")


def _rests_on(run: SettlementRun, spans: Spans) -> bool:
    """Whether a line of the run looked at a day in which its meter has a span; ends at the first one."""
    ids = sorted(spans)
    for first in range(0, len(ids), CHUNK):
        lines = run.lines.filter(meter__in=ids[first : first + CHUNK]).values_list("meter_id", "trace")
        for meter_id, trace in lines.iterator(chunk_size=100):
            if any(_overlap(day, span) for day in _days_of(run, trace) for span in spans[meter_id]):
                return True
    return False


def _days_of(run: SettlementRun, trace: dict[str, Any]) -> Iterator[Span]:
    """The local day of the event, and those that the baseline looked at."""
    zone = run.event.program.zone
    yield day_bounds(local_day(run.event.start, zone), zone)
    for day, outcome in days_looked_at(trace, run.common):
        if outcome not in _NOT_LOOKED_AT:
            yield day_bounds(day, zone)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
