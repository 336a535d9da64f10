"""A baseline's data in a tenth of the room, and opened again to what `baseline_data` says, to the letter.

What all lines of a run share is said once (`common_data`). A line has its days as one letter each, most recent
first, and its numbers; a whole number stands for itself, any other is a text "n/d".
"""

from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import gcd
from typing import Any

from common.money import fraction_text, parse_fraction
from settlement.baselines.many import Quick
from settlement.baselines.model import KEPT_OUTCOMES, DayOutcome, Event
from settlement.baselines.plan import Plan, day_type
from settlement.baselines.presets import EstimatedSlots, Preset, Select
from settlement.baselines.rules import rule_hash
from settlement.baselines.trace import TRACE_FORMAT, utc_text

PACKED_FORMAT = 2
LETTERS = {
    DayOutcome.USED: "U",
    DayOutcome.KEPT: "K",
    DayOutcome.NOT_SELECTED: "N",
    DayOutcome.SKIPPED_BY_NOTICE: "S",
    DayOutcome.HOLIDAY: "H",
    DayOutcome.WEEKEND: "W",
    DayOutcome.OTHER_DAY_TYPE: "D",
    DayOutcome.NO_SUCH_HOUR: "C",
    DayOutcome.EVENT_DAY: "E",
    DayOutcome.TEST: "T",
    DayOutcome.IDLE: "I",
    DayOutcome.OUTAGE: "O",
    DayOutcome.OTHER_HOLDER: "B",
    DayOutcome.MISSING_READINGS: "M",
    DayOutcome.TOO_MANY_ESTIMATES: "G",
    DayOutcome.LOW_USAGE: "L",
}
PACKED_KEYS = frozenset(
    {
        "packed", "minutes", "days", "means", "usual", "adjusted", "settled", "actual", "estimated", "raw", "applied",
        "flags", "status", "actual_wh",
    }
)  # fmt: skip
OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}

Data = dict[str, Any]
Number = int | str


def common_data(preset: Preset, event: Event, holidays: AbstractSet[date]) -> Data:
    """What all baselines of an event under a rule share."""
    kind = day_type(event.day, holidays, preset.weekends)
    day_rule = preset.day_rule(kind)
    return {
        "format": PACKED_FORMAT,
        "preset": preset.name,
        "rule_hash": rule_hash(preset),
        "event": {"start": utc_text(event.start), "end": utc_text(event.end), "zone": str(event.zone)},
        "day": event.day.isoformat(),
        "minutes": int(event.hours * 60),
        "day_type": kind.value,
        "ranked": day_rule.select is not Select.ALL,
        "weights": [fraction_text(weight) for weight in day_rule.weights],
        "pays_estimates": preset.estimated_slots is EstimatedSlots.COUNT,
    }


def pack_quick(plan: Plan, quick: Quick) -> Data:
    """An ordinary meter's baseline, packed."""
    usual = _numbers(*quick.usual)
    adjusted = usual if quick.adjusted == quick.usual else _numbers(*quick.adjusted)
    settled = adjusted if quick.settled == quick.adjusted else _numbers(*quick.settled)
    packed: Data = {
        "packed": PACKED_FORMAT,
        "minutes": plan.minutes,
        "days": _letters(quick),
        "means": _numbers(quick.day_sums, len(plan.slots)),
        "usual": usual,
        "actual": quick.actual,
    }
    if adjusted != usual:
        packed["adjusted"] = adjusted
    if settled != adjusted:
        packed["settled"] = settled
    if quick.raw is not None:
        packed["raw"] = _number(*quick.raw)
    if quick.applied is not None:
        packed["applied"] = _number(*quick.applied)
    if quick.flags:
        packed["flags"] = [flag.value for flag in quick.flags]
    return packed


def pack(full: Data) -> Data:
    """The data of any baseline, packed. What the packed form cannot say must be kept beside it by the caller."""
    slots, days = full["slots"], full["days"]
    packed: Data = {
        "packed": PACKED_FORMAT,
        "minutes": full["minutes"],
        "days": "".join(_letter(day) for day in days),
        "means": [_short(day["mean_wh"]) for day in days if day["mean_wh"] is not None],
        "usual": [_short(slot["unadjusted_wh"]) for slot in slots],
        "adjusted": [_short(slot["adjusted_wh"]) for slot in slots],
        "settled": [_short(slot["baseline_wh"]) for slot in slots],
        "actual": [slot["actual_wh"] for slot in slots],
        "estimated": [number for number, slot in enumerate(slots) if slot["estimated"]],
        "raw": _short(full["adjustment_raw"]),
        "applied": _short(full["adjustment_applied"]),
        "flags": full["flags"],
        "status": full["status"],
        "actual_wh": full["actual_wh"],
    }
    if packed["settled"] == packed["adjusted"]:
        del packed["settled"]
    if packed["adjusted"] == packed["usual"]:
        del packed["adjusted"]
    if slots or packed["actual_wh"] is None:
        del packed["actual_wh"]
    if packed["status"] == "OK":
        del packed["status"]
    return {key: value for key, value in packed.items() if value is not None and (value != [] or key in _ALWAYS)}


