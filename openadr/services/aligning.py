"""Bringing what VENs are told of one event in line with the event."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import F
from django.utils import timezone

from events.models import Event, EventState
from openadr.models import DeliveryRecord, DeliveryStep, EventDelivery
from openadr.services.told import LEVEL, Said, due_of, to_tell

# States in which something may still be told of an event.
TOLD_IN = (EventState.NOTIFIED, EventState.ACTIVE, EventState.CANCELLED)
BATCH = 500


class _Content(NamedTuple):
    """What a delivery says."""

    start: datetime
    end: datetime
    level: int
    resources: tuple[str, ...]
    is_cancelled: bool

    @classmethod
    def of(cls, row: EventDelivery) -> "_Content":
        return cls(row.start, row.end, row.level, tuple(row.resources), row.is_cancelled)


def align(event: Event, ven_ids: Collection[int] | None = None) -> set[int]:
    """The VENs that are to be told something else of the locked event, of these or of all; written down as such.

    What a VEN was told and is over is left as it was: nobody is told that the past was otherwise.
    """
    if event.notified_at is None or event.state not in TOLD_IN:
        return set()
    now = timezone.now()
    known = {row.ven_id: row for row in _known(event, ven_ids)}
    is_off = event.state == EventState.CANCELLED
    told = {} if is_off else to_tell(event, ven_ids, known.values())
    # Whose part has ended already is told that it is off: what ended is not told at all.
    told = {ven_id: said for ven_id, said in told.items() if said.end > now}
    new = {ven_id: said for ven_id, said in told.items() if ven_id not in known}
    _add(event, new, now)
    changed = _changed(event, known.values(), told, now)
    _change(changed, now)
    return {*new, *(row.ven_id for row, _content in changed)}


def lock_deliveries(pairs: Collection[tuple[int, int]]) -> list[EventDelivery]:
    """The deliveries of these VENs and events, locked in the order of their keys whatever index finds them."""
    vens, events = ({pair[place] for pair in pairs} for place in (0, 1))
    found = EventDelivery.objects.filter(ven__in=vens, event__in=events).values_list("pk", "ven", "event")
    keys = sorted(pk for pk, ven_id, event_id in found if (ven_id, event_id) in pairs)
    return list(EventDelivery.objects.filter(pk__in=keys).select_for_update().order_by("pk"))


def told_pairs(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of these pairs of VEN and event of which the VEN was ever told; nothing is locked."""
    vens, events = ({pair[place] for pair in pairs} for place in (0, 1))
    found = EventDelivery.objects.filter(ven__in=vens, event__in=events).values_list("ven", "event")
    return {pair for pair in found if pair in pairs}


def _known(event: Event, ven_ids: Collection[int] | None) -> list[EventDelivery]:
    rows = EventDelivery.objects.filter(event=event)
    if ven_ids is not None:
        rows = rows.filter(ven__in=ven_ids)
    return list(rows.select_for_update().order_by("pk"))


def _add(event: Event, told: dict[int, Said], now: datetime) -> None:
    rows = [
        EventDelivery(
            ven_id=ven_id,
            event=event,
            start=event.start,
            end=said.end,
            level=LEVEL,
            resources=list(said.resources),
            created_at=now,
            changed_at=now,
            due_at=due_of(event.start, said.end, now),
        )
        for ven_id, said in sorted(told.items())
    ]
    EventDelivery.objects.bulk_create(rows, batch_size=BATCH)


def _changed(
    event: Event, known: Iterable[EventDelivery], told: dict[int, Said], now: datetime
) -> list[tuple[EventDelivery, _Content]]:
    """The rows that say something else than they should, with what they should say."""
    found = []
    for row in known:
        before, said = _Content.of(row), told.get(row.ven_id)
        after = before._replace(is_cancelled=True)
        if said is not None:
            after = _Content(event.start, said.end, LEVEL, said.resources, False)
        if after != before and after.end > now:
            found.append((row, after))
    return found


def _change(changed: Collection[tuple[EventDelivery, _Content]], now: datetime) -> None:
    alike: dict[tuple[_Content, bool], list[int]] = defaultdict(list)
    for row, content in changed:
        alike[content, row.is_cancelled and not content.is_cancelled].append(row.pk)
    for (content, is_back), keys in alike.items():
        fields = {**content._asdict(), "resources": list(content.resources)}
        # Who was told that it is off answers anew.
        fields |= {"opt": "", "opted_at": None} if is_back else {}
        for first in range(0, len(keys), BATCH):
            EventDelivery.objects.filter(pk__in=keys[first : first + BATCH]).update(
                modification_number=F("modification_number") + 1,
                changed_at=now,
                due_at=due_of(content.start, content.end, now),
                unreachable_at=None,
                **fields,
            )
    records = [_record(row, content, now) for row, content in changed]
    DeliveryRecord.objects.bulk_create(records, batch_size=BATCH)


def _record(row: EventDelivery, content: _Content, now: datetime) -> DeliveryRecord:
    is_off = content.is_cancelled
    return DeliveryRecord(
        delivery=row,
        step=DeliveryStep.CANCELLED if is_off else DeliveryStep.CHANGED,
        modification_number=row.modification_number + 1,
        at=now,
        detail="" if is_off else f"{_words(_Content.of(row))} -> {_words(content)}"[:200],
    )


def _words(content: _Content) -> str:
    if content.is_cancelled:
        return "called off"
    span = f"{content.start:%Y-%m-%dT%H:%MZ}/{content.end:%Y-%m-%dT%H:%MZ}"
    return f"{span} for {', '.join(content.resources)}" if content.resources else span
