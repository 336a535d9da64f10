"""The cap on what a meter earns its holder in a season, held over all of the season’s events.

What counts is what was posted: a posting never brings anybody above the cap. Settlements already leave each other the
room that the newest final runs leave, and are sealed one after the other, so that a posting is seldom refused. A run
that was refused takes no room and gives none: its event counts with what is posted of it.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import ngettext

from common.intervals import day_bounds, local_day
from events.models import Event
from settlement.errors import SeasonFull
from settlement.exact import from_cents, sum_of_cents
from settlement.models import STOPPED, LedgerBatch, LineKind, RunDecision, RunKind, SettlementLine, SettlementRun

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
    return _pay_of([run.pk for run in _counting(event, _standing) if run.event_id != event.pk])


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
    posted = _counting(event, _posted)
    due = _pay_of([run.pk])
    mine = _pay_of([each.pk for each in posted if each.event_id == event.pk])
    others = _pay_of([each.pk for each in posted if each.event_id != event.pk])
    over = [
        whose
        for whose, amount in due.items()
        if amount > mine.get(whose, NOTHING) and amount + others.get(whose, NOTHING) > cap
    ]
    if over:
        raise SeasonFull(_refusal(len(over)))


def _cap(event: Event) -> Decimal | None:
    return event.version.cap_per_season


def _counting(event: Event, choose: Callable[[list[SettlementRun]], SettlementRun | None]) -> list[SettlementRun]:
    """Of each event of the season the final run that counts, chosen among all of them, the newest first. One query."""
    start, end = season_bounds(event)
    runs = SettlementRun.objects.sealed().filter(
        kind=RunKind.FINAL, event__program=event.program_id, event__start__gte=start, event__start__lt=end
    )
    decisions = RunDecision.objects.filter(run=OuterRef("pk")).order_by("-pk").values("kind")
    is_posted = Exists(LedgerBatch.objects.filter(run=OuterRef("pk")))
    rows = runs.annotate(decided=Subquery(decisions[:1]), is_posted=is_posted).defer("common")
    ordered = rows.order_by("event_id", "-number")
    chosen = [choose(list(group)) for _event_id, group in groupby(ordered, key=lambda run: run.event_id)]
    return [run for run in chosen if run is not None]


def _standing(runs: list[Any]) -> SettlementRun | None:
    newest = runs[0]
    return _posted(runs) if newest.decided in STOPPED and not newest.is_posted else newest


def _posted(runs: list[Any]) -> SettlementRun | None:
    return next((run for run in runs if run.is_posted), None)


def _pay_of(runs: list[int]) -> dict[Whose, Decimal]:
    """What these runs pay each meter and holder. One query."""
    lines = SettlementLine.objects.filter(run__in=runs, kind__in=PAID_KINDS, credit__gt=0).order_by()
    sums = lines.values_list("meter_id", "holder_id").annotate(cents=sum_of_cents("credit"))
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
