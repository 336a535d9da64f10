"""CSV of readings: long (meter, start, end, kwh) or wide (start, then a column per meter)."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import NamedTuple

from common.errors import PortalError
from meters.formats.base import Batch, Context, KnownMeter, RowProblem
from meters.formats.lines import Lines
from meters.formats.table import Table, delimiter_of
from meters.formats.values import Clock, energy_wh, known_unit, time_text

BATCH_ROWS = 20_000
_ENERGY = ("kwh", "wh", "mwh", "energy", "value")
_TIME = ("start", "time", "timestamp")
_WRONG_VALUE = (PortalError, ValueError, OverflowError)


def recognises_csv(first: str) -> bool:
    """Whether the first line is a header with a column of starts."""
    names = [name.strip().strip('"').strip().lower() for name in first.split(delimiter_of(first))]
    return len(names) > 1 and any(name in names for name in _TIME)


def read_csv(lines: Lines, context: Context) -> Iterator[Batch]:
    """The readings of a long or wide table, in batches.

    Raises:
        UnreadableFile: The header lacks a column, or does not fit the options.
    """
    table = Table(lines)
    names_meters = "meter" in table.keys
    if names_meters and context.meter:
        raise lines.refusal("names its meters in a column; leave out --meter")
    if names_meters or context.meter:
        yield from _Long(table, context).batches()
    elif table.keys[0] not in _TIME:
        raise lines.refusal("has no column “meter”, and its first column is not “start”")
    elif len(table.keys) == 2 and table.keys[1] in _ENERGY:
        raise lines.refusal("does not say whose readings it holds; name the meter with --meter")
    else:
        yield from _Wide(table, context).batches()


class _Source(NamedTuple):
    """One meter while a file is read: `seconds` is the length of its intervals."""

    id: int
    seconds: int
    clock: Clock


class _Sources:
    """The meters of a file by number; those of one zone share a clock."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clocks: dict[tzinfo, Clock] = {}
        self._known: dict[str, _Source | None] = {}

    def get(self, number: str) -> _Source | None:
        """The meter of this number, or None where there is none."""
        if number not in self._known:
            meter = self._context.meters.get(number)
            if meter is None:
                return None
            self._known[number] = self._source(meter)
        return self._known[number]

    def _source(self, meter: KnownMeter) -> _Source:
        zone = self._context.zone or meter.zone
        return _Source(meter.id, meter.minutes * 60, self._clocks.setdefault(zone, Clock(zone)))


class _Long:
    """Reads one value per row."""

    def __init__(self, table: Table, context: Context) -> None:
        self.table, self.meter = table, context.meter
        self.sources = _Sources(context)
        self.at_meter = table.index("meter")
        self.at_start, self.at_end = _required(table, _TIME), table.index("end")
        self.at_energy = _required(table, _ENERGY)
        self.unit = _unit(table, table.keys[self.at_energy], context.unit)

    def batches(self) -> Iterator[Batch]:
        """Everything, in batches."""
        batch = Batch(notes=self._notes())
        for row in self.table.rows():
            self._take(row, batch)
            if self.table.number % BATCH_ROWS == 0:
                yield batch
                batch = Batch()
        yield batch

    def _notes(self) -> list[str]:
        used = {self.at_meter, self.at_start, self.at_end, self.at_energy}
        others = [name for at, name in enumerate(self.table.names) if at not in used]
        return [f"Columns not used: {', '.join(others)[:200]}."] if others else []

    def _take(self, row: list[str], batch: Batch) -> None:
        number = self.table.number
        if len(row) != len(self.table.names):
            batch.problems.append(RowProblem(number, "", "", self.table.length_problem(row)))
            return
        name = self.meter or ("" if self.at_meter is None else row[self.at_meter].strip())
        source = self.sources.get(name)
        if source is None:
            _count_unknown(batch, number, name)
            return
        try:
            start = source.clock.start(row[self.at_start])
            if self.at_end is not None and row[self.at_end]:
                _check_end(source, start, row[self.at_end])
            batch.add(number, source.id, start, energy_wh(row[self.at_energy], self.unit))
        except _WRONG_VALUE as problem:
            batch.problems.append(_problem(number, name, row[self.at_start], problem))


class _Wide:
    """Reads one row per start and one column per meter; an empty cell is a gap."""

    def __init__(self, table: Table, context: Context) -> None:
        self.table, self.unit = table, known_unit(context.unit or "kWh")
        self.at_end = 1 if table.keys[1] == "end" else None
        self.first = 2 if self.at_end else 1
        if len(table.names) == self.first:
            raise table.lines.refusal("has no column of a meter")
        sources = _Sources(context)
        self.columns = [(name, sources.get(name)) for name in table.names[self.first :]]

    def batches(self) -> Iterator[Batch]:
        """Everything, in batches."""
        batch = Batch()
        for row in self.table.rows():
            self._take(row, batch)
            if len(batch.rows) >= BATCH_ROWS:
                yield batch
                batch = Batch()
        yield batch

    def _take(self, row: list[str], batch: Batch) -> None:
        if len(row) != len(self.table.names):
            problem = RowProblem(self.table.number, "", row[0][:40], self.table.length_problem(row))
            batch.problems.append(problem)
            return
        for (name, source), cell in zip(self.columns, row[self.first :], strict=True):
            if not cell.strip():
                continue
            if source is None:
                _count_unknown(batch, self.table.number, name)
            else:
                self._take_cell(name, source, row, cell, batch)

    def _take_cell(self, name: str, source: _Source, row: list[str], cell: str, batch: Batch) -> None:
        try:
            start = source.clock.start(row[0])
            if self.at_end is not None and row[self.at_end]:
                _check_end(source, start, row[self.at_end])
            batch.add(self.table.number, source.id, start, energy_wh(cell, self.unit))
        except _WRONG_VALUE as problem:
            batch.problems.append(_problem(self.table.number, name, row[0], problem))


def _required(table: Table, names: Sequence[str]) -> int:
    found = table.index(*names)
    if found is None:
        raise table.lines.refusal(f"has no column “{names[0]}”")
    return found


def _unit(table: Table, header: str, asked: str | None) -> str:
    if header in ("energy", "value"):
        return known_unit(asked or "kWh")
    unit = known_unit(header)
    if asked and known_unit(asked) != unit:
        raise table.lines.refusal(f"has its energies in {unit}, as its header says, not in {known_unit(asked)}")
    return unit


def _check_end(source: _Source, start: int, text: str) -> None:
    ends = source.clock.ends(text)
    if start + source.seconds in ends:
        return
    minutes = (min(ends) - start) // 60
    if minutes <= 0:
        raise ValueError(f"the end {time_text(min(ends))} is not after the start")
    raise ValueError(f"lasts {minutes} minutes; the meter has intervals of {source.seconds // 60}")


def _count_unknown(batch: Batch, number: int, name: str) -> None:
    if name:
        batch.unknown[name[:60]] += 1
    else:
        batch.problems.append(RowProblem(number, "", "", "the meter is missing"))


def _problem(number: int, name: str, start: str, problem: Exception) -> RowProblem:
    return RowProblem(number, name, start.strip()[:40], str(problem).rstrip(".")[:200])
