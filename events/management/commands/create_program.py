"""manage.py create_program NAME --rate 2.80"""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from events.services import Terms, create_program, enroll_all
from organizations.services import distributor_named


def _price(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"“{text[:40]}” is not an amount like 2.80") from None


class Command(BaseCommand):
    """Makes a program, or a new version of one whose terms differ."""

    help = "Makes a program, or a new version if the terms differ; the same call twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the program")
        parser.add_argument("--preset", default="three-day", help="baseline rule (three-day)")
        parser.add_argument("--rate", type=_price, required=True, help="paid per kW delivered on average")
        parser.add_argument(
            "--wholesale-cost", type=_price, default=Decimal(0), help="what a kW less saves the distributor"
        )
        parser.add_argument(
            "--holidays",
            nargs="*",
            default=[],
            metavar="CODE|DATE",
            help="a calendar like US or US-VT, and further days like 2021-04-02",
        )
        parser.add_argument("--enroll-all", action="store_true", help="enroll every meter with a contracted kW")
        parser.add_argument("--distributor", help="whose program; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except PortalError as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        distributor = distributor_named(options["distributor"])
        terms = _terms(options)
        version, is_new = create_program(distributor=distributor, name=options["name"], terms=terms)
        did = "now has" if is_new else "already has"
        self.stdout.write(f"{version.program} {did} version {version.number} with these terms.")
        if options["enroll_all"]:
            found = enroll_all(program=version.program)
            self.stdout.write(
                f"Enrolled: {found.joined} new, {found.changed} with a new nomination, {found.unchanged} as they were."
            )


def _terms(options: dict[str, Any]) -> Terms:
    days, codes = [], []
    for text in options["holidays"]:
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            codes.append(text)
    if len(codes) > 1:
        raise CommandError(f"Only one holiday calendar can be named, and days like 2021-04-02: {', '.join(codes)}")
    return Terms(
        preset=options["preset"],
        rate_per_kw=options["rate"],
        wholesale_cost_per_kw=options["wholesale_cost"],
        holiday_calendar="".join(codes),
        holidays=tuple(days),
    )
