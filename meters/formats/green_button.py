"""Green Button (ESPI) XML: energies of intervals in UTC, and reads of registers.

Several usage points in a file are told apart by their titles or the last part of their links, which must be
numbers of meters; a file of one may leave that to --meter. Energy to the grid is negative; where a usage point
gives both directions they are set against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from meters.formats.base import Batch, Column, Context, KnownMeter, RegisterReads, RowProblem, column
from meters.formats.espi import RANKS, Entry, Feed, Values, read_feed
from meters.formats.lines import Lines
from meters.formats.values import time_text

_WATT_HOURS, _WATTS = 72, 38
_FROM_GRID, _NET, _TO_GRID = 1, 4, 19
_DELTAS, _REGISTERS = (0, 4), (1, 3)
_INDICATING = 6
_ELECTRICITY = (0, 1, 2)
_EXTREMES = (8, 9)  # the largest or smallest power of an interval is no energy
_SLICE = 50_000
_LARGEST_WH = 10**15


def recognises_xml(first: str) -> bool:
    """Whether the text begins like XML."""
    return first.startswith("<")


def read_green_button(lines: Lines, context: Context) -> Iterator[Batch]:
    """The readings and reads of registers, usage point by usage point.

    Raises:
        UnreadableFile: It is no Green Button file, names no meter, or its intervals are not the meter's.
    """
    points = _points(read_feed(lines), lines)
    for point, number in _named(points, context, lines):
        meter = context.meters.get(number)
        if meter is None:
            batch = Batch(notes=point.notes)
            batch.unknown[number[:60]] += sum(len(series.values.rows) for series in point.series)
            yield batch
        else:
            if len(points) == 1:
                _refuse_other_length(point, number, meter, lines)
            yield from _Meter(point, number, meter).batches()


@dataclass
class _Series:
    """Values and what they are: each times `factor` over `divisor` is Wh (over the interval's seconds, if power)."""

    values: Values
    flow: int
    is_register: bool
    is_power: bool
    factor: int
    divisor: int
    length: int
    default_quality: int

    def seconds(self) -> Column:
        """How long each interval is; those that do not say it have the length of their type."""
        said = column(np.frombuffer(self.values.seconds, np.int64))
        return np.where(said < 0, self.length, said)

    def starts(self) -> Column:
        """When each interval starts."""
        starts = column(np.frombuffer(self.values.starts, np.int64))
        said = column(np.frombuffer(self.values.seconds, np.int64))
        return starts + np.where(said < 0, (-said - 1) * self.length, 0)

    def qualities(self) -> Column:
        """Our qualities."""
        said = column(np.frombuffer(self.values.qualities, np.int8))
        return np.where(said < 0, self.default_quality, said)

    def energies(self, seconds: Column) -> Column:
        """Whole Wh, halves away from zero."""
        energies = np.empty(len(seconds), np.int64)
        times = seconds if self.is_power else np.ones_like(seconds)
        divisor = self.divisor * (3600 if self.is_power else 1)
        for at in range(0, len(energies), _SLICE):  # Python's whole numbers are exact, and large
            part = slice(at, at + _SLICE)
            pairs = zip(self.values.values[part].tolist(), times[part].tolist(), strict=True)
            energies[part] = [_rounded(value * self.factor * time, divisor) for value, time in pairs]
        return energies


@dataclass
class _Point:
    """One usage point with its usable series; `notes` say what is not used."""

    entry: Entry
    series: list[_Series] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, str]:
        """What may be the meter's number: the title, and the last part of the link."""
        return self.entry.title, self.entry.self_link.rpartition("/")[2]


def _points(feed: Feed, lines: Lines) -> list[_Point]:
    points = {id(entry): _Point(entry) for entry in feed.usage_points or [Entry()]}
    for link, values in feed.blocks.items():
        meter_reading = _owner(link, feed.meter_readings)
        kind = _kind_of(meter_reading, feed.reading_types)
        entry = _owner(meter_reading.up if meter_reading else link, feed.usage_points)
        point = points[id(entry)] if entry else (next(iter(points.values())) if len(points) == 1 else None)
        if point is None or kind is None:
            raise lines.refusal("does not say to which usage point and reading type its interval blocks belong")
        try:
            series = _series(values, kind, point.entry)
        except ValueError:
            raise lines.refusal("has a reading type whose codes are no numbers") from None
        if series is None:
            point.notes.append(_unused(kind, meter_reading, values))
        else:
            point.series.append(series)
    used = [point for point in points.values() if point.series]
    if not used:
        notes = [note for point in points.values() for note in point.notes]
        raise lines.refusal(f"holds no energy of electricity. {' '.join(notes)}"[:300].rstrip("."))
    return used


