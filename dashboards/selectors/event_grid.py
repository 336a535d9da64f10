"""The times an event is looked at: from some hours before it to some time after, in cells of one length."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd

import numpy as np
from numpy.typing import NDArray

from events.models import Event

BEFORE = timedelta(hours=2)
AFTER = timedelta(hours=1)
MINUTE = 60
HOUR = 3600
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of `step` seconds that begin at `first`, in seconds since 1970 UTC.

    Attributes:
        count: how many cells there are.
        event: the event's cells, from the first up to, not including, the second.
    """

    first: int
    step: int
    count: int
    event: tuple[int, int]

    @property
    def starts(self) -> Integers:
        """(count,) where each cell begins."""
        return self.first + self.step * np.arange(self.count, dtype=np.int64)

    @property
    def start(self) -> datetime:
        """Where the first cell begins."""
        return self.moment(0)

    @property
    def end(self) -> datetime:
        """Where the last cell ends."""
        return self.moment(self.count)

    @property
    def hours(self) -> float:
        """The length of a cell in hours."""
        return self.step / HOUR

    def moment(self, place: int) -> datetime:
        """Where the cell of this number begins."""
        return datetime.fromtimestamp(self.first + self.step * place, UTC)


def grid_of(event: Event, lengths: set[int]) -> Grid:
    """The grid into which intervals of all these lengths in minutes fit; half hours without any.

    >>> grid_of(Event(start=datetime(2026, 7, 22, 20, tzinfo=UTC), end=datetime(2026, 7, 22, 22, tzinfo=UTC)), {30, 15})
    Grid(first=1784743200, step=900, count=20, event=(8, 16))
    """
    step = gcd(*lengths) * MINUTE if lengths else 30 * MINUTE
    start, end = int(event.start.timestamp()), int(event.end.timestamp())
    whole = max(lengths, default=30) * MINUTE
    # Whole intervals of the longest, counted from the event's start, so that no interval is cut.
    before = -(-int(BEFORE.total_seconds()) // whole) * whole
    after = -(-int(AFTER.total_seconds()) // whole) * whole
    first = start - before
    count = -(-(end + after - first) // step)
    return Grid(first, step, count, ((start - first) // step, -(-(end - first) // step)))
