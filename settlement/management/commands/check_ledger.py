"""manage.py check_ledger"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from organizations.models import Distributor
from organizations.services import distributor_named
from settlement.services import balances, check_ledger, daily_heads

DAYS = 7


class Command(BaseCommand):
    """Computes the ledger again: every hash, every sum; prints the heads of the last days."""

    help = "Checks the ledger's chain and sums; exit code 1 where a posting does not hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS, help="heads of so many days are printed")
        parser.add_argument("--distributor", help="whose ledger; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            distributor = distributor_named(options["distributor"])
        except PortalError as error:
            raise CommandError(str(error)) from error
        self._check(distributor)
        for account, units in sorted(balances(distributor=distributor).items()):
            for unit, amount in sorted(units.items()):
                self.stdout.write(f"{account:<15} {amount} {distributor.currency if unit == 'money' else unit}")
        for head in daily_heads(distributor, most=max(0, options["days"])):
            self.stdout.write(f"{head.day} {head.sha256} posting {head.number}, {head.batches} that day")

    def _check(self, distributor: Distributor) -> None:
        found = check_ledger(distributor=distributor)
        if not found.holds:
            raise CommandError(f"Posting {found.broken} does not hold. {found.why}")
        self.stdout.write(f"{found.batches} postings with {found.entries} entries hold.")
