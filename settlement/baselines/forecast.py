"""A baseline from a prediction that was made before anybody knew of the event: the first system's rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from settlement.baselines.engine import Adjusted, adjust
from settlement.baselines.model import Baseline, BaselineStatus, Flag, MeterHistory, Slot
from settlement.baselines.plan import Plan
from settlement.baselines.settled import actual_of, settled_slots, status_of
from settlement.baselines.trace import utc_text
from settlement.baselines.walk import PoolDay

WHOLE = Fraction(1)


@dataclass(frozen=True)
class Predicted:
    """One prediction: Wh of an interval, and when it was made."""

    energy_wh: int
    issued_at: datetime


@dataclass(frozen=True)
class Told:
    """That people were told, at some moment, that the event covers [start, end)."""

    at: datetime
    start: datetime
    end: datetime


def known_until(plan: Plan) -> datetime:
    """When a prediction must have been made: when people were told, or before the event itself."""
    return plan.event.notice_at or plan.event.start


def limits_of(plan: Plan, told: Sequence[Told] = ()) -> dict[datetime, datetime]:
    """Until when a prediction of each interval of the event and of its window must have been made.

    That is when people first heard that the interval is one of the event: of hours that were moved to or added
    later, when that was said. The window before the event goes with the event's first interval.

    Args:
        told: what was said of the event's hours; without it, the notice that the plan knows.
    """
    usual = known_until(plan)
    slots = {
        start: min((row.at for row in told if row.start <= start < row.end), default=usual) for start in plan.slots
    }
    first = slots[plan.slots[0]]
    return {**dict.fromkeys(plan.window, first), **slots}


def forecast_baseline(
    plan: Plan,
    history: MeterHistory,
    predictions: Mapping[datetime, Predicted],
    as_of: datetime | None = None,
    told: Sequence[Told] = (),
) -> Baseline:
    """The baseline that the predictions of the event's intervals are.

    Args:
        predictions: by start. Those made later than `limits_of` says are not looked at.
        told: as in `limits_of`.

    Returns:
        Without a prediction for every interval of the event: INSUFFICIENT_HISTORY, flagged PREDICTION_MISSING.
    """
    limits = limits_of(plan, told)
    known = {start: row for start, row in predictions.items() if start in limits and row.issued_at <= limits[start]}
    whole = all(start in known for start in plan.slots)
    adjusted = _adjusted(plan, history, known) if whole else Adjusted([])
    plain = [Fraction(known[start].energy_wh) for start in plan.slots] if whole else []
    slots = settled_slots(plan, history, plain, adjusted.slots)
    return Baseline(
        preset=plan.preset.name,
        rule_hash=plan.rule_hash,
        event=plan.event,
        minutes=plan.minutes,
        day_type=plan.day_type,
        status=status_of(plan, history, as_of) if whole else BaselineStatus.INSUFFICIENT_HISTORY,
        days=(),
        slots=slots,
        adjustment_raw=adjusted.raw,
        adjustment_applied=adjusted.applied,
        actual_wh=actual_of(plan, history),
        flags=_flags(plan, adjusted, slots, whole),
        basis=_basis(plan, known, told),
    )


def _flags(plan: Plan, adjusted: Adjusted, slots: Sequence[Slot], whole: bool) -> tuple[Flag, ...]:
    flags = {*plan.flags, *adjusted.flags}
    if not whole:
        flags.add(Flag.PREDICTION_MISSING)
    if any(slot.estimated for slot in slots):
        flags.add(Flag.ESTIMATED_EVENT_READINGS)
    return tuple(sorted(flags))


def _adjusted(plan: Plan, history: MeterHistory, known: Mapping[datetime, Predicted]) -> Adjusted:
    """The predictions moved by the hours before the event, as one day of weight 1 that stands for all days."""
    plain = [Fraction(known[start].energy_wh) for start in plan.slots]
    if not all(start in known for start in plan.window):
        return Adjusted(plain, None, WHOLE, (Flag.WINDOW_INCOMPLETE,))
    window = tuple(known[start].energy_wh for start in plan.window)
    day = PoolDay(plan.event.day, tuple(plain), window, sum(plain, Fraction(0)) / len(plain))
    return adjust(plan, history, [(day, WHOLE)], plain)


def _basis(plan: Plan, known: Mapping[datetime, Predicted], told: Sequence[Told]) -> dict[str, Any]:
    limits = limits_of(plan, told)
    said = [[row.at.isoformat(), utc_text(row.start), utc_text(row.end)] for row in told]
    return {
        "kind": "FORECAST",
        "known_until": utc_text(limits[plan.slots[0]]),
        "predictions": [
            [utc_text(start), known[start].energy_wh, known[start].issued_at.isoformat()]
            for start in sorted(limits)
            if start in known
        ],
        **({"told": said} if said else {}),
    }
