"""manage.py archive_readings"""

from argparse import ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.errors import PortalError
from meters.models import ArchivedMonth
from meters.services.archive.months import archive_month, closed_months, remove_month, restore_month, verify_month
from organizations.models import Distributor
from organizations.services import distributor_named


class Command(BaseCommand):
    """Writes closed months of readings to parquet files, checks them, takes them out of the database or back."""

    help = (
        "Writes each closed month of readings and predictions to parquet files with checksums. Without options: all "
        "closed months that are not archived yet. --keep-months N removes archived months older than N from the "
        "database once every file was compared; hourly and daily sums stay. --restore puts a month back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=_month, action="append", metavar="2025-03", help="only this month; repeat")
        parser.add_argument("--folder", type=Path, help="where the archive is; else archive under VAR_DIR")
        parser.add_argument("--keep-months", type=int, metavar="N", help="removes what is older from the database")
        does = parser.add_mutually_exclusive_group()
        does.add_argument("--list", action="store_true", help="only shows what is archived")
        does.add_argument("--verify", action="store_true", help="compares files, checksums and database")
        does.add_argument("--restore", action="store_true", help="puts the months of --month back")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        self.root = Path(options["folder"] or settings.VAR_DIR / "archive")
        if options["restore"] and not options["month"]:
            raise CommandError("Say which month to restore, with --month 2025-03.")
        if options["keep_months"] is not None and options["keep_months"] < 3:
            raise CommandError("Baselines look back two months: keep at least 3.")
        try:
            self._work(distributor_named(options["distributor"]), options)
        except PortalError as problem:
            raise CommandError(str(problem)) from problem
        except OSError as problem:
            raise CommandError(f"The archive cannot be written: {problem}.") from problem

    def _work(self, distributor: Distributor, options: dict[str, Any]) -> None:
        known = ArchivedMonth.objects.filter(distributor=distributor).select_related("distributor")
        chosen = known.filter(month__in=options["month"]) if options["month"] else known
        if options["list"]:
            self._list(chosen)
        elif options["verify"]:
            for archived in self._some(chosen):
                verify_month(archived=archived, root=self.root)
                self.stdout.write(f"{archived}: whole, {archived.rows:,} readings.")
        elif options["restore"]:
            for archived in self._some(chosen):
                readings, predictions = restore_month(archived=archived, root=self.root)
                self.stdout.write(f"{archived}: {readings:,} readings and {predictions:,} predictions put back.")
        else:
            self._archive(distributor, options["month"])
            if options["keep_months"] is not None:
                self._remove(chosen.filter(month__lt=_months_ago(options["keep_months"])))

    def _some(self, months: Iterable[ArchivedMonth]) -> list[ArchivedMonth]:
        found = list(months)
        if not found:
            raise CommandError("No such month is archived; --list shows those that are.")
        return found

    def _list(self, months: Iterable[ArchivedMonth]) -> None:
        for archived in months:
            where = "in the files alone" if archived.removed_at else "also in the database"
            kwh = f"{archived.energy_wh / 1000:,.3f} kWh"
            self.stdout.write(f"{archived}  {archived.rows:>12,} readings  {kwh}  {where}")

    def _archive(self, distributor: Distributor, asked: list[date] | None) -> None:
        known = set(ArchivedMonth.objects.filter(distributor=distributor).values_list("month", flat=True))
        months = asked or [month for month in closed_months(distributor=distributor) if month not in known]
        if not months:
            self.stdout.write("Nothing to archive: every closed month is archived already.")
        for month in months:
            archived = archive_month(distributor=distributor, month=month, root=self.root, progress=self._progress)
            self.stdout.write(f"{archived}: {archived.rows:,} readings, {archived.energy_wh / 1000:,.3f} kWh.")

    def _remove(self, months: Iterable[ArchivedMonth]) -> None:
        for archived in months:
            removed = remove_month(archived=archived, root=self.root)
            if removed:
                self.stdout.write(f"{archived}: {removed:,} readings removed from the database.")

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done:,} of {total:,} meters", ending="" if done < total else "\n")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is no month like 2025-03") from None


def _months_ago(count: int) -> date:
    """The first day of the month so many months before this one."""
    today = timezone.now().date()
    months = today.year * 12 + today.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)
