"""manage.py import_meters FILE"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PortalError
from meters.services import RegisterReport, import_meter_list, organization_named
from organizations.services import distributor_named

_SHOWN = 200


class Command(BaseCommand):
    """Creates or changes the meters of a utility's list."""

    help = (
        "Reads a CSV list of meters: meter,kind,nomination_kw and optionally name,lat,lon,feeder,"
        "interval_minutes,exports. Creates what is new and changes what differs; twice is once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--organization", metavar="NAME", help="gives the meters to this organization")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            distributor = distributor_named(options["distributor"])
            name = options["organization"]
            organization = organization_named(name, distributor) if name else None
            report = import_meter_list(distributor=distributor, path=Path(options["file"]), organization=organization)
        except PortalError as problem:
            raise CommandError(str(problem)) from problem
        self._show(report, name)

    def _show(self, report: RegisterReport, organization: str | None) -> None:
        for problem in report.problems[:_SHOWN]:
            about = f"{problem.meter} " if problem.meter else ""
            self.stdout.write(f"row {problem.row}, left out: {about}{problem.problem}")
        if report.powers:
            self.stdout.write(f"Contracted power changes for {len(report.powers)} meters:")
        for change in report.powers[:_SHOWN]:
            self.stdout.write(f"  {change.meter}: {_power(change.old)} → {_power(change.new)}")
        self._show_rest(len(report.problems), len(report.powers))
        for warning in report.warnings:
            self.stdout.write(self.style.WARNING(f"Look again. {warning}"))
        summary = f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged"
        left_out = f", {len(report.problems)} rows left out" if report.problems else ""
        mapped = f"; {report.mapped} given to {organization}" if organization else ""
        self.stdout.write(f"{summary}{left_out}{mapped}.")

    def _show_rest(self, *counts: int) -> None:
        hidden = sum(max(0, count - _SHOWN) for count in counts)
        if hidden:
            self.stdout.write(f"  … and {hidden:,} more lines")


def _power(value: Any) -> str:
    return "none" if value is None else f"{value.normalize():f} kW"
