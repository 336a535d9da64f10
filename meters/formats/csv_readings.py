"""CSV of readings: long (meter, start, end, kwh) or wide (start, then a column per meter); mean kW is read, too.

Chunks of plain rows go through `fast` and `blocks`, all others row by row through `sources.take`.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from common.units import WH_PER_UNIT
from meters.formats import fast
from meters.formats.base import Batch, Context, RowProblem, Rows
from meters.formats.blocks import Block, Coded, as_registers, merged, qualities_of, resolve
from meters.formats.lines import Lines
from meters.formats.sources import Sources, Texts, count_unknown, take
from meters.formats.table import Table, delimiter_of, is_blank
from meters.formats.values import VALUE_UNITS, known_unit

_ENERGY = ("kwh", "wh", "mwh", "energy", "value")
_POWER = ("kw", "w", "mw", "power")
_REGISTER = ("register_kwh", "register_wh", "register_mwh", "register", "read")
# Headers that name no unit.
_UNNAMED = ("energy", "value", "power", "register", "read")
_TIME = ("start", "time", "timestamp")


def recognises_csv(first: str) -> bool:
    """Whether the first line is a header with a column of starts."""
    names = [name.strip().strip('"').strip().lower() for name in first.split(delimiter_of(first))]
    return len(names) > 1 and any(name in names for name in _TIME)


def read_csv(lines: Lines, context: Context) -> Iterator[Batch]:
    """The readings, or reads of registers, of a long or wide table, in batches.

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
    elif len(table.keys) == 2 and table.keys[1] in _ENERGY + _POWER + _REGISTER:
        raise lines.refusal("does not say whose readings it holds; name the meter with --meter")
    else:
        yield from _Wide(table, context).batches()


class _Long:
    """Reads one value per row."""

    def __init__(self, table: Table, context: Context) -> None:
        self.table, self.lines, self.meter = table, table.lines, context.meter
        self.sources = Sources(context)
        self.at_meter = table.index("meter")
        self.at_start, self.at_end = _required(table, _TIME), table.index("end")
        at_register = table.index(*_REGISTER) if table.index(*_ENERGY) is None else None
        self.are_registers = at_register is not None
        self.at_energy = _required(table, _ENERGY + _POWER) if at_register is None else at_register
        if self.are_registers:
            self.at_end = None  # a register is read at a moment
        self.at_quality = None if self.are_registers else table.index("quality")
        self.unit = _unit(table, table.keys[self.at_energy], context.unit)

    def batches(self) -> Iterator[Batch]:
        """Everything, in batches."""
        yield Batch(notes=self._notes())
        while chunk := self.lines.take_chunk():
            cells = _cells(chunk, self.table, self.unit)
            batch = self._exactly(chunk) if cells is None else self._quickly(cells)
            yield as_registers(batch) if self.are_registers else batch

    def _notes(self) -> list[str]:
        used = {self.at_meter, self.at_start, self.at_end, self.at_energy, self.at_quality}
        others = [name for at, name in enumerate(self.table.names) if at not in used]
        return [f"Columns not used: {', '.join(others)[:200]}."] if others else []

    def _exactly(self, chunk: bytes) -> Batch:
        self.lines.put_back(chunk)
        rows = Rows()
        for row in self.table.pending_rows():
            self._take(row, self.table.number, rows)
        return rows.batch()

    def _quickly(self, cells: fast.Cells) -> Batch:
        first = self.lines.number + 1
        self.lines.skip(cells.count)
        energies, plain = fast.energies_of(cells.column(self.at_energy), WH_PER_UNIT[self.unit])
        qualities = None
        if self.at_quality is not None:
            qualities, named = qualities_of(fast.coded(cells.column(self.at_quality)))
            plain = plain & named
        block = Block(
            rows=np.arange(first, first + cells.count),
            names=self._names(cells),
            starts=fast.coded(cells.column(self.at_start)),
            energies_wh=energies,
            plain=plain,
            ends=None if self.at_end is None else fast.coded(cells.column(self.at_end)),
            qualities=qualities,
        )
        batch, left = resolve(block, self.sources)
        rows = Rows()
        for at in np.flatnonzero(left).tolist():
            row = cells.row(at)
            if not is_blank(row):
                self._take(row, first + at, rows)
        return merged(batch, rows.batch())

    def _names(self, cells: fast.Cells) -> Coded:
        if self.meter or self.at_meter is None:
            return Coded([self.meter or ""], np.zeros(cells.count, np.int64))
        return fast.coded(cells.column(self.at_meter))

    def _take(self, row: list[str], number: int, rows: Rows) -> None:
        if len(row) != len(self.table.names):
            rows.problems.append(RowProblem(number, "", "", self.table.length_problem(row)))
            return
        name = self.meter or ("" if self.at_meter is None else row[self.at_meter].strip())
        end = "" if self.at_end is None else row[self.at_end]
        quality = "" if self.at_quality is None else row[self.at_quality]
        texts = Texts(name, row[self.at_start], row[self.at_energy], end, quality)
        take(rows, number, texts, self.sources, self.unit)


