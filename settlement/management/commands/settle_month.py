"""manage.py settle_month --program NAME --month 2026-07 [--post --approver EMAIL]"""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from common.errors import PortalError
from events.models import Program
from events.services import program_named
from organizations.services import distributor_named
from settlement.models import MonthRun
from settlement.services import approve_month, post_month, settle_month


class Command(BaseCommand):
    """Works out a month of standing by, and posts it in the name of an admin who approves it."""

    help = "Works out a month's pay for standing by; the same call twice is the same run. --post pays it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", required=True, help="name of the program")
        parser.add_argument("--month", required=True, help="like 2026-07")
        parser.add_argument("--post", action="store_true", help="approve it as --approver and post it to the ledger")
        parser.add_argument("--approver", metavar="EMAIL", help="admin of the distributor who says that it is right")
        parser.add_argument("--distributor", help="whose program; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        month = _month(options["month"])
        if options["post"] and not options["approver"]:
            raise CommandError("--post needs --approver: the e-mail address of the admin who approves the month.")
        try:
            distributor = distributor_named(options["distributor"])
            program = program_named(distributor=distributor, name=options["program"])
            approver = _approver(program, options["approver"]) if options["post"] else None
            run = settle_month(program=program, month=month)
            if run is not None and approver is not None and run.batch_id is None:
                approve_month(run=run, by=approver)
                post_month(run=run, by=approver)
                run.refresh_from_db()
        except PortalError as error:
            raise CommandError(str(error)) from error
        if run is None:
            self.stdout.write("Nothing is paid for standing by: nobody stood by at such a price.")
        else:
            self._say(run)

    def _say(self, run: MonthRun) -> None:
        lines = run.lines.select_related("meter").order_by("meter__number")
        currency = run.program.distributor.currency
        posted = "not posted: somebody approves it first" if run.batch is None else f"posting {run.batch.number}"
        self.stdout.write(f"{run}, {posted}")
        for line in lines:
            self.stdout.write(f"{line.meter.number:<15} factor {line.factor:<15} {line.credit} {currency}")


def _approver(program: Program, email: str) -> User:
    found: User | None = User.objects.filter(email__iexact=email).first()
    if found is None or not Program.objects.managed_by(found).filter(pk=program.pk).exists():
        raise CommandError(f"--approver: {email} is no admin of {program.distributor}.")
    return found


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise CommandError("--month: write it like 2026-07.") from error
