"""A month's pay for standing by, worked out: from what was posted of its events, and from who stood by besides.

Nothing is owed by it until somebody else has approved it and it is posted (`month_posting`).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.intervals import day_bounds, local_day
from common.money import fraction_text, parse_fraction
from events.models import Event, EventState, Program
from settlement.baselines.reservation import Called, Month, Reservation, Standing, reservations
from settlement.canonical import digest
from settlement.errors import MonthOpen
from settlement.models import (
    STOPPED,
    LedgerBatch,
    LineStatus,
    MonthLine,
    MonthRun,
    RunDecision,
    SettlementLine,
    SettlementRun,
)
from settlement.models.run import RunKind
from settlement.services.months.standby import Stood, stood_by
from settlement.services.posting import lock_books

MONTH_FORMAT = 2
CHUNK = 500
WH_PER_KWH = 1000
MICROSECOND = timedelta(microseconds=1)
# An event that nobody was told of never took place, however long it stands there as scheduled.
TOOK_PLACE = (
    EventState.NOTIFIED, EventState.ACTIVE, EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED,
    EventState.CLOSED,
)  # fmt: skip
DONE = (EventState.SETTLED, EventState.CLOSED)

# Who is paid for what: meter and holder.
Whose = tuple[int, int | None]


@dataclass(frozen=True)
class Share:
    """One meter and holder in the month: what came in each event, when it stood by, and what that is worth."""

    meter_id: int
    holder_id: int | None
    trace: dict[str, Any]
    worth: Reservation

    @property
    def whose(self) -> Whose:
        """Meter and holder."""
        return self.meter_id, self.holder_id

    @property
    def said(self) -> tuple[Whose, str, Decimal]:
        """What a run says of it."""
        return self.whose, fraction_text(self.worth.factor), self.worth.credit


@dataclass
class _Found:
    """What is known of one meter and holder, as figures and in words of the trace."""

    called: list[Called] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)
    events: list[dict[str, str | int]] = field(default_factory=list)
    parts: list[dict[str, str]] = field(default_factory=list)

    @property
    def month(self) -> Month:
        """The figures."""
        return Month(self.called, self.standing)


def settle_month(
    *, program: Program, month: date, by: User | None = None, now: datetime | None = None
) -> MonthRun | None:
    """The newest run of the month, made if what was posted of its events and who stood by says something new.

    Nothing is posted by it. None where the terms pay nothing for standing by, or nobody stood by.

    Args:
        month: any day of it, in the program's zone.

    Raises:
        MonthOpen: The month is not over; or an event of it is not posted yet, and its readings may still come in.
    """
    first = month.replace(day=1)
    with deed("month.settle", by=by), transaction.atomic():
        lock_books(distributor_id=program.distributor_id)
        check_due(program=program, first=first, now=now or timezone.now())
        shares = month_shares(program=program, first=first)
        return _run(program, first, shares, by)


def check_due(*, program: Program, first: date, now: datetime) -> None:
    """Passes a month that can be worked out: it is over, and all its events are posted, or late beyond the deadline.

    Raises:
        MonthOpen: It cannot yet.
    """
    if first > local_day(now, program.zone) or (end := month_bounds(program, first)[1]) > now:
        raise MonthOpen(_("The month is not over yet."))
    waiting = [event for event in missing_events(program=program, first=first) if not is_stopped(event)]
    days = max((event.version.data_deadline_days for event in waiting), default=0)
    if waiting and now < end + timedelta(days=days):
        raise MonthOpen(_("%(count)d of the month’s events are not settled and posted yet.") % {"count": len(waiting)})


def missing_events(*, program: Program, first: date) -> list[Event]:
    """The month's events of which nothing is in the ledger; each with `final` and `word`, the last one on that run."""
    start, end = month_bounds(program, first)
    finals = SettlementRun.objects.sealed().filter(event=OuterRef("pk"), kind=RunKind.FINAL).order_by("-number")
    words = RunDecision.objects.filter(run=OuterRef("final")).order_by("-pk").values("kind")
    rows = program.events.filter(start__gte=start, start__lt=end, is_test=False, state__in=TOOK_PLACE)
    unposted = rows.filter(~Exists(LedgerBatch.objects.filter(run__event=OuterRef("pk"))))
    named = unposted.annotate(final=Subquery(finals.values("pk")[:1]))
    return list(named.annotate(word=Subquery(words[:1])).select_related("version", "program").order_by("start", "pk"))


def is_stopped(event: Event) -> bool:
    """Whether a missing event is not waited for: somebody refused its settlement, or left it as it is."""
    return event.state in DONE or getattr(event, "word", None) in STOPPED


