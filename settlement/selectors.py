"""What is read of settled events: saved in events, earned, ranks, totals. Each a fixed number of queries.

`lines` is always a queryset that the caller has cut to what somebody may see (`visible_to`). Only the newest
final run of each event counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, When

from events.models import Event
from organizations.models import Distributor
from settlement.exact import from_cents, sum_of_cents
from settlement.models import (
    FlagState,
    IntegrityFlag,
    LedgerBatch,
    LineStatus,
    MonthDecision,
    MonthRun,
    MonthWord,
    RunKind,
    SettlementLine,
    SettlementRun,
)

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Saved:
    """What was saved in settled events and earned by it.

    Attributes:
        events: settled events with a line, measured or not.
        saved_wh: delivered reductions, each rounded to whole Wh.
        earned: credits, in the distributor's currency.
        demand_savings: what the distributor saved by it.
    """

    events: int = 0
    saved_wh: int = 0
    earned: Decimal = NOTHING
    demand_savings: Decimal = NOTHING


@dataclass(frozen=True)
class Ranked:
    """One place in a ranking by savings; equal savings share a place."""

    rank: int
    meter_id: int
    saved_wh: int


def newest_runs() -> QuerySet[SettlementRun]:
    """The final runs that no later final run of their event replaces."""
    later = SettlementRun.objects.sealed().filter(
        event=OuterRef("event"), kind=RunKind.FINAL, number__gt=OuterRef("number")
    )
    return SettlementRun.objects.sealed().filter(~Exists(later), kind=RunKind.FINAL)


def counted_runs(events: Iterable[Event]) -> dict[int, SettlementRun]:
    """Event id -> its newest final run; its newest estimate while it has none. One query.

    An event that nobody has worked out is left out.
    """
    wanted = SettlementRun.objects.sealed().filter(event__in=[event.pk for event in events])
    runs = wanted.filter(kind__in=(RunKind.PRELIMINARY, RunKind.FINAL)).select_related("event__version")
    found: dict[int, SettlementRun] = {}
    # A later one replaces an earlier one, a final one any estimate.
    for run in sorted(runs, key=lambda run: (run.kind == RunKind.FINAL, run.number)):
        found[run.event_id] = run
    return found


def newest_lines(lines: QuerySet[SettlementLine]) -> QuerySet[SettlementLine]:
    """The lines that count: those of the newest final run of each event."""
    return lines.filter(run__in=newest_runs())


def saved_by_meter(*, lines: QuerySet[SettlementLine]) -> dict[int, Saved]:
    """Meter id -> what was saved with it; a meter without a settled event is left out."""
    return _grouped(lines, "meter_id")


def saved_by_holder(*, lines: QuerySet[SettlementLine]) -> dict[int, Saved]:
    """Holder id (a resident, or an organization with all its meters) -> what was saved and earned."""
    return _grouped(lines.filter(holder__isnull=False), "holder_id")


def saved_by_event(*, lines: QuerySet[SettlementLine]) -> dict[int, Saved]:
    """Event id -> what was saved in it by these lines."""
    return _grouped(lines, "run__event_id")


def saved_in_total(*, lines: QuerySet[SettlementLine]) -> Saved:
    """What all these lines saved together."""
    return _saved(newest_lines(lines).order_by().aggregate(**_SUMS))


def distributor_totals(*, distributor: Distributor) -> Saved:
    """What was saved, paid and spared in all settled events of a distributor."""
    return saved_in_total(lines=SettlementLine.objects.filter(run__event__program__distributor=distributor))


def lines_of_events(*, lines: QuerySet[SettlementLine]) -> QuerySet[SettlementLine]:
    """The lines that count with their events, the newest event first."""
    counted = newest_lines(lines).select_related("run__event__program__distributor", "meter")
    return counted.order_by("-run__event__start", "meter__number", "kind")


def shown_lines(*, lines: QuerySet[SettlementLine]) -> QuerySet[SettlementLine]:
    """The lines of the run that speaks for each event, the newest event first: never of two runs of one event.

    That is the newest run in the ledger; without one the newest final run; without that the newest estimate. While a
    correction waits for its approval, what was paid is shown.
    """
    runs = SettlementRun.objects.sealed().filter(event=OuterRef("run__event"), event__is_test=False)
    kinds = (RunKind.FINAL, RunKind.PRELIMINARY)
    is_posted = Exists(LedgerBatch.objects.filter(run=OuterRef("pk")))
    rank = Case(When(is_posted, then=2), When(kind=RunKind.FINAL, then=1), default=0, output_field=IntegerField())
    speaking = runs.filter(kind__in=kinds).annotate(rank=rank).order_by("-rank", "-number").values("pk")[:1]
    related = "run__event__program__distributor", "run__batch", "meter"
    shown = lines.filter(run=Subquery(speaking)).select_related(*related).defer("trace", "run__common")
    return shown.order_by("-run__event__start", "meter__number", "kind")


def unmeasured_by_status(*, run: SettlementRun) -> dict[str, int]:
    """Status -> how many lines of the run have it, those without a measurement only."""
    lost = run.lines.exclude(status__in=(LineStatus.OK, LineStatus.NO_NOMINATION)).order_by()
    return dict(lost.values_list("status").annotate(Count("pk")))


def rank_by_savings(*, saved: Mapping[int, Saved], meter_ids: Iterable[int]) -> list[Ranked]:
    """These meters by what they saved, the most first; those without an event saved nothing.

    Args:
        saved: from `saved_by_meter`.

    >>> [place.rank for place in rank_by_savings(saved={1: Saved(1, 5), 2: Saved(1, 5)}, meter_ids=[1, 2, 3])]
    [1, 1, 3]
    """
    savings = {meter_id: saved.get(meter_id, Saved()).saved_wh for meter_id in meter_ids}
    ordered = sorted(savings.items(), key=lambda item: (-item[1], item[0]))
    ranked: list[Ranked] = []
    for place, (meter_id, saved_wh) in enumerate(ordered, start=1):
        tie = ranked and ranked[-1].saved_wh == saved_wh
        ranked.append(Ranked(ranked[-1].rank if tie else place, meter_id, saved_wh))
    return ranked


_SUMS = {
    "events": Count("run__event", distinct=True),
    "saved_wh": Sum("delivered_wh"),
    "earned": sum_of_cents("credit"),
    "demand_savings": sum_of_cents("demand_savings"),
}


def _grouped(lines: QuerySet[SettlementLine], key: str) -> dict[int, Saved]:
    # Another name than the column's: Django refuses an annotation that is called like a field.
    rows = newest_lines(lines).order_by().values(key).annotate(**{f"sum_{name}": term for name, term in _SUMS.items()})
    return {row[key]: _saved({name: row[f"sum_{name}"] for name in _SUMS}) for row in rows}


def _saved(sums: Mapping[str, Any]) -> Saved:
    return Saved(
        sums["events"],
        int(sums["saved_wh"] or 0),
        from_cents(sums["earned"]),
        from_cents(sums["demand_savings"]),
    )


def open_flags(rows: QuerySet[IntegrityFlag]) -> QuerySet[IntegrityFlag]:
    """The flags that wait for somebody: those of a replaced run are over."""
    return rows.filter(~Exists(later_checked_runs()), state=FlagState.OPEN)


def later_checked_runs() -> QuerySet[SettlementRun]:
    """Of a flag's event, the runs that came after its own and were looked at as well; for a subquery."""
    later = SettlementRun.objects.sealed().filter(flag_check__isnull=False)
    return later.filter(event=OuterRef("line__run__event"), number__gt=OuterRef("line__run__number"))


def newest_months(rows: QuerySet[MonthRun]) -> QuerySet[MonthRun]:
    """The runs of months that no later run replaces, each with `word`: what was said of it last, None if nothing."""
    later = MonthRun.objects.filter(program=OuterRef("program"), month=OuterRef("month"), number__gt=OuterRef("number"))
    words = MonthDecision.objects.filter(run=OuterRef("pk")).order_by("-pk").values("kind")
    return rows.filter(~Exists(later)).annotate(word=Subquery(words[:1]))


def months_to_decide(rows: QuerySet[MonthRun]) -> QuerySet[MonthRun]:
    """Those that wait for somebody: neither posted nor refused."""
    waiting = Q(word__isnull=True) | Q(word=MonthWord.APPROVED)
    return newest_months(rows).filter(waiting, batch__isnull=True)
