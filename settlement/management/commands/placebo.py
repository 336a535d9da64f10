"""manage.py placebo --program NAME --from D --to D"""

import csv
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from events.services import program_named
from organizations.services import distributor_named
from settlement.baselines import BaselineError
from settlement.services.placebo import DEFAULT_HOURS, open_audit, run_audit
from settlement.services.placebo.files import write_placebo_csv
from settlement.words.placebo import reason_words, verdict_words


class Command(BaseCommand):
    """Settles ordinary days as if they had been events; nothing is stored and nothing is paid."""

    help = "Says what baseline rules would have paid for nothing on ordinary days, and which one to choose."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", required=True, help="name of the program")
        parser.add_argument("--from", required=True, dest="first", metavar="DAY", help="like 2026-03-21")
        parser.add_argument("--to", required=True, dest="last", metavar="DAY", help="like 2021-06-27, included")
        parser.add_argument(
            "--preset", nargs="+", action="extend", default=[], metavar="NAME", help="rules to try; all without it"
        )
        parser.add_argument("--hours", default=",".join(map(str, DEFAULT_HOURS)), help="local hours, like 7,14,16,17")
        parser.add_argument("--csv", metavar="FILE", help="write every figure, also by hour, segment and meter")
        parser.add_argument("--distributor", help="whose program; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            program = program_named(distributor=distributor_named(options["distributor"]), name=options["program"])
            case = open_audit(
                program=program,
                first=_day(options["first"], "from"),
                last=_day(options["last"], "to"),
                hours=_hours(options["hours"]),
                presets=options["preset"],
            )
            result = run_audit(case).data
        except (PortalError, BaselineError) as error:
            raise CommandError(str(error)) from error
        self._say(result, program.distributor.currency)
        if options["csv"]:
            self._write_file(result, options["csv"])

    def _say(self, result: dict[str, Any], currency: str) -> None:
        say = self.stdout.write
        hours = ", ".join(map(str, result["hours"]))
        say(f"{result['days']} ordinary days from {result['first']} to {result['last']}, hours {hours}")
        compared = _percent(result["compared"])
        say(f"{result['meters']} meters, {result['cells']} meter-hours, compared on {compared} of them")
        say(f"{'rule':<32} {'RRMSE':>7} {'bias':>8} {'for nothing':>12} {'95 of 100':>15} {'covers':>9} {'money':>14}")
        for row in result["rules"]:
            mark = "*" if row["preset"] == result["recommended"] else " "
            low, high = row["intervals"]["for_nothing"]
            spread = f"{_percent(low)} to {_percent(high)}"
            say(
                f"{mark}{row['preset']:<31} {_number(row['rrmse']):>7} {_percent(row['bias'], signed=True):>8} "
                f"{_percent(row['for_nothing']):>12} {spread:>15} {_percent(row['coverage']):>9} "
                f"{row['money']:>10,.2f} {currency}"
            )
        self._say_halves(result)
        for row in result["not_applicable"]:
            say(f" {row['preset']:<31} not applicable: {reason_words(row)}")
        for row in result["rules"]:
            say(f"{row['preset']}: {verdict_words(row, result)}")
        paid = result["paid"]
        say(
            f"Paid in {paid['events']} settled events ({paid['hours']:g} hours): {paid['money']} {currency} for "
            f"{paid['delivered_wh'] / 1000:,.3f} kWh"
        )

    def _say_halves(self, result: dict[str, Any]) -> None:
        """The recommended rule, chosen on the earlier half of the days, on both halves."""
        halves = result["halves"]
        row = next((row for row in result["rules"] if row["preset"] == result["recommended"]), None)
        if halves is None or row is None:
            return
        self.stdout.write(f"{row['preset']}, chosen on the earlier half; in brackets 95 of 100 draws:")
        for name in ("earlier", "later"):
            first, last, days = halves[name]
            spans, half = row[name]["intervals"], row[name]
            self.stdout.write(
                f"  {name:<8} {days} days from {first} to {last}: RRMSE {_number(half['rrmse'])} "
                f"({' to '.join(map(_number, spans['rrmse']))}), bias {_percent(half['bias'], signed=True)}, "
                f"for nothing {_percent(half['for_nothing'])} ({' to '.join(map(_percent, spans['for_nothing']))})"
            )

    def _write_file(self, result: dict[str, Any], name: str) -> None:
        try:
            with Path(name).open("w", encoding="utf-8", newline="") as stream:
                count = write_placebo_csv(csv.writer(stream), result)
        except OSError as error:
            raise CommandError(f"{name} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{count} rows in {name}")


def _day(text: str, key: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--{key}: {text!r} is not a day like 2026-03-21.") from error


def _hours(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise CommandError(f"--hours: {text!r} is no list of hours like 7,14,16,17.") from error


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(value: float | None, *, signed: bool = False) -> str:
    return "–" if value is None else f"{100 * value:{'+' if signed else ''}.1f} %"
