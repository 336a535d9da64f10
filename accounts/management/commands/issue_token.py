"""manage.py issue_token: a key to the API."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Scope, User
from accounts.services import issue_token
from common.errors import PortalError

MOST_DAYS = 3650


class Command(BaseCommand):
    """Prints the key of a new token, alone on its line; it cannot be had again."""

    help = "Makes a token for the API and prints its key, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="whose token: it can do no more than this person")
        parser.add_argument("--name", required=True, help="what the token is for")
        parser.add_argument("--scope", action="append", required=True, metavar="S", help=", ".join(Scope.values))
        parser.add_argument("--days", type=int, help="valid for so many days; without it, until revoked")

    def handle(self, *args: Any, email: str, name: str, scope: list[str], days: int | None, **options: Any) -> None:
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"There is no account with the address {email}.")
        if not user.is_approved:
            raise CommandError(f"The account {email} is not approved, so a token would open nothing.")
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days is from 1 to {MOST_DAYS}.")
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        try:
            _, key = issue_token(user=user, name=name, scopes=scope, expires_at=expires_at)
        except PortalError as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(key)
