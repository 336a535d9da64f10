"""manage.py import_legacy DUMP"""

import csv
import zoneinfo
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PortalError
from common.spreadsheet import safe_cell
from drportal.legacy import Choices, Report, import_dump
from events.models import Program
from organizations.models import Distributor
from organizations.services import distributor_named


class Command(BaseCommand):
    """Brings the first system's data over."""

    help = (
        "Reads the tables entities, users, organizations, meters, meter_map, meter_data and drp_periods of the first "
        "system, from an SQL dump (.sql or .sql.gz) or a folder with a CSV file a table, and prints what came over, "
        "what was refused and why, and the sums of each meter on both sides. Ids are kept where they are free, "
        "passwords are not. The same dump twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dump", type=Path, metavar="DUMP")
        parser.add_argument("--timezone", metavar="ZONE", help="zone of its times; else the distributor's")
        parser.add_argument("--unit", default="kWh", help="unit of its energies (kWh)")
        parser.add_argument("--coordinates", choices=("lat-lon", "lon-lat"), help="order of the numbers in a point")
        parser.add_argument("--program", metavar="NAME", help="its past response periods become events of this program")
        parser.add_argument("--send-reset-mails", action="store_true", help="mails each new person a password link")
        parser.add_argument("--dry-run", action="store_true", help="says what would come over and stores nothing")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="writes table,row,problem as CSV")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            distributor = distributor_named(options["distributor"])
            choices = _choices(options, distributor)
            report = import_dump(path=Path(options["dump"]), distributor=distributor, choices=choices)
        except PortalError as problem:
            raise CommandError(str(problem)) from problem
        except (OSError, UnicodeDecodeError) as problem:
            raise CommandError(f"{options['dump']} cannot be read: {problem}.") from problem
        for line in report.lines():
            self.stdout.write(line)
        if options["errors"]:
            _write(report, Path(options["errors"]))
        if report.mailed:
            self.stdout.write(f"{report.mailed:,} mails with a password link are on their way.")
        if choices.dry_run:
            self.stdout.write("Nothing was stored (--dry-run).")
        if not report.agrees:
            raise CommandError("The sums of a meter differ; see the lines that say so.")


def _choices(options: dict[str, Any], distributor: Distributor) -> Choices:
    name = options["program"]
    program = Program.objects.filter(distributor=distributor, name=name).first() if name else None
    if name and program is None:
        raise CommandError(f"There is no program “{name}”; make it with create_program.")
    order = options["coordinates"]
    return Choices(
        zone=_zone(options["timezone"]),
        unit=options["unit"],
        latitude_first=None if order is None else order == "lat-lon",
        program=program,
        dry_run=options["dry_run"],
        send_resets=options["send_reset_mails"],
    )


def _zone(name: str | None) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandError(f"“{name}” is no time zone; take one like Europe/Athens.") from None


def _write(report: Report, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["table", "row", "problem"])
        writer.writerows([safe_cell(cell) for cell in refusal] for refusal in report.refusals)
