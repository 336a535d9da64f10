"""One event: its terms, who takes part, and what the settlement found."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from common.money import parse_fraction
from common.speech import number_words, plain_words
from dashboards.operator_facts.event_words import ANSWER_TONES, duration_words
from dashboards.operator_facts.events import event_name
from dashboards.operator_facts.holders import holder_names
from dashboards.selectors.event_watch import Answer, answers_in
from dashboards.times import moment_words
from dashboards.words import kwh, money
from events.models import Event, OptPolicy, Participation, ParticipationState, ProgramVersion
from events.selectors import nominations_of
from events.term_words import price_words
from meters.models import Meter
from settlement.models import LineStatus, SettlementLine, SettlementRun
from settlement.selectors import newest_runs

SILENT = (ParticipationState.INVITED, ParticipationState.NOTIFIED, ParticipationState.NO_RESPONSE)


def asked_words(event: Event) -> str:
    """Whom the event asks, by name. One query."""
    targets = event.targets.select_related("group", "feeder", "organization")
    return ", ".join(sorted(str(target) for target in targets)) or _("Everybody enrolled")


def event_facts(event: Event) -> list[dict[str, Any]]:
    """Program, time, terms and history of the event, and whom it asks."""
    zone, currency = event.program.zone, event.program.distributor.currency
    version = event.version
    made_by = event.created_by.get_full_name() or event.created_by.email if event.created_by else "–"
    return [
        {"label": _("Program"), "value": event.program.name},
        {"label": _("When"), "value": event_name(event)},
        {"label": _("Asks"), "value": asked_words(event)},
        {"label": _("Length"), "value": duration_words(event.end - event.start)},
        {"label": _("Time zone"), "value": zone.key},
        {"label": _("Baseline rule"), "value": f"{version.preset} ({_('version')} {version.number})"},
        {"label": _("Pays"), "value": _pays(version)},
        {"label": _("Wholesale cost"), "value": f"{money(version.wholesale_cost_per_kw, currency)} / kW"},
        {"label": _("Made"), "value": f"{moment_words(event.created_at, zone)}, {made_by}"},
        {"label": _("Changes so far"), "value": str(event.modification_number)},
    ]


def _pays(version: ProgramVersion) -> str:
    """The prices of the terms in short; what is bound to a threshold stands with the terms themselves."""
    prices = [
        (version.rate_per_kw, _("%(price)s / kW")),
        (version.rate_per_kwh, _("%(price)s / kWh")),
        (version.flat_per_event, _("%(price)s an event")),
        (version.capacity_per_kw_month, _("%(price)s / kW and month")),
    ]
    currency = version.program.distributor.currency
    found = [words % {"price": price_words(price, currency)} for price, words in prices if price]
    if version.points_per_kwh:
        found.append(_("%(points)s points / kWh") % {"points": number_words(version.points_per_kwh)})
    return ", ".join(found) or _("nothing")


def participations_of(event: Event, meters: QuerySet[Meter] | None = None) -> QuerySet[Participation]:
    """Everybody in the event, or those of these meters, by meter number."""
    rows = Participation.objects.filter(event=event).select_related("meter")
    if meters is not None:
        rows = rows.filter(meter__in=meters.order_by().values("pk"))
    return rows.order_by("meter__number", "pk")


def answers_of(rows: Sequence[Answer], event: Event) -> dict[str, Any] | None:
    """How many joined, skipped and said nothing, and the bar of their shares; None while nobody is fixed.

    Whoever is measured or settled already joined or said nothing: they stand as taking part. Who is held out for
    comparison was asked nothing and is counted apart.
    """
    counts = Counter(row.state for row in rows)
    held_out = counts.pop(ParticipationState.HELD_OUT, 0)
    total = sum(counts.values())
    if not total and not held_out:
        return None
    skipped = counts[ParticipationState.OPTED_OUT]
    silent = sum(counts[state] for state in SILENT)
    taking = total - skipped - silent
    is_over = taking > counts[ParticipationState.OPTED_IN]
    parts = [
        ("c-joined", _("Took part") if is_over else _("Joined"), taking),
        ("c-skipped", _("Skipped"), skipped),
        ("c-silent", _("No answer"), silent),
    ]
    return {
        "total": total,
        "held_out": held_out,
        "parts": _shares(parts, total),
        "text": ", ".join(f"{number_words(count)} {label.lower()}" for _style, label, count in parts),
        "silence": _silence_words(event, silent),
    }


def answers(event: Event) -> dict[str, Any] | None:
    """The same, read now. One query."""
    return answers_of(answers_in(event), event)


def _silence_words(event: Event, silent: int) -> str:
    """What no answer means, where somebody gave none."""
    if not silent:
        return ""
    if event.version.opt_policy == OptPolicy.OPT_IN:
        return _("Who gives no answer does not take part.")
    return _("Who gives no answer takes part.")


def _shares(parts: Sequence[tuple[str, str, int]], total: int) -> list[dict[str, Any]]:
    """Each part with its place in a bar, as texts for SVG attributes."""
    shares, x = [], 0.0
    for style, label, count in parts:
        width = 100 * count / total if total else 0.0
        shares.append({"style": style, "label": label, "count": count, "x": f"{x:.2f}%", "width": f"{width:.2f}%"})
        x += width
    return shares


def run_of(event: Event) -> SettlementRun | None:
    """The run that counts, with its posting."""
    return newest_runs().filter(event=event).select_related("batch").first()


def run_tiles(run: SettlementRun, currency: str) -> list[dict[str, Any]]:
    """Delivered, earned, spared and not measured, in all. One query."""
    sums = run.lines.order_by().aggregate(wh=Sum("delivered_wh"), credit=Sum("credit"), spared=Sum("demand_savings"))
    lost = run.lines.exclude(status__in=(LineStatus.OK, LineStatus.NO_NOMINATION)).count()
    state = "final" if is_posted(run) else "estimate"
    note = _("run %(number)d, %(preset)s") % {"number": run.number, "preset": run.preset}
    return [
        {"label": _("Delivered"), "value": kwh(sums["wh"] or 0), "unit": "kWh", "note": note},
        {"label": _("Earned by participants"), "value": money(sums["credit"] or Decimal(0), currency), "state": state},
        {"label": _("Spared at wholesale"), "value": money(sums["spared"] or Decimal(0), currency), "state": state},
        {"label": _("Not measured"), "value": str(lost), "note": _("meters")},
    ]


def is_posted(run: SettlementRun) -> bool:
    """Whether the run's amounts are in the ledger."""
    return hasattr(run, "batch")


