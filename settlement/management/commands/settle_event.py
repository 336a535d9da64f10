"""manage.py settle_event --program NAME --start T --end T"""

from argparse import ArgumentParser
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from common.errors import PortalError
from common.intervals import parse_local
from events.models import Event, Program
from events.services import find_or_record_event, program_named
from organizations.services import distributor_named
from settlement.baselines import BaselineError
from settlement.models import STOPPED, DecisionKind, LedgerBatch, LineStatus, RunKind, SettlementRun
from settlement.selectors import unmeasured_by_status
from settlement.services import post_run, settle, write_csv
from settlement.services.decisions import decided


class Command(BaseCommand):
    """Settles an event: finds or records it, computes the rewards, and posts them."""

    help = "Computes and posts the rewards of a past event; the same call twice is the same run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", required=True, help="name of the program")
        parser.add_argument("--start", required=True, help="like 2026-07-22T16:00, local to the program")
        parser.add_argument("--end", required=True, help="like 2026-07-22T17:00, local to the program")
        parser.add_argument("--preset", help="another baseline rule: an estimate, which is not paid")
        parser.add_argument("--csv", metavar="FILE", help="write one row per meter")
        parser.add_argument("--distributor", help="whose program; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except (PortalError, BaselineError) as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        distributor = distributor_named(options["distributor"])
        program = program_named(distributor=distributor, name=options["program"])
        start, end = (_moment(options[key], key, program) for key in ("start", "end"))
        # All or nothing: an event that cannot be settled is not recorded either.
        with transaction.atomic():
            event = find_or_record_event(program=program, start=start, end=end)
            known = set(event.runs.values_list("pk", flat=True))
            run = settle(event=event, preset=options["preset"])
            # What the clock or a person made waits for a person's approval here, too.
            if run.kind == RunKind.FINAL and (run.pk not in known or _is_approved(run)):
                post_run(run=run)
        self._say(run, is_new=run.pk not in known)
        if options["csv"]:
            self._write_file(run, options["csv"])

    def _say(self, run: SettlementRun, *, is_new: bool) -> None:
        event: Event = run.event
        lines = list(run.lines.select_related("meter").order_by("meter__number"))
        currency = event.program.distributor.currency
        delivered_kwh = Decimal(sum(line.delivered_wh for line in lines)) / 1000
        credit, spared = (sum(getattr(line, key) for line in lines) for key in ("credit", "demand_savings"))
        rows = [
            ("Event", str(event)),
            ("Run", f"{run.number}, {run.preset}" + ("" if is_new else " (the same inputs, the same run)")),
            ("Meters", str(len(lines))),
            ("Delivered", f"{delivered_kwh:,.3f} kWh"),
            ("Credit", f"{credit:,.2f} {currency}"),
            ("Demand savings", f"{spared:,.2f} {currency}"),
            ("Not measured", _reasons(run)),
        ]
        if run.kind != RunKind.FINAL:
            rows.append(("Note", "an estimate under another rule than the event’s; it is not paid"))
        elif event.was_recorded and event.version.penalty_per_kw:
            rows.append(("Note", "nobody was told of the event before it began, so nobody owes a penalty"))
        if run.kind == RunKind.FINAL and not LedgerBatch.objects.filter(run=run).exists():
            rows.append(("Note", _waiting(run)))
        self.stdout.write("\n".join(f"{name:<15} {text}" for name, text in rows))

    def _write_file(self, run: SettlementRun, name: str) -> None:
        try:
            with Path(name).open("w", encoding="utf-8", newline="") as stream:
                count = write_csv(run=run, stream=stream)
        except OSError as error:
            raise CommandError(f"{name} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{count} rows in {name}")


def _moment(text: str, key: str, program: Program) -> datetime:
    try:
        return parse_local(text, program.zone)
    except ValueError as error:
        raise CommandError(f"--{key}: {error}") from error


def _is_approved(run: SettlementRun) -> bool:
    last = decided(run)
    return last is not None and last.kind == DecisionKind.APPROVED


def _waiting(run: SettlementRun) -> str:
    last = decided(run)
    if last is not None and last.kind in STOPPED:
        return f"not posted: it was refused ({last.reason})"
    return "not posted: this run was there before; somebody approves it under Settlement, then it is posted"


def _reasons(run: SettlementRun) -> str:
    counts = unmeasured_by_status(run=run)
    told = [f"{count} {LineStatus(status).label}" for status, count in sorted(counts.items())]
    return ", ".join(told) or "none"
