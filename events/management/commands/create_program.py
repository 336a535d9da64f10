"""manage.py create_program NAME --rate 2.80"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from events.models import PayCap
from events.services import EnrolledAll, Terms, create_program, enroll_all
from organizations.services import distributor_named


def _price(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"“{text[:40]}” is not an amount like 2.80") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text[:40]}” is not a day like 2026-06-01") from None


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text[:40]}” is not a time like 17:00") from None


# Options that are a term of the same name, and what each does.
TERMS: Mapping[str, tuple[Any, str]] = {
    "rate_per_kwh": (_price, "paid per kWh saved"),
    "points_per_kwh": (int, "points per kWh saved"),
    "flat_per_event": (_price, "paid for taking part in an event that can be measured"),
    "capacity_per_kw_month": (_price, "paid per nominated kW and month for standing by"),
    "penalty_per_kw": (_price, "taken from organizations per kW nominated and not delivered"),
    "cap_per_event": (_price, "most per meter and event"),
    "budget": (_price, "most that the events of a season may cost"),
    "max_events": (int, "most events in a season"),
    "notice_minutes": (int, "people are told at least so long before the start"),
    "opt_out_minutes": (int, "answers change until so long before the start"),
    "control_share": (_price, "share of homes held out at random, at most 0.5"),
    "second_person_kw": (_price, "above this a second admin must agree to an event"),
}
PAIRS: Mapping[str, tuple[Any, str, str]] = {
    "season": (_day, "DAY", "first and last day on which events may be"),
    "hours": (_clock, "CLOCK", "local hours between which events may be, like 17:00 21:00"),
}


class Command(BaseCommand):
    """Makes a program, or a new version of one whose terms differ."""

    help = "Makes a program, or a new version if the terms differ; the same call twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the program")
        parser.add_argument("--preset", default="three-day", help="baseline rule (three-day)")
        parser.add_argument("--rate", type=_price, help="paid per kW delivered on average")
        parser.add_argument(
            "--wholesale-cost", type=_price, default=Decimal(0), help="what a kW less saves the distributor"
        )
        parser.add_argument(
            "--holidays",
            nargs="*",
            default=[],
            metavar="CODE|DATE",
            help="a calendar like US or US-VT, and further days like 2021-04-02",
        )
        for name, (kind, words) in TERMS.items():
            parser.add_argument(_option(name), type=kind, metavar="N", help=words)
        for name, (kind, metavar, words) in PAIRS.items():
            parser.add_argument(_option(name), type=kind, nargs=2, metavar=metavar, help=words)
        parser.add_argument("--pay-cap", choices=[cap.value.lower().replace("_", "-") for cap in PayCap])
        parser.add_argument("--terms", type=Path, metavar="FILE", help="the terms in plain words, UTF-8")
        parser.add_argument("--enroll-all", action="store_true", help="enroll every meter with a contracted kW")
        parser.add_argument(
            "--over-own",
            action="store_true",
            help="with --enroll-all: the list also replaces participants’ own figures",
        )
        parser.add_argument("--distributor", help="whose program; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except PortalError as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        distributor = distributor_named(options["distributor"])
        terms = _terms(options)
        version, is_new = create_program(distributor=distributor, name=options["name"], terms=terms)
        did = "now has" if is_new else "already has"
        self.stdout.write(f"{version.program} {did} version {version.number} with these terms.")
        if options["enroll_all"]:
            self._tell(enroll_all(program=version.program, over_own=options["over_own"]))

    def _tell(self, found: EnrolledAll) -> None:
        self.stdout.write(
            f"Enrolled: {found.joined} new, {found.changed} with a new nomination, {found.unchanged} as they were."
        )
        for figure in found.differing:
            promised, listed = f"{figure.promised_kw:f}", f"{figure.listed_kw:f}"
            if figure.is_kept:
                self.stdout.write(
                    f"{figure.number}: {promised} kW stays, the participant’s own figure; the list says {listed} kW "
                    "(--over-own takes the list’s)."
                )
            else:
                self.stdout.write(f"{figure.number}: {promised} kW before, {listed} kW now.")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _terms(options: dict[str, Any]) -> Terms:
    if options["rate"] is None and not any(options[name] for name in ("rate_per_kwh", "flat_per_event")):
        raise CommandError("Say what it pays: --rate, --rate-per-kwh or --flat-per-event.")
    calendar, days = _holidays(options["holidays"])
    given = {name: options[name] for name in TERMS if options[name] is not None}
    for name, ends in (("season", ("season_start", "season_end")), ("hours", ("hours_from", "hours_to"))):
        given |= dict(zip(ends, options[name] or (), strict=False))
    if options["pay_cap"]:
        given["pay_cap"] = options["pay_cap"].upper().replace("-", "_")
    if options["terms"]:
        given["terms_text"] = _text(options["terms"])
    return Terms(
        preset=options["preset"],
        rate_per_kw=options["rate"] or Decimal(0),
        wholesale_cost_per_kw=options["wholesale_cost"],
        holiday_calendar=calendar,
        holidays=days,
        **given,
    )


def _holidays(texts: list[str]) -> tuple[str, tuple[date, ...]]:
    days, codes = [], []
    for text in texts:
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            codes.append(text)
    if len(codes) > 1:
        raise CommandError(f"Only one holiday calendar can be named, and days like 2021-04-02: {', '.join(codes)}")
    return "".join(codes), tuple(days)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"{file} cannot be read as text: {problem}") from problem
