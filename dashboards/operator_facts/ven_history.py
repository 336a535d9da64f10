"""What VENs were told of events and what they answered: by VEN, by event, and as files."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from common.spreadsheet import safe_cell
from dashboards.operator_facts.events import event_name
from dashboards.times import moment_words
from openadr.models import DeliveryRecord, DeliveryStep, EventDelivery, Opt

CSV_HEADER = ("ven", "ven_id", "event", "program", "start", "end", "step", "modification_number", "at", "detail")
CHUNK = 500
_TONES = {Opt.IN: "good", Opt.OUT: "attention", Opt.NONE: ""}


def answer_cell(row: EventDelivery, now: datetime) -> dict[str, Any]:
    """How far one event has come with one VEN, as word and tone."""
    if row.is_cancelled:
        pending = row.is_pending and row.end > now
        return {"badge": _("Called off, not acknowledged") if pending else _("Called off"), "tone": ""}
    if row.opt:
        return {"badge": str(Opt(row.opt).label).capitalize(), "tone": _TONES[Opt(row.opt)]}
    if row.unreachable_at is not None and row.is_pending:
        return {"badge": _("Not reached"), "tone": "danger"}
    if row.is_pending:
        return {"badge": _("Pending") if row.end > now else _("Never acknowledged"), "tone": "info"}
    return {"badge": _("Acknowledged"), "tone": "good"}


def columns(first: str) -> list[dict[str, Any]]:
    """The columns of `rows`; the first is the event or the VEN."""
    return [{"label": name} for name in (first, _("Answer"), _("Delivered"), _("Acknowledged"), _("What happened"))]


def rows_by_event(page: Sequence[EventDelivery], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html for one VEN: each names its event."""
    return [{"cells": [_event_cell(row), *_cells(row, now, zone)]} for row in page]


def rows_by_ven(page: Sequence[EventDelivery], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The same for one event: each names its VEN."""
    return [{"cells": [_ven_cell(row), *_cells(row, now, zone)]} for row in page]


def _event_cell(row: EventDelivery) -> dict[str, Any]:
    url = reverse("operator_event", args=[row.event_id])
    return {"text": event_name(row.event), "sub": row.event.program.name, "url": url}


def _ven_cell(row: EventDelivery) -> dict[str, Any]:
    named = ", ".join(map(str, row.resources))
    return {"text": row.ven.name, "sub": named or row.ven.ven_id, "url": reverse("operator_ven", args=[row.ven_id])}


def _cells(row: EventDelivery, now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    return [
        {"label": _("Answer"), **answer_cell(row, now)},
        {"label": _("Delivered"), "text": moment_words(row.delivered_at, zone) if row.delivered_at else "–"},
        {"label": _("Acknowledged"), "text": moment_words(row.acknowledged_at, zone) if row.acknowledged_at else "–"},
        {"label": _("What happened"), "template": "dashboards/vens/records.html", "records": records_of(row, zone)},
    ]


def records_of(row: EventDelivery, zone: ZoneInfo) -> list[dict[str, str]]:
    """Each step of one delivery, oldest first."""
    return [_record(record, zone) for record in row.records.all()]


def _record(record: DeliveryRecord, zone: ZoneInfo) -> dict[str, str]:
    step = str(DeliveryStep(record.step).label).capitalize()
    detail = f": {record.detail}" if record.detail else ""
    at = record.at.astimezone(zone)
    return {"what": f"{step}{detail}", "when": f"{at:%Y-%m-%d %H:%M:%S}"}


def file_rows(records: QuerySet[DeliveryRecord]) -> Iterator[Sequence[str]]:
    """Each step for a file, by delivery; see `CSV_HEADER`. Times are UTC."""
    yield CSV_HEADER
    related = "delivery__ven", "delivery__event__program"
    for record in records.select_related(*related).order_by("delivery", "pk").iterator(CHUNK):
        yield [safe_cell(cell) for cell in _file_row(record)]


def _file_row(record: DeliveryRecord) -> Sequence[str]:
    row = record.delivery
    return (
        row.ven.name, row.ven.ven_id, str(row.event_id), row.event.program.name, _iso(row.start), _iso(row.end),
        record.step, str(record.modification_number), _iso(record.at), record.detail,
    )  # fmt: skip


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
