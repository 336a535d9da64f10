"""Months of standing by: how far each has come, what it pays to whom, and which events are missing in it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.money import parse_fraction
from common.speech import day_words, percent_words, plain_words
from dashboards.operator_facts.event import kw_words
from dashboards.operator_facts.events import event_name
from dashboards.operator_facts.holders import holder_names
from dashboards.operator_facts.settlement_run import person
from dashboards.times import moment_words
from dashboards.words import money
from events.models import Event
from organizations.models import Distributor
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, LedgerEntry, MonthLine, MonthRun, MonthWord
from settlement.selectors import newest_months
from settlement.services.months.posting import paid_before
from settlement.services.months.work import is_stopped, missing_events

NOTHING = Decimal("0.00")
STAGES = {
    "to_approve": gettext_lazy("Waits for approval"),
    "approved": gettext_lazy("Approved, not posted"),
    "refused": gettext_lazy("Refused"),
    "posted": gettext_lazy("In the ledger"),
}
TONES = {"to_approve": "attention", "approved": "info", "refused": "danger", "posted": "good"}


def months(distributor: Distributor) -> QuerySet[Any]:
    """The newest run of each month, the newest month first, with what it pays in all (`cents`) and to how many."""
    rows = newest_months(MonthRun.objects.filter(program__distributor=distributor))
    summed = rows.annotate(cents=sum_of_cents("lines__credit"), meters=Count("lines__meter", distinct=True))
    return summed.select_related("program__distributor").order_by("-month", "program__name", "pk")


def stage_of(run: Any) -> str:
    """How far a run of `newest_months` has come."""
    if run.batch_id is not None:
        return "posted"
    return {MonthWord.APPROVED: "approved", MonthWord.REFUSED: "refused"}.get(run.word, "to_approve")


def stage_badge(stage: str) -> dict[str, str]:
    """The stage as word and tone."""
    return {"badge": str(STAGES[stage]), "tone": TONES[stage]}


def month_name(run: MonthRun) -> str:
    """The month in words."""
    return day_words(run.month, "month of year")


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("Month"), _("State"), _("Meters"), _("Pays")]
    return [{"label": name, "numeric": place > 1} for place, name in enumerate(names)]


def rows(page: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html for months of `months`."""
    return [{"cells": _cells(run)} for run in page]


def _cells(run: Any) -> list[dict[str, Any]]:
    paid = money(from_cents(run.cents), run.program.distributor.currency)
    url = reverse("operator_month", args=[run.pk])
    return [
        {"text": month_name(run), "sub": run.program.name, "url": url},
        {"label": _("State"), **stage_badge(stage_of(run))},
        {"label": _("Meters"), "text": plain_words(run.meters), "numeric": True},
        {"label": _("Pays"), "text": paid, "numeric": True},
    ]


def tiles(run: MonthRun) -> list[dict[str, Any]]:
    """What the month pays, to how many, and how much of it is not in the ledger yet. A few queries."""
    currency = run.program.distributor.currency
    sums = run.lines.order_by().aggregate(cents=sum_of_cents("credit"), meters=Count("meter", distinct=True))
    due, before = from_cents(sums["cents"]), sum(paid_before(run).values(), NOTHING)
    found = [
        {"label": _("Pays in all"), "value": money(due, currency)},
        {"label": _("Meters"), "value": plain_words(sums["meters"])},
    ]
    if before:
        found.append({"label": _("Posted before"), "value": money(before, currency)})
        # Less is taken back than the lines say where a resident would fall below zero.
        brought = due - before if run.batch is None else _posted_with(run)
        found.append({"label": _("Difference"), "value": money(brought, currency)})
    return found


def _posted_with(run: MonthRun) -> Decimal:
    entries = LedgerEntry.objects.filter(batch=run.batch, account=Account.OWED).order_by()
    return from_cents(entries.aggregate(cents=sum_of_cents("amount"))["cents"])


def line_columns() -> list[dict[str, Any]]:
    """The columns of `line_rows`."""
    names = [_("Meter"), _("Holder"), _("Promised"), _("Delivered of it"), _("Part of the month"), _("Credit")]
    return [{"label": name, "numeric": place > 1} for place, name in enumerate(names)]


def lines_of(run: MonthRun) -> QuerySet[MonthLine]:
    """The run's lines by meter."""
    return run.lines.select_related("meter").order_by("meter__number", "pk")


def line_rows(page: Sequence[MonthLine], currency: str) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html, one per meter and holder. Two queries."""
    names = holder_names({line.holder_id for line in page if line.holder_id})
    return [{"cells": _line_cells(line, names.get(line.holder_id or 0, "–"), currency)} for line in page]


def _line_cells(line: MonthLine, holder: str, currency: str) -> list[dict[str, Any]]:
    events = line.trace.get("events", [])
    share = percent_words(float(parse_fraction(line.trace.get("month_share", "1/1"))))
    delivered = percent_words(float(parse_fraction(line.factor))) if events else "–"
    counted = ngettext("%(count)d event", "%(count)d events", len(events)) % {"count": len(events)}
    return [
        {
            "text": line.meter.label,
            "sub": line.meter.number,
            "url": reverse("meter_detail", args=[line.meter_id]),
        },
        {"label": _("Holder"), "text": holder},
        {"label": _("Promised"), "text": _promised(line), "numeric": True},
        {
            "label": _("Delivered of it"),
            "text": delivered,
            "sub": counted if events else _("not called"),
            "numeric": True,
        },
        {"label": _("Part of the month"), "text": share, "numeric": True},
        {"label": _("Credit"), "text": money(line.credit, currency), "numeric": True},
    ]


def _promised(line: MonthLine) -> str:
    said = [*line.trace.get("events", []), *line.trace.get("standing", [])]
    figures = sorted({Decimal(each["nomination_kw"]) for each in said})
    if not figures:
        return "–"
    return kw_words(figures[0]) if len(figures) == 1 else f"{kw_words(figures[0])} – {kw_words(figures[-1])}"


def missing(run: MonthRun) -> list[dict[str, str]]:
    """The events of the month of which nothing is in the ledger, each with why, as rows of components/facts.html."""
    return [
        {"label": event_name(event), "value": _why(event), "url": reverse("operator_event", args=[event.pk])}
        for event in missing_events(program=run.program, first=run.month)
    ]


def _why(event: Event) -> str:
    if is_stopped(event):
        return _("refused, so it counts as not called")
    if getattr(event, "final", None) is None:
        return _("not settled yet")
    return _("settled, but not approved and posted yet")


def story(run: MonthRun) -> list[dict[str, Any]]:
    """Who did what when, the earliest first. Two queries."""
    zone = run.program.zone
    titles = {MonthWord.APPROVED.value: _("Approved"), MonthWord.REFUSED.value: _("Refused")}
    by_clock = _("by the clock or the command line")
    steps: list[tuple[datetime, str, str, str]] = [
        (run.created_at, _("Worked out"), person(run.created_by, by_clock), "")
    ]
    for word in run.decisions.select_related("decided_by").order_by("pk"):
        steps.append((word.decided_at, titles[word.kind], person(word.decided_by), word.reason))
    if run.batch is not None:
        number = _("Posting %(number)d") % {"number": run.batch.number}
        steps.append((run.batch.posted_at, _("Posted to the ledger"), person(run.batch.posted_by, number), ""))
    return [
        {"when": moment_words(at, zone), "title": title, "text": f"{who}: {why}" if why else who}
        for at, title, who, why in sorted(steps, key=lambda step: step[0])
    ]
