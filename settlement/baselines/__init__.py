"""Baselines and rewards as pure functions: whole Wh in, exact fractions and Decimal money out.

The way of a number: `make_plan` once per event and interval length, `compute_baseline` per meter, then
`compute_reward`. No clock, no database, no float.
"""

from settlement.baselines.control import Group, control_baseline, group_of, program_interval
from settlement.baselines.engine import compute_baseline
from settlement.baselines.errors import (
    BaselineError,
    HistoryNotLoaded,
    InvalidEvent,
    InvalidHistory,
    InvalidPreset,
    InvalidTerms,
    UnknownPreset,
)
from settlement.baselines.forecast import Predicted, forecast_baseline, known_until
from settlement.baselines.model import (
    Baseline,
    BaselineStatus,
    DayOutcome,
    DayTrace,
    DayType,
    Event,
    Exclusion,
    Flag,
    MeterHistory,
    Reading,
    Slot,
    exclusion_days,
)
from settlement.baselines.plan import Plan, PlannedDay, day_type, make_plan
from settlement.baselines.presets import (
    Adjustment,
    AdjustmentKind,
    DayRule,
    Method,
    Preset,
    Rounding,
    Select,
    Weekend,
)
from settlement.baselines.registry import PRESETS, get_preset, preset_names
from settlement.baselines.rewards import (
    CapacityTerms,
    Floor,
    Reward,
    RewardStatus,
    capacity_credit,
    capacity_factor,
    compute_reward,
    correction,
    energy_credit,
    points,
    reservation_credit,
)
from settlement.baselines.rules import preset_from_data, rule_data, rule_hash, rule_json
from settlement.baselines.trace import baseline_data, canonical_json, reward_data

__all__ = [
    "PRESETS",
    "Adjustment",
    "AdjustmentKind",
    "Baseline",
    "BaselineError",
    "BaselineStatus",
    "CapacityTerms",
    "DayOutcome",
    "DayRule",
    "DayTrace",
    "DayType",
    "Event",
    "Exclusion",
    "Flag",
    "Floor",
    "Group",
    "HistoryNotLoaded",
    "InvalidEvent",
    "InvalidHistory",
    "InvalidPreset",
    "InvalidTerms",
    "MeterHistory",
    "Method",
    "Plan",
    "PlannedDay",
    "Predicted",
    "Preset",
    "Reading",
    "Reward",
    "RewardStatus",
    "Rounding",
    "Select",
    "Slot",
    "UnknownPreset",
    "Weekend",
    "baseline_data",
    "canonical_json",
    "capacity_credit",
    "capacity_factor",
    "compute_baseline",
    "compute_reward",
    "control_baseline",
    "correction",
    "day_type",
    "energy_credit",
    "exclusion_days",
    "forecast_baseline",
    "get_preset",
    "group_of",
    "known_until",
    "make_plan",
    "points",
    "preset_from_data",
    "preset_names",
    "program_interval",
    "reservation_credit",
    "reward_data",
    "rule_data",
    "rule_hash",
    "rule_json",
]
