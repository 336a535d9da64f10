"""A file of readings into the portal, under the import rule of the commands."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

import numpy as np
from django.db import transaction

from meters.errors import RowsRefused, UnreadableFile
from meters.formats import Batch, Context, KnownMeter, Lines, Progress, RowProblem, format_of
from meters.models import Meter
from meters.services.checks import MAX_PROBLEMS
from meters.services.columns import Integers, Readings, integers
from meters.services.ingest import IngestResult, ingest_readings
from meters.services.locks import zone_of
from organizations.models import Distributor

MAX_READINGS = 5_000_000
_MAX_NAMES = 10_000
_FURTHER = "(further names)"


@dataclass
class FileReport:
    """What a file held and what became of it.

    `problems` are rows left out, in their order, at most MAX_PROBLEMS of the `refused` ones; `unknown` counts
    the values per meter that does not exist; `energy_wh` is the sum of everything that was usable.
    """

    format: str
    result: IngestResult
    energy_wh: int
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
    """A file and how to read it: `unit`, `zone` and `meter` as in `meters.formats.Context`."""

    path: Path
    unit: str | None = None
    zone: tzinfo | None = None
    meter: str | None = None


def import_file(*, distributor: Distributor, file: ReadingFile, progress: Progress | None = None) -> FileReport:
    """Stores the usable rows of a file in one transaction and reports the others.

    Raises:
        UnreadableFile: Nothing of it can be used; nothing is changed.
    """
    known = known_meters(distributor)
    if file.meter and file.meter not in known:
        raise UnreadableFile(f"There is no meter “{file.meter}”.")
    with closing(Lines(file.path, progress)) as lines:
        form = format_of(lines)
        parsed = _Parsed.of(form.read(lines, Context(known, file.unit, file.zone, file.meter)), lines)
    readings = parsed.readings()
    result = ingest_readings(distributor=distributor, readings=readings, source=file.path.name)
    problems = sorted([*parsed.problems, *result.problems])[:MAX_PROBLEMS]
    refused = parsed.refused + result.refused
    return FileReport(form.name, result, parsed.energy_wh, refused, problems, parsed.unknown, parsed.notes)


def try_file(*, distributor: Distributor, file: ReadingFile, progress: Progress | None = None) -> FileReport:
    """What `import_file` would report; nothing is stored.

    Raises:
        UnreadableFile: As there.
    """
    with transaction.atomic():
        report = import_file(distributor=distributor, file=file, progress=progress)
        transaction.set_rollback(True)
    return report


def import_file_entirely(
    *, distributor: Distributor, file: ReadingFile, progress: Progress | None = None
) -> FileReport:
    """As `import_file`, but all rows or none.

    Raises:
        UnreadableFile: As there.
        RowsRefused: A row cannot be used; nothing is stored, and `report` of the error tells which.
    """
    with transaction.atomic():
        report = import_file(distributor=distributor, file=file, progress=progress)
        if report.skipped:
            raise RowsRefused(f"{report.skipped:,} rows cannot be used, so nothing was stored.", report)
    return report


def known_meters(distributor: Distributor, numbers: Collection[str] | None = None) -> dict[str, KnownMeter]:
    """The distributor's meters by number, all of them or those with these numbers (at most 10,000)."""
    rows = Meter.objects.filter(distributor=distributor).order_by()
    if numbers is not None:
        rows = rows.filter(number__in=numbers)
    values = rows.values_list("number", "pk", "zone_name", "interval_minutes")
    zones = {name: zone_of(name, distributor) for name in {row[2] for row in values}}
    return {number: KnownMeter(pk, zones[name], minutes) for number, pk, name, minutes in values}


@dataclass
class _Parsed:
    """All batches of a file together."""

    parts: list[tuple[Integers, Integers, Integers, Integers]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    count: int = 0
    refused: int = 0
    energy_wh: int = 0

    @classmethod
    def of(cls, batches: Iterator[Batch], lines: Lines) -> "_Parsed":
        """Reads everything.

        Raises:
            UnreadableFile: There is no row at all, or more than the portal takes at once.
        """
        parsed = cls()
        for batch in batches:
            parsed._add(batch)
            if parsed.count > MAX_READINGS:
                raise lines.refusal(f"holds more than {MAX_READINGS:,} readings; split it")
        if not (parsed.count or parsed.refused or parsed.unknown):
            raise lines.refusal("holds no readings")
        return parsed

    def readings(self) -> Readings:
        """The columns of all batches."""
        columns = [np.concatenate(column) for column in zip(*self.parts, strict=True)] or [integers([])] * 4
        rows, meter_ids, starts, energies = columns
        return Readings(meter_ids=meter_ids, starts=starts, energies_wh=energies, rows=rows)

    def _add(self, batch: Batch) -> None:
        columns = (batch.rows, batch.meter_ids, batch.starts, batch.energies_wh)
        rows, meter_ids, starts, energies = (integers(column) for column in columns)
        self.parts.append((rows, meter_ids, starts, energies))
        self.count += len(batch.rows)
        self.energy_wh += sum(batch.energies_wh)
        self.refused += len(batch.problems)
        self.problems.extend(batch.problems[: MAX_PROBLEMS - len(self.problems)])
        self.notes.extend(batch.notes)
        for name, count in batch.unknown.items():
            self.unknown[name if name in self.unknown or len(self.unknown) < _MAX_NAMES else _FURTHER] += count