def _owner(link: str, entries: list[Entry]) -> Entry | None:
    """The entry that has the link as its collection, else the only one."""
    for entry in entries:
        if link and (link in entry.related or (entry.self_link and link.startswith(entry.self_link + "/"))):
            return entry
    return entries[0] if len(entries) == 1 else None


def _kind_of(meter_reading: Entry | None, kinds: list[Entry]) -> Entry | None:
    related = set(meter_reading.related) if meter_reading else set()
    found = [kind for kind in kinds if kind.self_link in related]
    return (found or kinds)[0] if found or len(kinds) == 1 else None


def _series(values: Values, kind: Entry, point: Entry) -> _Series | None:
    unit, flow = kind.code("uom", _WATT_HOURS), kind.code("flowDirection", _FROM_GRID) or _FROM_GRID
    behaviour, power = kind.code("accumulationBehaviour"), kind.code("powerOfTenMultiplier")
    is_power = unit == _WATTS
    fits = behaviour in (*_DELTAS, _INDICATING) if is_power else behaviour in (*_DELTAS, *_REGISTERS)
    if not fits or unit not in (_WATT_HOURS, _WATTS) or flow not in (_FROM_GRID, _NET, _TO_GRID):
        return None
    if point.code("service") or kind.code("commodity") not in _ELECTRICITY or abs(power) > 12:
        return None
    if kind.code("dataQualifier") in _EXTREMES or (behaviour in _REGISTERS and flow == _TO_GRID):
        return None
    quality = kind.codes.get("defaultQuality")
    return _Series(
        values=values,
        flow=flow,
        is_register=behaviour in _REGISTERS,
        is_power=is_power,
        factor=10 ** max(power, 0),
        divisor=10 ** max(-power, 0),
        length=kind.code("intervalLength"),
        default_quality=RANKS.get(quality, 2) if quality else 0,
    )


def _unused(kind: Entry, meter_reading: Entry | None, values: Values) -> str:
    title = (meter_reading.title if meter_reading else "") or kind.title or "a series"
    codes = ", ".join(f"{name} {kind.codes[name]}" for name in ("uom", "flowDirection") if name in kind.codes)
    return f"Not used: {title[:60]} ({len(values.rows):,} values, {codes or 'no codes'})."


def _named(points: list[_Point], context: Context, lines: Lines) -> list[tuple[_Point, str]]:
    if len(points) == 1 and context.meter:
        return [(points[0], context.meter)]
    found = [(point, next((name for name in point.names if name in context.meters), "")) for point in points]
    nameless = [point for point, name in found if not name]
    if context.meter and len(nameless) != 1:
        raise lines.refusal(f"holds {len(points)} usage points, and --meter can name only one of them")
    if len(points) == 1 and nameless:
        title = points[0].entry.title[:60]
        raise lines.refusal(f"does not say whose readings it holds (“{title}” is no meter); name it with --meter")
    return [(point, name or context.meter or point.names[0] or point.names[1] or "?") for point, name in found]


def _refuse_other_length(point: _Point, number: str, meter: KnownMeter, lines: Lines) -> None:
    lengths = {int(each) for series in point.series if not series.is_register for each in np.unique(series.seconds())}
    if lengths and meter.minutes * 60 not in lengths:
        minutes = " and ".join(f"{each / 60:g}" for each in sorted(lengths)[:5])
        raise lines.refusal(
            f"has intervals of {minutes} minutes; the meter {number} has intervals of {meter.minutes} minutes"
        )