def participant_columns(run: SettlementRun | None) -> list[dict[str, Any]]:
    """The columns of `participant_rows`."""
    columns = [{"label": _("Meter")}, {"label": _("Holder")}, {"label": _("Answer")}]
    numbers = [_("Nominated"), *([_("Baseline"), _("Used"), _("Delivered"), _("Credit")] if run else [])]
    return [*columns, *({"label": name, "numeric": True} for name in numbers)]


def participant_rows(event: Event, page: Sequence[Participation], run: SettlementRun | None) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html: who, the answer, the nomination, and the result. Four queries."""
    names = holder_names({row.holder_id for row in page if row.holder_id})
    nominated = nominations_of(event=event)
    lines = _lines(run, page)
    currency = event.program.distributor.currency
    rows = []
    for row in page:
        line = lines.get(row.meter_id)
        kw = line.nomination_kw if line else getattr(nominated.get(row.meter_id), "kw", None)
        cells = [
            {
                "text": row.meter.label,
                "sub": row.meter.number,
                "url": f"{reverse('operator_meters')}?meter={row.meter_id}",
            },
            {"label": _("Holder"), "text": names.get(row.holder_id or 0, "–")},
            {"label": _("Answer"), **answer_badge(row)},
            {"label": _("Nominated"), "text": kw_words(kw), "numeric": True},
            *(_result(line, currency) if run else []),
        ]
        rows.append({"cells": cells})
    return rows


def _lines(run: SettlementRun | None, page: Sequence[Participation]) -> dict[int, SettlementLine]:
    if run is None:
        return {}
    return {line.meter_id: line for line in run.lines.filter(meter__in=[row.meter_id for row in page])}


def _result(line: SettlementLine | None, currency: str) -> list[dict[str, Any]]:
    labels = (_("Baseline"), _("Used"), _("Delivered"), _("Credit"))
    if line is None:
        return [{"label": label, "text": "–", "numeric": True} for label in labels]
    why = reverse("reward_why", args=[line.pk])
    if line.baseline_wh is None or line.event_wh is None:
        status = LineStatus(line.status).label
        texts = ["–", "–", "–", str(status)]
    else:
        baseline = kwh(parse_fraction(line.baseline_wh), 3)
        texts = [f"{baseline} kWh", f"{kwh(line.event_wh, 3)} kWh", f"{kwh(line.delivered_wh, 3)} kWh"]
        texts.append(money(line.credit, currency))
    cells: list[dict[str, Any]] = [
        {"label": label, "text": text, "numeric": True} for label, text in zip(labels, texts, strict=True)
    ]
    cells[-1]["url"] = why
    return cells


def answer_badge(row: Participation) -> dict[str, str]:
    """The answer, or what became of it, as word and tone."""
    state = ParticipationState(row.state)
    return {"badge": str(state.label).capitalize(), "tone": ANSWER_TONES.get(state, "")}


def kw_words(kw: Decimal | None) -> str:
    """A power, exactly as nominated.

    >>> kw_words(Decimal("50.000")), kw_words(None)
    ('50 kW', '–')
    """
    return "–" if kw is None else f"{plain_words(kw)} kW"
