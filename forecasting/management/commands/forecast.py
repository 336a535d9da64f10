"""`manage.py forecast`: retrain every meter and put the predictions in force."""

import csv
import os
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from common.errors import PortalError
from common.spreadsheet import safe_cell
from forecasting.engines import Forecast as Answer
from forecasting.models import Forecast
from forecasting.selectors import rungs_of
from forecasting.services import ENGINES, issue_forecast
from meters.models import Meter
from organizations.services import distributor_named

COLUMNS = ["meter", "start", "wh", "lower_wh", "upper_wh", "engine"]
_MOST_HOURS = 24 * 14
_SHOWN = 20

Answers = list[tuple[str, Answer]]


class Command(BaseCommand):
    """Issues a forecast, and writes it to a file too if asked."""

    help = "Fits every meter anew and predicts the next hours, with bounds that hold 80 % of the time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", metavar="NAME")
        parser.add_argument("--issued-at", metavar="T", help="only what was known then is used; default: now")
        parser.add_argument("--horizon-hours", type=_hours, default=48, metavar="48")
        parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
        parser.add_argument("--csv", metavar="FILE", help="write the predictions there too")

    def handle(self, *args: Any, **options: Any) -> None:
        answers: Answers = []
        try:
            # Tried first: whoever named a folder need not wait for the fits to hear of it.
            _open(options["csv"], "a").close()
            self._say(_issue(options, answers))
        except PortalError as refusal:
            raise CommandError(str(refusal)) from None
        if options["csv"]:
            with _open(options["csv"], "w") as stream:
                count = _write(answers, stream)
            self.stdout.write(f"{count} rows in {options['csv']}")

    def _say(self, issue: Forecast) -> None:
        self.stdout.write(f"Forecast {issue.pk}, issued at {issue.issued_at:%Y-%m-%dT%H:%MZ}:")
        for rung, count in rungs_of(forecast=issue).items():
            meters = "1 meter" if count == 1 else f"{count} meters"
            self.stdout.write(f"  {meters}: {rung or 'no forecast'}")
        without = issue.meters.filter(rung="").select_related("meter").order_by("meter__number")
        for record in without[:_SHOWN]:
            self.stdout.write(f"  {record.meter.number}: {record.fallback_reason}")
        if (hidden := without.count() - _SHOWN) > 0:
            self.stdout.write(f"  … and {hidden} more")


def _issue(options: dict[str, Any], answers: Answers) -> Forecast:
    def keep(meter: Meter, answer: Answer) -> None:
        answers.append((meter.number, answer))

    return issue_forecast(
        distributor=distributor_named(options["distributor"]),
        issued_at=_moment(options["issued_at"]),
        horizon_hours=options["horizon_hours"],
        engine=options["engine"],
        keep=keep if options["csv"] else None,
    )


def _hours(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_HOURS:
        raise ArgumentTypeError(f"“{text[:40]}” is no number of hours from 1 to {_MOST_HOURS}")
    return int(text)


def _moment(text: str | None) -> datetime:
    if text is None:
        return timezone.now().replace(second=0, microsecond=0)
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandError(f"“{text[:40]}” is no time with its zone; write 2026-07-22T00:00-04:00 or …Z.")
    return moment.astimezone(UTC)


def _open(file: str | None, mode: str) -> TextIO:
    try:
        return cast(TextIO, Path(file or os.devnull).open(mode, encoding="utf-8", newline=""))
    except OSError as problem:
        raise CommandError(f"{file} cannot be written: {problem.strerror}.") from None


def _write(answers: Answers, stream: TextIO) -> int:
    """How many rows were written, by meter and start."""
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    count = 0
    for number, answer in sorted(answers, key=lambda pair: pair[0]):
        starts = (f"{start:%Y-%m-%dT%H:%M:%SZ}" for start in answer.slot_starts())
        bands = zip(starts, answer.wh, answer.lower_wh, answer.upper_wh, strict=True)
        writer.writerows([safe_cell(number), *band, answer.engine] for band in bands)
        count += len(answer.wh)
    return count
