"""The second reader: the utility's own sheet of an event beside our run."""

import hashlib
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.intervals import clock_minute, local_day, slot_starts, starts_of_clock
from common.money import fraction_text, parse_fraction, to_fraction
from events.models import Event
from meters.models import IntervalReading, Meter
from settlement.errors import UnreadableSheet
from settlement.models import RunKind, SettlementLine, SettlementRun, SheetReading
from settlement.second_reader import (
    Comparison,
    Prices,
    RowFound,
    Sheet,
    SheetError,
    Slip,
    SlipKind,
    compare,
    day_guess,
    guess_slips,
    read_sheet,
)
from settlement.traces import opened

HOUR = timedelta(hours=1)
# Local days before and after the event among which a figure of another day is looked for.
DAYS_BEFORE, DAYS_AFTER = 21, 4
# Beyond these a sheet has another fault than a day, and reading would take long.
MOST_METERS_TO_READ = 200
MOST_ROWS_KEPT = 5_000
BY_DAY = ("event_kwh", "baseline_kwh")


def read_event_sheet(*, event: Event, content: bytes, file_name: str, by: User | None = None) -> SheetReading:
    """What a second look at the sheet found: its differences to the event's newest run, with a guess at each slip.

    Raises:
        UnreadableSheet: The file is no sheet, speaks of other events only, or the event has no run yet.
    """
    run = _run_of(event)
    try:
        whole = read_sheet(content)
    except SheetError as error:
        raise UnreadableSheet(str(error)) from error
    sheet = whole.of_event(_names_of(event))
    if whole.rows and not sheet.rows:
        words = _("The sheet speaks of other events only: %(events)s.")
        raise UnreadableSheet(words % {"events": ", ".join(sorted({row.event[:40] for row in whole.rows})[:5])})
    lines = {line.meter.number: line for line in _lines_of(run)}
    comparison = compare(sheet, _figures_of(run, lines))
    slips = _with_days(guess_slips(comparison, _prices(event)), comparison, event, lines)
    with transaction.atomic(), deed("sheet.read", by=by):
        return SheetReading.objects.create(
            event=event,
            run=run,
            file_name=file_name[:120],
            sha256=hashlib.sha256(content).hexdigest(),
            result=_result(sheet, comparison, slips),
            read_by=by,
        )


def _run_of(event: Event) -> SettlementRun:
    """The newest run under the event's own rule: the final one, or else the estimate."""
    own = SettlementRun.objects.sealed().filter(event=event).exclude(kind=RunKind.TRIAL)
    run = own.filter(kind=RunKind.FINAL).order_by("number").last() or own.order_by("number").last()
    if run is None:
        raise UnreadableSheet(_("The event is not settled yet, so there is nothing to compare the sheet with."))
    return run


def _names_of(event: Event) -> frozenset[str]:
    """How a sheet may write the event's start: on the program's clock or in UTC."""
    local = event.start.astimezone(event.program.zone)
    texts = {f"{local:%Y-%m-%dT%H:%M}", f"{local:%Y-%m-%dT%H:%M:%S}", local.isoformat()}
    return frozenset(texts | {text.replace("T", " ") for text in texts} | {f"{event.start:%Y-%m-%dT%H:%M:%SZ}"})


def _lines_of(run: SettlementRun) -> list[SettlementLine]:
    """The line of each meter that holds what was measured."""
    rows = SettlementLine.objects.filter(run=run).select_related("meter", "run").order_by("meter__number", "pk")
    first: dict[int, SettlementLine] = {}
    for line in rows:
        if line.meter_id not in first or line.baseline_wh is not None:
            first[line.meter_id] = line
    return list(first.values())


def _figures_of(run: SettlementRun, lines: dict[str, SettlementLine]) -> dict[str, dict[str, Fraction | None]]:
    credits: dict[int, Fraction] = defaultdict(Fraction)
    for meter_id, credit in SettlementLine.objects.filter(run=run).values_list("meter_id", "credit"):
        credits[meter_id] += to_fraction(credit)
    return {number: _figures(line, credits[line.meter_id]) for number, line in lines.items()}


def _figures(line: SettlementLine, credit: Fraction) -> dict[str, Fraction | None]:
    performance = _kwh(line.performance_wh)
    return {
        "baseline_kwh": _kwh(line.baseline_wh),
        "event_kwh": None if line.event_wh is None else Fraction(line.event_wh, 1000),
        "performance_kwh": performance,
        "nomination_kw": None if line.nomination_kw is None else to_fraction(line.nomination_kw),
        "performance_factor": None if line.performance_factor is None else parse_fraction(line.performance_factor),
        "delivered_kwh": None if performance is None else max(Fraction(0), performance),
        "credit": credit,
        "demand_savings": to_fraction(line.demand_savings),
    }


