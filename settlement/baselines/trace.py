"""A baseline and a reward as plain JSON values, to store, show and hash: same inputs, same bytes."""

import json
from datetime import datetime
from fractions import Fraction
from typing import Any

from common.money import fraction_text
from settlement.baselines.model import Baseline, DayTrace, Slot
from settlement.baselines.rewards import Reward

TRACE_FORMAT = 1


def baseline_data(baseline: Baseline) -> dict[str, Any]:
    """All of a baseline as JSON values: UTC times with Z, local days as dates, fractions as texts "n/d"."""
    event = baseline.event
    return {
        "format": TRACE_FORMAT,
        "preset": baseline.preset,
        "rule_hash": baseline.rule_hash,
        "event": {"start": utc_text(event.start), "end": utc_text(event.end), "zone": str(event.zone)},
        "minutes": baseline.minutes,
        "day_type": baseline.day_type.value,
        "status": baseline.status.value,
        "days": [_day(trace) for trace in baseline.days],
        "slots": [_slot(slot) for slot in baseline.slots],
        "adjustment_raw": _text(baseline.adjustment_raw),
        "adjustment_applied": _text(baseline.adjustment_applied),
        "actual_wh": baseline.actual_wh,
        "flags": [flag.value for flag in baseline.flags],
        **({} if baseline.basis is None else {"basis": dict(baseline.basis)}),
    }


def reward_data(reward: Reward) -> dict[str, Any]:
    """All of a reward as JSON values; money is a text with its decimals."""
    return {
        "status": reward.status.value,
        "performance_wh": _text(reward.performance_wh),
        "performance_kw": _text(reward.performance_kw),
        "nomination_kw": _text(reward.nomination_kw),
        "performance_factor": _text(reward.performance_factor),
        "delivered_wh": _text(reward.delivered_wh),
        "delivered_kw": _text(reward.delivered_kw),
        "credit": str(reward.credit),
        "demand_savings": str(reward.demand_savings),
    }


def canonical_json(data: dict[str, Any]) -> str:
    """The one text of JSON values: sorted keys, no spaces."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _day(trace: DayTrace) -> dict[str, Any]:
    return {
        "day": trace.day.isoformat(),
        "outcome": trace.outcome.value,
        "mean_wh": _text(trace.mean_wh),
        "rank": trace.rank,
        "weight": _text(trace.weight),
        "event_day": trace.event_day,
    }


def _slot(slot: Slot) -> dict[str, Any]:
    return {
        "start": utc_text(slot.start),
        "unadjusted_wh": fraction_text(slot.unadjusted_wh),
        "adjusted_wh": fraction_text(slot.adjusted_wh),
        "baseline_wh": fraction_text(slot.baseline_wh),
        "actual_wh": slot.actual_wh,
        "estimated": slot.estimated,
        "counts": slot.counts,
    }


def utc_text(moment: datetime) -> str:
    """The moment to the second, in UTC with a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: Fraction | None) -> str | None:
    return None if value is None else fraction_text(value)
