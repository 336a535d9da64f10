"""A coming event in figures, as operators see it before they call it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from math import cos, radians
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.money import round_half_up
from common.speech import hour_words, number_words, plain_words
from dashboards.operator_facts.event import kw_words
from dashboards.operator_facts.holders import holder_names
from dashboards.words import money
from events.models import Event, LeftOutReason, ProgramVersion
from events.services import Size
from events.term_words import minutes_words
from meters.models import Meter
from settlement.forecast_reach import unreached_words

SHOWN = 100


@dataclass(frozen=True)
class SizeView:
    """What the page shows of a `Size`."""

    size: Size
    words: str
    tiles: list[dict[str, Any]]
    refusals: list[str]
    warning: str
    remarks: list[str]
    second: str
    rows: list[dict[str, Any]]
    out_rows: list[dict[str, Any]]
    more: int
    out_more: int


def view_of(event: Event, size: Size) -> SizeView:
    """The figures in words, with the first of those who take part and of those who do not."""
    first = list(size.meters[:SHOWN])
    out = dict(list(size.left_out.items())[:SHOWN])
    known = {meter.pk: meter for meter in Meter.objects.filter(pk__in=out)}
    names = holder_names({size.holders[pk] for pk in [*(meter.pk for meter in first), *out] if pk in size.holders})
    return SizeView(
        size=size,
        words=words_of(event, size),
        tiles=_tiles(event, size),
        refusals=[str(refusal) for refusal in size.refusals],
        warning=" ".join(filter(None, [unreached_words(event=event, meters=size.meters), _unknown_words(size)])),
        remarks=_remarks(event, size),
        second=_second(event) if size.needs_second else "",
        rows=[_row(meter, size, names) for meter in first],
        out_rows=[_out_row(known[pk], reason, size, names) for pk, reason in out.items() if pk in known],
        more=len(size.meters) - len(first),
        out_more=len(size.left_out) - len(out),
    )


def words_of(event: Event, size: Size) -> str:
    """Meters, homes, power and cost in one sentence."""
    if not size.meters:
        return _("Nobody would take part.")
    meters = ngettext("%(count)d meter", "%(count)d meters", len(size.meters)) % {"count": len(size.meters)}
    homes = ngettext("%(count)d household", "%(count)d households", len(size.homes)) % {"count": len(size.homes)}
    words = _("%(meters)s would take part, %(homes)s among them; %(kw)s are expected of them.")
    return words % {"meters": meters, "homes": homes, "kw": _about_kw(size.expected_kw)}


def limits_of(version: ProgramVersion) -> list[dict[str, str]]:
    """What the terms allow, for those who choose a time."""
    found = []
    if version.hours_from or version.hours_to:
        hours = [hour_words(_wall(moment)) if moment else "–" for moment in (version.hours_from, version.hours_to)]
        found.append((_("Hours"), _("%(first)s to %(last)s") % {"first": hours[0], "last": hours[1]}))
    if version.min_minutes or version.max_minutes:
        sizes = [minutes_words(size) for size in (version.min_minutes, version.max_minutes) if size]
        found.append((_("Length"), " – ".join(sizes)))
    if version.business_days_only:
        found.append((_("Days"), _("business days")))
    if version.notice_minutes:
        found.append((_("Notice"), minutes_words(version.notice_minutes)))
    if version.max_events is not None:
        found.append((_("Events in a season"), _("at most %(count)d") % {"count": version.max_events}))
    return [{"label": label, "value": value} for label, value in found]


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("Meter"), _("Holder"), _("Nominated"), _("Expected")]
    return [{"label": name, "numeric": place > 1} for place, name in enumerate(names)]


def out_columns() -> list[dict[str, Any]]:
    """The columns of `out_rows`."""
    return [{"label": _("Meter")}, {"label": _("Holder")}, {"label": _("Why")}]


def map_of(size: Size, meters: Sequence[Meter]) -> dict[str, Any] | None:
    """The map as numbers for an SVG: x is longitude × cos(latitude), y is turned; None without coordinates."""
    placed = [meter for meter in meters if meter.latitude is not None and meter.longitude is not None][:2000]
    if not placed:
        return None
    lats, lons = [float(meter.latitude or 0) for meter in placed], [float(meter.longitude or 0) for meter in placed]
    scale = cos(radians((min(lats) + max(lats)) / 2)) or 1.0
    high = max(max(lats) - min(lats), (max(lons) - min(lons)) * scale * 2 / 3, 0.002) * 1.2
    wide = high * 1.5
    top = (min(lats) + max(lats)) / 2 + high / 2
    left = (min(lons) + max(lons)) / 2 - wide / scale / 2
    taking = {meter.pk for meter in size.meters}
    dots = [
        {
            "x": f"{(lon - left) * scale / wide * 600:.1f}",
            "y": f"{(top - lat) / high * 400:.1f}",
            "style": "m-save" if meter.pk in taking else "m-idle",
            "title": meter.label,
        }
        for meter, lat, lon in zip(placed, lats, lons, strict=True)
    ]
    return {"dots": dots, "top": top, "left": left, "high": high, "wide": wide / scale, "count": len(placed)}


def _about(kw: Decimal) -> str:
    """An expected power with the figures that mean something: one decimal, of less than a kW two."""
    return plain_words(round_half_up(kw, 1 if abs(kw) >= 1 else 2))


def _about_kw(kw: Decimal) -> str:
    return f"{_about(kw)} kW"


def _wall(moment: time) -> datetime:
    return datetime.combine(date.min, moment)


def _tiles(event: Event, size: Size) -> list[dict[str, Any]]:
    currency = event.program.distributor.currency
    organizations = len({size.holders[meter.pk] for meter in size.meters if meter.pk not in size.homes})
    tiles: list[dict[str, Any]] = [
        {"label": _("Homes"), "value": number_words(len(size.homes))},
        {"label": _("Organizations"), "value": number_words(organizations)},
        {"label": _("Meters"), "value": number_words(len(size.meters))},
        {
            "label": _("Expected"),
            "value": _about(size.expected_kw),
            "unit": "kW",
            "note": _("from past events, else as nominated"),
        },
    ]
    if not event.is_test:
        most = _("at most %(amount)s") % {"amount": money(size.reserved, currency)}
        most = _("nobody can say how much at most") if size.unknown else most
        tiles.append({"label": _("Expected cost"), "value": money(size.expected_cost, currency), "note": most})
    if size.budget_left is not None:
        tiles.append({"label": _("Budget left"), "value": money(max(size.budget_left, Decimal(0)), currency)})
    return tiles


def _unknown_words(size: Size) -> str:
    """That nobody can say what the event may cost at most; empty where it is known."""
    if not size.unknown:
        return ""
    words = ngettext(
        "Nobody can say what this event may cost at most: of %(count)d meter there is no past event, no nomination and "
        "no reading of the last 30 days, so nothing is reserved for it.",
        "Nobody can say what this event may cost at most: of %(count)d meters there is no past event, no nomination "
        "and no reading of the last 30 days, so nothing is reserved for them.",
        size.unknown,
    )
    return words % {"count": size.unknown}


def _remarks(event: Event, size: Size) -> list[str]:
    found = []
    if event.is_test:
        found.append(_("Only a test: people are told so, and nobody is paid."))
    if size.skipping:
        words = ngettext(
            "%(count)d meter skips it by a standing wish; its holder may join all the same.",
            "%(count)d meters skip it by a standing wish; their holders may join all the same.",
            len(size.skipping),
        )
        found.append(words % {"count": len(size.skipping)})
    if size.drawn:
        words = ngettext(
            "%(count)d home is held out at random for comparison, as the terms say; it is told nothing.",
            "%(count)d homes are held out at random for comparison, as the terms say; they are told nothing.",
            size.drawn,
        )
        found.append(words % {"count": size.drawn})
    if size.unplaced:
        words = ngettext(
            "%(count)d enrolled meter has no coordinates, so it lies in no area.",
            "%(count)d enrolled meters have no coordinates, so they lie in no area.",
            size.unplaced,
        )
        found.append(words % {"count": size.unplaced})
    return found + _left_out_words(size)


def _left_out_words(size: Size) -> list[str]:
    counts = Counter(size.left_out.values())
    words = _("Left out: %(count)d, %(reason)s.")
    return [words % {"count": count, "reason": LeftOutReason(reason).label} for reason, count in counts.items()]


def _second(event: Event) -> str:
    if event.approved_by_id is not None and event.approved_by_id != event.created_by_id:
        return ""
    return _("An event of this size needs a second person: another admin agrees before it can be scheduled.")


def _holder(pk: int, size: Size, names: Mapping[int, str]) -> dict[str, Any]:
    return {"label": _("Holder"), "text": names.get(size.holders.get(pk, 0), "–")}


def _row(meter: Meter, size: Size, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "cells": [
            {"text": meter.label, "sub": meter.number},
            _holder(meter.pk, size, names),
            {"label": _("Nominated"), "text": kw_words(size.nominated.get(meter.pk)), "numeric": True},
            {"label": _("Expected"), "text": _about_kw(size.kw[meter.pk]), "numeric": True},
        ]
    }


def _out_row(meter: Meter, reason: LeftOutReason, size: Size, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "cells": [
            {"text": meter.label, "sub": meter.number},
            _holder(meter.pk, size, names),
            {"label": _("Why"), "text": str(LeftOutReason(reason).label).capitalize()},
        ]
    }