def _kwh(text: str | None) -> Fraction | None:
    return None if text is None else parse_fraction(text) / 1000


def _prices(event: Event) -> Prices:
    version = event.version
    hours = Fraction((event.end - event.start) // timedelta(minutes=1), 60)
    return Prices(to_fraction(version.rate_per_kw), to_fraction(version.wholesale_cost_per_kw), hours)


def _with_days(
    slips: tuple[Slip, ...], comparison: Comparison, event: Event, lines: dict[str, SettlementLine]
) -> tuple[Slip, ...]:
    """The slips, those of energies nobody could explain looked for on other days."""
    rows = {row.row.line: row for row in comparison.differing}
    open_ones = [slip for slip in slips if slip.kind is SlipKind.UNKNOWN and slip.column in BY_DAY]
    if not open_ones or len({slip.meter for slip in open_ones}) > MOST_METERS_TO_READ:
        return slips
    energies = _energies(event, [lines[slip.meter].meter for slip in open_ones])
    guessed = {
        (slip.line, slip.column): _guess(rows[slip.line], slip, energies, lines[slip.meter]) for slip in open_ones
    }
    return tuple(guessed.get((slip.line, slip.column)) or slip for slip in slips)


def _guess(row: RowFound, slip: Slip, energies: dict[int, dict[date, Fraction]], line: SettlementLine) -> Slip | None:
    used = [date.fromisoformat(day["day"]) for day in opened(line).get("days", []) if day["outcome"] == "USED"]
    return day_guess(row, slip.column, energies.get(line.meter_id, {}), used)


def _energies(event: Event, meters: list[Meter]) -> dict[int, dict[date, Fraction]]:
    """Meter id -> local day -> kWh in the event's clock hours, for whole days only. One query."""
    zone, own_day = event.program.zone, local_day(event.start, event.program.zone)
    shortest = min(meter.interval_minutes for meter in meters)
    clocks = {clock_minute(start, zone) for start in slot_starts(event.start, event.end, shortest)}
    days = [own_day + timedelta(days=number) for number in range(-DAYS_BEFORE, DAYS_AFTER + 1) if number]
    starts = {start: day for day in days for minute in clocks for start in starts_of_clock(day, minute, zone)}
    rows = IntervalReading.objects.filter(
        meter__in=[meter.pk for meter in meters], start__gte=min(starts), start__lte=max(starts)
    )
    sums: dict[int, dict[date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for meter_id, start, energy_wh in rows.values_list("meter_id", "start", "energy_wh"):
        if start in starts:
            sums[meter_id][starts[start]] += Fraction(energy_wh, 1000)
    return sums


def _result(sheet: Sheet, comparison: Comparison, slips: tuple[Slip, ...]) -> dict[str, Any]:
    by_line: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for slip in slips:
        if not slip.rows:
            by_line[slip.line].append(_slip(slip))
    kept = comparison.differing[:MOST_ROWS_KEPT]
    return {
        "columns": list(comparison.columns),
        "compared": len(comparison.rows),
        "differing": len(comparison.differing),
        "paid_too_much": fraction_text(sum((row.paid_too_much for row in comparison.rows), Fraction(0))),
        "slips": [_slip(slip) for slip in slips if slip.rows],
        "rows": [_row(row, by_line[row.row.line]) for row in kept],
        "only_theirs": list(comparison.only_theirs[:MOST_ROWS_KEPT]),
        "only_ours": list(comparison.only_ours[:MOST_ROWS_KEPT]),
        "twice": list(comparison.twice[:MOST_ROWS_KEPT]),
        "problems": [{"line": each.line, "problem": each.problem} for each in sheet.problems[:MOST_ROWS_KEPT]],
    }


def _row(row: RowFound, slips: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "line": row.row.line,
        "meter": row.meter,
        "paid_too_much": fraction_text(row.paid_too_much),
        "differences": [
            {"column": each.column, "theirs": _text(each.theirs), "ours": _text(each.ours)} for each in row.differences
        ],
        "slips": slips,
    }


def _slip(slip: Slip) -> dict[str, Any]:
    numbers = {name: _text(value) if isinstance(value, Fraction) else value for name, value in slip.numbers.items()}
    return {
        "kind": slip.kind.value,
        "column": slip.column,
        "meter": slip.meter,
        "rows": list(slip.rows[:MOST_ROWS_KEPT]),
        "numbers": numbers,
    }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else fraction_text(value)
