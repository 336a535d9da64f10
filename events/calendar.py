"""Events as iCalendar (RFC 5545). Pure: rows in, bytes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PRODUCT = "-//Demand Response Portal//Events//EN"
# A line holds 75 octets; what is longer goes on in the next one, after a space.
LINE = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event as a calendar shows it.

    Attributes:
        uid: the same for as long as the event exists.
        sequence: raised by every change.
        changed_at: when it was said.
        is_off: it was called off, or the reader skips it: it takes no time of the day.
        alarm: how long before the start the calendar speaks up; None: not at all.
    """

    uid: str
    sequence: int
    changed_at: datetime
    start: datetime
    end: datetime
    summary: str
    description: str
    url: str
    is_cancelled: bool = False
    is_off: bool = False
    alarm: timedelta | None = None


def calendar_file(entries: Iterable[Entry], *, name: str) -> bytes:
    """The calendar, ready to be sent.

    >>> calendar_file([], name="Events").decode().splitlines()[:3]
    ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Demand Response Portal//Events//EN']
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines += [f"X-WR-CALNAME:{escaped(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT30M", "X-PUBLISHED-TTL:PT30M"]
    for entry in entries:
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines).encode()


def _event(entry: Entry) -> Sequence[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{escaped(entry.uid)}",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTAMP:{_utc(entry.changed_at)}",
        f"DTSTART:{_utc(entry.start)}",
        f"DTEND:{_utc(entry.end)}",
        f"SUMMARY:{escaped(entry.summary)}",
        f"DESCRIPTION:{escaped(entry.description)}",
        # A URI is no text: nothing in it is escaped.
        f"URL:{entry.url}",
        f"STATUS:{'CANCELLED' if entry.is_cancelled else 'CONFIRMED'}",
        f"TRANSP:{'TRANSPARENT' if entry.is_cancelled or entry.is_off else 'OPAQUE'}",
    ]
    if entry.alarm is not None and not entry.is_cancelled and not entry.is_off:
        minutes = int(entry.alarm.total_seconds() // 60)
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{escaped(entry.summary)}"]
        lines += [f"TRIGGER:-PT{minutes}M", "END:VALARM"]
    return [*lines, "END:VEVENT"]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    r"""A TEXT value; signs that no calendar may hold are left out.

    >>> escaped("Heat; then, wait\nnow \\o/")
    'Heat\\; then\\, wait\\nnow \\\\o/'
    """
    allowed = "".join(sign for sign in text if sign in "\n\t" or (sign >= " " and sign != "\x7f"))
    return allowed.translate(_ESCAPES)


def folded(line: str) -> str:
    """The line in pieces of at most 75 octets, none cut within a character."""
    pieces, piece, size = [], "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > LINE:
            pieces.append(piece)
            # The space before a further piece counts.
            piece, size = "", 1
        piece, size = piece + sign, size + width
    return "\r\n ".join([*pieces, piece])
