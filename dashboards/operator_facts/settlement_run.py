"""One settlement run: what went in, what came out, what stands out, and who did what."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from common.money import parse_fraction
from common.speech import number_words
from dashboards.operator_facts.event import kw_words
from dashboards.operator_facts.holders import holder_names
from dashboards.times import moment_words
from dashboards.words import kwh, money
from meters.models import Meter
from settlement.exact import from_cents, sum_of_cents
from settlement.models import DecisionKind, LineStatus, RunKind, SettlementLine, SettlementRun
from settlement.selectors import newest_lines, unmeasured_by_status

MOST = 10
# How many of the largest are compared with their history.
LOOKED_AT = 200
TIMES_USUAL = 2
FEWEST_EVENTS = 2
SHORT_HASH = 16
SORTS = {
    "meter": ("meter__number", "kind"),
    "credit": ("-credit", "meter__number"),
    "delivered": ("-delivered_wh", "meter__number"),
    "status": ("-status", "meter__number"),
}


def tiles(run: SettlementRun, currency: str) -> list[dict[str, Any]]:
    """Delivered, earned, points and not measured, in all. Two queries."""
    sums = run.lines.order_by().aggregate(wh=Sum("delivered_wh"), cents=sum_of_cents("credit"), points=Sum("points"))
    lost = sum(unmeasured_by_status(run=run).values())
    state = "estimate" if run.kind != RunKind.FINAL else "final"
    return [
        {"label": _("Delivered"), "value": kwh(sums["wh"] or 0), "unit": "kWh", "state": state},
        {"label": _("Earned by participants"), "value": money(from_cents(sums["cents"]), currency), "state": state},
        *([{"label": _("Points"), "value": number_words(sums["points"]), "state": state}] if sums["points"] else []),
        {"label": _("Not measured"), "value": number_words(lost), "note": ngettext("meter", "meters", lost)},
    ]


def inputs(run: SettlementRun) -> list[dict[str, Any]]:
    """What the run rests on, each part frozen, with its hash."""
    version, zone = run.event.version, run.event.program.zone
    through = (
        [{"label": _("Readings up to"), "value": moment_words(run.data_through, zone)}] if run.data_through else []
    )
    return [
        {"label": _("Run"), "value": f"{run.number}, {run.get_kind_display()}"},
        {"label": _("Baseline rule"), "value": run.preset},
        {"label": _("Hash of the rule"), "value": run.rule_sha256[:SHORT_HASH] + "…"},
        {"label": _("Terms"), "value": _("version %(number)d") % {"number": version.number}},
        *([{"label": _("Hash of the terms"), "value": version.sha256[:SHORT_HASH] + "…"}] if version.sha256 else []),
        *through,
        {"label": _("Hash of all inputs"), "value": (run.inputs_sha256 or "")[:SHORT_HASH] + "…"},
    ]


def story(run: SettlementRun) -> list[dict[str, Any]]:
    """Who did what when, the earliest first. Two queries."""
    zone = run.event.program.zone
    titles = {
        DecisionKind.APPROVED.value: _("Approved"),
        DecisionKind.REFUSED.value: _("Refused"),
        DecisionKind.REOPENED.value: _("Opened again"),
        DecisionKind.CLOSED.value: _("Left as it is"),
    }
    steps = [(run.created_at, _("Worked out"), person(run.created_by, _("by the clock or the command line")), "")]
    for decision in run.decisions.select_related("decided_by").order_by("pk"):
        steps.append((decision.decided_at, titles[decision.kind], person(decision.decided_by), decision.reason))
    batch = getattr(run, "batch", None)
    if batch is not None:
        number = _("Posting %(number)d") % {"number": batch.number}
        steps.append((batch.posted_at, _("Posted to the ledger"), person(batch.posted_by, number), ""))
    return [
        {"when": moment_words(at, zone), "title": title, "text": f"{who}: {why}" if why else who}
        for at, title, who, why in sorted(steps, key=lambda step: step[0])
    ]


def person(user: User | None, instead: str = "–") -> str:
    """Somebody by name."""
    return (user.get_full_name() or user.email) if user else instead


def result_lines(run: SettlementRun, *, sort: str, status: str, find: str) -> QuerySet[SettlementLine]:
    """The run's lines as asked for; an unknown order is that of the meters' numbers."""
    lines = run.lines.select_related("meter")
    if status:
        lines = lines.filter(status=status)
    if find:
        lines = lines.filter(meter__number__icontains=find)
    return lines.order_by(*SORTS.get(sort, SORTS["meter"]), "pk")


def result_columns() -> list[dict[str, Any]]:
    """The columns of `result_rows`."""
    names = [_("Meter"), _("Holder"), _("State"), _("Nominated"), _("Usual"), _("Used"), _("Delivered"), _("Credit")]
    return [{"label": name, "numeric": place > 2} for place, name in enumerate(names)]


def result_rows(page: Sequence[SettlementLine], currency: str) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html; each credit opens its reasons. Two queries."""
    names = holder_names({line.holder_id for line in page if line.holder_id})
    return [{"cells": _cells(line, names.get(line.holder_id or 0, "–"), currency)} for line in page]


