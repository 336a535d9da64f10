"""Where the meters of an event are, and how each of them does."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from math import cos, radians
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import number_words
from dashboards.charts.room import kw_words
from dashboards.selectors.event_watch import ANSWERED_OR_OVER, Watch, moment_of
from dashboards.times import hour_zone_words, moment_words
from events.models import ParticipationState

# More points say nothing more to the eye, and every one travels with each answer.
MOST_POINTS = 3_000
MOST_LISTED = 50
MARGIN = 5.0
LARGEST, SMALLEST = 9.0, 2.5


class Doing(StrEnum):
    """What a meter does in the event, the most pressing first."""

    OLD = "old"
    IDLE = "idle"
    SAVE = "save"
    JOINED = "joined"
    SILENT = "none"
    SKIPPED = "skip"
    HELD_OUT = "held"


def doing_of(watch: Watch) -> list[Doing]:
    """Per meter, in the order of the answers: before the event the answer, from then on what is measured."""
    begun = watch.now >= watch.event.start
    old, saved, compared = watch.old(), watch.saved_wh(), watch.compared()
    columns = zip(watch.answers, watch.counted.tolist(), old.tolist(), saved.tolist(), compared.tolist(), strict=True)
    return [
        _doing(answer.state, counted, begun=begun, old=is_old, below=has_some and wh > 0, known=has_some)
        for answer, counted, is_old, wh, has_some in columns
    ]


def _doing(state: str, counted: bool, *, begun: bool, old: bool, below: bool, known: bool) -> Doing:
    if state == ParticipationState.OPTED_OUT:
        return Doing.SKIPPED
    if state == ParticipationState.HELD_OUT:
        return Doing.HELD_OUT
    if not begun:
        return Doing.JOINED if state in ANSWERED_OR_OVER else Doing.SILENT
    if not counted:
        return Doing.SILENT
    if old:
        return Doing.OLD
    if below:
        return Doing.SAVE
    return Doing.IDLE if known else Doing.JOINED


def labels() -> dict[Doing, str]:
    """What each is called on the map and in the list."""
    return {
        Doing.SAVE: _("below usual"),
        Doing.IDLE: _("takes part, not below"),
        Doing.OLD: _("readings old"),
        Doing.JOINED: _("joined"),
        Doing.SKIPPED: _("skipped"),
        Doing.SILENT: _("no answer"),
        Doing.HELD_OUT: _("held out for comparison"),
    }


def keys_of(doings: Sequence[Doing]) -> list[dict[str, Any]]:
    """The signs of the map with their counts; what nobody does is left out."""
    counts = Counter(doings)
    return [
        {"kind": doing.value, "label": label, "count": number_words(counts[doing])}
        for doing, label in labels().items()
        if counts[doing]
    ]


def map_of(watch: Watch, doings: Sequence[Doing], *, by_kw: bool) -> dict[str, Any] | None:
    """Points in percent of the drawing, those that matter most on top; None where no meter has coordinates."""
    rows = [row for row, answer in enumerate(watch.answers) if _placed(watch, answer.meter_id)]
    if not rows:
        return None
    order = list(Doing)
    shown = sorted(rows, key=lambda row: order.index(doings[row]))[:MOST_POINTS]
    places = _places(watch, shown)
    sizes = _sizes(watch, shown) if by_kw else {}
    points = "".join(_point(doings[row], *places[row], sizes.get(row)) for row in reversed(shown))
    return {
        # Thousands of them take a template a tenth of a second and more. They are words and numbers of our own.
        "points": mark_safe(points),  # noqa: S308
        "feeders": _feeders(watch, shown, places),
        "text": _map_words(doings, len(rows)),
        "note": _left_out_words(len(watch.answers) - len(rows), len(rows) - len(shown)),
    }


def _point(doing: Doing, x: float, y: float, radius: str | None) -> str:
    """One meter as SVG."""
    if radius and doing is Doing.SAVE:
        return f'<circle class="m-save" cx="{x:.2f}%" cy="{y:.2f}%" r="{radius}"/>'
    return f'<use class="m-{doing.value}" href="#m-{doing.value}" x="{x:.2f}%" y="{y:.2f}%"/>'


def _placed(watch: Watch, pk: int) -> bool:
    meter = watch.seats[pk].meter
    return meter.latitude is not None and meter.longitude is not None


def _places(watch: Watch, rows: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Row -> percent from the left and from the top, east and north in one scale on a drawing of 3 by 2."""
    meters = [watch.seats[watch.answers[row].meter_id].meter for row in rows]
    lat = np.array([float(meter.latitude or 0) for meter in meters])
    lon = np.array([float(meter.longitude or 0) for meter in meters]) * cos(radians(float(lat.mean())))
    span = max(float(np.ptp(lon)) / 3, float(np.ptp(lat)) / 2, 1e-6)
    room = 100 - 2 * MARGIN
    x = 50 + (lon - (lon.max() + lon.min()) / 2) / (3 * span) * room
    y = 50 - (lat - (lat.max() + lat.min()) / 2) / (2 * span) * room
    return dict(zip(rows, zip(x.tolist(), y.tolist(), strict=True), strict=True))


