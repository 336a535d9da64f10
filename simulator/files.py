"""The files the simulator writes and reads: meters, people, history, events."""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from simulator.errors import SimulatorError
from simulator.times import parse_time, utc_text
from simulator.town import Event, Meter, Town, energy_wh, missing, slots_between

METER_COLUMNS = [
    "meter",
    "kind",
    "nomination_kw",
    "name",
    "lat",
    "lon",
    "feeder",
    "interval_minutes",
    "exports",
]
PEOPLE_COLUMNS = ["meter", "owner_kind", "owner_name"]
_NOT_CALLED = {"draft", "scheduled", "notified", "cancelled"}


def write_meters(town: Town, path: Path) -> None:
    """A row per meter, as `manage.py import_meters` reads it; no contract leaves `nomination_kw` empty."""
    _write_rows(path, METER_COLUMNS, [_meter_row(meter) for meter in town.meters])


def write_people(town: Town, path: Path) -> None:
    """A row per meter: whether a resident, an organization or nobody stands behind it, and the name."""
    rows = [[meter.name, meter.owner_kind, meter.owner_name] for meter in town.meters]
    _write_rows(path, PEOPLE_COLUMNS, rows)


def write_history(town: Town, path: Path, *, start: int, end: int, events: Sequence[Event]) -> int:
    """Writes every reading within [start, end), meter by meter, and returns how many.

    Args:
        town: whose meters.
        path: gzip-compressed where it ends in `.gz`.
        start: seconds since 1970; slots that begin earlier are left out.
        end: seconds since 1970; slots that end later are left out.
        events: what the town was asked for in that time.
    """
    rows = 0
    with _opened(path) as file:
        file.write("meter,start,end,kwh\n")
        for meters, minutes in _by_interval(town.meters):
            for lines in _reading_lines(town.seed, meters, start, end, minutes, events):
                file.write("".join(lines))
                rows += len(lines)
    return rows


def read_events(path: Path) -> tuple[Event, ...]:
    """The events of a JSON file: a list, or the portal's own answer with `results`, of `start` and `end`.

    Raises:
        SimulatorError: the file cannot be read or is no such list.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorError(f"The events file {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise SimulatorError(f"The events file {path} is not JSON.") from None
    return tuple(event for _, event in listed_events(content))


def listed_events(content: Any) -> list[tuple[str, Event]]:
    """The events of a list or of `{"results": […]}`, each with its id.

    Those that were never called (drafts, announced ones, cancelled ones) are left out.

    >>> listed_events([{"id": 7, "start": "2026-11-20T22:00:00Z", "end": "2026-11-21T00:00:00Z"}])
    [('7', Event(start=1795212000, end=1795219200))]

    Raises:
        SimulatorError: something else.
    """
    rows = content.get("results") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(_is_event(row) for row in rows):
        raise SimulatorError("Events must be a list of objects with “start” and “end”.")
    called = [row for row in rows if str(row.get("state", "active")).lower() not in _NOT_CALLED]
    return [(str(row.get("id", row["start"])), _event(row["start"], row["end"])) for row in called]


def kwh_text(wh: int) -> str:
    """Energy in kWh, exact to the Wh.

    >>> kwh_text(412), kwh_text(-5)
    ('0.412', '-0.005')
    """
    return f"{wh / 1000:.3f}"


def _is_event(row: object) -> bool:
    return isinstance(row, dict) and {"start", "end"} <= row.keys()


def _event(start: str, end: str) -> Event:
    first, last = parse_time(start), parse_time(end)
    if last <= first:
        raise SimulatorError(f"The event of {start} ends before it starts.")
    return Event(first, last)


def _meter_row(meter: Meter) -> list[str]:
    contract = "" if meter.contracted_kw is None else f"{meter.contracted_kw:g}"
    place = [meter.label, f"{meter.lat:.6f}", f"{meter.lon:.6f}", meter.feeder]
    return [meter.name, meter.kind, contract, *place, str(meter.interval_minutes), str(meter.exports).lower()]


def _write_rows(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "wt", encoding="utf-8", compresslevel=3, newline="")
    return path.open("w", encoding="utf-8", newline="")


def _by_interval(meters: Sequence[Meter]) -> Iterator[tuple[list[Meter], int]]:
    """Neighbours in the list with the same interval, so that the file keeps the list's order."""
    for minutes, group in groupby(meters, key=lambda meter: meter.interval_minutes):
        yield list(group), minutes


def _reading_lines(
    seed: int, meters: Sequence[Meter], start: int, end: int, minutes: int, events: Sequence[Event]
) -> Iterator[list[str]]:
    """The lines of each meter in turn."""
    slots = slots_between(start, end, minutes)
    spans = [f"{utc_text(at)},{utc_text(at + slots.seconds)}" for at in slots.starts.tolist()]
    energies = energy_wh(seed, meters, slots, events).tolist()
    gaps = missing(seed, meters, slots).tolist()
    for meter, energy, gap in zip(meters, energies, gaps, strict=True):
        rows = zip(spans, energy, gap, strict=True)
        yield [f"{meter.name},{span},{kwh_text(wh)}\n" for span, wh, lost in rows if not lost]
