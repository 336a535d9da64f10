"""manage.py import_readings FILE"""

import sys
import zoneinfo
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PortalError
from meters.errors import RowsRefused
from meters.formats import Progress
from meters.models import ImportBatch
from meters.services import FileReport, ReadingFile, batches, store_rows, store_rows_entirely
from organizations.models import Distributor
from organizations.services import distributor_named

_SHOWN = 20
_BAR = 40


class Command(BaseCommand):
    """Stores the readings of a file."""

    help = (
        "Reads CSV or CSV.gz of readings: meter,start,end,kwh, or wide: start, then a column per meter. "
        "Rows that cannot be used are left out and listed; the same file twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", metavar="FILE")
        parser.add_argument("--meter", metavar="NUMBER", help="whose readings these are, if the file does not say")
        parser.add_argument("--timezone", metavar="ZONE", help="zone of times without one; else each meter's own")
        parser.add_argument("--unit", metavar="UNIT", help="Wh, kWh, MWh, or mean W, kW, MW; else what the header says")
        parser.add_argument("--dry-run", action="store_true", help="says what would happen and stores nothing")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="writes row,meter,start,problem as CSV")
        parser.add_argument("--strict", action="store_true", help="stores nothing if a row cannot be used")
        parser.add_argument("--undo", type=int, metavar="NUMBER", help="takes back the import of this number")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why, with --undo")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["undo"] is not None:
            self._undo(options)
            return
        if not options["file"]:
            raise CommandError("Name the file of readings, or an import to --undo.")
        with ExitStack() as stack:
            errors = _open(Path(options["errors"]), stack) if options["errors"] else None
            try:
                report = self._import(options)
            except RowsRefused as refusal:
                self._show_problems(refusal.report, errors)
                raise CommandError(str(refusal)) from refusal
            except PortalError as problem:
                raise CommandError(str(problem)) from problem
            self._show_problems(report, errors)
            self._show_summary(report, dry=options["dry_run"])

    def _import(self, options: dict[str, Any]) -> FileReport:
        file = ReadingFile(
            path=Path(options["file"]),
            unit=options["unit"],
            zone=_zone(options["timezone"]),
            meter=options["meter"],
        )
        distributor = distributor_named(options["distributor"])
        bar = _Bar() if sys.stderr.isatty() else None
        progress = bar.show if bar else None
        try:
            return self._run(distributor, file, progress, options)
        finally:
            if bar:
                bar.clear()

    def _run(
        self, distributor: Distributor, file: ReadingFile, progress: Progress | None, options: dict[str, Any]
    ) -> FileReport:
        if options["dry_run"]:
            return batches.try_here(distributor=distributor, file=file, progress=progress)
        storer = store_rows_entirely if options["strict"] else store_rows
        _batch, report = batches.import_here(distributor=distributor, file=file, progress=progress, storer=storer)
        return report

    def _undo(self, options: dict[str, Any]) -> None:
        distributor = distributor_named(options["distributor"])
        batch = ImportBatch.objects.filter(distributor=distributor, pk=options["undo"]).first()
        if batch is None:
            raise CommandError(f"There is no import {options['undo']}.")
        try:
            done = batches.undo_here(batch=batch, reason=options["reason"])
        except PortalError as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{done}: {done.get_state_display()}.")

    def _show_problems(self, report: FileReport, errors: TextIO | None) -> None:
        for note in report.notes:
            self.stdout.write(note)
        if report.skipped:
            self.stdout.write(f"{report.skipped:,} rows left out:")
        for name, count in report.unknown.most_common():
            self.stdout.write(f"  {name}: there is no such meter ({batches.rows_text(count)})")
        for problem in report.problems[:_SHOWN]:
            about = " ".join(part for part in (problem.meter, problem.start) if part)
            self.stdout.write(f"  row {problem.row}{f' ({about})' if about else ''}: {problem.problem}")
        if report.refused > _SHOWN:
            self.stdout.write(f"  … and {report.refused - _SHOWN:,} more; --errors FILE lists them.")
        if errors:
            batches.write_errors(report, errors)

    def _show_summary(self, report: FileReport, *, dry: bool) -> None:
        result = report.result
        if not (result.new or result.corrected):
            self.stdout.write(f"Nothing new: {result.unchanged:,} readings are stored already.")
            return
        would = "would be " if dry else ""
        again = f", {result.repeated:,} repeated in the file" if result.repeated else ""
        self.stdout.write(
            f"{result.new:,} readings {would}new, {result.corrected:,} corrected, "
            f"{result.unchanged:,} unchanged{again}; {len(result.meter_ids):,} meters, "
            f"{result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M} UTC, "
            f"{report.energy_wh // 1000:,}.{report.energy_wh % 1000:03} kWh."
        )
        if dry:
            self.stdout.write("Nothing was stored (--dry-run).")


class _Bar:
    """A line that fills while the file is read."""

    stream = sys.stderr

    def show(self, done: int, size: int) -> None:
        """Draws how much of the file is read."""
        full = _BAR * done // max(size, 1)
        self.stream.write(f"\r[{'#' * full}{' ' * (_BAR - full)}] {100 * done // max(size, 1)} %")
        self.stream.flush()

    def clear(self) -> None:
        """Takes the line away."""
        self.stream.write("\r" + " " * (_BAR + 10) + "\r")
        self.stream.flush()


def _zone(name: str | None) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandError(f"“{name}” is no time zone; take one like Europe/Athens.") from None


def _open(path: Path, stack: ExitStack) -> TextIO:
    try:
        return stack.enter_context(path.open("w", newline="", encoding="utf-8"))
    except OSError as problem:
        raise CommandError(f"{path} cannot be written: {problem.strerror}.") from None
