"""Which nomination an event counts for a meter: one rule for previews, events and settlements.

It is the one in force when nominations closed. Who joined later has the figure that was given at joining; one that
came after the start counts only for an event that is recorded afterwards, which is measured against the first figure
there ever was. What was promised while somebody else held the meter binds nobody: a figure belongs to the stint that it
was made in.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, Self, TypeVar

from django.db.models import QuerySet

from accounts.models import Kind
from events.models import Event
from meters.models import MeterMap


class Moments(NamedTuple):
    """When an event's nominations closed and when it starts; `is_recorded` if it was entered once it was over."""

    closed: datetime
    start: datetime
    is_recorded: bool

    @classmethod
    def of(cls, event: Event) -> Self:
        """Those of an event."""
        closed = event.start - timedelta(minutes=event.version.nomination_deadline_minutes)
        return cls(closed, event.start, event.created_at >= event.end)


class Stint(NamedTuple):
    """The time in which figures bind a meter's holder: nobody else had the meter; None is no bound."""

    start: datetime | None = None
    end: datetime | None = None

    def __contains__(self, at: object) -> bool:
        """Whether a figure of that moment belongs to it."""
        assert isinstance(at, datetime)
        return self.has_begun_by(at) and (self.end is None or at < self.end)

    def has_begun_by(self, at: datetime) -> bool:
        """Whether nobody else's time follows that moment, up to its own."""
        return self.start is None or self.start <= at


ALWAYS = Stint()


class Dated(Protocol):
    """A nomination, or what was read of one: from when on it is in force, and whether it was given at joining."""

    @property
    def valid_from(self) -> datetime:
        """From when on."""

    @property
    def is_first(self) -> bool:
        """Whether at joining."""


Figure = TypeVar("Figure", bound=Dated)


def counted(rows: Iterable[tuple[int, Figure]], *, stints: Mapping[int, Stint], at: Moments) -> dict[int, Figure]:
    """Meter id -> the figure that counts.

    Args:
        rows: meter id and figure, by `valid_from` and then as they were entered.
        stints: as `stints_at` finds them for the event's start.
    """
    found: dict[int, Figure] = {}
    for meter_id, row in rows:
        if row.valid_from not in stints.get(meter_id, ALWAYS):
            continue
        binds = row.valid_from <= at.closed or (row.is_first and row.valid_from <= at.start)
        if binds or (meter_id not in found and (at.is_recorded or row.valid_from <= at.start)):
            found[meter_id] = row
    return found


def stints_at(maps: QuerySet[MeterMap], at: datetime) -> dict[int, Stint]:
    """Meter id -> the stint that covers a moment, of meters that somebody held. One query.

    A figure of the meter list from before the first holder came binds that one too: it was nobody else's.
    """
    customers = maps.exclude(holder_kind=Kind.DISTRIBUTOR).order_by()
    held: dict[int, list[tuple[int, datetime, datetime | None]]] = {}
    for meter_id, who, start, end in customers.values_list("meter_id", "entity_id", "valid_from", "valid_to"):
        held.setdefault(meter_id, []).append((who, start, end))
    return {meter_id: _stint(rows, at) for meter_id, rows in held.items()}


def _stint(rows: Sequence[tuple[int, datetime, datetime | None]], at: datetime) -> Stint:
    if len(rows) == 1 and rows[0][1] <= at and rows[0][2] is None:
        return ALWAYS
    own = {who for who, start, end in rows if start <= at and (end is None or at < end)}
    others = [(start, end) for who, start, end in rows if who not in own]
    left = [end for _start, end in others if end is not None and end <= at]
    # A meter that nobody held is measured against its list, whoever came since.
    coming = [start for start, _end in others if start > at] if own else []
    return Stint(max(left, default=None), min(coming, default=None))
