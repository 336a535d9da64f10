"""Who counts in an event, part by part, with all that a settlement takes from them besides readings."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, QuerySet

from events.models import Event, Nomination, Participation, ParticipationState
from events.models.participation import NOT_COUNTED
from events.nominations import Moments, counted, stints_at
from meters.models import Meter, MeterMap
from settlement.services.measuring.case import Participant, Promise
from settlement.services.measuring.held import held_since

COUNTED = tuple(state for state in ParticipationState if state not in NOT_COUNTED)
# What a settlement needs to know of a meter.
FIELDS = ("pk", "number", "interval_minutes", "feeder_id", "distributor_id", "data_version")


class Range(NamedTuple):
    """The meters with ids above `after` and up to `last`; None is no bound."""

    after: int
    last: int | None


EVERYBODY = Range(0, None)
# What a participation adds to its meter.
_WHOSE, _UNTIL = F("participations__holder"), F("participations__until")


def read_participants(*, event: Event, within: Range = EVERYBODY, most: int | None = None) -> list[Participant]:
    """The meters that count, by id: everybody who was asked, did not skip the event and was not held out.

    Four queries. `data_version` comes with the meter, before its readings: a change in between is seen later.
    """
    columns = (column.removesuffix("_id") for column in FIELDS)
    meters = list(_meters(event, within).only(*columns).annotate(whose=_WHOSE, until=_UNTIL)[:most])
    if not meters:
        return []
    part = Range(within.after, meters[-1].pk)
    promises, held = _promises(event, part), held_since(event, after=part.after, last=part.last)
    return [
        Participant(each, each.whose, promises.get(each.pk), _earlier(event, each.until), held.get(each.pk))
        for each in meters
    ]


def count_participants(event: Event) -> int:
    """How many count."""
    return _meters(event, EVERYBODY).count()


def states_of(participants: Iterable[Participant]) -> Iterator[tuple[int, str]]:
    """Meter id and, as text, all that a line rests on besides readings; the data version stands for those."""
    for who in participants:
        values = [getattr(who.meter, name) for name in FIELDS]
        yield who.meter_id, _state([*values, *filter(None, [who.until, who.held_from])], who.holder_id, who.nomination)


def read_states(event: Event) -> list[tuple[int, str]]:
    """The same of everybody as it is now, by meter id. Four queries, no objects."""
    rows = _meters(event, EVERYBODY).values_list(*FIELDS, _WHOSE, _UNTIL)
    promises, held = _promises(event, EVERYBODY), held_since(event)
    found = ((values, holder, _earlier(event, until)) for *values, holder, until in rows)
    return [
        (
            values[0],
            _state([*values, *filter(None, [until, held.get(values[0])])], holder, promises.get(values[0])),
        )
        for values, holder, until in found
    ]


def _earlier(event: Event, until: datetime | None) -> datetime | None:
    """The end to which a participation counts, where it is earlier than the event's."""
    return until if until is not None and until < event.end else None


def held_out_state(event: Event) -> str:
    """The hash of the same of those held out for comparison."""
    group = Participation.objects.compared().filter(event=event)
    held = Meter.objects.filter(pk__in=group.values("meter"))
    since = held_since(event)
    rows = held.order_by("pk").values_list(*FIELDS)
    return digest_of_states("/".join(map(str, (*row, since.get(row[0], "")))) for row in rows)


def digest_of_states(states: Iterable[str]) -> str:
    """One short hash of these."""
    return hashlib.sha256("\n".join(states).encode()).hexdigest()[:32]


def _meters(event: Event, within: Range) -> QuerySet[Meter]:
    meters = Meter.objects.filter(participations__event=event, participations__state__in=COUNTED, pk__gt=within.after)
    if within.last is not None:
        meters = meters.filter(pk__lte=within.last)
    return meters.order_by("pk")


class _Figure(NamedTuple):
    valid_from: datetime
    is_first: bool
    kw: Decimal
    source: str


def _promises(event: Event, within: Range) -> dict[int, Promise]:
    """Meter id -> the nomination that the event counts, by the rule that its previews go by. Two queries."""
    rows = Nomination.objects.filter(enrollment__program=event.program_id, enrollment__meter__gt=within.after)
    maps = MeterMap.objects.filter(meter__enrollments__program=event.program_id, meter__gt=within.after)
    if within.last is not None:
        rows, maps = rows.filter(enrollment__meter__lte=within.last), maps.filter(meter__lte=within.last)
    columns = ("enrollment__meter", *_Figure._fields)
    figures = ((pk, _Figure(*row)) for pk, *row in rows.order_by("valid_from", "id").values_list(*columns))
    found = counted(figures, stints=stints_at(maps, event.start), at=Moments.of(event))
    return {pk: Promise(row.kw, row.source) for pk, row in found.items()}


def _state(values: Iterable[Any], holder_id: int | None, promise: Promise | None) -> str:
    told = "" if promise is None else f"{promise.kw:.3f} {promise.source}"
    return "/".join(map(str, (*values, holder_id, told)))
