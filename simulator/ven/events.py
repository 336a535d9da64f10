"""Events as a VEN knows them, and what the next message changes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

OPT_IN, OPT_OUT = "optIn", "optOut"
_ENDED = {"cancelled", "completed"}
_KEEP_SECONDS = 86_400


class Change(StrEnum):
    """What happened to an event."""

    NEW = "new"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    OVER = "over"


@dataclass(frozen=True)
class Span:
    """One interval of the event's signal, seconds since 1970."""

    start: int
    end: int
    value: float


@dataclass(frozen=True)
class VenEvent:
    """One event in [start, end), seconds since 1970.

    Attributes:
        status: as the VTN says: none, far, near, active, completed or cancelled.
        signal: name of the signal that `spans` are of; SIMPLE where the event has one (values 0 to 3).
        resources: who is meant; empty for all behind the VEN.
        start_after: the VEN may begin so many seconds late, at random.
        needs_answer: whether the VTN wants an oadrCreatedEvent.
    """

    event_id: str
    modification: int
    start: int
    end: int
    status: str = "far"
    signal: str = "SIMPLE"
    spans: tuple[Span, ...] = ()
    resources: tuple[str, ...] = ()
    start_after: int = 0
    is_test: bool = False
    needs_answer: bool = True

    def value_at(self, moment: float) -> float:
        """The signal's value, 0 outside the event."""
        return next((span.value for span in self.spans if span.start <= moment < span.end), 0.0)


@dataclass(frozen=True)
class Known:
    """An event, what was answered, and whether it is over and done with."""

    event: VenEvent
    opt: str
    is_done: bool = False


class EventBook:
    """The events of one VEN. Every list from the VTN is complete: what is missing is cancelled."""

    def __init__(self, rows: Sequence[dict[str, Any]] = ()) -> None:
        self.known: dict[str, Known] = {}
        for row in rows:
            known = Known(_event(row["event"]), row["opt"], row["is_done"])
            self.known[known.event.event_id] = known

    def rows(self) -> list[dict[str, Any]]:
        """What the constructor takes, as JSON can hold it."""
        return [asdict(known) for known in self.known.values()]

    def take(self, listed: Sequence[VenEvent]) -> list[tuple[Change, VenEvent]]:
        """Learns the VTN's list and returns what it changes."""
        changes = [change for event in listed if (change := self._take(event))]
        here = {event.event_id for event in listed}
        for event_id in [name for name, known in self.known.items() if name not in here and not known.is_done]:
            changes.append((Change.CANCELLED, self._end(event_id, "cancelled")))
        return changes

    def over(self, now: float) -> list[tuple[Change, VenEvent]]:
        """The events that ended since the last time it was asked; long past ones are forgotten."""
        gone = [name for name, known in self.known.items() if known.event.end + _KEEP_SECONDS < now]
        ended = [name for name, known in self.known.items() if known.event.end <= now and not known.is_done]
        changes = [(Change.OVER, self._end(name, "completed")) for name in ended]
        for name in gone:
            del self.known[name]
        return changes

    def next_end(self) -> float:
        """When the next event ends; infinite without one."""
        return min((known.event.end for known in self.known.values() if not known.is_done), default=float("inf"))

    def answer(self, event_id: str, opt: str) -> None:
        """Notes what the VEN answers."""
        self.known[event_id] = replace(self.known[event_id], opt=opt)

    def _take(self, event: VenEvent) -> tuple[Change, VenEvent] | None:
        before = self.known.get(event.event_id)
        is_back = before is not None and before.event.status == "cancelled" and event.status not in _ENDED
        if before is not None and event.modification <= before.event.modification and not is_back:
            return self._closed(before, event) if event.status in _ENDED and not before.is_done else None
        self.known[event.event_id] = Known(event, before.opt if before else OPT_IN)
        if event.status in _ENDED:
            was_told = before is not None and not before.is_done
            self._end(event.event_id, event.status)
            return (_ending(event.status), event) if was_told else None
        return (Change.NEW if before is None or before.is_done else Change.CHANGED), event

    def _closed(self, before: Known, event: VenEvent) -> tuple[Change, VenEvent]:
        """The VTN says the same event has ended."""
        return _ending(event.status), self._end(before.event.event_id, event.status)

    def _end(self, event_id: str, status: str) -> VenEvent:
        known = self.known[event_id]
        event = replace(known.event, status=status)
        self.known[event_id] = Known(event, known.opt, is_done=True)
        return event


def _ending(status: str) -> Change:
    return Change.CANCELLED if status == "cancelled" else Change.OVER


def _event(row: dict[str, Any]) -> VenEvent:
    spans = tuple(Span(**span) for span in row["spans"])
    return VenEvent(**{**row, "spans": spans, "resources": tuple(row["resources"])})
