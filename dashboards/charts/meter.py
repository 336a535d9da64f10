"""The meter chart: what was measured against what was expected, with events, gaps and a range tool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext as _

from common.speech import float_words, length_words, number_words
from dashboards.charts.clock import DAY_MS, HOUR_MS, clock_steps, interval_words, local
from dashboards.charts.data import EventSpan, Floats, MeterSlots, Payload
from dashboards.charts.peaks import Peak, iso, peak_rows
from dashboards.charts.sampling import Mask, Rows, rows_to_keep

POINT_LIMIT = 2_000
ROW_LIMIT = 48
EVENT_MARGIN_MS = 3 * HOUR_MS
AHEAD_MS = 2 * DAY_MS
NEWEST_MS = 3 * DAY_MS


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands in the meter chart besides its lines.

    Args:
        excluded: times that do not count as ordinary use, named by the reason ("outage").
        peaks: the highest intervals, highest first.
        window: [start, end) in milliseconds UTC to show whole; without it the newest days are shown first.
    """

    excluded: Sequence[EventSpan] = ()
    peaks: Sequence[Peak] = ()
    window: tuple[int, int] | None = None


NO_MARKS = Marks()


def meter_payload(
    slots: MeterSlots, events: Sequence[EventSpan], zone: ZoneInfo, *, version: str = "", marks: Marks = NO_MARKS
) -> Payload:
    """Everything the meter chart draws, in kWh per interval and milliseconds since 1970 UTC.

    Args:
        slots: any length; longer than `POINT_LIMIT` is thinned, but for peaks, dips, events and first view.
        events: those that touch the slots, or begin within two days after them, are shown.
        zone: the meter's; it sets labels and words, never positions (see `clock`).
        version: the data version of the page's cache, handed through.

    Returns:
        `sources`: columns by source name; `steps`: how the page turns them into lines and areas;
        `texts`: units of the hover words; `events`: choices of the selector; `view`: ranges to start with;
        `props`: model properties by name; `table`: the source and the columns of the table twin, which the page
        makes of what it draws; `lists`: rows of further tables by name; `say`: the sentence above;
        `empty`: a sentence instead of a chart, else "".
    """
    if not len(slots):
        return empty_payload("meter", _("There are no readings yet. They appear here as they arrive."), version)
    shown = _shown_events(slots, events)
    return {
        "kind": "meter",
        "version": version,
        "empty": "",
        "zone": zone.key,
        "clock": clock_steps(*_edges(slots, shown, marks), zone),
        "interval": slots.interval_ms,
        "sources": _sources(slots, shown, marks),
        "steps": _STEPS,
        "texts": _texts(),
        "events": [_choice(event, zone) for event in reversed(shown)],
        "view": _view(slots, shown, marks),
        "props": _props(slots),
        "say": f"{meter_sentence(slots, zone)}{_thinning_words(slots)}",
        "table": {"from": "slots", "columns": ["when", "reading", "prediction", ["lower", "upper"], "remark"]},
        "lists": {"peaks": _numbered(peak_rows(marks.peaks, zone))},
    }


def empty_payload(kind: str, sentence: str, version: str = "") -> Payload:
    """A payload that shows a sentence in the place of the chart."""
    return {
        "kind": kind, "version": version, "empty": sentence, "sources": {}, "steps": [], "texts": {},
        "events": [], "props": {}, "rows": [], "rows_note": "", "say": "",
    }  # fmt: skip


