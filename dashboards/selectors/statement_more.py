"""What a statement shows besides its sum: every line of the reward, the readings, the scale, and all versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.money import parse_fraction
from common.speech import day_words, number_words, plain_words
from dashboards.selectors.statement import Statement
from dashboards.times import hours_words, moment_words
from dashboards.words import kwh, money
from settlement.baselines import AdjustmentKind, Preset
from settlement.errors import SettlementError
from settlement.evidence.bundle import bundle_of, case_of_run, reward_lines
from settlement.models import LineKind, RunKind, SettlementLine
from settlement.traces import opened

UNITS = {"kW": "kW", "kWh": "kWh"}
# The scale of a factor shows as much outside of the bounds as lies between them and 1.
EDGE = Fraction(1, 6)


def opened_context(statement: Statement) -> dict[str, Any]:
    """What the page of an amount shows besides its sum."""
    evidence = evidence_of(statement.line)
    lines = reward_lines(statement.line) or [statement.line]
    return {
        "amount": money(sum((line.credit for line in lines), Decimal(0)), statement.currency),
        "line_rows": line_rows(statement),
        "points": points_words(statement),
        "readings": reading_table(statement, evidence),
        "scale": scale_of(statement, evidence),
        "versions": version_rows(statement),
        "has_evidence": bool(evidence.bundle),
        "basis": control_words(statement) or forecast_words(statement),
    }


@dataclass(frozen=True)
class Evidence:
    """What was looked at: the rule, and readings by start; empty where nothing is kept."""

    rule: Preset | None
    bundle: dict[str, Any]

    @property
    def readings(self) -> dict[datetime, tuple[int, bool]]:
        """Start -> Wh and whether it is an estimate."""
        rows = self.bundle.get("participant", {}).get("readings", [])
        return {datetime.fromisoformat(start): (wh, estimated) for start, wh, estimated in rows}


def evidence_of(line: SettlementLine) -> Evidence:
    """What can be shown of the line's evidence; nothing where the rule is gone or nothing was measured."""
    try:
        return Evidence(case_of_run(line).preset, bundle_of(line))
    except SettlementError:
        return Evidence(None, {})


def line_rows(statement: Statement) -> list[dict[str, str]]:
    """Every line of the reward: what for, how it is computed, the amount. Empty where there is one line only."""
    lines = reward_lines(statement.line)
    if len(lines) < 2:
        return []
    rows = [_line_row(line, statement.currency) for line in lines]
    total = sum((line.credit for line in lines), Decimal(0))
    return [*rows, {"label": _("Together"), "how": "", "amount": money(total, statement.currency), "total": "yes"}]


def _line_row(line: SettlementLine, currency: str) -> dict[str, str]:
    told = opened(line).get("pay") or {}
    return {
        "label": kind_words(LineKind(line.kind)),
        "how": " ".join(filter(None, [_quantity_words(told, currency), *_clip_words(told, currency)])),
        "amount": money(line.credit, currency),
    }


def kind_words(kind: LineKind) -> str:
    """What a line pays for, in words."""
    return {
        LineKind.CAPACITY: _("Power you gave up"),
        LineKind.ENERGY: _("Energy you saved"),
        LineKind.THRESHOLD: _("Reaching the threshold"),
        LineKind.BONUS: _("Bonus for keeping what was agreed"),
        LineKind.FLAT: _("Fixed amount for taking part"),
        LineKind.PENALTY: _("Agreed and not delivered"),
    }.get(kind, str(kind.label))


def _quantity_words(told: dict[str, Any], currency: str) -> str:
    if told.get("unit") not in UNITS:
        return ""
    return _("%(number)s %(unit)s at %(price)s.") % {
        "number": number_words(parse_fraction(told["quantity"]), 3),
        "unit": UNITS[told["unit"]],
        "price": money(Decimal(told["price"]), currency),
    }


