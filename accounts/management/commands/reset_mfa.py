"""`manage.py reset_mfa`: for somebody who lost phone and recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.mfa.services import reset_factors
from accounts.models import User
from common.errors import PortalError


class Command(BaseCommand):
    help = "Removes the second factors of one person, who sets up new ones at the next log-in. Be sure who asks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="why, and how you made sure that it is them")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        try:
            count = reset_factors(user=user, by=None, reason=options["reason"])
        except PortalError as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{count} factors removed.")