_STEPS = [
    {"to": "reading", "form": "line", "from": "slots", "y": "reading"},
    {"to": "estimated", "form": "line", "from": "estimated_slots", "y": "reading"},
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


def _sources(slots: MeterSlots, events: Sequence[EventSpan], marks: Marks) -> dict[str, dict[str, Any]]:
    columns = _slot_columns(slots, kept_rows(slots, events), events, marks)
    return {
        "slots": columns,
        "estimated_slots": _estimated_columns(slots, columns),
        "saved_slots": _saved_columns(slots, events),
        "gaps": gap_columns(slots),
        "events": _span_columns(events),
        "excluded": _span_columns(marks.excluded),
        "peaks": _peak_columns(marks.peaks),
        "latest": _latest(slots),
    }


def kept_rows(slots: MeterSlots, events: Sequence[EventSpan]) -> Rows:
    """The rows that are drawn: all, or of a long range its peaks and dips, its events and its newest days."""
    newest = int(slots.start_ms[slots.measured[-1]]) if len(slots.measured) else int(slots.start_ms[0])
    whole = _near(slots, events, EVENT_MARGIN_MS) | (slots.start_ms >= newest + slots.interval_ms - NEWEST_MS)
    return rows_to_keep([slots.energy_wh, slots.predicted_wh], limit=POINT_LIMIT, whole=whole)


def _numbered(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows with their place in front, as it stands in the chart."""
    return [[f"{place}. {row[0]}", *row[1:]] for place, row in enumerate(rows, 1)]


def _span_columns(spans: Sequence[EventSpan]) -> dict[str, list[Any]]:
    return {
        "start": [span.start_ms for span in spans],
        "end": [span.end_ms for span in spans],
        "name": [span.name for span in spans],
    }


def _peak_columns(peaks: Sequence[Peak]) -> dict[str, list[Any]]:
    return {
        "x": [(peak.start_ms + peak.end_ms) / 2 for peak in peaks],
        "y": [peak.wh / 1000 for peak in peaks],
        "place": [str(place) for place, _peak in enumerate(peaks, 1)],
    }


def _estimated_columns(slots: MeterSlots, columns: dict[str, Any]) -> dict[str, list[Any]]:
    """Those of the drawn slots whose reading is an estimate."""
    names = ("start", "end", "reading")
    if slots.estimated is None or not slots.estimated.any():
        return {name: [] for name in names}
    estimates = set(slots.start_ms[slots.estimated].tolist())
    rows = [row for row, start in enumerate(columns["start"]) if start in estimates]
    return {name: [columns[name][row] for row in rows] for name in names}


def _slot_columns(slots: MeterSlots, keep: Rows, events: Sequence[EventSpan], marks: Marks) -> dict[str, list[Any]]:
    return {
        "start": slots.start_ms[keep].tolist(),
        "end": _ends(slots, keep).tolist(),
        "reading": kwh_column(slots.energy_wh[keep]),
        "prediction": kwh_column(slots.predicted_wh[keep]),
        "lower": kwh_column(slots.lower_wh[keep]),
        "upper": kwh_column(slots.upper_wh[keep]),
        "remark": remarks_of(slots, keep, events, marks.excluded),
    }


def remarks_of(slots: MeterSlots, rows: Rows, events: Sequence[EventSpan], excluded: Sequence[EventSpan]) -> list[str]:
    """What is to be said of each row: "event", "outage", "estimated", in the reader's language; mostly nothing."""
    words = [[word] if word else [] for word in map(slots.word, rows.tolist())]
    for name, spans in [(_("event"), events), *((span.name, [span]) for span in excluded)]:
        for place in np.flatnonzero(_near(slots, spans, 0)[rows]).tolist():
            if name not in words[place]:
                words[place].insert(0, name)
    return [", ".join(said) for said in words]


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
        "reading": kwh_column(slots.energy_wh[rows]),
        "prediction": kwh_column(slots.predicted_wh[rows]),
    }


def gap_columns(slots: MeterSlots) -> dict[str, list[int]]:
    """Times without readings between the first and the last reading: `start`, `end`, in milliseconds UTC.

    What lies after the last reading has not arrived yet; it is no gap.
    """
    rows = slots.measured
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
    rows = slots.measured[-1:]
    return {
        "x": (slots.start_ms[rows] + slots.interval_ms).tolist(),
        "y": kwh_column(slots.energy_wh[rows]),
    }


def _shown_events(slots: MeterSlots, events: Sequence[EventSpan]) -> list[EventSpan]:
    first, last = int(slots.start_ms[0]), int(slots.start_ms[-1]) + slots.interval_ms
    shown = [event for event in events if event.end_ms > first and event.start_ms < last + AHEAD_MS]
    return sorted(shown, key=lambda event: event.start)


def _last_ms(slots: MeterSlots, events: Sequence[EventSpan]) -> int:
    ends = [event.end_ms for event in events]
    return max([int(slots.start_ms[-1]) + slots.interval_ms, *ends])


def _edges(slots: MeterSlots, events: Sequence[EventSpan], marks: Marks) -> tuple[int, int]:
    """From where to where the whole picture reaches."""
    return marks.window or (int(slots.start_ms[0]), _last_ms(slots, events))


def _view(slots: MeterSlots, events: Sequence[EventSpan], marks: Marks) -> dict[str, int]:
    """Ranges to start with: what was asked for, or three days and the day ahead; on phones the last day and half
    the next."""
    first, last = _edges(slots, events, marks)
    ends = {"all_start": first, "all_end": last}
    if marks.window:
        return {**ends, "start": first, "end": last, "phone_start": first, "phone_end": last}
    measured = slots.start_ms[slots.measured]
    now = int(measured[-1]) + slots.interval_ms if len(measured) else first
    return {
        **ends,
        "start": max(first, now - NEWEST_MS),
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
    rows = slots.measured
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


def meter_table(payload: Payload, zone: ZoneInfo) -> Payload:
    """The table twin for a page without script: `rows` of [time, measured, expected, likely range, remark]: the
    newest first, then what is ahead; at most `ROW_LIMIT`. `rows_note` says how many there are.

    Its numbers are the payload's own columns, and the script makes all rows of them, in the same order.
    """
    if payload["empty"]:
        return {"rows": [], "rows_note": ""}
    columns = payload["sources"]["slots"]
    count = len(columns["start"])
    known = [row for row, value in enumerate(columns["reading"]) if value is not None]
    ahead = known[-1] + 1 if known else 0
    rows = [*range(ahead - 1, -1, -1), *range(ahead, count)][:ROW_LIMIT]
    note = ""
    if len(rows) < count:
        counts = {"shown": number_words(len(rows)), "all": number_words(count)}
        note = _("The first %(shown)s of %(all)s rows.") % counts
    return {"rows": [_row(columns, row, payload["interval"], zone) for row in rows], "rows_note": note}


def _row(columns: dict[str, list[Any]], row: int, interval_ms: int, zone: ZoneInfo) -> list[str]:
    start, low, high = columns["start"][row], columns["lower"][row], columns["upper"][row]
    return [
        interval_words(start, start + interval_ms, zone),
        _words(columns["reading"][row], _("no reading")),
        _words(columns["prediction"][row], _("no forecast")),
        "–" if low is None or high is None else _range_words(low, high),
        columns["remark"][row],
    ]


CSV_HEADER = ("start", "local_start", "kwh", "expected_kwh", "lower_kwh", "upper_kwh", "remark")


def meter_csv_rows(payload: Payload, zone: ZoneInfo) -> Iterator[Sequence[str]]:
    """What the chart draws, for a file, oldest first; see `CSV_HEADER`."""
    columns = payload["sources"].get("slots", {})
    numbers = [columns.get(name, []) for name in ("reading", "prediction", "lower", "upper")]
    for row, start in enumerate(columns.get("start", [])):
        values = ("" if column[row] is None else f"{column[row]:.3f}" for column in numbers)
        yield (iso(start), local(start, zone).isoformat(), *values, columns["remark"][row])


def _range_words(low: float, high: float) -> str:
    return _("%(low)s to %(high)s") % {"low": float_words(low, 3), "high": float_words(high, 3)}


def _words(value: float | None, missing: str) -> str:
    return missing if value is None else float_words(value, 3)


def kwh_column(wh: Floats) -> list[float | None]:
    """kWh to the watt-hour; None where missing, because JSON knows no NaN."""
    return [None if value != value else value for value in np.round(wh / 1000, 3).tolist()]