class _Wide:
    """Reads one row per start and one column per meter; an empty cell is a gap."""

    def __init__(self, table: Table, context: Context) -> None:
        self.table, self.lines, self.unit = table, table.lines, known_unit(context.unit or "kWh", VALUE_UNITS)
        self.at_end = 1 if table.keys[1] == "end" else None
        self.first = 2 if self.at_end else 1
        if len(table.names) == self.first:
            raise table.lines.refusal("has no column of a meter")
        self.sources = Sources(context)
        self.names = table.names[self.first :]

    def batches(self) -> Iterator[Batch]:
        """Everything, in batches."""
        while chunk := self.lines.take_chunk():
            cells = _cells(chunk, self.table, self.unit)
            yield self._exactly(chunk) if cells is None else self._quickly(cells)

    def _exactly(self, chunk: bytes) -> Batch:
        self.lines.put_back(chunk)
        rows = Rows()
        for row in self.table.pending_rows():
            self._take(row, rows)
        return rows.batch()

    def _take(self, row: list[str], rows: Rows) -> None:
        if len(row) != len(self.table.names):
            problem = RowProblem(self.table.number, "", row[0][:40], self.table.length_problem(row))
            rows.problems.append(problem)
            return
        for name, cell in zip(self.names, row[self.first :], strict=True):
            self._take_cell(name, row, cell, self.table.number, rows)

    def _take_cell(self, name: str, row: list[str], cell: str, number: int, rows: Rows) -> None:
        if not cell.strip():
            return
        if not name:
            count_unknown(rows, number, name)
            return
        end = "" if self.at_end is None else row[self.at_end]
        take(rows, number, Texts(name, row[0], cell, end), self.sources, self.unit)

    def _quickly(self, cells: fast.Cells) -> Batch:
        first, width = self.lines.number + 1, len(self.names)
        self.lines.skip(cells.count)
        values = cells.right_of(self.first)
        said = np.flatnonzero(~fast.are_blank(values))
        lines, columns = said // width, said % width
        energies, plain = fast.energies_of(values.gather(said), WH_PER_UNIT[self.unit])
        starts, ends = fast.coded(cells.column(0)), None
        if self.at_end is not None:
            ends = fast.coded(cells.column(self.at_end))
            ends = Coded(ends.texts, ends.codes[lines])
        names, starts = Coded(self.names, columns), Coded(starts.texts, starts.codes[lines])
        batch, left = resolve(Block(lines + first, names, starts, energies, plain, ends), self.sources)
        return merged(batch, self._left(cells, said[left], first))

    def _left(self, cells: fast.Cells, places: np.ndarray, first: int) -> Batch:
        rows, width = Rows(), len(self.names)
        for line, at in zip((places // width).tolist(), (places % width).tolist(), strict=True):
            row = cells.row(line)
            self._take_cell(self.names[at], row, row[self.first + at], first + line, rows)
        return rows.batch()


def _required(table: Table, names: Sequence[str]) -> int:
    found = table.index(*names)
    if found is None:
        raise table.lines.refusal(f"has no column “{names[0]}”")
    return found


def _cells(chunk: bytes, table: Table, unit: str) -> fast.Cells | None:
    """The cells for the quick way; None where values are mean power: each meter's intervals say what it amounts to."""
    return fast.cells_of(chunk, table.delimiter, len(table.names)) if unit in WH_PER_UNIT else None


def _unit(table: Table, header: str, asked: str | None) -> str:
    if header.startswith("register_") or header in ("register", "read"):
        return _agreed(table, header.removeprefix("register_"), asked, tuple(WH_PER_UNIT))
    return _agreed(table, header, asked, VALUE_UNITS)


def _agreed(table: Table, header: str, asked: str | None, units: tuple[str, ...]) -> str:
    if header in _UNNAMED:
        return known_unit(asked or ("kW" if header == "power" else "kWh"), units)
    unit = known_unit(header, units)
    if asked and known_unit(asked, units) != unit:
        raise table.lines.refusal(f"has its energies in {unit}, as its header says, not in {known_unit(asked, units)}")
    return unit
