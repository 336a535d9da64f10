"""`manage.py rotate_mfa_keys`: second factors and other sealed secrets, encrypted anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.mfa.services import rotate_all_keys
from common.errors import PortalError


class Command(BaseCommand):
    help = (
        "Encrypts every second factor and every other sealed secret with the first of MFA_ENCRYPTION_KEYS, so that "
        "older keys can go."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            factors, others = rotate_all_keys()
        except PortalError as refusal:
            raise CommandError(f"{refusal} Nothing is changed: add the missing key and run this again.") from None
        self.stdout.write(f"{factors} second factors and {others} other secrets are encrypted with the first key now.")
