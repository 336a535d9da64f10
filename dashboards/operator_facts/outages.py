"""Times that do not count, as operators read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from common.intervals import day_bounds, local_day
from dashboards.times import hour_words, hour_zone_words, long_day_words, span_words
from meters.models import Exclusion, ExclusionKind
from organizations.models import Distributor

_TONES = {
    ExclusionKind.EVENT: "event",
    ExclusionKind.OUTAGE: "danger",
    ExclusionKind.IDLE: "info",
    ExclusionKind.TEST: "attention",
}


def outages_of(distributor: Distributor, asked: dict[str, Any]) -> QuerySet[Exclusion]:
    """The distributor's, newest first, by the values of a valid `OutageFilter`.

    Without a kind those of events are left out: each is on its event's page, and there are many.
    """
    rows = Exclusion.objects.filter(distributor=distributor).select_related("meter", "feeder", "created_by")
    rows = rows.filter(kind=asked["kind"]) if asked.get("kind") else rows.exclude(kind=ExclusionKind.EVENT)
    if asked.get("meter"):
        rows = rows.filter(meter__number__icontains=asked["meter"].strip())
    if asked.get("feeder"):
        rows = rows.filter(feeder=asked["feeder"])
    if asked.get("since"):
        rows = rows.filter(end__gt=day_bounds(asked["since"], distributor.zone)[0])
    if asked.get("until"):
        rows = rows.filter(start__lt=day_bounds(asked["until"], distributor.zone)[1])
    return rows.order_by("-start", "-pk")


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    return [{"label": name} for name in (_("When"), _("What"), _("Where"), _("Note"))]


def rows(outages: Sequence[Exclusion], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    return [{"cells": _cells(outage, zone)} for outage in outages]


def place_words(outage: Exclusion) -> str:
    """Where it was: "Feeder North", "Meter 4711"."""
    if outage.feeder is not None:
        return _("Feeder %(name)s") % {"name": outage.feeder.name}
    return _("Meter %(number)s") % {"number": outage.meter.number if outage.meter else ""}


def when_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From when to when, with the year: it may be long ago."""
    if local_day(start, zone) == local_day(end, zone):
        return span_words(start, end, zone)
    first = f"{long_day_words(start, zone)}, {hour_words(start, zone)}"
    last = f"{long_day_words(end, zone)}, {hour_zone_words(end, zone)}"
    return _("%(start)s to %(end)s") % {"start": first, "end": last}


def source_words(outage: Exclusion) -> str:
    """How it came in, and by whom."""
    words = {
        "operator": _("entered here"),
        "import": _("from a file"),
        "api": _("sent by API"),
    }.get(outage.source, outage.source)
    who = outage.created_by.get_full_name() or outage.created_by.email if outage.created_by else ""
    return f"{words}, {who}" if who and words else words or who


def _cells(outage: Exclusion, zone: ZoneInfo) -> list[dict[str, Any]]:
    kind = ExclusionKind(outage.kind)
    return [
        {
            "text": when_words(outage.start, outage.end, zone),
            "sub": source_words(outage) or " ",
            "url": reverse("operator_outage", args=[outage.pk]),
        },
        {"label": _("What"), "badge": str(kind.label).capitalize(), "tone": _TONES[kind]},
        {"label": _("Where"), "text": place_words(outage)},
        {"label": _("Note"), "text": outage.note or "–"},
    ]
