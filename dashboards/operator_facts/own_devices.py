"""Devices as the people read them who hold the meters."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from dashboards.operator_facts.ven import status_cell
from dashboards.operator_facts.vens import TONES, heard_words
from dashboards.selectors.vens import Standing, heard_at, standing_of
from openadr.models import EventDelivery, Opt, Resource


def device_rows(resources: Sequence[Resource], zone: ZoneInfo) -> dict[str, Any] | None:
    """Columns and rows of components/table_cards.html; None without devices."""
    if not resources:
        return None
    names = [_("Device"), _("State"), _("Last heard")]
    return {"columns": [{"label": name} for name in names], "rows": [{"cells": _cells(row, zone)} for row in resources]}


def _cells(row: Resource, zone: ZoneInfo) -> list[dict[str, Any]]:
    now = timezone.now()
    words = {
        Standing.ENROLLED: _("Not connected yet"),
        Standing.HEARD: _("Connected"),
        Standing.SILENT: _("Silent"),
        Standing.REVOKED: _("Cut off"),
    }
    standing = standing_of(row.ven, now)
    state: dict[str, Any] = {"badge": words[standing], "tone": TONES[standing]}
    status = getattr(row, "status", None)
    if standing is Standing.HEARD and status is not None and (status.is_online is False or status.is_overridden):
        state = status_cell(status)
    return [
        {"text": row.ven.name, "sub": row.name},
        {"label": _("State"), **state},
        {"label": _("Last heard"), "text": heard_words(heard_at(row.ven), now, zone)},
    ]


def resident_words(rows: Sequence[EventDelivery]) -> list[str]:
    """One line for each device of somebody's: what it answered to an event."""
    return [_resident(row) for row in rows]


def _resident(row: EventDelivery) -> str:
    name = {"name": row.ven.name}
    if row.is_cancelled:
        known = _("Your device %(name)s knows that this event is off.")
        return (_("Your device %(name)s is being told that this event is off.") if row.is_pending else known) % name
    if row.opt == Opt.IN:
        return _("Your device %(name)s answered: it takes part.") % name
    if row.opt == Opt.OUT:
        return _("Your device %(name)s answered: it does not take part.") % name
    if not row.is_pending:
        return _("Your device %(name)s knows of this event.") % name
    if row.unreachable_at is not None:
        return _("Your device %(name)s could not be reached. Is it on and online?") % name
    return _("Your device %(name)s has not answered yet.") % name