def month_bounds(program: Program, first: date) -> tuple[datetime, datetime]:
    """[start, end) of a month of the program's local days, in UTC."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return day_bounds(first, program.zone)[0], day_bounds(following, program.zone)[0]


def month_shares(*, program: Program, first: date) -> list[Share]:
    """Every meter and holder that stood by or was called, by meter and holder. A few queries.

    A run that nobody has agreed to, or that was refused, pays no month either. Who stood by is read once: a month that
    was posted keeps it, as enrollments change later.
    """
    start, end = month_bounds(program, first)
    found: dict[Whose, _Found] = defaultdict(_Found)
    for whose, event, called in _called(program, start, end):
        found[whose].called.append(called)
        found[whose].events.append(_event_trace(event, called))
    posted = MonthRun.objects.filter(program=program, month=first, batch__isnull=False).order_by("number").last()
    parts = stood_by(program=program, start=start, end=end) if posted is None else _kept(posted)
    for part in parts:
        mine = found[part.meter_id, part.holder_id]
        share = Fraction((part.end - part.start) // MICROSECOND, (end - start) // MICROSECOND)
        mine.standing.append(Standing(share, part.kw, part.price))
        mine.parts.append(_part_trace(part))
    return _shares(found)


def _shares(found: dict[Whose, _Found]) -> list[Share]:
    ordered = sorted(found.items(), key=lambda item: (item[0][0], str(item[0][1])))
    shares = []
    for _meter, group in groupby(ordered, key=lambda item: item[0][0]):
        holders = dict(group)
        worths = reservations({whose: mine.month for whose, mine in holders.items()})
        shares += [_share(whose, mine, worths[whose]) for whose, mine in holders.items()]
    return shares


def _share(whose: Whose, mine: _Found, worth: Reservation) -> Share:
    trace = {"month_share": fraction_text(worth.month_share), "events": mine.events, "standing": mine.parts}
    return Share(*whose, trace, worth)


def _called(program: Program, start: datetime, end: datetime) -> list[tuple[Whose, Event, Called]]:
    """What was measured against a nomination, out of the run that was posted last of each event. Three queries."""
    rows = program.events.filter(start__gte=start, start__lt=end, is_test=False, state__in=TOOK_PLACE)
    events = {event.pk: event for event in rows.select_related("version")}
    posted = SettlementRun.objects.filter(event__in=events, batch__isnull=False).order_by("number")
    newest = dict(posted.values_list("event_id", "pk"))
    lines = SettlementLine.objects.filter(
        run__in=newest.values(), performance_factor__isnull=False, status=LineStatus.OK
    )
    ordered = lines.order_by("meter_id", "run__event__start", "run__event_id")
    columns = ("meter_id", "holder_id", "run__event_id", "performance_wh", "nomination_kw", "trace__until")
    found = ordered.values_list(*columns)
    priced = {pk for pk, event in events.items() if event.version.capacity_per_kw_month}
    return [
        ((meter, holder), events[event], _call(events[event], until, parse_fraction(wh), kw))
        for meter, holder, event, wh, kw, until in found.iterator()
        if wh and kw and event in priced
    ]


def _call(event: Event, until: str | None, performance_wh: Fraction, nomination_kw: Decimal) -> Called:
    # Who stopped before an event that was made longer was called to that end.
    end = datetime.fromisoformat(until) if until else event.end
    hours = Fraction(int((end - event.start).total_seconds()), 3600)
    return Called(hours, performance_wh / WH_PER_KWH / hours, nomination_kw, event.version.capacity_per_kw_month)


def _event_trace(event: Event, called: Called) -> dict[str, str | int]:
    return {
        "event": event.pk,
        "start": f"{event.start:%Y-%m-%dT%H:%M:%SZ}",
        "hours": fraction_text(Fraction(called.hours)),
        "delivered_kw": fraction_text(Fraction(called.delivered_kw)),
        "counted_kw": fraction_text(called.counted_kw),
        "nomination_kw": f"{called.nomination_kw:.3f}",
        "price_per_kw_month": f"{called.price_per_kw_month:.4f}",
    }


def _part_trace(part: Stood) -> dict[str, str]:
    return {
        "from": part.start.isoformat(),
        "to": part.end.isoformat(),
        "nomination_kw": f"{part.kw:.3f}",
        "price_per_kw_month": f"{part.price:.4f}",
    }


def _kept(run: MonthRun) -> list[Stood]:
    """Who stood by, as it was read for a month that was posted; nobody in those of before it was read at all."""
    return [
        Stood(
            meter_id,
            holder_id,
            datetime.fromisoformat(part["from"]),
            datetime.fromisoformat(part["to"]),
            Decimal(part["nomination_kw"]),
            Decimal(part["price_per_kw_month"]),
        )
        for meter_id, holder_id, trace in run.lines.order_by("meter_id").values_list("meter", "holder", "trace")
        for part in trace.get("standing", [])
    ]


def _run(program: Program, first: date, shares: list[Share], by: User | None) -> MonthRun | None:
    newest = MonthRun.objects.filter(program=program, month=first).order_by("number").last()
    if newest is None and not shares:
        return None
    if newest is not None and says(newest) == {share.said for share in shares}:
        return newest
    run = MonthRun.objects.create(
        program=program,
        month=first,
        number=1 if newest is None else newest.number + 1,
        inputs_sha256=digest(_inputs(program, first, shares)),
        created_by=by,
    )
    MonthLine.objects.bulk_create([_line(run, share) for share in shares], batch_size=CHUNK)
    return run


def says(run: MonthRun) -> set[tuple[Whose, str, Decimal]]:
    """What a run says of everybody: whose, factor and amount."""
    rows = run.lines.order_by().values_list("meter", "holder", "factor", "credit")
    return {((meter, holder), factor, credit) for meter, holder, factor, credit in rows}


def _inputs(program: Program, first: date, shares: list[Share]) -> dict[str, Any]:
    return {
        "format": MONTH_FORMAT,
        "program": program.pk,
        "month": f"{first:%Y-%m}",
        "shares": [{"meter": row.meter_id, "holder": row.holder_id, **row.trace} for row in shares],
    }


def _line(run: MonthRun, share: Share) -> MonthLine:
    return MonthLine(
        run=run,
        meter_id=share.meter_id,
        holder_id=share.holder_id,
        factor=fraction_text(share.worth.factor),
        credit=share.worth.credit,
        trace=share.trace,
    )
