"""The arithmetic of registers: energies between two reads, and their even split. Pure functions on arrays."""

from dataclasses import dataclass

import numpy as np

from meters.services.cells import Mask
from meters.services.columns import Integers


@dataclass(frozen=True)
class Pairs:
    """Reads that follow each other: from when to when in seconds, the energy between, the length of an interval."""

    meter_ids: Integers
    starts: Integers
    ends: Integers
    energies: Integers
    steps: Integers

    def take(self, which: Mask | slice) -> "Pairs":
        """Some of them."""
        return Pairs(*(column[which] for column in vars(self).values()))

    def __len__(self) -> int:
        return len(self.meter_ids)

    @property
    def counts(self) -> Integers:
        """How many intervals each spans."""
        return (self.ends - self.starts) // self.steps

    def slots(self) -> tuple[Integers, Integers]:
        """Meters and starts of all their intervals, one after the other."""
        counts = self.counts
        offsets = places_within(counts) * np.repeat(self.steps, counts)
        return np.repeat(self.meter_ids, counts), np.repeat(self.starts, counts) + offsets


def energy_between(before: Integers, after: Integers, limits: Integers) -> Integers:
    """The energy between two reads in Wh, negative where the register went back.

    A dial that starts again at its limit (0: unknown) went over zero only from its last tenth into its first:
    a new meter, or a wrong value, would else look like an immense use.

    >>> energy_between(np.array([99_999_800, 1_002_000]), np.array([300, 5_000]), np.array([10**8, 10**8])).tolist()
    [500, -997000]
    """
    tenth = limits // 10
    over = (after < before) & (before >= limits - tenth) & (after < tenth)
    return np.where(over, after - before + limits, after - before)


def split(energies: Integers, counts: Integers) -> Integers:
    """Each energy over so many intervals: evenly in whole Wh, the remainder one by one from the first on.

    >>> split(np.array([1500, 7]), np.array([2, 3])).tolist()
    [750, 750, 3, 2, 2]
    """
    shares, rest = np.divmod(np.repeat(energies, counts), np.repeat(counts, counts))
    return shares + (places_within(counts) < rest)


def places_within(counts: Integers) -> Integers:
    """0, 1, … for each count, one after the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
