"""A line's trace, opened: whatever is stored compactly comes out in full."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from common.money import fraction_text, parse_fraction
from settlement.baselines import DayOutcome
from settlement.baselines.packed import PACKED_KEYS, counted_savings, opened_data, visited_days
from settlement.models import SettlementLine

WH_PER_KWH = 1000
MINUTE = timedelta(minutes=1)


def opened(line: SettlementLine) -> dict[str, Any]:
    """Everything the line's amount rests on: event, rule, days, slots, adjustment, flags, reward, terms.

    Further keys of the stored trace stand beside it as they are. Needs the line's run.
    """
    return opened_with(line, line.run.common)


def opened_with(line: SettlementLine, common: dict[str, Any]) -> dict[str, Any]:
    """The same with what the lines of the run share, for many lines of one run."""
    trace: dict[str, Any] = line.trace
    if "packed" not in trace:
        return trace
    common = common_to(trace, common)
    further = {key: value for key, value in trace.items() if key not in PACKED_KEYS}
    own: dict[str, Any] = further.pop("own", {})
    full: dict[str, Any] = {
        **opened_data(trace, common),
        "reward": reward_said(line, common),
        "nomination_source": further.pop("source", None),
        "terms": common["terms"],
    }
    if "test" in common:
        full["test"] = common["test"]
    return full | own | further


def common_to(trace: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """What the lines of a run share, with the end to which this one counts, where that is earlier than the event's."""
    if "until" not in trace:
        return common
    event = common["event"] | {"end": trace["until"]}
    length = datetime.fromisoformat(event["end"]) - datetime.fromisoformat(event["start"])
    return common | {"event": event, "minutes": length // MINUTE}


def end_of(trace: dict[str, Any], end: datetime) -> datetime:
    """Until when a line counts: to the event's end, or to the earlier one at which its participant stopped."""
    return datetime.fromisoformat(trace["until"]) if "until" in trace else end


def days_looked_at(trace: dict[str, Any], common: dict[str, Any]) -> list[tuple[date, DayOutcome]]:
    """The local days that the stored trace of a line visited, and what became of them; without opening all of it."""
    if "packed" in trace and "days" not in trace.get("own", {}):
        return visited_days(trace, common)
    days = trace.get("own", trace).get("days", [])
    return [(date.fromisoformat(day["day"]), DayOutcome(day["outcome"])) for day in days]


def counted_slots(trace: dict[str, Any], common: dict[str, Any]) -> list[tuple[datetime, Fraction]]:
    """Start and signed saving in Wh of each slot of a stored trace that counts; without opening the rest of it."""
    own = trace.get("own", {}) if "packed" in trace else trace
    if "slots" not in own:
        return counted_savings(trace, common)
    return [
        (datetime.fromisoformat(slot["start"]), parse_fraction(slot["baseline_wh"]) - slot["actual_wh"])
        for slot in own["slots"]
        if slot["counts"] and slot["actual_wh"] is not None and slot["baseline_wh"] is not None
    ]


def reward_said(line: SettlementLine, common: dict[str, Any]) -> dict[str, Any]:
    """What `reward_data` says, from the line's columns."""
    performance = None if line.performance_wh is None else parse_fraction(line.performance_wh)
    delivered = None if performance is None else max(Fraction(0), performance)
    hours = Fraction(common_to(line.trace, common)["minutes"], 60)
    return {
        "status": line.status.upper(),
        "performance_wh": line.performance_wh,
        "performance_kw": _kw(performance, hours),
        "nomination_kw": None if line.nomination_kw is None else fraction_text(Fraction(line.nomination_kw)),
        "performance_factor": line.performance_factor,
        "delivered_wh": None if delivered is None else fraction_text(delivered),
        "delivered_kw": _kw(delivered, hours),
        "credit": f"{line.credit:.2f}",
        "demand_savings": f"{line.demand_savings:.2f}",
    }


def _kw(energy_wh: Fraction | None, hours: Fraction) -> str | None:
    return None if energy_wh is None else fraction_text(energy_wh / WH_PER_KWH / hours)
