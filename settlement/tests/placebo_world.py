"""A small finished placebo report, for tests of what shows it."""

from typing import Any


def placebo_result(number: str = "M1") -> dict[str, Any]:
    """Three rules on ten days, two hours and one meter: one in force, one better, one biased."""
    rules = [
        _rule("three-day", 0.07, 0.002, "dearer", number),
        _rule("high-five-of-ten", 0.14, 0.11, "biased", number),
        _rule("weighted-twelve-additive", 0.056, -0.004, "best", number),
    ]
    return {
        "format": 2,
        "first": "2026-06-01",
        "last": "2026-06-12",
        "days": 10,
        "hours": [7, 17],
        "meters": 1,
        "meters_left_out": 3,
        "cells": 20,
        "compared": 0.8,
        "halves": {"earlier": ["2026-06-01", "2026-06-05", 5], "later": ["2026-06-08", "2026-06-12", 5]},
        "used_wh": 20_000,
        "in_force": "three-day",
        "recommended": "weighted-twelve-additive",
        "rules": rules,
        "not_applicable": [
            {"preset": "control-group", "reason": "nobody_held_out"},
            {"preset": "forecast", "reason": "no_predictions"},
            {"preset": "own-rule", "reason": "too_few_days", "share": 0.25},
        ],
        "meter_rows": [
            {"id": 1, "number": number, "figures": {row["preset"]: [0.2, row["bias"], None] for row in rules}}
        ],
        "paid": {"events": 2, "hours": 2.0, "delivered_wh": 1600, "used_wh": 9000, "money": "40.00"},
    }


def _rule(preset: str, nothing: float, bias: float, verdict: str, number: str) -> dict[str, Any]:
    part = {"cells": 10, "rrmse": 0.2, "bias": bias, "for_nothing": nothing}
    names = [("size", "below_5"), ("size", "below_50"), ("solar", "no_solar"), ("use", "home"), ("holder", "home")]
    intervals = {
        "rrmse": [0.1, 0.3],
        "bias": [bias - 0.01, bias + 0.01],
        "for_nothing": [nothing - 0.01, nothing + 0.01],
    }
    return {
        "preset": preset,
        **part,
        "cells": 20,
        "coverage": 0.8 if verdict == "biased" else 1.0,
        "earlier": part | {"intervals": intervals},
        "later": part | {"rrmse": 0.25, "intervals": intervals},
        "money": round(nothing * 5000, 2),
        "intervals": intervals,
        "verdict": verdict,
        "extra": round(nothing - 0.056, 6),
        "extra_interval": [0.004, 0.02],
        "hours": [{"hour": hour, **part} for hour in (7, 17)],
        "segments": [{"kind": kind, "name": name, **part} for kind, name in names],
    }
