"""What an import refused of meters that exist, for the page of what looks wrong."""

from typing import NamedTuple

import numpy as np

from meters.models import QualityRule
from meters.services.columns import Integers, Readings
from meters.services.slots import keys_of

# Of one import: a file that is wrong throughout is said to be so by its list of refused rows.
MAX_DOUBTS = 500
# What is further away than this is no time that anybody meant, and may be none that can be written.
LATEST = 1 << 33


class Doubt(NamedTuple):
    """Refused slots [start, end) of one meter that follow each other, in seconds; the lowest value where it tells."""

    meter_id: int
    rule: QualityRule
    start: int
    end: int
    slots: int
    value_wh: int | None


def doubts_of(rule: QualityRule, refused: Readings, steps: Integers) -> list[Doubt]:
    """Refused rows, in any order, as the longest runs of slots; the first ones of too many.

    Args:
        steps: (n,) seconds of an interval of each row's meter.
    """
    told = refused.starts < LATEST
    refused, steps = refused.take(told), steps[told]
    keys, first = np.unique(keys_of(refused.meter_ids, refused.starts), return_index=True)
    if not len(keys):
        return []
    rows, steps = refused.take(first), steps[first]
    values = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(values, np.searchsorted(keys, keys_of(refused.meter_ids, refused.starts)), refused.energies_wh)
    # Rows off the grid may stand closer together than an interval is long.
    firsts = np.append(0, np.flatnonzero((np.diff(keys) > steps[:-1]) | (np.diff(rows.meter_ids) != 0)) + 1)
    ends = np.append(firsts[1:], len(keys))
    return [
        Doubt(
            meter_id=int(rows.meter_ids[low]),
            rule=rule,
            start=int(rows.starts[low]),
            end=int(rows.starts[high - 1] + steps[high - 1]),
            slots=high - low,
            value_wh=int(values[low:high].min()) if rule is QualityRule.NEGATIVE else None,
        )
        for low, high in zip(firsts[:MAX_DOUBTS].tolist(), ends[:MAX_DOUBTS].tolist(), strict=True)
    ]
