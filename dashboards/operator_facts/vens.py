"""The list of VENs, in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.intervals import local_day
from common.speech import length_words, number_words
from dashboards.operator_facts.holders import holder_names
from dashboards.selectors.vens import ENDS_SOON, Behind, Standing, behind, heard_at, standing_of
from dashboards.times import hour_zone_words, moment_words
from openadr.models import Resource, Ven

TONES = {
    Standing.ENROLLED: "info",
    Standing.HEARD: "good",
    Standing.SILENT: "attention",
    Standing.ENDING: "attention",
    Standing.REVOKED: "danger",
}
_MOST_METERS = 2
_SHORT_ID = 16
_MINUTE = timedelta(minutes=1)


def standing_words() -> dict[Standing, str]:
    """What each standing is called."""
    return {
        Standing.ENROLLED: _("not registered yet"),
        Standing.HEARD: _("registered, heard"),
        Standing.SILENT: _("registered, silent"),
        Standing.ENDING: _("certificate ends soon"),
        Standing.REVOKED: _("revoked"),
    }


def standing_badge(ven: Ven, now: datetime) -> dict[str, str]:
    """The state of one VEN as word and tone."""
    standing = standing_of(ven, now)
    return {"badge": standing_words()[standing].capitalize(), "tone": TONES[standing]}


def tiles(counts: Mapping[Standing | str, int]) -> list[dict[str, Any]]:
    """How many there are, and how many need a look; each leads to its list."""
    page = reverse("operator_vens")
    labels: dict[Standing | str, str] = {
        "all": _("VENs"),
        Standing.HEARD: _("Registered, heard"),
        Standing.SILENT: _("Silent"),
        Standing.ENROLLED: _("Not registered yet"),
        Standing.ENDING: _("Certificate ends soon"),
    }
    notes = {
        Standing.SILENT: _("nothing for three polls"),
        Standing.ENDING: _("within %(count)d days") % {"count": ENDS_SOON.days},
    }
    return [
        {
            "label": label,
            "value": number_words(counts[key]),
            "note": notes.get(key, "") if isinstance(key, Standing) else "",
            "url": (page if key == "all" else f"{page}?state={key}") if counts[key] else "",
        }
        for key, label in labels.items()
    ]


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("VEN"), _("State"), _("Last heard"), _("Resources and meters"), _("Certificate"), _("Pending events")]
    return [{"label": name, "numeric": place == 5} for place, name in enumerate(names)]


def rows(page: Sequence[Ven], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html. Five queries."""
    known = behind(page, now)
    owners = holder_names({ven.owner_id for ven in page if ven.owner_id})
    return [{"cells": _cells(ven, known, owners, now, zone)} for ven in page]


def _cells(ven: Ven, known: Behind, owners: dict[int, str], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    pending = known.pending.get(ven.pk, 0)
    return [
        {
            "text": ven.name,
            "sub": owners.get(ven.owner_id or 0, "") or f"{ven.ven_id[:_SHORT_ID]}…",
            "url": reverse("operator_ven", args=[ven.pk]),
        },
        {"label": _("State"), **standing_badge(ven, now)},
        {"label": _("Last heard"), "text": heard_words(heard_at(ven), now, zone)},
        {"label": _("Resources and meters"), **_resources(known.resources.get(ven.pk, []))},
        {"label": _("Certificate"), **certificate_cell(known.certificate_ends.get(ven.pk), now, zone)},
        {"label": _("Pending events"), "text": number_words(pending) if pending else "–", "numeric": True},
    ]


def _resources(found: Sequence[Resource]) -> dict[str, str]:
    if not found:
        return {"text": _("none: nothing is asked of it")}
    meters = [row.meter.number for row in found if row.meter is not None]
    more = len(meters) - _MOST_METERS
    shown = ", ".join(meters[:_MOST_METERS]) + (f" +{more}" if more > 0 else "")
    counted = ngettext("%(count)d resource", "%(count)d resources", len(found)) % {"count": len(found)}
    return {"text": shown or _("no meter"), "sub": counted}


def certificate_cell(ends: datetime | None, now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Until when the last certificate of a VEN is good."""
    if ends is None:
        return {"text": _("none")}
    day = local_day(ends, zone).isoformat()
    if ends <= now:
        return {"badge": _("Expired %(day)s") % {"day": day}, "tone": "danger"}
    if ends < now + ENDS_SOON:
        return {"badge": _("Until %(day)s") % {"day": day}, "tone": "attention"}
    return {"text": _("until %(day)s") % {"day": day}}


def heard_words(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """How long ago, while that is short; else the moment."""
    if at is None:
        return _("never")
    ago = max(now - at, timedelta())
    if ago < _MINUTE:
        return _("less than a minute ago")
    if ago < timedelta(hours=12):
        return _("%(time)s ago") % {"time": length_words(ago)}
    if local_day(at, zone) == local_day(now, zone):
        return hour_zone_words(at, zone)
    return moment_words(at, zone)
