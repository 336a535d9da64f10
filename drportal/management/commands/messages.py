"""`manage.py messages`: brings the catalogs of translations up to the sources and compiles them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from drportal import catalogs


class Command(BaseCommand):
    """Takes every marked text of the sources into locale/, then compiles what is there."""

    help = "Take every marked text of the sources into locale/ and compile the catalogs."

    def handle(self, *args: Any, **options: Any) -> None:
        """Extracts where GNU gettext is installed; compiling needs nothing but Python."""
        folder = settings.LOCALE_PATHS[0]
        may = catalogs.can_extract()
        if may:
            catalogs.extract(settings.BASE_DIR, folder)
        count = catalogs.compile_all(folder)
        for path in catalogs.paths(folder):
            open_ = [message.id for message in catalogs.read(path) if message.id and not _is_said(message.string)]
            self.stdout.write(f"{path.relative_to(settings.BASE_DIR)}: {len(open_)} without a translation")
        if not may:
            raise CommandError(
                f"{count} catalogs were compiled. To take new texts from the sources, install GNU gettext "
                "(Debian: apt-get install gettext)."
            )


def _is_said(text: str | Sequence[str] | None) -> bool:
    return bool(text) and all(text or ())
