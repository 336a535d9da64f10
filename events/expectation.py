"""What meters are expected to deliver, and what events have cost: said by the room above that measures it."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Protocol

from events.models import Event, Program

NOTHING = Decimal(0)


class PastResponse(Protocol):
    """Meter id -> mean kW that a meter with a past is expected to deliver; those without are left out."""

    def __call__(self, *, meter_ids: Collection[int], program: Program) -> Mapping[int, Decimal]: ...


class Spent(Protocol):
    """What a program has cost from one local day to another: these events, its months of standing by, adjustments."""

    def __call__(self, events: Collection[Event], *, program: Program, first: date, last: date) -> Decimal: ...


def _no_past(*, meter_ids: Collection[int], program: Program) -> Mapping[int, Decimal]:
    return {}


def _no_cost(events: Collection[Event], *, program: Program, first: date, last: date) -> Decimal:
    return NOTHING


_past: list[PastResponse] = [_no_past]
_spent: list[Spent] = [_no_cost]


def register(*, past_response: PastResponse, spent: Spent) -> None:
    """Makes known who answers for past events; the last one counts."""
    _past.append(past_response)
    _spent.append(spent)


def expected_kw(*, meter_ids: Collection[int], program: Program, promised: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """Meter id -> mean kW it is expected to deliver: from its past; what it nominated where it has none."""
    known = _past[-1](meter_ids=meter_ids, program=program)
    return {pk: known[pk] if pk in known else promised.get(pk, NOTHING) for pk in meter_ids}


def spent_on(events: Collection[Event], *, program: Program, first: date, last: date) -> Decimal:
    """What a season has cost, in the distributor's currency: its settled events, what was adjusted, and its months.

    Args:
        events: the settled ones of the season.
        first, last: its local days.
    """
    return _spent[-1](events, program=program, first=first, last=last)
