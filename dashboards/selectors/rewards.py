"""What events earned a reader: the lines that count, final ones and estimates apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from dashboards.times import day_words, hours_words
from dashboards.words import kwh, money
from settlement.models import LineStatus, SettlementLine
from settlement.selectors import lines_of_events

NOTHING = Decimal("0.00")
MEASURED = (LineStatus.OK, LineStatus.NO_NOMINATION)
NOT_PAID = {
    LineStatus.INSUFFICIENT_HISTORY: gettext_lazy("Too few comparable days"),
    LineStatus.DATA_PENDING: gettext_lazy("Readings are missing"),
    LineStatus.UNMEASURED: gettext_lazy("Not measured"),
    LineStatus.NO_NOMINATION: gettext_lazy("No agreed power, so not paid"),
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Amounts and energy of some lines.

    Attributes:
        final: posted to the ledger; estimate: measured, not yet posted.
        saved_wh: delivered reductions in whole Wh.
    """

    final: Decimal = NOTHING
    estimate: Decimal = NOTHING
    saved_wh: int = 0
    events: int = 0


def lines_for(user: User) -> QuerySet[SettlementLine]:
    """The reader's lines that count, newest event first, each with `posted_at`, NULL for an estimate. One query."""
    visible = SettlementLine.objects.visible_to(user)
    return lines_of_events(lines=visible).annotate(posted_at=F("run__batch__posted_at"))


def sums_of(lines: Iterable[SettlementLine], *, since: datetime | None = None) -> Sums:
    """Totals of lines from `lines_for`, of events that started since a moment or of all."""
    counted = [line for line in lines if since is None or line.run.event.start >= since]
    return Sums(
        final=sum((line.credit for line in counted if is_final(line)), NOTHING),
        estimate=sum((line.credit for line in counted if not is_final(line)), NOTHING),
        saved_wh=sum(line.delivered_wh for line in counted),
        events=len({line.run.event_id for line in counted}),
    )


def is_final(line: SettlementLine) -> bool:
    """Whether the amount of a line from `lines_for` is in the ledger."""
    return getattr(line, "posted_at", None) is not None


def currency_of(line: SettlementLine) -> str:
    """The currency of the line's amount."""
    return line.run.event.program.distributor.currency


def earned_words(line: SettlementLine) -> str:
    """What the line came to besides money: the energy, or why there is none."""
    saved = _("%(kwh)s kWh saved") % {"kwh": kwh(line.delivered_wh, 3)}
    return saved if line.status == LineStatus.OK else str(NOT_PAID[LineStatus(line.status)])


def badge_of(line: SettlementLine) -> dict[str, str]:
    """State of an amount as word and tone."""
    if line.status not in MEASURED:
        return {"badge": _("Not measured"), "tone": ""}
    if is_final(line):
        return {"badge": _("Final"), "tone": "good"}
    return {"badge": _("Estimate"), "tone": "estimate"}


def ledger_items(lines: Sequence[SettlementLine], *, with_meter: bool) -> list[dict[str, Any]]:
    """Rows of components/ledger.html: each opens its page."""
    return [
        {
            "label": day_words(line.run.event.start, line.run.event.program.zone),
            "sub": f"{line.meter.label}, {earned_words(line)}" if with_meter else earned_words(line),
            "amount": money(line.credit, currency_of(line)),
            "state": "final" if is_final(line) else "estimate",
            "url": reverse("reward_why", args=[line.pk]),
            **badge_of(line),
        }
        for line in lines
    ]


def event_items(lines: Sequence[SettlementLine]) -> list[dict[str, Any]]:
    """Rows of components/ledger.html, one per event with all its meters together: each opens the event."""
    events: dict[int, list[SettlementLine]] = {}
    for line in lines:
        events.setdefault(line.run.event_id, []).append(line)
    return [_event_item(same) for same in events.values()]


def _event_item(lines: Sequence[SettlementLine]) -> dict[str, Any]:
    event, sums = lines[0].run.event, sums_of(lines)
    meters = ngettext("%(count)s meter", "%(count)s meters", len(lines)) % {"count": len(lines)}
    is_settled = all(is_final(line) for line in lines)
    return {
        "label": day_words(event.start, event.program.zone),
        "sub": f"{kwh(sums.saved_wh, 3)} kWh, {meters}",
        "amount": money(sums.final + sums.estimate, currency_of(lines[0])),
        "state": "final" if is_settled else "estimate",
        "url": reverse("event_detail", args=[event.pk]),
    }


def reward_rows(lines: Sequence[SettlementLine], *, with_meter: bool) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html, one per line."""
    return [{"cells": _cells(line, with_meter)} for line in lines]


def reward_columns(*, with_meter: bool) -> list[dict[str, Any]]:
    """The columns of `reward_rows`."""
    names = [_("Event"), *([_("Meter")] if with_meter else []), _("Saved"), _("Amount"), _("State")]
    numeric = (_("Saved"), _("Amount"))
    return [{"label": name, "numeric": name in numeric} for name in names]


def _cells(line: SettlementLine, with_meter: bool) -> list[dict[str, Any]]:
    event = line.run.event
    zone = event.program.zone
    why = reverse("reward_why", args=[line.pk])
    when = f"{event.start.astimezone(zone).year}, {hours_words(event.start, event.end, zone)}"
    name = {
        "text": f"{day_words(event.start, zone)} {when}",
        "sub": event.program.name,
        "url": reverse("event_detail", args=[event.pk]),
    }
    meter = {"label": _("Meter"), "text": line.meter.label, "url": reverse("meter_detail", args=[line.meter_id])}
    saved = earned_words(line) if line.status not in MEASURED else f"{kwh(line.delivered_wh, 3)} kWh"
    return [
        name,
        *([meter] if with_meter else []),
        {"label": _("Saved"), "text": saved, "numeric": True},
        {"label": _("Amount"), "text": money(line.credit, currency_of(line)), "url": why, "numeric": True},
        {"label": _("State"), **badge_of(line)},
    ]
