"""`manage.py demo_data`: the demonstration distributor, made or brought up to date."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from common.errors import PortalError
from drportal.demo.build import build


class Command(BaseCommand):
    help = "Makes the demonstration distributor Larkfield Electric, or brings it up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Set DEMO=true: this is for a demonstration, not for a portal with real people.")
        # Here, not in a process of its own: importing everything once more would cost each start some seconds.
        call_command("migrate", verbosity=0)
        try:
            build(settings.VAR_DIR / "town", timezone.now(), lambda words: self.stdout.write(f"  {words}"))
        except PortalError as refusal:
            raise CommandError(str(refusal)) from None
