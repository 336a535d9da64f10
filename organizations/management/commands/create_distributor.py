"""manage.py create_distributor NAME"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from organizations.founding import create_distributor, make_distributor_admin, password_link
from organizations.models import Distributor


class Command(BaseCommand):
    """Makes a distributor and, if asked, its admin."""

    help = "Makes a distributor and its admin; the same call twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the distributor")
        parser.add_argument("--timezone", help="like America/New_York; UTC for a new one")
        parser.add_argument("--currency", help="three letters; USD for a new one")
        parser.add_argument("--admin", metavar="EMAIL", help="address of a distributor admin")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            distributor, is_new = create_distributor(
                name=options["name"], timezone=options["timezone"], currency=options["currency"]
            )
            self.stdout.write(f"{distributor} {'is set up' if is_new else 'exists already'}.")
            if options["admin"]:
                self._admin(distributor, options["admin"])
        except PortalError as error:
            raise CommandError(str(error)) from error

    def _admin(self, distributor: Distributor, email: str) -> None:
        user, is_new = make_distributor_admin(distributor=distributor, email=email)
        self.stdout.write(f"{user.email} {'is now' if is_new else 'is already'} its admin.")
        if user.has_usable_password():
            return
        # Whoever runs this rules the machine anyway: no mail server is needed, and no password is shown.
        self.stdout.write("Set the password here; the link works once, for three days:")
        self.stdout.write(password_link(user=user))
        self.stdout.write("Later, “Forgot your password?” on the sign-in page sends a new one.")
