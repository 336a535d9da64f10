"""manage.py import_claim_codes FILE"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PortalError
from meters.services import import_claim_codes
from organizations.services import distributor_named

_SHOWN = 200


class Command(BaseCommand):
    """Stores the claim codes that a utility prints on its bills."""

    help = (
        "Reads a CSV list: meter,claim_code and optionally valid_from (the local day from which the new resident "
        "lives there; today if left out). Codes have twelve letters and digits; they are stored as hashes. "
        "An open code of the same meter is withdrawn."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            distributor = distributor_named(options["distributor"])
            report = import_claim_codes(distributor=distributor, path=Path(options["file"]))
        except PortalError as problem:
            raise CommandError(str(problem)) from problem
        for each in report.problems[:_SHOWN]:
            about = f"{each.meter}: " if each.meter else ""
            self.stdout.write(f"row {each.row}, left out: {about}{each.problem}")
        if len(report.problems) > _SHOWN:
            self.stdout.write(f"  … and {len(report.problems) - _SHOWN:,} more lines")
        left_out = f", {len(report.problems)} rows left out" if report.problems else ""
        self.stdout.write(f"{report.stored} claim codes stored{left_out}.")
