"""manage.py rebuild_rollups"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from meters.services.rollups import CheckResult, check_rollups, rebuild_rollups
from organizations.errors import OrganizationError
from organizations.models import Distributor
from organizations.services import distributor_named

_WIDTH = 40


class Command(BaseCommand):
    """Makes the hourly and daily sums again from the readings, or compares them."""

    help = (
        "Makes all hourly and daily sums again from readings, maps, feeders and groups. Pages go on reading them "
        "meanwhile. Needed only after changes past the portal, by SQL. --check changes nothing, says how many rows "
        "differ, and ends with 1 if any does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compares only")
        parser.add_argument("--distributor", metavar="NAME", help="one distributor; else all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        results = [self._one(each, is_check=options["check"]) for each in _distributors(options["distributor"])]
        differing = sum(result.differing for result in results if result is not None)
        if differing:
            raise CommandError(f"{differing:,} rows differ. Run `manage.py rebuild_rollups` to make them again.")

    def _one(self, distributor: Distributor, *, is_check: bool) -> CheckResult | None:
        if not is_check:
            rebuild_rollups(distributor=distributor, progress=self._show)
            self.stdout.write(f"{distributor}: all sums are made again.")
            return None
        result = check_rollups(distributor=distributor, progress=self._show)
        waits = f" {result.waiting:,} meters or scopes wait for a refresh and were left out." if result.waiting else ""
        self.stdout.write(
            f"{distributor}: {result.hours:,} hours and {result.days:,} days of meters, and {result.scope_hours:,} "
            f"hours of organizations, groups, feeders and the distributor differ.{waits}"
        )
        return result

    def _show(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        full = _WIDTH if not total else _WIDTH * done // total
        end = "\n" if done >= total else ""
        self.stderr.write(f"\r[{'#' * full}{' ' * (_WIDTH - full)}] {done:,} of {total:,}", ending=end)


def _distributors(name: str | None) -> list[Distributor]:
    if name is None:
        return list(Distributor.objects.order_by("name"))
    try:
        return [distributor_named(name)]
    except OrganizationError as problem:
        raise CommandError(str(problem)) from problem