_ALWAYS = ("usual", "actual", "means")


def opened_data(packed: Data, common: Data) -> Data:
    """What `baseline_data` said."""
    slots = _slots(packed, common)
    actual = packed["actual"]
    total = packed.get("actual_wh") if not slots or None in actual else sum(actual)
    return {
        "format": TRACE_FORMAT,
        "preset": common["preset"],
        "rule_hash": common["rule_hash"],
        "event": common["event"],
        "minutes": packed["minutes"],
        "day_type": common["day_type"],
        "status": packed.get("status", "OK"),
        "days": _days(packed, common),
        "slots": slots,
        "adjustment_raw": _long(packed.get("raw")),
        "adjustment_applied": _long(packed.get("applied")),
        "actual_wh": total,
        "flags": packed.get("flags", []),
    }


def visited_days(packed: Data, common: Data) -> list[tuple[date, DayOutcome]]:
    """The local days visited with what became of them, most recent first."""
    first = date.fromisoformat(common["day"])
    return [
        (first - timedelta(days=age), OUTCOMES[letter.upper()]) for age, letter in enumerate(packed["days"], start=1)
    ]


def counted_savings(packed: Data, common: Data) -> list[tuple[datetime, Fraction]]:
    """Start and signed saving in Wh of each slot that counts."""
    settled: list[Number] = packed.get("settled") or packed.get("adjusted") or packed["usual"]
    start, step = datetime.fromisoformat(common["event"]["start"]), timedelta(minutes=packed["minutes"])
    left_out = () if common["pays_estimates"] else packed.get("estimated", ())
    return [
        (start + number * step, Fraction(baseline) - actual)
        for number, (baseline, actual) in enumerate(zip(settled, packed["actual"], strict=True))
        if actual is not None and number not in left_out
    ]


def _letters(quick: Quick) -> str:
    used = set(quick.used)
    places = iter(range(len(quick.day_sums)))
    return "".join(
        LETTERS[outcome] if outcome is not None else ("U" if next(places) in used else "N")
        for outcome in quick.pattern.outcomes
    )


def _letter(day: Data) -> str:
    letter = LETTERS[DayOutcome(day["outcome"])]
    # A day of an event that was taken back.
    return letter.lower() if day["event_day"] else letter


def _slots(packed: Data, common: Data) -> list[Data]:
    usual: list[Number] = packed["usual"]
    adjusted: list[Number] = packed.get("adjusted", usual)
    settled: list[Number] = packed.get("settled", adjusted)
    start = datetime.fromisoformat(common["event"]["start"])
    estimated = set(packed.get("estimated", ()))
    slots = []
    for number, values in enumerate(zip(usual, adjusted, settled, packed["actual"], strict=True)):
        guessed = number in estimated
        slots.append(
            {
                "start": utc_text(start + number * timedelta(minutes=packed["minutes"])),
                "unadjusted_wh": _long(values[0]),
                "adjusted_wh": _long(values[1]),
                "baseline_wh": _long(values[2]),
                "actual_wh": values[3],
                "estimated": guessed,
                "counts": common["pays_estimates"] or not guessed,
            }
        )
    return slots


def _days(packed: Data, common: Data) -> list[Data]:
    means = iter(packed["means"])
    days: list[Data] = []
    for (day, outcome), letter in zip(visited_days(packed, common), packed["days"], strict=True):
        mean = _long(next(means)) if outcome in KEPT_OUTCOMES else None
        days.append({"day": day.isoformat(), "outcome": outcome.value, "mean_wh": mean, "rank": None, "weight": None})
        days[-1]["event_day"] = letter.islower()
    used = [day for day in days if day["outcome"] == DayOutcome.USED.value]
    if common["ranked"]:
        # The sort is stable: of equal days the more recent one comes first.
        used.sort(key=lambda day: -parse_fraction(day["mean_wh"]))
    for rank, (each, weight) in enumerate(zip(used, _weights(common, len(used)), strict=True), start=1):
        each["rank"], each["weight"] = rank, fraction_text(weight)
    return days


def _weights(common: Data, count: int) -> list[Fraction]:
    weights = [parse_fraction(weight) for weight in common["weights"][:count]] or [Fraction(1)] * count
    return [weight / sum(weights) for weight in weights]


def _numbers(values: list[int], denominator: int) -> list[Number]:
    if denominator == 1:
        return list(values)
    return [_number(value, denominator) for value in values]


def _number(value: int, denominator: int) -> Number:
    factor = gcd(value, denominator)
    return value // factor if factor == denominator else f"{value // factor}/{denominator // factor}"


def _short(text: str | None) -> Number | None:
    if text is None:
        return None
    top, _, bottom = text.partition("/")
    return int(top) if bottom == "1" else text


def _long(number: Number | None) -> str | None:
    return f"{number}/1" if isinstance(number, int) else number
