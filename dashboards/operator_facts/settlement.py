"""Settlements of a distributor's events: how far each has come, and what it would pay or has paid."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.operator_facts.events import event_name
from dashboards.words import kwh, money
from events.models import Event, EventState
from organizations.models import Distributor
from settlement.exact import from_cents, sum_of_cents
from settlement.models import (
    DecisionKind,
    LedgerBatch,
    LineStatus,
    RunDecision,
    RunKind,
    SettlementLine,
    SettlementRun,
)

OVER = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED, EventState.CLOSED)
STAGES = {
    "waiting": gettext_lazy("Not worked out yet"),
    "estimated": gettext_lazy("Estimate"),
    "to_approve": gettext_lazy("Waits for approval"),
    "approved": gettext_lazy("Approved, not posted"),
    "refused": gettext_lazy("Refused"),
    "posted": gettext_lazy("In the ledger"),
    "reopened": gettext_lazy("Opened again"),
    "closed": gettext_lazy("Not posted for good"),
}
TONES = {
    "waiting": "info",
    "estimated": "estimate",
    "to_approve": "attention",
    "approved": "info",
    "refused": "danger",
    "posted": "good",
    "reopened": "attention",
    "closed": "info",
}


def settlements(distributor: Distributor, *, stage: str = "", program: str = "") -> QuerySet[Any]:
    """The distributor's events that are over, newest first, each with its `stage` and the `run` that speaks for it."""
    events = with_stage(Event.objects.filter(program__distributor=distributor, state__in=OVER, is_test=False))
    if stage:
        events = events.filter(stage=stage)
    if program:
        is_id = program.isascii() and program.isdigit() and len(program) < 19
        events = events.filter(program=int(program)) if is_id else events.none()
    return events.select_related("program__distributor").order_by("-start", "-pk")


def with_stage(events: QuerySet[Event]) -> QuerySet[Any]:
    """Events with the newest final run, else the newest estimate (`run`), and how far that has come (`stage`)."""
    runs = SettlementRun.objects.sealed().filter(event=OuterRef("pk")).order_by("-number").values("pk")
    decisions = RunDecision.objects.filter(run=OuterRef("final")).order_by("-pk").values("kind")
    return events.annotate(
        final=Subquery(runs.filter(kind=RunKind.FINAL)[:1]),
        estimate=Subquery(runs.filter(kind=RunKind.PRELIMINARY)[:1]),
        run=Coalesce("final", "estimate"),
        decided=Subquery(decisions[:1]),
        is_posted=Exists(LedgerBatch.objects.filter(run=OuterRef("final"))),
        stage=Case(
            When(is_posted=True, decided=DecisionKind.REOPENED, then=Value("reopened")),
            When(is_posted=True, then=Value("posted")),
            When(decided=DecisionKind.REFUSED, then=Value("refused")),
            When(decided=DecisionKind.CLOSED, then=Value("closed")),
            When(decided=DecisionKind.APPROVED, then=Value("approved")),
            When(final__isnull=False, then=Value("to_approve")),
            When(estimate__isnull=False, then=Value("estimated")),
            default=Value("waiting"),
        ),
    )


def stage_counts(distributor: Distributor) -> dict[str, int]:
    """Stage -> how many events are there. One query."""
    rows = settlements(distributor).order_by().values_list("stage")
    return dict(rows.annotate(Count("pk")))


def stage_badge(stage: str) -> dict[str, str]:
    """The stage as word and tone."""
    return {"badge": str(STAGES[stage]), "tone": TONES[stage]}


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("Event"), _("State"), _("Measured"), _("Delivered"), _("Earned")]
    return [{"label": name, "numeric": place > 1} for place, name in enumerate(names)]


def rows(events: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html for events of `settlements`. One query."""
    sums = _sums([event.run for event in events if event.run])
    return [{"cells": _cells(event, sums.get(event.run))} for event in events]


def _sums(runs: list[int]) -> dict[int, dict[str, Any]]:
    measured = Count("meter", filter=Q(status__in=(LineStatus.OK, LineStatus.NO_NOMINATION)), distinct=True)
    lines = SettlementLine.objects.filter(run__in=runs).order_by().values("run")
    found = lines.annotate(
        meters=Count("meter", distinct=True), measured=measured, wh=Sum("delivered_wh"), cents=sum_of_cents("credit")
    )
    return {row["run"]: dict(row) for row in found}


def _cells(event: Any, sums: dict[str, Any] | None) -> list[dict[str, Any]]:
    currency = event.program.distributor.currency
    url = reverse("operator_settlement_run", args=[event.run]) if event.run else _event_url(event)
    first = {"text": event_name(event), "sub": event.program.name, "url": url}
    texts = ["–"] * 3
    if sums:
        of = {"measured": sums["measured"], "meters": sums["meters"]}
        texts = [
            _("%(measured)d of %(meters)d") % of,
            f"{kwh(sums['wh'] or 0)} kWh",
            money(from_cents(sums["cents"]), currency),
        ]
    labels = (_("Measured"), _("Delivered"), _("Earned"))
    return [
        first,
        {"label": _("State"), **stage_badge(event.stage)},
        *({"label": label, "text": text, "numeric": True} for label, text in zip(labels, texts, strict=True)),
    ]


def _event_url(event: Event) -> str:
    return reverse("operator_event", args=[event.pk])


def runs_to_approve(distributor: Distributor) -> QuerySet[Any]:
    """Events whose final run waits for somebody's approval, or is approved and not posted yet."""
    return settlements(distributor).filter(stage__in=("to_approve", "approved")).order_by(F("end"))


def runs_stuck(distributor: Distributor) -> QuerySet[Any]:
    """Events whose final run was refused, or is opened again: somebody settles anew, or leaves it as it is."""
    return settlements(distributor).filter(stage__in=("refused", "reopened")).order_by(F("end"))