def _clip_words(told: dict[str, Any], currency: str) -> list[str]:
    """Which caps made the line smaller."""
    words = {
        "nomination": _("No more than agreed is paid."),
        "site_load": _("No more than your own usual use is paid."),
        "cap_per_event": _("The most per event is reached."),
        "cap_per_season": _("The most per season is reached."),
    }
    return [words[clip["by"]] for clip in told.get("clips", []) if clip["by"] in words]


def points_words(statement: Statement) -> str:
    """What the event gave in points, or nothing."""
    points = sum(line.points for line in reward_lines(statement.line))
    if not points:
        return ""
    each = statement.event.version.points_per_kwh
    words = ngettext("You also got %(points)s point:", "You also got %(points)s points:", points)
    return words % {"points": points} + " " + _("%(each)s for each kWh, rounded down.") % {"each": each}


def reading_table(statement: Statement, evidence: Evidence) -> dict[str, Any] | None:
    """The days that count with the readings of each interval, and their mean; None where they are not kept."""
    slots, used = statement.slots, [day.day for day in statement.days if day.is_used]
    if not slots or not used or not evidence.readings:
        return None
    zone, first = statement.zone, slots[0].start
    rows = [_reading_row(day, slots, zone, first, evidence) for day in used]
    mean = [_("Average"), *(kwh(slot.average_wh, 3) for slot in slots)]
    return {
        "head": [_("Day"), *(hours_words(slot.start, slot.end, zone) for slot in slots)],
        "rows": rows,
        "mean": mean,
        "caption": _estimated_words(evidence),
    }


def _reading_row(day: date, slots: Sequence[Any], zone: ZoneInfo, first: datetime, evidence: Evidence) -> list[str]:
    shift = day - first.astimezone(zone).date()
    return [day_words(day), *(_reading_cell(slot.start.astimezone(zone) + shift, evidence) for slot in slots)]


def _reading_cell(local: datetime, evidence: Evidence) -> str:
    # Adding days to a local time keeps the clock: that is how days are compared.
    reading = evidence.readings.get(local)
    return "–" if reading is None else kwh(reading[0], 3) + (" *" if reading[1] else "")


def _estimated_words(evidence: Evidence) -> str:
    count = sum(1 for _wh, estimated in evidence.readings.values() if estimated)
    if not count:
        return _("Measured use in kWh. No reading of these days was estimated.")
    return _("Measured use in kWh. A star marks an estimate.")


def scale_of(statement: Statement, evidence: Evidence) -> dict[str, Any] | None:
    """The comparison with the hours before the event: sums, the factor found, and where it lies in its bounds."""
    rule, raw = evidence.rule, statement.trace.get("adjustment_raw")
    if rule is None or rule.adjustment is None or raw is None:
        return None
    found, applied = parse_fraction(raw), parse_fraction(statement.trace["adjustment_applied"])
    metered = _window_wh(statement, evidence)
    shown: dict[str, Any] = {"metered": "" if metered is None else kwh(metered, 3), "shrink": _shrink_words(rule)}
    if rule.adjustment.kind is AdjustmentKind.ADDITIVE:
        return shown | {"found": _("%(kwh)s kWh") % {"kwh": kwh(found, 3)}, "is_ratio": False}
    low, high = rule.adjustment.low or Fraction(1), rule.adjustment.high or Fraction(1)
    usual = None if metered is None or not found else metered / found
    return shown | {
        "is_ratio": True,
        "usual": "" if usual is None else kwh(usual, 3),
        "found": number_words(found, 3),
        "applied": number_words(applied, 3),
        "low": number_words(low, 2),
        "high": number_words(high, 2),
        "at": _place(applied, low, high),
        "from": _place(low, low, high),
        "one": _place(Fraction(1), low, high),
        "to": _place(high, low, high),
        "width": f"{float(100 * (1 - 2 * EDGE)):.2f}%",
    }


