"""The cap on what a meter earns its holder in a season, held over all of the season’s events.

What counts is the ledger: a posting never brings anybody above the cap. Settlements already leave each other the room
that the newest final runs leave, and are sealed one after the other, so that a posting is seldom refused.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import ngettext

from common.intervals import day_bounds, local_day
from events.models import Event
from settlement.errors import SeasonFull
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, BatchKind, LedgerEntry, LineKind, SettlementLine, SettlementRun, Unit
from settlement.selectors import newest_lines

# Whose amount it is: meter and holder.
Whose = tuple[int, int | None]
# Penalties do not make room for more pay.
PAID_KINDS = (LineKind.CAPACITY, LineKind.ENERGY, LineKind.THRESHOLD, LineKind.BONUS, LineKind.FLAT)
NOTHING = Decimal("0.00")


def season_bounds(event: Event) -> tuple[datetime, datetime]:
    """[start, end) of the season of an event's terms; the calendar year where they name none."""
    version, zone = event.version, event.program.zone
    year = local_day(event.start, zone).year
    first = version.season_start or date(year, 1, 1)
    last = version.season_end or date(year, 12, 31)
    return day_bounds(first, zone)[0], day_bounds(last, zone)[1]


def settled_in_season(event: Event) -> dict[Whose, Decimal]:
    """What the newest final runs of the season’s other events pay: the cap holds in any order of settling."""
    lines = SettlementLine.objects.filter(_in_season(event), kind__in=PAID_KINDS, credit__gt=0)
    return _sums(newest_lines(lines.exclude(run__event=event.pk)), "meter_id", "credit")


def check_season(*, run: SettlementRun) -> None:
    """Refuses a posting after which somebody would have more of the season than the cap; the books are locked.

    Who gets no more by it than before is no reason: a correction downwards is always posted.

    Raises:
        SeasonFull: The events posted by now do not leave what this run pays.
    """
    event = run.event
    cap = _cap(event)
    if cap is None:
        return
    due = _sums(run.lines.filter(kind__in=PAID_KINDS, credit__gt=0), "meter_id", "credit")
    posted = _posted(event)
    mine = _sums(posted.filter(line__run__event=event.pk), "line__meter_id", "amount")
    others = _sums(posted.exclude(line__run__event=event.pk), "line__meter_id", "amount")
    over = [
        whose
        for whose, amount in due.items()
        if amount > mine.get(whose, NOTHING) and amount + others.get(whose, NOTHING) > cap
    ]
    if over:
        raise SeasonFull(_refusal(len(over)))


def _cap(event: Event) -> Decimal | None:
    return event.version.cap_per_season


def _in_season(event: Event, path: str = "") -> Q:
    start, end = season_bounds(event)
    within = {"program": event.program_id, "start__gte": start, "start__lt": end}
    return Q(**{f"{path}run__event__{name}": value for name, value in within.items()})


def _posted(event: Event) -> QuerySet[LedgerEntry]:
    """What is owed to participants for the season’s events, corrections included. Adjustments are beside it."""
    return LedgerEntry.objects.filter(
        _in_season(event, "line__"),
        account=Account.OWED,
        unit=Unit.MONEY,
        batch__kind=BatchKind.RUN,
        line__kind__in=PAID_KINDS,
    )


def _sums(rows: QuerySet[Any], meter: str, amount: str) -> dict[Whose, Decimal]:
    sums = rows.order_by().values_list(meter, "holder_id").annotate(cents=sum_of_cents(amount))
    return {(meter_id, holder_id): from_cents(cents) for meter_id, holder_id, cents in sums}


def _refusal(count: int) -> str:
    words = ngettext(
        "%(count)d participant would get more than the season’s cap, with what other events have paid by now. "
        "Post the newest settlements of those events first, then settle this one again.",
        "%(count)d participants would get more than the season’s cap, with what other events have paid by now. "
        "Post the newest settlements of those events first, then settle this one again.",
        count,
    )
    return words % {"count": count}
