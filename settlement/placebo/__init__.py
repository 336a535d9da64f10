"""The placebo audit: ordinary days settled as if they had been events. Arrays in, figures out; no clock, no database.

What a rule pays on a day on which nothing was asked, it pays for nothing.
"""

from settlement.placebo.audit import Audited, Measurements, audit
from settlement.placebo.baseline import baseline_wh
from settlement.placebo.days import ordinary_days
from settlement.placebo.load import Hours, Load, measured
from settlement.placebo.recommend import Judged, Verdict
from settlement.placebo.score import Figures, Interval, Intervals, figures

__all__ = [
    "Audited",
    "Figures",
    "Hours",
    "Interval",
    "Intervals",
    "Judged",
    "Load",
    "Measurements",
    "Verdict",
    "audit",
    "baseline_wh",
    "figures",
    "measured",
    "ordinary_days",
]
