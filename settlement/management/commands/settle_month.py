"""manage.py settle_month --program NAME --month 2026-07"""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from events.services import program_named
from organizations.services import distributor_named
from settlement.models import MonthRun
from settlement.services import settle_month


class Command(BaseCommand):
    """Pays a month of standing by from the final lines of its events."""

    help = "Computes and posts a month's pay for standing by; the same call twice is the same run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", required=True, help="name of the program")
        parser.add_argument("--month", required=True, help="like 2026-07")
        parser.add_argument("--distributor", help="whose program; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        month = _month(options["month"])
        try:
            distributor = distributor_named(options["distributor"])
            program = program_named(distributor=distributor, name=options["program"])
            run = settle_month(program=program, month=month)
        except PortalError as error:
            raise CommandError(str(error)) from error
        if run is None:
            self.stdout.write("Nothing is paid for standing by: no event of the month has such a price.")
        else:
            self._say(run)

    def _say(self, run: MonthRun) -> None:
        lines = run.lines.select_related("meter").order_by("meter__number")
        currency = run.program.distributor.currency
        self.stdout.write(f"{run}, posting {run.batch.number}")
        for line in lines:
            self.stdout.write(f"{line.meter.number:<15} factor {line.factor:<15} {line.credit} {currency}")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise CommandError("--month: write it like 2026-07.") from error
