"""What every meter format gives and gets. No Django here."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import NamedTuple

from meters.formats.lines import Lines


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


@dataclass
class Batch:
    """Some readings of a file as columns of one length, and what was left out.

    `starts` are seconds since 1970 UTC, `energies_wh` Wh from the grid, `rows` the numbers of the rows;
    `unknown` counts values per number that is no meter here; `notes` are sentences about the whole file.
    """

    rows: list[int] = field(default_factory=list)
    meter_ids: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    energies_wh: list[int] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, row: int, meter_id: int, start: int, energy_wh: int) -> None:
        """Keeps one reading."""
        self.rows.append(row)
        self.meter_ids.append(meter_id)
        self.starts.append(start)
        self.energies_wh.append(energy_wh)


Reader = Callable[[Lines, Context], Iterator[Batch]]


@dataclass(frozen=True)
class Format:
    """One way in which utilities write readings: how the first line shows it, and how it is read."""

    name: str
    recognises: Callable[[str], bool]
    read: Reader
