"""A file of readings into the portal, under the import rule of the commands."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from django.db import transaction

from meters.errors import RowsRefused, UnreadableFile
from meters.formats import Batch, Context, KnownMeter, Lines, Progress, RowProblem, format_of
from meters.formats.values import time_text
from meters.models import ImportBatch, Meter, MeterMap
from meters.services.checks import MAX_PROBLEMS
from meters.services.columns import Integers, Readings, RegisterReads
from meters.services.holdings import Holdings
from meters.services.ingest import IngestResult, ingest_readings
from meters.services.locks import zone_of
from meters.services.pile import Pile
from meters.services.register_reads import ingest_register
from organizations.models import Distributor

MAX_READINGS = 5_000_000
_MAX_NAMES = 10_000
_FURTHER = "(further names)"
_COUNTS = ("new", "unchanged", "corrected", "repeated", "refused")

Importer = Callable[..., "FileReport"]
Rows = TypeVar("Rows", Readings, RegisterReads)


@dataclass
class FileReport:
    """What a file held and what became of it.

    `problems` are rows left out, in their order, at most MAX_PROBLEMS of the `refused` ones; `unknown` counts
    the values per meter that does not exist; `energy_wh` is the sum of everything that was usable, and
    `meter_wh` the same per number of the meter.
    """

    format: str
    result: IngestResult
    energy_wh: int
    meter_wh: dict[str, int]
    refused: int
    problems: list[RowProblem]
    unknown: Counter[str]
    notes: list[str]

    @property
    def skipped(self) -> int:
        """How many values were left out in all."""
        return self.refused + self.unknown.total()


@dataclass(frozen=True)
class ReadingFile:
    """A file and how to read it: `unit`, `zone` and `meter` as in `meters.formats.Context`.

    Of an `organization` only readings of its meters are taken, of the time in which it held them.
    """

    path: Path
    unit: str | None = None
    zone: tzinfo | None = None
    meter: str | None = None
    organization_id: int | None = None


def import_file(
    *,
    distributor: Distributor,
    file: ReadingFile,
    progress: Progress | None = None,
    batch: ImportBatch | None = None,
) -> FileReport:
    """Stores the usable rows of a file in one transaction and reports the others.

    Raises:
        UnreadableFile: Nothing of it can be used; nothing is changed.
    """
    return store_rows(read_file(distributor=distributor, file=file, progress=progress), batch)


def import_file_entirely(
    *,
    distributor: Distributor,
    file: ReadingFile,
    progress: Progress | None = None,
    batch: ImportBatch | None = None,
) -> FileReport:
    """As `import_file`, but all rows or none.

    Raises:
        UnreadableFile: As there.
        RowsRefused: A row cannot be used; nothing is stored.
    """
    return store_rows_entirely(read_file(distributor=distributor, file=file, progress=progress), batch)


def read_file(*, distributor: Distributor, file: ReadingFile, progress: Progress | None = None) -> "FileRows":
    """All of a file, read and not stored yet: no transaction need be open while it is read.

    Raises:
        UnreadableFile: Nothing of it can be used.
    """
    known = known_meters(distributor, holder_id=file.organization_id)
    if file.meter and file.meter not in known:
        raise UnreadableFile(f"There is no meter “{file.meter}”.")
    rows = FileRows(
        distributor=distributor,
        source=file.path.name,
        numbers={meter.id: number for number, meter in known.items()},
        holdings=None if file.organization_id is None else Holdings.of(file.organization_id),
    )
    with closing(Lines(file.path, progress)) as lines:
        form = format_of(lines)
        rows.format = form.name
        rows.take(form.read(lines, Context(known, file.unit, file.zone, file.meter)), lines)
    return rows


@transaction.atomic
def store_rows(rows: "FileRows", batch: ImportBatch | None = None) -> FileReport:
    """Stores the usable rows and reports the others.

    Args:
        batch: The import that they are part of, if it is to be undone one day.
    """
    of: dict[str, Any] = {"distributor": rows.distributor, "source": rows.source, "batch": batch}
    results = [ingest_readings(readings=rows.pile, **of)]
    if reads := rows.reads():
        results.append(ingest_register(reads=reads, holdings=rows.holdings, **of))
    result = _together(results)
    energies = {**register_energies(reads), **rows.energies}
    return FileReport(
        format=rows.format,
        result=result,
        energy_wh=sum(energies.values()),
        meter_wh={rows.numbers[meter_id]: wh for meter_id, wh in energies.items()},
        refused=rows.refused + result.refused,
        problems=sorted([*rows.problems, *result.problems])[:MAX_PROBLEMS],
        unknown=rows.unknown,
        notes=rows.notes,
    )


@transaction.atomic
def store_rows_entirely(rows: "FileRows", batch: ImportBatch | None = None) -> FileReport:
    """As `store_rows`, but all rows or none.

    Raises:
        RowsRefused: A row cannot be used; nothing is stored, and `report` of the error tells which.
    """
    report = store_rows(rows, batch)
    if report.skipped:
        raise RowsRefused(f"{report.skipped:,} rows cannot be used, so nothing was stored.", report)
    return report


def _together(results: list[IngestResult]) -> IngestResult:
    """Both of a file that holds readings and reads of registers."""
    sums = {name: sum(getattr(each, name) for each in results) for name in _COUNTS}
    return IngestResult(
        **sums,
        problems=tuple(problem for each in results for problem in each.problems),
        meter_ids=tuple(sorted({meter_id for each in results for meter_id in each.meter_ids})),
        start=min((each.start for each in results if each.start), default=None),
        end=max((each.end for each in results if each.end), default=None),
    )


def register_energies(reads: RegisterReads | None) -> dict[int, int]:
    """Meter id -> by how much its register rose from read to read; a fall counts nothing."""
    if reads is None:
        return {}
    sorted_reads = reads.take(np.lexsort((reads.starts, reads.meter_ids)))
    rises = np.maximum(np.diff(sorted_reads.values_wh), 0)
    same = np.diff(sorted_reads.meter_ids) == 0
    return _sums(sorted_reads.meter_ids[1:][same], rises[same])


def _sums(meter_ids: Integers, energies: Integers) -> dict[int, int]:
    ids, places = np.unique(meter_ids, return_inverse=True)
    sums = np.zeros(len(ids), np.int64)
    np.add.at(sums, places, energies)
    return dict(zip(ids.tolist(), sums.tolist(), strict=True))


def known_meters(
    distributor: Distributor, numbers: Collection[str] | None = None, *, holder_id: int | None = None
) -> dict[str, KnownMeter]:
    """The distributor's meters by number: all, those with these numbers (at most 10,000), those somebody ever held."""
    rows = Meter.objects.filter(distributor=distributor).order_by()
    if numbers is not None:
        rows = rows.filter(number__in=numbers)
    if holder_id is not None:
        rows = rows.filter(pk__in=MeterMap.objects.filter(entity_id=holder_id).values("meter"))
    values = rows.values_list("number", "pk", "zone_name", "interval_minutes")
    zones = {name: zone_of(name, distributor) for name in {row[2] for row in values}}
    return {number: KnownMeter(pk, zones[name], minutes) for number, pk, name, minutes in values}


