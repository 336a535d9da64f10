"""Readings of a large source, kept narrow in memory until they are stored."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from meters.services.columns import Integers, Readings

# Rows that are checked and stored together. A meter is never divided: its rows may contradict each other.
GROUP_ROWS = 200_000


@dataclass
class Pile:
    """Readings in the parts in which they were read: some twenty bytes each, where `Readings` takes forty.

    Five million fit into the memory of an ingest worker; `groups` widens them again a little at a time.
    """

    _parts: list[dict[str, NDArray[np.integer]]] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(part["meter_ids"]) for part in self._parts)

    def add(self, readings: Readings) -> None:
        """Takes some more."""
        if len(readings):
            self._parts.append({each.name: _narrow(getattr(readings, each.name)) for each in fields(readings)})

    def meter_ids(self) -> Integers:
        """The meters, sorted, each once."""
        found = [np.unique(part["meter_ids"]).astype(np.int64) for part in self._parts]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)

    def groups(self) -> Iterator[Readings]:
        """All rows, whole meters at a time, in the order of the meters' ids."""
        if not self._parts:
            return
        joined = self._joined()
        meters = joined["meter_ids"]
        order = None if bool((meters[1:] >= meters[:-1]).all()) else np.argsort(meters, kind="stable")
        counts = np.unique(meters, return_counts=True)[1]
        for first, last in _spans(counts):
            which = slice(first, last) if order is None else order[first:last]
            yield Readings(**{name: column[which].astype(np.int64) for name, column in joined.items()})

    def _joined(self) -> dict[str, NDArray[np.integer]]:
        """The columns of all parts, which become one part: never are both in memory but for one column."""
        joined = {}
        for name in list(self._parts[0]):
            joined[name] = np.concatenate([part.pop(name) for part in self._parts])
        self._parts = [joined]
        return joined


def _narrow(values: Integers) -> NDArray[np.integer]:
    """The same numbers in the fewest bytes that hold them."""
    low, high = int(values.min()), int(values.max())
    for kind in (np.int8, np.int16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return values.astype(kind)
    return values


def _spans(counts: Integers) -> Iterator[tuple[int, int]]:
    """[first, last) of rows of whole meters, about GROUP_ROWS each."""
    first = last = 0
    for count in counts.tolist():
        if last > first and last + count - first > GROUP_ROWS:
            yield first, last
            first = last
        last += count
    yield first, last
