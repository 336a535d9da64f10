"""Which homes are asked to use less, and when."""

import json
from collections.abc import Sequence

import numpy as np

from simulator.town.chance import Ints

_NEVER = 2**62


class Sheds:
    """Calls for less load: home and event to [start, end) and level 1 to 3. The past cannot be changed by them."""

    def __init__(self, n_homes: int) -> None:
        self._n_homes = n_homes
        self._calls: dict[tuple[int, str], tuple[int, int, int]] = {}
        self._cached: tuple[int, int, Ints] = (0, 0, np.zeros(n_homes, dtype=np.int64))

    def put(self, home: int, event: str, *, start: int, end: int, level: int) -> None:
        """Adds a call, or changes it."""
        self._calls[home, event] = (start, end, level)
        self._cached = (0, 0, self._cached[2])

    def cut(self, home: int, event: str, at: int) -> None:
        """Ends a call."""
        if (home, event) in self._calls:
            start, end, level = self._calls[home, event]
            self._calls[home, event] = (min(start, at), min(end, at), level)
            self._cached = (0, 0, self._cached[2])

    def levels(self, at: int) -> Ints:
        """The level of each home, 0 without a call; the same array while nothing changes."""
        since, until, levels = self._cached
        if not since <= at < until:
            levels = np.zeros(self._n_homes, dtype=np.int64)
            for (home, _), (start, end, level) in self._calls.items():
                if start <= at < end:
                    levels[home] = max(levels[home], level)
            self._cached = (at, self.next_change(at), levels)
        return levels

    def next_change(self, at: int) -> int:
        """The next moment after `at` at which a level may change."""
        since, until, _ = self._cached
        if since <= at < until:
            return until
        moments = [moment for start, end, _ in self._calls.values() for moment in (start, end) if moment > at]
        return min(moments, default=_NEVER)

    def dump(self, home: int, since: int) -> bytes:
        """A home's calls that matter after `since`, for `load`."""
        rows = [[key[1], *call] for key, call in self._calls.items() if key[0] == home and call[1] > since]
        return json.dumps(rows).encode()

    def load(self, home: int, content: bytes) -> None:
        """Takes what `dump` wrote."""
        rows: Sequence[tuple[str, int, int, int]] = json.loads(content)
        for event, start, end, level in rows:
            self.put(home, event, start=start, end=end, level=level)