def _place(value: Fraction, low: Fraction, high: Fraction) -> str:
    share = EDGE + (value - low) / (high - low) * (1 - 2 * EDGE) if high > low else Fraction(1, 2)
    return f"{float(100 * min(max(share, Fraction(0)), Fraction(1))):.2f}%"


def _window_wh(statement: Statement, evidence: Evidence) -> int | None:
    """What was used in the hours before the event that are compared."""
    rule = evidence.rule
    assert rule is not None
    assert rule.adjustment is not None
    if "WINDOW_MOVED_BEFORE_NOTICE" in statement.flags:
        return None
    opens = statement.event.start - timedelta(minutes=rule.adjustment.opens_minutes_before)
    closes = opens + timedelta(minutes=rule.adjustment.window_minutes)
    return sum(wh for start, (wh, _estimated) in evidence.readings.items() if opens <= start < closes)


def _shrink_words(rule: Preset) -> str:
    shrink = rule.adjustment.shrink if rule.adjustment else Fraction(1)
    if shrink == 1:
        return ""
    return _("%(percent)s percent of the difference counts.") % {"percent": plain_words(shrink * 100)}


def version_rows(statement: Statement) -> list[dict[str, Any]]:
    """Every figure there was for this event and meter, oldest first, with the difference to the one before."""
    line = statement.line
    same = SettlementLine.objects.filter(run__event=line.run.event_id, meter=line.meter_id, holder=line.holder_id)
    rows = same.filter(run__sealed_at__isnull=False).exclude(run__kind=RunKind.TRIAL).select_related("run")
    sums: dict[int, list[SettlementLine]] = {}
    for row in rows.order_by("run__number", "pk"):
        sums.setdefault(row.run_id, []).append(row)
    told: list[dict[str, Any]] = []
    before: Decimal | None = None
    for lines in sums.values():
        amount = sum((row.credit for row in lines), Decimal(0))
        told.append(_version_row(statement, lines[0], amount, before))
        before = amount
    return told


def _version_row(statement: Statement, line: SettlementLine, amount: Decimal, before: Decimal | None) -> dict[str, Any]:
    zone, run = statement.zone, line.run
    name = _("Estimate") if run.kind == RunKind.PRELIMINARY else _("Final figure")
    through = run.data_through
    return {
        "pk": line.pk,
        "is_this": run.pk == statement.line.run_id,
        "name": name,
        "when": moment_words(run.created_at, zone),
        "through": _("readings up to %(when)s") % {"when": moment_words(through, zone)} if through else "",
        "amount": money(amount, statement.currency),
        "difference": "" if before is None else _difference(amount - before, statement.currency),
        "is_estimate": run.kind == RunKind.PRELIMINARY,
    }


def _difference(amount: Decimal, currency: str) -> str:
    if not amount:
        return _("the same")
    return ("+" if amount > 0 else "") + money(amount, currency)


def control_words(statement: Statement) -> str:
    """What the homes held out for comparison did, or nothing."""
    basis = statement.trace.get("basis") or {}
    if basis.get("kind") != "CONTROL_GROUP" or not basis.get("interval_wh"):
        return ""
    low, high = basis["interval_wh"]
    return _(
        "%(count)s homes picked by lot were not asked. What they used is scaled to your home. With 95 percent "
        "certainty your usual use lies between %(low)s and %(high)s kWh."
    ) % {"count": basis["members"], "low": kwh(low, 3), "high": kwh(high, 3)}


def forecast_words(statement: Statement) -> str:
    """When the predictions were made, or nothing."""
    basis = statement.trace.get("basis") or {}
    if basis.get("kind") != "FORECAST" or not basis.get("predictions"):
        return ""
    newest = max(datetime.fromisoformat(issued) for _start, _wh, issued in basis["predictions"])
    return _("Your usual use is what we had predicted by %(when)s, before you were told of the event.") % {
        "when": moment_words(newest, statement.zone)
    }
