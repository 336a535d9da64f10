"""When an organization held which meter, for many readings at once."""

from dataclasses import dataclass

import numpy as np

from meters.models import MeterMap
from meters.services.checks import Mask
from meters.services.columns import Integers, Readings, RegisterReads, integers

_FOREVER = 2**62


@dataclass(frozen=True)
class Holdings:
    """Spans [start, end) in seconds since 1970 UTC in which meters were somebody's."""

    meter_ids: Integers
    starts: Integers
    ends: Integers

    @classmethod
    def of(cls, holder_id: int) -> "Holdings":
        """Those of one entity. One query."""
        rows = list(MeterMap.objects.filter(entity_id=holder_id).values_list("meter_id", "valid_from", "valid_to"))
        return cls(
            integers([meter_id for meter_id, _start, _end in rows]),
            # A reading belongs to whom the meter was at its start: parts of a second round up on both sides.
            integers([_whole(start.timestamp()) for _meter_id, start, _end in rows]),
            integers([_FOREVER if end is None else _whole(end.timestamp()) for _meter_id, _start, end in rows]),
        )

    def inside(self, readings: Readings | RegisterReads) -> Mask:
        """Which of the readings start within a span of their meter."""
        found = np.zeros(len(readings), np.bool_)
        order = np.argsort(readings.meter_ids, kind="stable")
        sorted_ids = readings.meter_ids[order]
        lows = np.searchsorted(sorted_ids, self.meter_ids, "left")
        highs = np.searchsorted(sorted_ids, self.meter_ids, "right")
        for low, high, start, end in zip(lows, highs, self.starts, self.ends, strict=True):
            mine = order[low:high]
            found[mine] |= (readings.starts[mine] >= start) & (readings.starts[mine] < end)
        return found

    def cover(self, meter_ids: Integers, starts: Integers, ends: Integers) -> Mask:
        """Which spans of meters (sorted by meter) lie within one span here."""
        found = np.zeros(len(meter_ids), np.bool_)
        lows = np.searchsorted(meter_ids, self.meter_ids, "left")
        highs = np.searchsorted(meter_ids, self.meter_ids, "right")
        for low, high, start, end in zip(lows, highs, self.starts, self.ends, strict=True):
            found[low:high] |= (starts[low:high] >= start) & (ends[low:high] <= end)
        return found


def _whole(seconds: float) -> int:
    return int(-(-seconds // 1))
