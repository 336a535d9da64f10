"""A rule as canonical text, so that a version can freeze it and its hash, and be read back."""

import hashlib
import json
from dataclasses import fields
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar

from common.money import fraction_text, parse_fraction
from settlement.baselines.errors import InvalidPreset
from settlement.baselines.presets import (
    Adjustment,
    AdjustmentKind,
    DayRule,
    EstimatedSlots,
    Method,
    Preset,
    Rounding,
    Select,
    Weekend,
)

RULE_FORMAT = 1
# Fields that came later: left out where they say nothing, so that the hashes of older rules stay.
LATER: dict[str, Any] = {
    "method": Method.DAY_MATCHING,
    "group_minimum": 0,
    "shrink": Fraction(1),
    "skips_told_day": False,
}
T = TypeVar("T")


def rule_data(preset: Preset) -> dict[str, Any]:
    """The whole rule as plain JSON values; fractions are texts "n/d"."""
    return {"format": RULE_FORMAT, **_plain(preset)}


def rule_json(preset: Preset) -> str:
    """The one canonical text of a rule: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(rule_data(preset), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rule_hash(preset: Preset) -> str:
    """The SHA-256 of the canonical text, 64 hexadecimal digits."""
    return hashlib.sha256(rule_json(preset).encode()).hexdigest()


def preset_from_data(data: dict[str, Any]) -> Preset:
    """The rule that `rule_data` wrote, checked again.

    Raises:
        InvalidPreset: if a field is missing, unknown or of the wrong kind, or the rule contradicts itself.
    """
    try:
        return _preset(dict(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidPreset(f"The baseline rule cannot be read: {error}.") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction):
        return fraction_text(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Preset | DayRule | Adjustment):
        said = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: _plain(item) for name, item in said.items() if name not in LATER or item != LATER[name]}
    return value


def _preset(data: dict[str, Any]) -> Preset:
    if data.pop("format") != RULE_FORMAT:
        raise ValueError("it is written in another format")
    _same_fields(data, Preset)
    adjustment = data["adjustment"]
    return Preset(
        name=_kind(data["name"], str),
        description=_kind(data["description"], str),
        business=_day_rule(data["business"]),
        weekend=_day_rule(data["weekend"]),
        weekends=Weekend(data["weekends"]),
        adjustment=None if adjustment is None else _adjustment(adjustment),
        rounding=Rounding(data["rounding"]),
        estimated_slots=EstimatedSlots(data["estimated_slots"]),
        skip_days=_kind(data["skip_days"], int),
        days_back=_kind(data["days_back"], int),
        days_back_extended=_kind(data["days_back_extended"], int),
        low_usage_share=_optional_fraction(data["low_usage_share"]),
        estimated_share=parse_fraction(data["estimated_share"]),
        event_days_fallback=_kind(data["event_days_fallback"], bool),
        method=Method(data.get("method", Method.DAY_MATCHING)),
        group_minimum=_kind(data.get("group_minimum", 0), int),
        skips_told_day=_kind(data.get("skips_told_day", False), bool),
    )


def _day_rule(data: dict[str, Any]) -> DayRule:
    _same_fields(data, DayRule)
    return DayRule(
        pool=_kind(data["pool"], int),
        used=_kind(data["used"], int),
        minimum=_kind(data["minimum"], int),
        select=Select(data["select"]),
        weights=tuple(parse_fraction(weight) for weight in data["weights"]),
    )


def _adjustment(data: dict[str, Any]) -> Adjustment:
    _same_fields(data, Adjustment)
    return Adjustment(
        kind=AdjustmentKind(data["kind"]),
        opens_minutes_before=_kind(data["opens_minutes_before"], int),
        window_minutes=_kind(data["window_minutes"], int),
        low=_optional_fraction(data["low"]),
        high=_optional_fraction(data["high"]),
        share=_optional_fraction(data["share"]),
        shrink=parse_fraction(data.get("shrink", "1/1")),
    )


def _same_fields(data: dict[str, Any], model: type[Preset | DayRule | Adjustment]) -> None:
    known = {field.name for field in fields(model)}
    odd = (set(data) - known) | (known - set(data) - set(LATER))
    if odd:
        raise ValueError(f"missing or unknown: {', '.join(sorted(odd))}")
    silent = [name for name in LATER if name in data and data[name] == _plain(LATER[name])]
    if silent:
        # One rule never has two spellings under a hash.
        raise ValueError(f"not said where it is the default: {', '.join(silent)}")


def _kind(value: Any, kind: type[T]) -> T:
    # A truth value is an int to Python, but not to a rule.
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not of the kind {kind.__name__}")
    return value


def _optional_fraction(text: str | None) -> Fraction | None:
    return None if text is None else parse_fraction(text)