def _sizes(watch: Watch, rows: Sequence[int]) -> dict[int, str]:
    """Radius of each meter that saves, its area by kW."""
    saved = np.maximum(watch.saved_wh(), 0)
    most = float(saved.max(initial=0)) or 1.0
    return {row: f"{SMALLEST + (LARGEST - SMALLEST) * float(saved[row] / most) ** 0.5:.1f}" for row in rows}


def _feeders(watch: Watch, rows: Sequence[int], places: dict[int, tuple[float, float]]) -> list[dict[str, str]]:
    """Each feeder's name above the middle of its meters."""
    members: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        members.setdefault(watch.seats[watch.answers[row].meter_id].feeder, []).append(places[row])
    return [
        {
            "name": name,
            "x": f"{min(88.0, max(12.0, sum(x for x, _y in points) / len(points))):.2f}%",
            "y": f"{max(6.0, min(y for _x, y in points) - 3):.2f}%",
        }
        for name, points in sorted(members.items())
        if name
    ]


def _map_words(doings: Sequence[Doing], placed: int) -> str:
    parts = ", ".join(f"{key['count']} {key['label']}" for key in keys_of(doings))
    meters = ngettext("%(count)s meter by its place", "%(count)s meters by their place", placed)
    return f"{meters % {'count': number_words(placed)}}: {parts}."


def _left_out_words(unplaced: int, too_many: int) -> str:
    parts = []
    if unplaced:
        words = ngettext("%(count)s meter has no coordinates.", "%(count)s meters have no coordinates.", unplaced)
        parts.append(words % {"count": number_words(unplaced)})
    if too_many:
        parts.append(_("%(count)s more are not drawn.") % {"count": number_words(too_many)})
    return " ".join(parts)


def list_columns() -> list[dict[str, Any]]:
    """Heads of the list."""
    figures = (_("Usual, kW"), _("Measured, kW"), _("Saved, kWh"))
    return [
        {"label": _("Meter")}, {"label": _("Now")}, *({"label": name, "numeric": True} for name in figures),
        {"label": _("Last reading")},
    ]  # fmt: skip


TONES = {Doing.SAVE: "good", Doing.OLD: "attention", Doing.JOINED: "good", Doing.SILENT: "event"}


def list_of(watch: Watch, doings: Sequence[Doing]) -> dict[str, Any]:
    """Rows of components/table_cards.html, what needs a look first, and how many more there are."""
    order, names, saved = list(Doing), labels(), watch.saved_wh()
    rows = sorted(range(len(doings)), key=lambda row: (order.index(doings[row]), float(saved[row])))
    shown = rows[:MOST_LISTED]
    more = len(rows) - len(shown)
    return {
        "columns": list_columns(),
        "rows": [{"cells": _cells(watch, row, doings[row], names, float(saved[row]))} for row in shown],
        "note": _("%(count)s more stand below under “Who takes part”.") % {"count": number_words(more)} if more else "",
    }


def _cells(watch: Watch, row: int, doing: Doing, names: dict[Doing, str], saved: float) -> list[dict[str, Any]]:
    meter = watch.seats[watch.answers[row].meter_id].meter
    usual, measured = _newest(watch, row)
    texts = (usual, measured, kw_words(saved / 1000) if watch.compared()[row] else "–")
    titles = (_("Usual, kW"), _("Measured, kW"), _("Saved, kWh"))
    return [
        {"text": meter.label, "sub": meter.number, "url": f"{reverse('operator_meters')}?meter={meter.pk}"},
        {"label": _("Now"), "badge": names[doing], "tone": TONES.get(doing, "")},
        *({"label": title, "text": text, "numeric": True} for title, text in zip(titles, texts, strict=True)),
        {"label": _("Last reading"), "text": _last_words(watch, row)},
    ]


def _newest(watch: Watch, row: int) -> tuple[str, str]:
    """Usual and measured kW in the meter's own newest interval."""
    known = np.flatnonzero(~np.isnan(watch.watts[row]))
    if not len(known):
        return "–", "–"
    usual, measured = watch.usual[row, known[-1]] / 1000, watch.watts[row, known[-1]] / 1000
    return "–" if np.isnan(usual) else kw_words(float(usual)), kw_words(float(measured))


def _last_words(watch: Watch, row: int) -> str:
    if not watch.newest[row]:
        start = hour_zone_words(watch.grid.start, watch.event.program.zone)
        return _("none since %(time)s") % {"time": start}
    return moment_words(moment_of(int(watch.newest[row])), watch.event.program.zone)
