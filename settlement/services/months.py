"""A month's pay for standing by: from the final lines of its events to the ledger."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.intervals import day_bounds
from common.money import fraction_text, parse_fraction
from events.models import Event, EventState, Program
from settlement.baselines.reservation import Called, Reservation, reservation
from settlement.canonical import digest
from settlement.errors import MonthOpen
from settlement.models import BatchKind, LedgerEntry, LineStatus, MonthLine, MonthRun, SettlementLine, SettlementRun
from settlement.notices import tell_amounts
from settlement.services.posting import add_batch, lock_books, pair

MONTH_FORMAT = 1
CHUNK = 500
WH_PER_KWH = 1000
DONE = (EventState.SETTLED, EventState.CLOSED)
OPEN = (EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE, EventState.COMPLETED, EventState.MEASURED)

# Who is paid for what: meter and holder.
Whose = tuple[int, int | None]


@dataclass(frozen=True)
class _Share:
    """One meter and holder in the month: what came in each event, and what that is worth."""

    meter_id: int
    holder_id: int | None
    events: list[dict[str, Any]]
    worth: Reservation


def settle_month(*, program: Program, month: date, by: User | None = None) -> MonthRun | None:
    """The newest run of the month, made and posted if the final lines of its events say something new.

    Each meter is paid the mean of what it delivered of its nomination over the month's events, at the price of each
    event's terms. A later run posts only the differences. None where the terms pay nothing for standing by.

    Args:
        month: any day of it, in the program's zone.

    Raises:
        MonthOpen: The month is not over, or an event of it is not posted yet.
    """
    first = month.replace(day=1)
    with deed("month.settle", by=by), transaction.atomic():
        lock_books(distributor_id=program.distributor_id)
        events = _events(program, first)
        if not any(event.version.capacity_per_kw_month for event in events):
            return None
        shares = _shares(events)
        return _run(program, first, shares, by)


def _events(program: Program, first: date) -> list[Event]:
    start, end = month_bounds(program, first)
    if end > timezone.now():
        raise MonthOpen(_("The month is not over yet."))
    events = list(program.events.filter(start__gte=start, start__lt=end, is_test=False).select_related("version"))
    waiting = [event for event in events if event.state in OPEN]
    if waiting:
        raise MonthOpen(_("%(count)d of the month’s events are not settled and posted yet.") % {"count": len(waiting)})
    return [event for event in events if event.state in DONE]


def month_bounds(program: Program, first: date) -> tuple[datetime, datetime]:
    """[start, end) of a month of the program's local days, in UTC."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return day_bounds(first, program.zone)[0], day_bounds(following, program.zone)[0]


def _shares(events: list[Event]) -> list[_Share]:
    """Every meter that was measured against a nomination, by meter and holder, out of what was posted. Two queries.

    A run that nobody has agreed to, or that was refused, pays no month either.
    """
    by_id = {event.pk: event for event in events}
    posted = SettlementRun.objects.filter(event__in=by_id, batch__isnull=False).order_by("number")
    newest = dict(posted.values_list("event_id", "pk"))
    lines = SettlementLine.objects.filter(
        run__in=newest.values(), performance_factor__isnull=False, status=LineStatus.OK
    )
    rows = lines.order_by("meter_id", "holder_id", "run__event__start", "run__event_id")
    found = rows.values_list("meter_id", "holder_id", "run__event_id", "performance_wh", "nomination_kw")
    return [
        _share(whose, [(by_id[event], wh, kw) for _meter, _holder, event, wh, kw in group if wh and kw])
        for whose, group in groupby(found.iterator(), key=lambda row: row[:2])
    ]


def _share(whose: Whose, rows: list[tuple[Event, str, Decimal]]) -> _Share:
    called = [_called(event, parse_fraction(wh), kw) for event, wh, kw in rows]
    traces = [
        {
            "event": event.pk,
            "start": f"{event.start:%Y-%m-%dT%H:%M:%SZ}",
            "hours": fraction_text(Fraction(each.hours)),
            "delivered_kw": fraction_text(Fraction(each.delivered_kw)),
            "counted_kw": fraction_text(each.counted_kw),
            "nomination_kw": f"{each.nomination_kw:.3f}",
            "price_per_kw_month": f"{each.price_per_kw_month:.4f}",
        }
        for (event, _wh, _kw), each in zip(rows, called, strict=True)
    ]
    return _Share(*whose, traces, reservation(called))


def _called(event: Event, performance_wh: Fraction, nomination_kw: Decimal) -> Called:
    hours = Fraction(int((event.end - event.start).total_seconds()), 3600)
    return Called(hours, performance_wh / WH_PER_KWH / hours, nomination_kw, event.version.capacity_per_kw_month)


def _run(program: Program, first: date, shares: list[_Share], by: User | None) -> MonthRun:
    runs = MonthRun.objects.filter(program=program, month=first)
    newest = runs.order_by("number").last()
    sha256 = digest(_inputs(program, first, shares))
    if newest is not None and newest.inputs_sha256 == sha256:
        return newest
    number = 1 if newest is None else newest.number + 1
    due = {(share.meter_id, share.holder_id): share.worth.credit for share in shares}
    entries = _entries(program, first, number, due, _paid(newest))
    batch = add_batch(
        distributor_id=program.distributor_id,
        kind=BatchKind.MONTH,
        entries=entries,
        source_sha256=sha256,
        reason=f"{program.name} {first:%Y-%m}",
        by=by,
    )
    run = MonthRun.objects.create(
        program=program, month=first, number=number, inputs_sha256=sha256, batch=batch, created_by=by
    )
    MonthLine.objects.bulk_create([_line(run, share) for share in shares], batch_size=CHUNK)
    tell_amounts(batch=batch, entries=entries)
    return run


def _inputs(program: Program, first: date, shares: list[_Share]) -> dict[str, Any]:
    return {
        "format": MONTH_FORMAT,
        "program": program.pk,
        "month": f"{first:%Y-%m}",
        "shares": [{"meter": row.meter_id, "holder": row.holder_id, "events": row.events} for row in shares],
    }


def _paid(run: MonthRun | None) -> dict[Whose, Decimal]:
    """What the ledger has for the month: what its newest run said."""
    if run is None:
        return {}
    return {(meter, holder): credit for meter, holder, credit in run.lines.values_list("meter", "holder", "credit")}


def _entries(
    program: Program, first: date, number: int, due: dict[Whose, Decimal], paid: dict[Whose, Decimal]
) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    for meter_id, holder_id in sorted(due.keys() | paid.keys(), key=str):
        whose = meter_id, holder_id
        rest = due.get(whose, Decimal(0)) - paid.get(whose, Decimal(0))
        if rest:
            key = f"month/{program.pk}/{first:%Y-%m}/{meter_id}/{holder_id or '-'}/{number}"
            entries += pair(key=key, holder_id=holder_id, amount=rest)
    return entries


def _line(run: MonthRun, share: _Share) -> MonthLine:
    return MonthLine(
        run=run,
        meter_id=share.meter_id,
        holder_id=share.holder_id,
        factor=fraction_text(share.worth.factor),
        credit=share.worth.credit,
        trace={"events": share.events},
    )
