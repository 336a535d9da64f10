"""manage.py import_outages FILE"""

import csv
import zoneinfo
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PortalError
from common.spreadsheet import safe_cell
from meters.errors import RowsRefused
from meters.formats import RowProblem
from meters.services import OutageFile, OutageReport, import_outages, try_outages
from organizations.services import distributor_named

_SHOWN = 20


class Command(BaseCommand):
    """Stores the outages and idle times of a file."""

    help = (
        "Reads a CSV list: meter or feeder, start, end and optionally kind (outage, idle or test; outage if left "
        "out) and note. These times are left out of baselines and forecasts. Rows that cannot be used are left out "
        "and listed; the same file twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--timezone", metavar="ZONE", help="zone of times without one; else each meter's own")
        parser.add_argument("--dry-run", action="store_true", help="says what would happen and stores nothing")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="writes row,meter,start,problem as CSV")
        parser.add_argument("--strict", action="store_true", help="stores nothing if a row cannot be used")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            errors = _open(Path(options["errors"]), stack) if options["errors"] else None
            try:
                report = _import(options)
            except RowsRefused as refusal:
                self._show_problems(refusal.report, errors)
                raise CommandError(str(refusal)) from refusal
            except PortalError as problem:
                raise CommandError(str(problem)) from problem
            self._show_problems(report, errors)
        would = "would be stored" if options["dry_run"] else "stored"
        self.stdout.write(f"{report.new:,} {would}, {report.known:,} known already, {len(report.problems):,} left out.")

    def _show_problems(self, report: OutageReport, errors: TextIO | None) -> None:
        for each in report.problems[:_SHOWN]:
            about = " ".join(part for part in (each.meter, each.start) if part)
            self.stdout.write(f"  row {each.row}{f' ({about})' if about else ''}: {each.problem}")
        if len(report.problems) > _SHOWN:
            self.stdout.write(f"  … and {len(report.problems) - _SHOWN:,} more; --errors FILE lists them.")
        if errors:
            writer = csv.writer(errors)
            writer.writerow(RowProblem._fields)
            writer.writerows([safe_cell(str(cell)) for cell in problem] for problem in report.problems)


def _import(options: dict[str, Any]) -> OutageReport:
    file = OutageFile(Path(options["file"]), _zone(options["timezone"]))
    distributor = distributor_named(options["distributor"])
    if not options["dry_run"]:
        return import_outages(distributor=distributor, file=file, strict=options["strict"])
    report = try_outages(distributor=distributor, file=file)
    if options["strict"] and report.problems:
        raise RowsRefused(f"{len(report.problems):,} rows cannot be used; nothing would be stored.", report)
    return report


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