@dataclass
class FileRows:
    """What a file holds: readings and reads of registers that its sender may bring, and the rows left out."""

    distributor: Distributor
    source: str
    numbers: dict[int, str]
    holdings: Holdings | None = None
    format: str = ""
    pile: Pile = field(default_factory=Pile)
    registers: list[RegisterReads] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    energies: dict[int, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: int = 0

    def take(self, batches: Iterator[Batch], lines: Lines) -> None:
        """Reads everything.

        Raises:
            UnreadableFile: There is no row at all, or more than the portal takes at once.
        """
        count = 0
        for batch in batches:
            count += len(batch)
            self._add(batch)
            if count > MAX_READINGS:
                raise lines.refusal(f"holds more than {MAX_READINGS:,} readings; split it")
        if not (count or self.refused or self.unknown):
            raise lines.refusal("holds no readings")

    def reads(self) -> RegisterReads | None:
        """The reads of registers of all batches, if there are any."""
        if not self.registers:
            return None
        names = [each.name for each in fields(RegisterReads)]
        return RegisterReads(**{name: np.concatenate([getattr(one, name) for one in self.registers]) for name in names})

    def _add(self, batch: Batch) -> None:
        readings = self._own(
            Readings(
                meter_ids=batch.meter_ids,
                starts=batch.starts,
                energies_wh=batch.energies_wh,
                qualities=batch.qualities,
                rows=batch.rows,
            )
        )
        self.pile.add(readings)
        for meter_id, wh in _sums(readings.meter_ids, readings.energies_wh).items():
            self.energies[meter_id] = self.energies.get(meter_id, 0) + wh
        if len(batch.registers):
            found = batch.registers
            reads = RegisterReads(
                meter_ids=found.meter_ids, starts=found.ats, values_wh=found.values_wh, rows=found.rows
            )
            self.registers.append(self._own(reads))
        self.refused += len(batch.problems)
        self._list(batch.problems)
        self.notes.extend(batch.notes)
        for name, count in batch.unknown.items():
            self.unknown[name if name in self.unknown or len(self.unknown) < _MAX_NAMES else _FURTHER] += count

    def _own(self, rows: Rows) -> Rows:
        """The rows of the time in which the meter was the sender's; each other one becomes a problem."""
        if self.holdings is None:
            return rows
        inside = self.holdings.inside(rows)
        outside = rows.take(~inside)
        self.refused += len(outside)
        columns = (outside.rows, outside.meter_ids, outside.starts)
        sentence = "the meter was not your organization’s at that time"
        self._list(
            [
                RowProblem(row, self.numbers[meter_id], time_text(start), sentence)
                for row, meter_id, start in zip(*(column[:MAX_PROBLEMS].tolist() for column in columns), strict=True)
            ]
        )
        return rows.take(inside)

    def _list(self, problems: list[RowProblem]) -> None:
        self.problems.extend(problems[: MAX_PROBLEMS - len(self.problems)])