def _cells(line: SettlementLine, holder: str, currency: str) -> list[dict[str, Any]]:
    status = LineStatus(line.status)
    is_good = status in (LineStatus.OK, LineStatus.NO_NOMINATION)
    usual = "–" if line.baseline_wh is None else f"{kwh(parse_fraction(line.baseline_wh), 3)} kWh"
    used = "–" if line.event_wh is None else f"{kwh(line.event_wh, 3)} kWh"
    delivered = "–" if line.performance_wh is None else f"{kwh(line.delivered_wh, 3)} kWh"
    figures = [
        (_("Nominated"), kw_words(line.nomination_kw)),
        (_("Usual"), usual),
        (_("Used"), used),
        (_("Delivered"), delivered),
    ]
    return [
        {
            "text": line.meter.label,
            "sub": f"{line.meter.number}, {line.get_kind_display()}",
            "url": _meter_url(line.meter),
        },
        {"label": _("Holder"), "text": holder},
        {"label": _("State"), "badge": str(status.label).capitalize(), "tone": "good" if is_good else "attention"},
        *({"label": label, "text": text, "numeric": True} for label, text in figures),
        {"label": _("Credit"), "text": money(line.credit, currency), "url": _why(line), "numeric": True},
    ]


def _meter_url(meter: Meter) -> str:
    return f"{reverse('operator_meters')}?meter={meter.pk}"


def _why(line: SettlementLine) -> str:
    return reverse("reward_why", args=[line.pk])


def previous_run(run: SettlementRun) -> SettlementRun | None:
    """The estimate or final run before this one."""
    earlier = SettlementRun.objects.sealed().filter(event=run.event_id, number__lt=run.number)
    return earlier.exclude(kind=RunKind.TRIAL).order_by("-number").first()


def differences(run: SettlementRun, previous: SettlementRun) -> QuerySet[SettlementLine]:
    """Lines of this run whose credit was another one before (`before`), by meter."""
    same = SettlementLine.objects.filter(run=previous, meter=OuterRef("meter"), kind=OuterRef("kind"))
    lines = run.lines.select_related("meter").annotate(before=Subquery(same.values("credit")[:1]))
    is_new = Q(before__isnull=True) & ~Q(credit=0)
    return lines.filter(is_new | (Q(before__isnull=False) & ~Q(before=F("credit")))).order_by("meter__number", "kind")


def gone(run: SettlementRun, previous: SettlementRun) -> QuerySet[SettlementLine]:
    """Lines of the run before that paid something and have no successor."""
    same = SettlementLine.objects.filter(run=run, meter=OuterRef("meter"), kind=OuterRef("kind"))
    lines = previous.lines.select_related("meter").exclude(credit=0)
    return lines.filter(~Exists(same)).order_by("meter__number", "kind")


def difference_rows(changed: Sequence[Any], lost: Sequence[SettlementLine], currency: str) -> list[list[str]]:
    """Rows of components/table.html: meter, before, now, difference."""
    pairs = [(line, line.before or Decimal(0), line.credit) for line in changed]
    pairs += [(line, line.credit, Decimal(0)) for line in lost]
    return [
        [
            f"{line.meter.number}, {line.get_kind_display()}",
            money(before, currency),
            money(now, currency),
            ("+" if now > before else "") + money(now - before, currency),
        ]
        for line, before, now in pairs
    ]


def outliers(run: SettlementRun, currency: str) -> list[dict[str, Any]]:
    """What deserves a look: groups of a title, a sentence and rows (name, figure, address). A few queries."""
    groups = [
        {
            "title": _("Largest credits"),
            "text": "",
            "items": [
                {"label": line.meter.number, "value": money(line.credit, currency), "url": _why(line)}
                for line in run.lines.filter(credit__gt=0).select_related("meter").order_by("-credit", "pk")[:MOST]
            ],
        },
        {
            "title": _("Far above their own history"),
            "text": _("At least twice what these meters delivered on average in earlier events."),
            "items": _far_above(run),
        },
        {"title": _("Not measured, and why"), "text": "", "items": _unmeasured(run)},
    ]
    return [group for group in groups if group["items"]]


def _far_above(run: SettlementRun) -> list[dict[str, Any]]:
    largest = list(
        run.lines.filter(delivered_wh__gt=0).select_related("meter").order_by("-delivered_wh", "pk")[:LOOKED_AT]
    )
    earlier = SettlementLine.objects.filter(
        meter__in=[line.meter_id for line in largest],
        run__event__program=run.event.program_id,
        run__event__start__lt=run.event.start,
        performance_wh__isnull=False,
    )
    usual = {
        row["meter"]: row
        for row in newest_lines(earlier).order_by().values("meter").annotate(n=Count("pk"), mean=Avg("delivered_wh"))
        if row["n"] >= FEWEST_EVENTS
    }
    found = []
    for line in largest:
        mean = float(usual[line.meter_id]["mean"]) if line.meter_id in usual else None
        if mean is not None and line.delivered_wh >= TIMES_USUAL * max(mean, 1.0):
            words = {"now": kwh(line.delivered_wh), "usual": kwh(round(mean))}
            text = _("%(now)s kWh, usually %(usual)s kWh") % words
            found.append({"label": line.meter.number, "value": text, "url": _why(line)})
    return found[:MOST]


def _unmeasured(run: SettlementRun) -> list[dict[str, Any]]:
    return [
        {
            "label": str(LineStatus(status).label).capitalize(),
            "value": ngettext("%(count)d meter", "%(count)d meters", count) % {"count": count},
            "url": f"?status={status}#results",
        }
        for status, count in sorted(unmeasured_by_status(run=run).items())
    ]
