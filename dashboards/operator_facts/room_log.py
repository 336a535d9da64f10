"""The log of an event: what was done to it, what operators wrote, what the clock did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from common.intervals import local_day
from common.speech import hour_words
from dashboards.times import day_words
from events.answers import answers_until
from events.models import Event, EventNote, EventState

SHORT = 8
DEED = timedelta(seconds=2)
# Changes that say nothing of their own: what was done stands beside them.
_SILENT = ("modification_number", "state", "opt_until", "notified_at", "approved_at", "approved_by")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    at: datetime
    text: str
    by_id: int | None = None
    tone: str = ""
    is_note: bool = False


def entries_of(event: Event, *, most: int | None = None) -> list[Entry]:
    """The log, newest first; with `most` its newest lines. Two queries."""
    deeds: QuerySet[AuditEntry] = _deeds(event)
    notes = EventNote.objects.filter(event=event).order_by("-at", "-pk")
    rows = deeds[:most] if most else deeds
    lines = [*told(rows, event), *_by_clock(event)]
    lines += [Entry(note.at, note.text, note.by_id, is_note=True) for note in (notes[:most] if most else notes)]
    found = sorted(lines, key=lambda entry: entry.at, reverse=True)
    return found[:most] if most else found


def count_of(event: Event) -> int:
    """How many lines the whole log has. Two queries."""
    return len(entries_of(event))


def _deeds(event: Event) -> QuerySet[AuditEntry]:
    kind = ContentType.objects.get_for_model(Event)
    mine: QuerySet[AuditEntry] = AuditEntry.objects.filter(content_type=kind, object_id=event.pk)
    return mine.order_by("-timestamp", "-id")


def told(rows: Iterable[AuditEntry], event: Event) -> list[Entry]:
    """What people did, a line each; `rows` are the event's history, newest first."""
    words = act_words()
    lines: list[Entry] = []
    deeds: dict[tuple[str, int | None], datetime] = {}
    for row in rows:
        # One deed may change the row more than once.
        key = row.act, row.actor_id
        before, deeds[key] = deeds.get(key), row.timestamp
        if row.act in words and before is not None and abs(row.timestamp - before) < DEED:
            continue
        text = words.get(row.act) or _state_words(row)
        if not text or (row.act not in words and not row.actor_id and event.created_at > event.end):
            continue
        if row.reason:
            text = f"{text} {row.reason}"
        lines.append(Entry(row.timestamp, text, row.actor_id, _tone(row)))
    return lines


def act_words() -> Mapping[str, str]:
    """What was done, in words."""
    return {
        "event.created": _("Draft made."),
        "event.scheduled": _("Scheduled: who takes part is fixed."),
        "event.agreed": _("A second person agreed."),
        "event.announced": _("Announced: everybody who takes part is told."),
        "event.changed": _("Changed."),
        "event.extended": _("Extended."),
        "event.ended_early": _("Ended now: what was saved until then counts."),
        "event.change_asked": _("A new time was asked for."),
        "event.cancel_asked": _("Cancelling was asked for."),
        "event.cancel_refused": _("Cancelling was refused."),
        "event.cancelled": _("Cancelled."),
        "event.settle": _("Rewards computed."),
        "ledger.post": _("Rewards posted to the ledger."),
    }


def _state_words(row: AuditEntry) -> str:
    """Of a change without a name: the state that the event came to."""
    change = (row.changes or {}).get("state") if isinstance(row.changes, dict) else None
    if not isinstance(change, list) or len(change) != 2:
        return ""
    # Begin and end stand in the log by the clock, at their own time.
    known = {
        EventState.MEASURED: _("Measured."),
        EventState.SETTLED: _("Settled."),
        EventState.CLOSED: _("Closed."),
    }
    return known.get(change[1], "")


def _tone(row: AuditEntry) -> str:
    return "attention" if row.act in ("event.cancelled", "event.cancel_asked") else ""


def _by_clock(event: Event) -> list[Entry]:
    """Begin and end, and until when people could answer, once they have come."""
    lines = []
    ran = (EventState.ACTIVE, EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED, EventState.CLOSED)
    if event.state in ran:
        lines.append(Entry(event.start, _("The event began."), tone="event"))
        if (until := answers_until(event)) < event.start:
            lines.append(Entry(until, _("Answers closed.")))
    if event.state in ran[1:]:
        lines.append(Entry(event.end, _("The event ended."), tone="event"))
    return lines


def log_items(event: Event, entries: Sequence[Entry], now: datetime) -> list[dict[str, Any]]:
    """Rows of the log: time, on another day than today with the day, the words and who. One query."""
    zone = event.program.zone
    people = names_of({entry.by_id for entry in entries if entry.by_id})
    today = local_day(now, zone)
    items = []
    for entry in entries:
        local = entry.at.astimezone(zone)
        time = hour_words(local, minutes=True)
        items.append(
            {
                "at": entry.at.isoformat(timespec="seconds"),
                "when": time if local.date() == today else f"{day_words(entry.at, zone)}, {time}",
                "text": entry.text,
                "by": people.get(entry.by_id or 0, ""),
                "tone": entry.tone,
                "is_note": entry.is_note,
            }
        )
    return items


def names_of(ids: set[int]) -> dict[int, str]:
    """Id -> name of people. One query."""
    people = User.objects.filter(pk__in=ids) if ids else ()
    return {person.pk: person.get_full_name() or person.email for person in people}