class _Meter:
    """The series of one usage point as readings of its meter."""

    def __init__(self, point: _Point, number: str, meter: KnownMeter) -> None:
        self.point, self.number, self.meter = point, number, meter
        self.problems: list[RowProblem] = []
        self.notes = list(point.notes)

    def batches(self) -> Iterator[Batch]:
        """Everything, in batches: first what was left out, then the readings."""
        energies = [series for series in self.point.series if not series.is_register]
        if any(series.is_power for series in energies) and not all(series.is_power for series in energies):
            energies = [series for series in energies if not series.is_power]
            self.notes.append("Power is not used where the energy is there too.")
        for series in self.point.series:
            self._tell_broken(series)
        for series in self.point.series:
            if series.is_register:
                yield self._registers(series)
        forward = _stacked([self._columns(series) for series in energies if series.flow != _TO_GRID])
        back = _stacked([self._columns(series) for series in energies if series.flow == _TO_GRID])
        rows, starts, net, qualities = self._net(forward, back)
        yield Batch(notes=self.notes)
        for at in range(0, len(self.problems), _SLICE):
            yield Batch(problems=self.problems[at : at + _SLICE])
        ids = np.full(len(rows), self.meter.id, np.int64)
        for at in range(0, len(rows), _SLICE):
            part = slice(at, at + _SLICE)
            yield Batch(rows[part], ids[part], starts[part], net[part], qualities[part])

    def _columns(self, series: _Series) -> tuple[Column, ...]:
        rows = column(np.frombuffer(series.values.rows, np.int64))
        starts, seconds = series.starts(), series.seconds()
        energies = series.energies(seconds)
        fits = seconds == self.meter.minutes * 60
        self._tell(rows, starts, ~fits, [f"lasts {each / 60:g} minutes" for each in seconds[~fits].tolist()])
        usable = fits & (np.abs(energies) < _LARGEST_WH)
        self._tell(rows, starts, fits & ~usable, None)
        signed = -energies if series.flow == _TO_GRID else energies
        return rows[usable], starts[usable], signed[usable], series.qualities()[usable]

    def _net(self, forward: tuple[Column, ...], back: tuple[Column, ...]) -> tuple[Column, ...]:
        if not len(back[0]) or not len(forward[0]):
            return forward if len(forward[0]) else back
        starts, first = np.unique(back[1], return_index=True)
        places = np.minimum(np.searchsorted(starts, forward[1]), len(starts) - 1)
        both = starts[places] == forward[1]
        partner = first[places]
        net = forward[2] + np.where(both, back[2][partner], 0)
        qualities = np.maximum(forward[3], np.where(both, back[3][partner], 0))
        again = np.isin(np.arange(len(back[1])), first, invert=True)
        self._tell(back[0], back[1], again, ["the energy to the grid is there twice"] * int(again.sum()))
        alone = np.isin(back[1], forward[1], invert=True) & ~again
        self.notes.append(
            f"Energy to the grid was subtracted in {int(both.sum()):,} intervals; "
            f"{int((~both).sum()) + int(alone.sum()):,} had only one of the two directions."
        )
        joined = (forward[0], forward[1], net, qualities)
        return tuple(np.concatenate([mine, other[alone]]) for mine, other in zip(joined, back, strict=True))

    def _registers(self, series: _Series) -> Batch:
        rows = column(np.frombuffer(series.values.rows, np.int64))
        seconds = np.maximum(column(np.frombuffer(series.values.seconds, np.int64)), 0)
        ats = series.starts() + seconds
        ids = np.full(len(rows), self.meter.id, np.int64)
        return Batch(registers=RegisterReads(rows, ids, ats, series.energies(seconds)))

    def _tell_broken(self, series: _Series) -> None:
        for row in series.values.broken:
            self.problems.append(RowProblem(row, self.number, "", "start, duration or value is not a whole number"))

    def _tell(self, rows: Column, starts: Column, which: NDArray[np.bool_], why: list[str] | None) -> None:
        told = why if why is not None else ["is more than any meter measures"] * int(which.sum())
        for row, start, reason in zip(rows[which].tolist(), starts[which].tolist(), told, strict=True):
            if reason.startswith("lasts"):
                reason = f"{reason}; the meter has intervals of {self.meter.minutes}"
            self.problems.append(RowProblem(row, self.number, _shown(start), reason))


def _stacked(parts: list[tuple[Column, ...]]) -> tuple[Column, ...]:
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True)) if parts else (column(),) * 4


def _rounded(number: int, divisor: int) -> int:
    """The quotient, halves away from zero, at most as much as is told to be too much."""
    size = min((2 * abs(number) + divisor) // (2 * divisor), _LARGEST_WH)
    return -size if number < 0 else size


def _shown(start: int) -> str:
    try:
        return time_text(start)
    except (ValueError, OverflowError, OSError):
        return str(start)
