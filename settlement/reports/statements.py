"""A holder's statement of a month: what was posted to them, out of the ledger alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from common.intervals import day_bounds, local_day
from settlement.canonical import digest
from settlement.exact import from_cents, sum_of_cents
from settlement.models import BatchKind, LedgerEntry, Unit

STATEMENT_FORMAT = 1
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Posted:
    """One entry of the ledger, as its holder reads it.

    Attributes:
        line_id: the settlement line that it rests on, None for adjustments and months.
        program, start: of the event, where there is one.
    """

    at: datetime
    unit: Unit
    amount: Decimal
    kind: BatchKind
    reason: str
    batch: int
    batch_sha256: str
    key: str
    line_id: int | None = None
    line_kind: str = ""
    meter: str = ""
    program: str = ""
    start: datetime | None = None


@dataclass(frozen=True)
class Statement:
    """One month of one holder: what was owed before, what was posted, and what is owed after, by unit.

    Attributes:
        month: its first day.
        head: number and hash of the newest posting in it, which the hash chain of the ledger ties to all earlier ones.
    """

    month: date
    opening: dict[Unit, Decimal]
    posted: tuple[Posted, ...]
    head: tuple[int, str] | None

    @property
    def closing(self) -> dict[Unit, Decimal]:
        """What is owed at the end."""
        return {unit: self.opening[unit] + self.sum_of(unit) for unit in self.opening}

    def sum_of(self, unit: Unit) -> Decimal:
        """What was posted in the month."""
        return sum((each.amount for each in self.posted if each.unit == unit), NOTHING)


def statement_of(*, entries: QuerySet[LedgerEntry], month: date, zone: ZoneInfo) -> Statement:
    """The statement of a month of the zone's calendar. Two queries.

    Args:
        entries: one holder's side of the ledger, as the reader may see it.
        month: any day of it.
    """
    start, end = month_bounds(month, zone)
    before = entries.filter(batch__posted_at__lt=start).order_by().values_list("unit")
    sums = before.annotate(cents=sum_of_cents("amount"))
    opening = dict.fromkeys(Unit, NOTHING) | {Unit(unit): from_cents(cents) for unit, cents in sums}
    posted = tuple(_posted(entries.filter(batch__posted_at__gte=start, batch__posted_at__lt=end)))
    head = (posted[-1].batch, posted[-1].batch_sha256) if posted else None
    return Statement(month.replace(day=1), opening, posted, head)


def months_with_postings(*, entries: QuerySet[LedgerEntry], zone: ZoneInfo) -> list[date]:
    """The first days of the months in which something was posted, the newest first. One query."""
    posted = entries.order_by().values_list("batch__posted_at", flat=True).distinct()
    return sorted({local_day(at, zone).replace(day=1) for at in posted}, reverse=True)


def month_bounds(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[start, end) of the local month in which the day lies."""
    first = month.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return day_bounds(first, zone)[0], day_bounds(following, zone)[0]


def statement_data(statement: Statement, *, holder: str, currency: str) -> dict[str, Any]:
    """The statement as JSON values, with the hash of all the rest of it."""
    content = {
        "format": STATEMENT_FORMAT,
        "holder": holder,
        "month": f"{statement.month:%Y-%m}",
        "currency": currency,
        "opening": {unit.value: str(amount) for unit, amount in statement.opening.items()},
        "closing": {unit.value: str(amount) for unit, amount in statement.closing.items()},
        "entries": [_entry_data(each) for each in statement.posted],
        "ledger_head": None if statement.head is None else {"batch": statement.head[0], "sha256": statement.head[1]},
    }
    return content | {"sha256": digest(content)}


def _posted(entries: QuerySet[LedgerEntry]) -> Iterator[Posted]:
    related = "batch", "line__meter", "line__run__event__program__distributor"
    for entry in entries.select_related(*related).defer("line__trace").order_by("batch__number", "key"):
        batch, line = entry.batch, entry.line
        common: dict[str, Any] = {
            "at": batch.posted_at,
            "unit": Unit(entry.unit),
            "amount": entry.amount,
            "kind": BatchKind(batch.kind),
            "reason": batch.reason,
            "batch": batch.number,
            "batch_sha256": batch.sha256,
            "key": entry.key,
        }
        if line is None:
            yield Posted(**common)
        else:
            event = line.run.event
            yield Posted(
                **common,
                line_id=line.pk,
                line_kind=line.kind,
                meter=line.meter.label,
                program=event.program.name,
                start=event.start,
            )


def _entry_data(each: Posted) -> dict[str, Any]:
    return {
        "posted_at": f"{each.at:%Y-%m-%dT%H:%M:%SZ}",
        "unit": each.unit.value,
        "amount": str(each.amount),
        "kind": each.kind.value,
        "line_kind": each.line_kind,
        "reason": each.reason,
        "program": each.program,
        "event_start": None if each.start is None else f"{each.start:%Y-%m-%dT%H:%M:%SZ}",
        "meter": each.meter,
        "batch": each.batch,
        "batch_sha256": each.batch_sha256,
        "key": each.key,
    }
