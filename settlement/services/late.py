"""Readings that came after a final settlement had to do without them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

from events.models import Event, EventState
from meters.models import IntervalReading
from organizations.models import Distributor
from settlement.models import LineStatus, SettlementLine
from settlement.selectors import newest_runs

# Meters in one IN list: from 1000 on MariaDB turns it into a join.
CHUNK = 500
# Lines looked at, the newest event first; more of them are missing only where nothing at all arrives.
MOST = 10_000
LOOK_BACK = timedelta(days=400)

# Event, meter, and the first reading that was missing.
Missing = tuple[int, int, datetime]


def events_with_late_readings(distributor: Distributor) -> list[int]:
    """Ids of the events of which a reading that the newest final run missed is there now: they can be settled again.

    A query for the lines without readings, and one per 500 of them.
    """
    found: dict[int, None] = {}
    for event_id in _arrived(_missing(distributor)):
        found[event_id] = None
    return list(found)


def _missing(distributor: Distributor) -> Iterator[Missing]:
    events = Event.objects.filter(program__distributor=distributor, end__gt=timezone.now() - LOOK_BACK)
    runs = newest_runs().filter(event__in=events.exclude(state=EventState.CLOSED))
    lines = SettlementLine.objects.filter(run__in=runs, status=LineStatus.DATA_PENDING, trace__has_key="pending_from")
    rows = lines.order_by("-run__event__end", "pk").values_list("run__event_id", "meter_id", "trace__pending_from")
    for event_id, meter_id, since in rows[:MOST]:
        yield event_id, meter_id, datetime.fromisoformat(since)


def _arrived(missing: Iterable[Missing]) -> Iterator[int]:
    rows = iter(missing)
    while chunk := list(islice(rows, CHUNK)):
        readings = IntervalReading.objects.filter(
            meter__in={meter_id for _event, meter_id, _since in chunk}, start__in={since for *_ids, since in chunk}
        )
        there = set(readings.values_list("meter_id", "start"))
        yield from (event_id for event_id, meter_id, since in chunk if (meter_id, since) in there)
