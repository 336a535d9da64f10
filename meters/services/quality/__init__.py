"""What looks wrong in readings: found, estimated, accepted or corrected.

`rules` and `estimates` are pure; `check` and `fill` bring them readings from the database.
"""

from meters.services.quality.check import check_quality
from meters.services.quality.fill import FillResult, NothingToEstimate, estimate_gap, fill_due_gaps, why_not
from meters.services.quality.marks import check_marked, mark_quality
from meters.services.quality.store import CheckResult, note_refused

__all__ = [
    "CheckResult",
    "FillResult",
    "NothingToEstimate",
    "check_marked",
    "check_quality",
    "estimate_gap",
    "fill_due_gaps",
    "mark_quality",
    "note_refused",
    "why_not",
]
