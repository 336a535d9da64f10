"""Outages and idle times from a file."""

import zoneinfo
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from common.errors import PortalError
from common.retry import retried
from meters.errors import RowsRefused
from meters.formats import Lines, RowProblem, Table
from meters.formats.values import Clock
from meters.models import Exclusion, ExclusionKind, Feeder, Meter
from meters.services.exclusions import check_exclusion, lock_places, note_change, same_exclusions
from meters.services.locks import zone_of
from organizations.models import Distributor

OUTAGE_COLUMNS = ("meter", "feeder", "start", "end", "kind", "note")
KINDS = (ExclusionKind.OUTAGE, ExclusionKind.IDLE, ExclusionKind.TEST)
SOURCE = "import"
MAX_OUTAGES = 100_000
_CHUNK = 500


@dataclass
class OutageReport:
    """How many rows were new, how many said what is known already, and which were left out."""

    new: int = 0
    known: int = 0
    problems: list[RowProblem] = field(default_factory=list)


@dataclass(frozen=True)
class OutageFile:
    """A file; `zone` is that of times without one, None: the meter's own, of a feeder the distributor's."""

    path: Path
    zone: zoneinfo.ZoneInfo | None = None


class _Place(NamedTuple):
    """A meter or a feeder, and the zone of its clock."""

    meter_id: int | None
    feeder_id: int | None
    zone: zoneinfo.ZoneInfo


@retried
@transaction.atomic
def import_outages(
    *, distributor: Distributor, file: OutageFile, by: User | None = None, strict: bool = False
) -> OutageReport:
    """Stores the usable rows of a CSV list with the columns of `OUTAGE_COLUMNS`; the same file twice is once.

    A row names a meter or a feeder; without a kind it is an outage. Other rows are left out and reported.

    Raises:
        UnreadableFile: A column is missing or not known, or the file is no text; nothing is changed.
        RowsRefused: A row cannot be used, and all or none was asked for.
    """
    report = OutageReport()
    with closing(Lines(file.path)) as lines:
        rows = list(_Reader(distributor, file, Table(lines), report.problems).rows())
        if not rows and not report.problems:
            raise lines.refusal("lists no outages")
    report.problems.sort()
    if strict and report.problems:
        raise RowsRefused(f"{len(report.problems):,} rows cannot be used, so nothing was stored.", report)
    for first in range(0, len(rows), _CHUNK):
        _store(rows[first : first + _CHUNK], by, report)
    if report.new:
        record("exclusion.import", target=distributor, by=by, details={"file": file.path.name, "new": report.new})
    return report


def try_outages(*, distributor: Distributor, file: OutageFile) -> OutageReport:
    """What `import_outages` would report; nothing is stored.

    Raises:
        UnreadableFile: As there.
    """
    with transaction.atomic():
        report = import_outages(distributor=distributor, file=file)
        transaction.set_rollback(True)
    return report


def _store(rows: Sequence[Exclusion], by: User | None, report: OutageReport) -> None:
    lock_places(rows)
    known = {_key(row) for row in same_exclusions(rows)}
    new = [row for row in rows if _key(row) not in known]
    for row in new:
        row.created_by = by
    Exclusion.objects.bulk_create(new)
    note_change(new)
    report.new += len(new)
    report.known += len(rows) - len(new)


def _key(row: Exclusion) -> tuple[object, ...]:
    return row.meter_id, row.feeder_id, str(row.kind), row.start, row.end


class _Reader:
    """Turns the rows of one file into exclusions that are not stored yet."""

    def __init__(self, distributor: Distributor, file: OutageFile, table: Table, problems: list[RowProblem]) -> None:
        self.distributor, self.file, self.table, self.problems = distributor, file, table, problems
        self.seen: dict[tuple[object, ...], int] = {}
        self.clocks: dict[zoneinfo.ZoneInfo, Clock] = {}
        self.places: dict[tuple[str, str], _Place | None] = {}
        self._check_header()

    def rows(self) -> Iterator[Exclusion]:
        """The usable ones; the others become problems."""
        for cells in self.table.rows():
            if self.table.number > MAX_OUTAGES + 1:
                raise self.table.lines.refusal(f"has more than {MAX_OUTAGES:,} rows; split it")
            values = {key: cell.strip() for key, cell in zip(self.table.keys, cells, strict=False)}
            try:
                if len(cells) != len(self.table.keys):
                    raise ValueError(self.table.length_problem(cells))
                yield self._row(values)
            except (PortalError, ValueError, OverflowError) as problem:
                name = (values.get("meter") or values.get("feeder") or "")[:40]
                start = values.get("start", "")[:40]
                sentence = str(problem).rstrip(".")[:200]
                self.problems.append(RowProblem(self.table.number, name, start, sentence))

    def _check_header(self) -> None:
        refusal = self.table.lines.refusal
        strange = [key for key in self.table.keys if key not in OUTAGE_COLUMNS]
        if strange:
            raise refusal(f"has a column “{strange[0][:40]}” that is not known; known: {', '.join(OUTAGE_COLUMNS)}")
        missing = [name for name in ("start", "end") if name not in self.table.keys]
        if missing:
            raise refusal(f"has no column “{missing[0]}”")
        if self.table.index("meter", "feeder") is None:
            raise refusal("has neither a column “meter” nor “feeder”")

    def _row(self, values: dict[str, str]) -> Exclusion:
        place = self._place(values.get("meter", ""), values.get("feeder", ""))
        note = values.get("note", "")
        if len(note) > 200:
            raise ValueError("the note is longer than 200 characters")
        row = Exclusion(
            distributor=self.distributor,
            meter_id=place.meter_id,
            feeder_id=place.feeder_id,
            kind=_kind(values.get("kind", "")),
            start=self._moment(values["start"], place.zone),
            end=self._moment(values["end"], place.zone),
            source=SOURCE,
            note=note,
        )
        check_exclusion(row)
        first = self.seen.setdefault(_key(row), self.table.number)
        if first != self.table.number:
            raise ValueError(f"row {first} says the same already")
        return row

    def _moment(self, text: str, zone: zoneinfo.ZoneInfo) -> datetime:
        clock = self.clocks.setdefault(zone, Clock(zone))
        return datetime.fromtimestamp(clock.start(text), UTC)

    def _place(self, meter: str, feeder: str) -> _Place:
        if bool(meter) == bool(feeder):
            raise ValueError("a row names a meter or a feeder, and not both" if meter else "the meter is missing")
        if (meter, feeder) not in self.places:
            self.places[meter, feeder] = self._meter(meter) if meter else self._feeder(feeder)
        place = self.places[meter, feeder]
        if place is None:
            raise ValueError(f"there is no {'meter' if meter else 'feeder'} of this name")
        return place

    def _meter(self, number: str) -> _Place | None:
        found = Meter.objects.filter(distributor=self.distributor, number=number).values_list("pk", "zone_name").first()
        return _Place(found[0], None, self.file.zone or zone_of(found[1], self.distributor)) if found else None

    def _feeder(self, name: str) -> _Place | None:
        found = Feeder.objects.filter(distributor=self.distributor, name=name).values_list("pk", flat=True).first()
        return _Place(None, found, self.file.zone or zone_of("", self.distributor)) if found else None


def _kind(text: str) -> ExclusionKind:
    if not text:
        return ExclusionKind.OUTAGE
    try:
        kind = ExclusionKind(text.lower())
    except ValueError:
        kind = ExclusionKind.EVENT
    if kind not in KINDS:
        raise ValueError(f"“{text[:40]}” is no kind; write {', '.join(KINDS)}")
    return kind
