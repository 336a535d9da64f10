"""The load chart: what many meters used together, hour by hour, against what was expected, and who reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray

from common.speech import day_words, float_words, number_words, percent_words
from dashboards.charts.clock import clock_steps, interval_words, local
from dashboards.charts.data import ChartDataError, EventSpan, Floats, Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.peaks import Instants, iso
from dashboards.charts.quick_words import quick_words

POINT_LIMIT = 2_000
ROW_LIMIT = 300
# Below this share of the meters that usually report, an hour says more about silence than about use.
ENOUGH = 0.95
CSV_HEADER = ("start", "end", "kwh", "expected_kwh", "meters_reported", "meters_usual", "kwh_before", "remark")
Whether = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class LoadSeries:
    """Sums over many meters by hour or by local day, without holes, oldest first.

    Args:
        start_ms, end_ms: (n,) milliseconds since 1970 UTC; each begins where the one before ends.
        wh: (n,) Wh, NaN where no meter reported.
        expected_wh: (n,) Wh, NaN without any forecast.
        meters: (n,) how many reported; of a day the fewest of its hours.
        usual: (n,) how many usually do at that time.
        short: (n,) where too few of them did, or a part of the row is missing: no hour to compare with others.
        before_wh: (n,) Wh of the period that it is compared with, NaN where it has none; empty without one.
        is_daily: whether each row is a local day.
    """

    start_ms: Instants
    end_ms: Instants
    wh: Floats
    expected_wh: Floats
    meters: Instants
    usual: Instants
    short: Whether
    before_wh: Floats
    is_daily: bool = False

    def __post_init__(self) -> None:
        columns = (self.end_ms, self.wh, self.expected_wh, self.meters, self.usual, self.short)
        if any(len(column) != len(self.start_ms) for column in columns):
            raise ChartDataError("The columns of a load must be of one length.")
        if len(self.before_wh) not in (0, len(self.start_ms)):
            raise ChartDataError("What a load is compared with must be as long as the load.")
        if not (self.start_ms[1:] == self.end_ms[:-1]).all():
            raise ChartDataError("The rows of a load must follow one another without holes.")

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def has_before(self) -> bool:
        """Whether there is a period that it is compared with."""
        return len(self.before_wh) > 0


def load_payload(series: LoadSeries, events: Sequence[EventSpan], zone: ZoneInfo, *, version: str = "") -> Payload:
    """Everything the load chart draws, in kWh and milliseconds since 1970 UTC; see `meter_payload` for the keys."""
    if not len(series) or np.isnan(series.wh).all():
        return empty_payload("load", _("There are no readings in these dates."), version)
    first, last = int(series.start_ms[0]), int(series.end_ms[-1])
    shown = [event for event in events if event.end_ms > first and event.start_ms < last]
    plain = empty_payload("load", "", version)
    # The page's script makes the rows of the table out of what it draws.
    del plain["rows"]
    return {
        **plain,
        "zone": zone.key,
        "clock": clock_steps(first, last, zone),
        "sources": _sources(series, shown, zone),
        "table": {"from": "slots", "columns": _table_names(series)},
        "steps": _STEPS if series.has_before else _STEPS[:2],
        "texts": {"slots": _texts(series)},
        "events": [_choice(event, zone) for event in reversed(shown)],
        "view": {
            "all_start": first, "all_end": last, "start": first, "end": last, "phone_start": first, "phone_end": last,
        },
        "props": _props(series),
        "say": load_sentence(series, zone),
    }  # fmt: skip


_STEPS = [
    {"to": "reading", "form": "line", "from": "slots", "y": "reading"},
    {"to": "prediction", "form": "line", "from": "slots", "y": "prediction"},
    {"to": "before", "form": "line", "from": "slots", "y": "before"},
]


def _texts(series: LoadSeries) -> dict[str, dict[str, Any]]:
    digits = places_of(series)
    energy = {"unit": "kWh", "digits": digits}
    count = {"unit": "", "digits": 0, "missing": "0"}
    return {
        "reading": {**energy, "missing": _("no data")},
        "prediction": {**energy, "missing": _("no forecast")},
        "before": {**energy, "missing": "–"},
        "meters": count,
        "usual": count,
    }


def places_of(series: LoadSeries) -> int:
    """Decimals of kWh that say something: of a fleet fewer than of a home."""
    return 3 if float(np.nanmax(np.abs(series.wh), initial=0)) < 100_000 else 1


def _table_names(series: LoadSeries) -> list[str]:
    before = ["before"] if series.has_before else []
    return ["when", "reading", "prediction", "meters", "usual", *before, "remark"]


def _sources(series: LoadSeries, events: Sequence[EventSpan], zone: ZoneInfo) -> dict[str, dict[str, Any]]:
    before = series.before_wh if series.has_before else np.full(len(series), np.nan)
    last = np.flatnonzero(~np.isnan(series.wh))[-1:]
    return {
        "slots": {
            "start": series.start_ms.tolist(),
            "end": series.end_ms.tolist(),
            "reading": _kwh(series.wh),
            "prediction": _kwh(series.expected_wh),
            "before": _kwh(before),
            "meters": series.meters.tolist(),
            "usual": series.usual.tolist(),
            "remark": [_remark_words(remark) for remark in _remarks(series, events)],
            # A day needs no hours.
            **({"when": [_when(series, row, zone) for row in range(len(series))]} if series.is_daily else {}),
        },
        "before": {"x": [], "y": []},
        "gaps": short_spans(series),
        "events": {
            "start": [event.start_ms for event in events],
            "end": [event.end_ms for event in events],
            "name": [event.name for event in events],
        },
        "latest": {"x": series.end_ms[last].tolist(), "y": _kwh(series.wh[last])},
    }


def short_spans(series: LoadSeries) -> dict[str, list[int]]:
    """Unbroken stretches in which too few meters reported: `start`, `end` in milliseconds UTC."""
    edges = np.diff(np.concatenate([[0], series.short.astype(np.int8), [0]]))
    firsts, lasts = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return {"start": series.start_ms[firsts].tolist(), "end": series.end_ms[lasts].tolist()}


def _props(series: LoadSeries) -> dict[str, dict[str, Any]]:
    known = np.concatenate([series.wh, series.expected_wh, series.before_wh, [0.0]]) / 1000
    low, high = float(np.nanmin(known)), float(np.nanmax(known))
    room = (high - low) * 0.14 or 1.0
    ends = {"start": low - room if low < 0 else 0.0, "end": high + room}
    unit = _("kWh in 1 day") if series.is_daily else _("kWh in 1 hour")
    return {"unit": {"text": unit}, "y_range": {**ends, "reset_start": ends["start"], "reset_end": ends["end"]}}


def _choice(event: EventSpan, zone: ZoneInfo) -> dict[str, Any]:
    words = interval_words(event.start_ms, event.end_ms, zone)
    return {
        "id": event.id, "name": event.name, "label": f"{words}: {event.name}",
        "start": event.start_ms, "end": event.end_ms,
    }  # fmt: skip


def load_sentence(series: LoadSeries, zone: ZoneInfo) -> str:
    """The result: how much, against what was expected and before, and whether all meters reported."""
    parts = [_total_words(series), _before_words(series), _reported_words(series, zone), _short_words(series)]
    return " ".join(part for part in parts if part)


def _total_words(series: LoadSeries) -> str:
    both = ~np.isnan(series.wh) & ~np.isnan(series.expected_wh)
    words = {"used": float_words(float(np.nansum(series.wh)) / 1000, 1)}
    expected = float(series.expected_wh[both].sum())
    if expected <= 0:
        return _("%(used)s kWh used.") % words
    share = float(series.wh[both].sum()) / expected - 1
    words["share"] = percent_words(abs(share))
    if share <= 0:
        return _("%(used)s kWh used, %(share)s less than expected where there is a forecast.") % words
    return _("%(used)s kWh used, %(share)s more than expected where there is a forecast.") % words


def _before_words(series: LoadSeries) -> str:
    if not series.has_before:
        return ""
    both = ~np.isnan(series.wh) & ~np.isnan(series.before_wh)
    before = float(series.before_wh[both].sum())
    if before <= 0:
        return _("There is nothing before to compare with.")
    share = float(series.wh[both].sum()) / before - 1
    if share <= 0:
        return _("%(share)s less than in the same hours of the period before.") % {"share": percent_words(-share)}
    return _("%(share)s more than in the same hours of the period before.") % {"share": percent_words(share)}


def _reported_words(series: LoadSeries, zone: ZoneInfo) -> str:
    """How many reported in the newest row that is not still coming in, else in the newest."""
    enough = np.flatnonzero(~series.short)
    known = np.flatnonzero(series.meters > 0)
    row = int(enough[-1] if len(enough) else known[-1])
    words = {**_counts(series, row), "when": _when(series, row, zone)}
    return _("%(some)s of %(all)s meters reported, %(when)s.") % words


def _counts(series: LoadSeries, row: int) -> dict[str, str]:
    return {"some": number_words(int(series.meters[row])), "all": number_words(int(series.usual[row]))}


def _short_words(series: LoadSeries) -> str:
    count = int(series.short.sum())
    if not count:
        return ""
    words = {"count": count, "share": percent_words(ENOUGH)}
    if series.is_daily:
        return (
            ngettext(
                "On %(count)d day fewer than %(share)s reported at some hour; it is hatched: low there is silence.",
                "On %(count)d days fewer than %(share)s reported at some hour; they are hatched: low there is silence.",
                count,
            )
            % words
        )
    return (
        ngettext(
            "In %(count)d hour fewer than %(share)s reported; it is hatched: low there is silence.",
            "In %(count)d hours fewer than %(share)s reported; they are hatched: low there is silence.",
            count,
        )
        % words
    )


def load_table(series: LoadSeries, events: Sequence[EventSpan], zone: ZoneInfo) -> Payload:
    """The table twin as the page has it before its script runs, newest first.

    Returns:
        `rows` of [time, used, expected, meters, usually, before?, remark], `ROW_LIMIT` at most; `rows_note`.
    """
    rows = list(range(len(series)))[::-1][:ROW_LIMIT]
    remarks = _remarks(series, events)
    note = ""
    if len(rows) < len(series):
        counts = {"shown": number_words(len(rows)), "all": number_words(len(series))}
        note = _("The newest %(shown)s of %(all)s rows; the file has all.") % counts
    return {"rows": [_row(series, row, remarks[row], zone) for row in rows], "rows_note": note}


def _row(series: LoadSeries, row: int, remark: Sequence[str], zone: ZoneInfo) -> list[str]:
    places = places_of(series)
    before = [_energy(series.before_wh[row], places)] if series.has_before else []
    return [
        _when(series, row, zone),
        _energy(series.wh[row], places, _("no data")),
        _energy(series.expected_wh[row], places, _("no forecast")),
        quick_words(float(series.meters[row]), 0),
        quick_words(float(series.usual[row]), 0),
        *before,
        _remark_words(remark),
    ]


def _remark_words(remark: Sequence[str]) -> str:
    if not remark:
        return ""
    words = {"event": _("event"), "short": _("not all reported")}
    return ", ".join(words[each] for each in remark)


def _energy(wh: float, places: int, missing: str = "–") -> str:
    return missing if np.isnan(wh) else quick_words(float(wh) / 1000, places)


def _when(series: LoadSeries, row: int, zone: ZoneInfo) -> str:
    start, end = int(series.start_ms[row]), int(series.end_ms[row])
    return day_words(local(start, zone).date()) if series.is_daily else interval_words(start, end, zone)


def _remarks(series: LoadSeries, events: Sequence[EventSpan]) -> list[list[str]]:
    in_event = np.zeros(len(series), dtype=np.bool_)
    for event in events:
        in_event |= (series.start_ms < event.end_ms) & (series.end_ms > event.start_ms)
    return [
        [name for name, is_so in (("event", event), ("short", short)) if is_so]
        for event, short in zip(in_event.tolist(), series.short.tolist(), strict=True)
    ]


def load_columns(*, has_before: bool) -> list[str]:
    """Heads of the table twin."""
    before = [_("Period before")] if has_before else []
    return [_("Time"), _("Used, kWh"), _("Expected, kWh"), _("Meters reported"), _("Usually"), *before, _("Remark")]


def load_csv_rows(series: LoadSeries, events: Sequence[EventSpan]) -> Iterator[Sequence[str]]:
    """All rows for a file, oldest first; see `CSV_HEADER`."""
    words = {"event": "event", "short": "not all reported"}
    before = series.before_wh if series.has_before else np.full(len(series), np.nan)
    for row, remark in enumerate(_remarks(series, events)):
        yield (
            iso(int(series.start_ms[row])),
            iso(int(series.end_ms[row])),
            _figure(series.wh[row]),
            _figure(series.expected_wh[row]),
            str(int(series.meters[row])),
            str(int(series.usual[row])),
            _figure(before[row]),
            ", ".join(words[each] for each in remark),
        )


def _figure(wh: float) -> str:
    return "" if np.isnan(wh) else f"{wh / 1000:.3f}"


def _kwh(wh: Floats) -> list[float | None]:
    return [None if value != value else round(value / 1000, 3) for value in wh.tolist()]
