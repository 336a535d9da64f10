"""manage.py issue_claim_codes --csv FILE"""

import csv
import os
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from accounts.models import Kind
from common.errors import PortalError
from meters.models import ClaimCode, Meter, MeterMap
from meters.services import CODE_COLUMNS, code_rows, issue_claim_codes
from organizations.models import Distributor
from organizations.services import distributor_named


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is no day; write it like 2026-07-01") from None


class Command(BaseCommand):
    """Makes claim codes to print on bills."""

    help = (
        "Makes a new claim code for each meter and writes them to a file, the only place where they are ever "
        "readable. Without --meter: for every meter in service that nobody but the distributor holds and that "
        "has no open code."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--csv", type=Path, required=True, metavar="FILE", help="a new file")
        parser.add_argument("--meter", action="append", metavar="NUMBER", help="only this one; may be repeated")
        parser.add_argument("--moving-in", type=_day, metavar="DAY", help="from when the new resident lives there")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            meters = self._meters(distributor_named(options["distributor"]), options["meter"])
        except PortalError as problem:
            raise CommandError(str(problem)) from problem
        path: Path = options["csv"]
        try:
            # Before any code is made, so that none is lost; and only its owner may read it.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as problem:
            raise CommandError(f"The file {path} cannot be made: {problem.strerror}.") from problem
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            issued = issue_claim_codes(meters=meters, moving_in=options["moving_in"])
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(CODE_COLUMNS)
            writer.writerows(code_rows(issued))
        self.stdout.write(f"{len(issued)} claim codes in {path}. Keep the file only until the bills are printed.")

    def _meters(self, distributor: Distributor, numbers: list[str] | None) -> list[Meter]:
        own = Meter.objects.filter(distributor=distributor, retired_at__isnull=True).select_related("distributor")
        if not numbers:
            return list(_unclaimed(own))
        found = {meter.number: meter for meter in own.filter(number__in=numbers)}
        unknown = [number for number in numbers if number not in found]
        if unknown:
            raise CommandError(f"There is no meter {unknown[0]} in service.")
        return list(found.values())


def _unclaimed(meters: QuerySet[Meter]) -> QuerySet[Meter]:
    held = MeterMap.objects.filter(valid_to__isnull=True).exclude(holder_kind=Kind.DISTRIBUTOR)
    coded = ClaimCode.objects.open()
    return meters.exclude(pk__in=held.values("meter")).exclude(pk__in=coded.values("meter"))
