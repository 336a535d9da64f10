"""The meter chart: what was measured against what was expected, with events, gaps and a range tool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext as _

from common.speech import float_words, length_words, number_words
from dashboards.charts.clock import DAY_MS, clock_steps, interval_words
from dashboards.charts.data import EventSpan, Floats, MeterSlots, Payload
from dashboards.charts.sampling import Mask, Rows, rows_to_keep

POINT_LIMIT = 2_000
ROW_LIMIT = 96
HOUR_MS = 3_600_000
EVENT_MARGIN_MS = 3 * HOUR_MS
AHEAD_MS = 2 * DAY_MS


def meter_payload(slots: MeterSlots, events: Sequence[EventSpan], zone: ZoneInfo, *, version: str = "") -> Payload:
    """Everything the meter chart draws, in kWh per interval and milliseconds since 1970 UTC.

    Args:
        slots: any length; longer than `POINT_LIMIT` is thinned, but for peaks, dips, events and first view.
        events: those that touch the slots, or begin within two days after them, are shown.
        zone: the meter's; it sets labels and words, never positions (see `clock`).
        version: the data version of the page's cache, handed through.

    Returns:
        `sources`: columns by source name; `steps`: how the page turns them into lines and areas;
        `texts`: units of the hover words; `events`: choices of the selector; `view`: ranges to start with;
        `props`: model properties by name; `rows`, `rows_note`: the table twin; `say`: the sentence above;
        `empty`: a sentence instead of a chart, else "".
    """
    if not len(slots):
        return empty_payload("meter", _("There are no readings yet. They appear here as they arrive."), version)
    shown = _shown_events(slots, events)
    sources = _sources(slots, shown)
    return {
        "kind": "meter",
        "version": version,
        "empty": "",
        "zone": zone.key,
        "clock": clock_steps(int(slots.start_ms[0]), _last_ms(slots, shown), zone),
        "sources": sources,
        "steps": _STEPS,
        "texts": _texts(),
        "events": [_choice(event, zone) for event in reversed(shown)],
        "view": _view(slots, shown),
        "props": _props(slots),
        "say": f"{meter_sentence(slots, zone)}{_thinning_words(slots)}",
        **meter_table(slots, shown, zone),
    }


def empty_payload(kind: str, sentence: str, version: str = "") -> Payload:
    """A payload that shows a sentence in the place of the chart."""
    return {
        "kind": kind, "version": version, "empty": sentence, "sources": {}, "steps": [], "texts": {},
        "events": [], "props": {}, "rows": [], "rows_note": "", "say": "",
    }  # fmt: skip


_STEPS = [
    {"to": "reading", "form": "line", "from": "slots", "y": "reading"},
    {"to": "prediction", "form": "line", "from": "slots", "y": "prediction"},
    {"to": "band", "form": "area", "from": "slots", "low": "lower", "high": "upper"},
    {"to": "saved", "form": "area", "from": "saved_slots", "low": "reading", "high": "prediction"},
]


def _texts() -> dict[str, dict[str, dict[str, Any]]]:
    return {
        "slots": {
            "reading": {"unit": "kWh", "digits": 3, "missing": _("no reading")},
            "prediction": {"unit": "kWh", "digits": 3, "missing": _("no forecast")},
            "lower": {"unit": "", "digits": 3, "missing": "–"},
            "upper": {"unit": "kWh", "digits": 3, "missing": "–"},
        }
    }


def _sources(slots: MeterSlots, events: Sequence[EventSpan]) -> dict[str, dict[str, Any]]:
    whole = _near(slots, events, EVENT_MARGIN_MS) | (slots.start_ms >= _view(slots, events)["start"])
    keep = rows_to_keep([slots.energy_wh, slots.predicted_wh], limit=POINT_LIMIT, whole=whole)
    return {
        "slots": _slot_columns(slots, keep),
        "saved_slots": _saved_columns(slots, events),
        "gaps": gap_columns(slots),
        "events": {
            "start": [event.start_ms for event in events],
            "end": [event.end_ms for event in events],
            "name": [event.name for event in events],
        },
        "latest": _latest(slots),
    }


def _slot_columns(slots: MeterSlots, keep: Rows) -> dict[str, Any]:
    return {
        "start": slots.start_ms[keep].tolist(),
        "end": _ends(slots, keep).tolist(),
        "reading": _kwh(slots.energy_wh[keep]),
        "prediction": _kwh(slots.predicted_wh[keep]),
        "lower": _kwh(slots.lower_wh[keep]),
        "upper": _kwh(slots.upper_wh[keep]),
        "quality": [slots.word(row) for row in keep],
    }


def _ends(slots: MeterSlots, keep: Rows) -> Rows:
    """End of each kept slot: the next kept start, or before that where its unbroken stretch ends."""
    stretch = np.cumsum(_breaks(slots))
    stops = np.append(np.flatnonzero(np.diff(stretch)), len(slots) - 1)
    stop_ms = (slots.start_ms + slots.interval_ms)[stops]
    own_stop = stop_ms[np.searchsorted(stops, keep)]
    following = np.append(slots.start_ms[keep][1:], stop_ms[-1])
    ends: Rows = np.minimum(own_stop, following)
    return ends


def _breaks(slots: MeterSlots) -> Mask:
    """True where a row does not continue the row before: a missing row, or measured beside not measured."""
    measured = ~np.isnan(slots.energy_wh)
    torn = np.diff(slots.start_ms) != slots.interval_ms
    return np.concatenate([[False], torn | (np.diff(measured.astype(int)) != 0)])


def _saved_columns(slots: MeterSlots, events: Sequence[EventSpan]) -> dict[str, Any]:
    """Event slots used below the forecast, never thinned: the only hours that may look saved."""
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(_near(slots, events, 0) & (slots.energy_wh < slots.predicted_wh))
    return {
        "start": slots.start_ms[rows].tolist(),
        "end": (slots.start_ms[rows] + slots.interval_ms).tolist(),
        "reading": _kwh(slots.energy_wh[rows]),
        "prediction": _kwh(slots.predicted_wh[rows]),
    }


def gap_columns(slots: MeterSlots) -> dict[str, list[int]]:
    """Times without readings between the first and the last reading: `start`, `end`, in milliseconds UTC.

    What lies after the last reading has not arrived yet; it is no gap.
    """
    rows = np.flatnonzero(~np.isnan(slots.energy_wh))
    ends = slots.start_ms[rows][:-1] + slots.interval_ms
    starts = slots.start_ms[rows][1:]
    holes = np.flatnonzero(starts > ends)
    return {"start": ends[holes].tolist(), "end": starts[holes].tolist()}


def _near(slots: MeterSlots, events: Sequence[EventSpan], margin_ms: int) -> Mask:
    start, end = slots.start_ms, slots.start_ms + slots.interval_ms
    mask = np.zeros(len(slots), dtype=np.bool_)
    for event in events:
        mask |= (start < event.end_ms + margin_ms) & (end > event.start_ms - margin_ms)
    return mask


def _latest(slots: MeterSlots) -> dict[str, Any]:
    rows = np.flatnonzero(~np.isnan(slots.energy_wh))[-1:]
    return {
        "x": (slots.start_ms[rows] + slots.interval_ms).tolist(),
        "y": _kwh(slots.energy_wh[rows]),
    }


def _shown_events(slots: MeterSlots, events: Sequence[EventSpan]) -> list[EventSpan]:
    first, last = int(slots.start_ms[0]), int(slots.start_ms[-1]) + slots.interval_ms
    shown = [event for event in events if event.end_ms > first and event.start_ms < last + AHEAD_MS]
    return sorted(shown, key=lambda event: event.start)


def _last_ms(slots: MeterSlots, events: Sequence[EventSpan]) -> int:
    ends = [event.end_ms for event in events]
    return max([int(slots.start_ms[-1]) + slots.interval_ms, *ends])


def _view(slots: MeterSlots, events: Sequence[EventSpan]) -> dict[str, int]:
    """Ranges to start with: three days and the day ahead; on phones the last day and half the next."""
    first, last = int(slots.start_ms[0]), _last_ms(slots, events)
    measured = slots.start_ms[~np.isnan(slots.energy_wh)]
    now = int(measured[-1]) + slots.interval_ms if len(measured) else first
    return {
        "all_start": first,
        "all_end": last,
        "start": max(first, now - 3 * DAY_MS),
        "end": min(last, now + DAY_MS),
        "phone_start": max(first, now - DAY_MS),
        "phone_end": min(last, now + DAY_MS // 2),
    }


def _props(slots: MeterSlots) -> dict[str, dict[str, Any]]:
    known = np.concatenate([slots.energy_wh, slots.upper_wh, slots.predicted_wh, slots.lower_wh, [0.0]])
    low, high = float(np.nanmin(known)) / 1000, float(np.nanmax(known)) / 1000
    room = (high - low) * 0.14 or 1.0
    ends = {"start": low - room if low < 0 else 0.0, "end": high + room}
    return {
        "unit": {"text": _("kWh in %(length)s") % {"length": length_words(timedelta(minutes=slots.interval_minutes))}},
        "y_range": {**ends, "reset_start": ends["start"], "reset_end": ends["end"]},
        "range_y": ends,
    }


def _choice(event: EventSpan, zone: ZoneInfo) -> dict[str, Any]:
    words = interval_words(event.start_ms, event.end_ms, zone)
    return {
        "id": event.id, "name": event.name, "label": f"{words}: {event.name}",
        "start": event.start_ms, "end": event.end_ms,
    }  # fmt: skip


def meter_sentence(slots: MeterSlots, zone: ZoneInfo) -> str:
    """The result in one sentence: the newest reading and what was expected then."""
    rows = np.flatnonzero(~np.isnan(slots.energy_wh))
    if not len(rows):
        return _("Nothing was measured yet; the dashed line is what we expect.")
    row = int(rows[-1])
    start = int(slots.start_ms[row])
    expected = slots.predicted_wh[row]
    words = {
        "when": interval_words(start, start + slots.interval_ms, zone),
        "used": float_words(slots.energy_wh[row] / 1000, 2),
        "expected": "" if np.isnan(expected) else float_words(expected / 1000, 2),
    }
    if not words["expected"]:
        return _("Latest reading, %(when)s: %(used)s kWh.") % words
    return _("Latest reading, %(when)s: %(used)s kWh; %(expected)s kWh was expected.") % words


def _thinning_words(slots: MeterSlots) -> str:
    """What a long range does to the picture, said because a kept step looks as long as its stretch."""
    if len(slots) <= POINT_LIMIT:
        return ""
    return " " + _("So long a range shows only peaks and dips, except in events and the newest days.")


def meter_table(slots: MeterSlots, events: Sequence[EventSpan], zone: ZoneInfo) -> Payload:
    """The table twin: `rows` of [time, measured, expected, likely range, remark], newest first; `rows_note`.

    All event slots and the newest others up to the last reading stand in it, at most twice `ROW_LIMIT`.
    """
    measured = np.flatnonzero(~np.isnan(slots.energy_wh))
    last = int(measured[-1]) + 1 if len(measured) else len(slots)
    in_events = _near(slots, events, 0)[:last]
    newest = np.arange(max(0, last - ROW_LIMIT), last)
    rows = np.union1d(newest, np.flatnonzero(in_events)[-ROW_LIMIT:])[::-1]
    note = ""
    if len(rows) < last:
        counts = {"shown": number_words(len(rows)), "all": number_words(last)}
        note = _("%(shown)s of %(all)s intervals: the newest, and those in events.") % counts
    return {"rows": [_row(slots, int(row), bool(in_events[row]), zone) for row in rows], "rows_note": note}


def _row(slots: MeterSlots, row: int, in_event: bool, zone: ZoneInfo) -> list[str]:
    start = int(slots.start_ms[row])
    low, high = slots.lower_wh[row], slots.upper_wh[row]
    remarks = [word for word in (_("event") if in_event else "", slots.word(row)) if word]
    return [
        interval_words(start, start + slots.interval_ms, zone),
        _words(slots.energy_wh[row], _("no data")),
        _words(slots.predicted_wh[row], "–"),
        "–" if np.isnan(low + high) else _range_words(low, high),
        ", ".join(remarks),
    ]


def _range_words(low_wh: float, high_wh: float) -> str:
    ends = {"low": float_words(low_wh / 1000, 3), "high": float_words(high_wh / 1000, 3)}
    return _("%(low)s to %(high)s") % ends


def _words(wh: float, missing: str) -> str:
    return missing if np.isnan(wh) else float_words(wh / 1000, 3)


def _kwh(wh: Floats) -> list[float | None]:
    """kWh to the watt-hour; None where missing, because JSON knows no NaN."""
    return [None if np.isnan(value) else round(float(value) / 1000, 3) for value in wh]
