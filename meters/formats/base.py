"""What every meter format gives and gets. No Django here."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from meters.formats.lines import Lines

Column = NDArray[np.int64]

# The numbers of meters.models.Quality, which needs Django; a test compares them.
MEASURED, CORRECTED, ESTIMATED = 0, 1, 2


class RowProblem(NamedTuple):
    """Why one row was left out: its number in the source, meter and start as far as they are known."""

    row: int
    meter: str
    start: str
    problem: str


class KnownMeter(NamedTuple):
    """What a format must know of a meter: its id, its zone and the minutes of its intervals."""

    id: int
    zone: tzinfo
    minutes: int


@dataclass(frozen=True)
class Context:
    """How a file is to be read.

    Args:
        meters: The distributor's meters by number.
        unit: Unit of the energies; None: what the header says, else kWh.
        zone: Zone of times without one; None: each meter's own.
        meter: Number of the one meter of the file, where the file names none.
    """

    meters: Mapping[str, KnownMeter]
    unit: str | None = None
    zone: tzinfo | None = None
    meter: str | None = None


def column(values: Sequence[int] | Column = ()) -> Column:
    """The values as 64-bit integers.

    >>> column([1, 2]).dtype.name, len(column())
    ('int64', 0)
    """
    return np.asarray(values, dtype=np.int64)


@dataclass(frozen=True)
class RegisterReads:
    """What registers showed: `values_wh` at `ats` (seconds since 1970 UTC), as columns of one length."""

    rows: Column = field(default_factory=column)
    meter_ids: Column = field(default_factory=column)
    ats: Column = field(default_factory=column)
    values_wh: Column = field(default_factory=column)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class Batch:
    """Some readings of a file as numpy columns of one length, and what was left out.

    `starts` are seconds since 1970 UTC, `energies_wh` Wh from the grid, `qualities` the numbers above, `rows` the
    numbers of the rows (lines of a text file from 1, entries of a JSON list from 0, interval readings of an XML
    file from 1). `registers` are reads of registers: a file holds either these or readings, or both in Green
    Button. `unknown` counts values per number that is no meter here; `notes` are sentences about the whole file.
    """

    rows: Column = field(default_factory=column)
    meter_ids: Column = field(default_factory=column)
    starts: Column = field(default_factory=column)
    energies_wh: Column = field(default_factory=column)
    qualities: Column = field(default_factory=column)
    problems: list[RowProblem] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    registers: RegisterReads = field(default_factory=RegisterReads)

    def __post_init__(self) -> None:
        if len(self.rows) and not len(self.qualities):
            self.qualities = np.zeros(len(self.rows), np.int64)

    def __len__(self) -> int:
        return len(self.rows) + len(self.registers)


@dataclass
class Rows:
    """Readings one by one, as lists that become the columns of a `Batch`: for readers that go row by row."""

    rows: list[int] = field(default_factory=list)
    meter_ids: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    energies_wh: list[int] = field(default_factory=list)
    qualities: list[int] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, row: int, meter_id: int, start: int, energy_wh: int, quality: int = MEASURED) -> None:
        """Keeps one reading."""
        self.rows.append(row)
        self.meter_ids.append(meter_id)
        self.starts.append(start)
        self.energies_wh.append(energy_wh)
        self.qualities.append(quality)

    def batch(self) -> Batch:
        """All of it as columns."""
        return Batch(
            rows=column(self.rows),
            meter_ids=column(self.meter_ids),
            starts=column(self.starts),
            energies_wh=column(self.energies_wh),
            qualities=column(self.qualities),
            problems=self.problems,
            unknown=self.unknown,
            notes=self.notes,
        )


Reader = Callable[[Lines, Context], Iterator[Batch]]


@dataclass(frozen=True)
class Format:
    """One way in which utilities write readings: how the first line shows it, and how it is read."""

    name: str
    recognises: Callable[[str], bool]
    read: Reader
