"""Who counts in an event, part by part, with all that a settlement takes from them besides readings."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import F, QuerySet

from events.models import Event, Nomination, ParticipationState
from events.models.participation import NOT_COUNTED
from meters.models import Meter
from settlement.services.case import Participant, Promise

COUNTED = tuple(state for state in ParticipationState if state not in NOT_COUNTED)
# What a settlement needs to know of a meter.
FIELDS = ("pk", "number", "interval_minutes", "feeder_id", "distributor_id", "data_version")


class Range(NamedTuple):
    """The meters with ids above `after` and up to `last`; None is no bound."""

    after: int
    last: int | None


EVERYBODY = Range(0, None)


def read_participants(*, event: Event, within: Range = EVERYBODY, most: int | None = None) -> list[Participant]:
    """The meters that count, by id: everybody who was asked, did not skip the event and was not held out.

    Two queries. `data_version` comes with the meter, before its readings: a change in between is seen later.
    """
    columns = (column.removesuffix("_id") for column in FIELDS)
    meters = list(_meters(event, within).only(*columns).annotate(whose=F("participations__holder"))[:most])
    promises = _promises(event, Range(within.after, meters[-1].pk)) if meters else {}
    return [Participant(meter, meter.whose, promises.get(meter.pk)) for meter in meters]


def count_participants(event: Event) -> int:
    """How many count."""
    return _meters(event, EVERYBODY).count()


def states_of(participants: Iterable[Participant]) -> Iterator[tuple[int, str]]:
    """Meter id and, as text, all that a line rests on besides readings; the data version stands for those."""
    for who in participants:
        values = [getattr(who.meter, name) for name in FIELDS]
        yield who.meter_id, _state(values, who.holder_id, who.nomination)


def read_states(event: Event) -> list[tuple[int, str]]:
    """The same of everybody as it is now, by meter id. Two queries, no objects."""
    rows = _meters(event, EVERYBODY).values_list(*FIELDS, "participations__holder")
    promises = _promises(event, EVERYBODY)
    return [(row[0], _state(row[:-1], row[-1], promises.get(row[0]))) for row in rows]


def held_out_state(event: Event) -> str:
    """The hash of the same of those held out for comparison."""
    held = Meter.objects.filter(participations__event=event, participations__state=ParticipationState.HELD_OUT)
    return digest_of_states("/".join(map(str, row)) for row in held.order_by("pk").values_list(*FIELDS))


def digest_of_states(states: Iterable[str]) -> str:
    """One short hash of these."""
    return hashlib.sha256("\n".join(states).encode()).hexdigest()[:32]


def _meters(event: Event, within: Range) -> QuerySet[Meter]:
    meters = Meter.objects.filter(participations__event=event, participations__state__in=COUNTED, pk__gt=within.after)
    if within.last is not None:
        meters = meters.filter(pk__lte=within.last)
    return meters.order_by("pk")


def _promises(event: Event, within: Range) -> dict[int, Promise]:
    """Meter id -> the nomination in force when they closed; who enrolled later has the first one ever promised."""
    closed = event.start - timedelta(minutes=event.version.nomination_deadline_minutes)
    rows = Nomination.objects.filter(enrollment__program=event.program_id, enrollment__meter__gt=within.after)
    if within.last is not None:
        rows = rows.filter(enrollment__meter__lte=within.last)
    found: dict[int, Promise] = {}
    columns = ("enrollment__meter", "valid_from", "kw", "source")
    for meter_id, valid_from, kw, source in rows.order_by("valid_from", "id").values_list(*columns):
        if valid_from <= closed or meter_id not in found:
            found[meter_id] = Promise(kw, source)
    return found


def _state(values: Iterable[Any], holder_id: int | None, promise: Promise | None) -> str:
    told = "" if promise is None else f"{promise.kw:.3f} {promise.source}"
    return "/".join(map(str, (*values, holder_id, told)))
