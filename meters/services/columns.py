"""Readings and predictions as columns, the form in which they enter the portal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meters.models import Quality

Integers = NDArray[np.int64]


def integers(values: ArrayLike) -> Integers:
    """The values as 64-bit integers.

    Raises:
        TypeError: They are floats: energies are whole Wh, and nobody else may round them.
    """
    array = np.asarray(values)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"whole numbers are needed here, not {array.dtype}")
    return array.astype(np.int64)


@dataclass(frozen=True)
class _Columns:
    """Columns of one length, of whole numbers each; `starts` are seconds since 1970 UTC."""

    meter_ids: Integers
    starts: Integers

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, integers(getattr(self, each.name)))
            if len(getattr(self, each.name)) != len(self.meter_ids):
                raise ValueError(f"the column {each.name} has another length than meter_ids")

    def __len__(self) -> int:
        return len(self.meter_ids)

    def take(self, which: NDArray[np.bool_] | Integers | slice) -> Self:
        """The same columns for some rows, by mask, by places or by slice."""
        return type(self)(**{each.name: getattr(self, each.name)[which] for each in fields(self)})


@dataclass(frozen=True)
class Readings(_Columns):
    """Energies in Wh from the grid, one per meter and start; `rows` are their numbers in the source.

    Without `qualities` all are measured, without `rows` they count from 0.

    >>> from datetime import UTC
    >>> len(Readings.of([(7, datetime(2026, 7, 22, 16, tzinfo=UTC), 412)]))
    1
    """

    energies_wh: Integers
    qualities: Integers = field(default_factory=lambda: integers([]))
    rows: Integers = field(default_factory=lambda: integers([]))

    def __post_init__(self) -> None:
        count = len(np.asarray(self.meter_ids))
        if count and not len(np.asarray(self.qualities)):
            object.__setattr__(self, "qualities", np.full(count, Quality.MEASURED.value))
        if count and not len(np.asarray(self.rows)):
            object.__setattr__(self, "rows", np.arange(count))
        super().__post_init__()

    @classmethod
    def of(cls, rows: Iterable[tuple[int, datetime, int] | tuple[int, datetime, int, int]]) -> Self:
        """From tuples (meter id, start, Wh) or (meter id, start, Wh, quality); starts are aware.

        Raises:
            ValueError: A start has no zone, or parts of a second.
        """
        columns = list(zip(*((*row, Quality.MEASURED)[:4] for row in rows), strict=True)) or [(), (), (), ()]
        meter_ids, starts, energies, qualities = columns
        return cls(
            meter_ids=integers(meter_ids),
            starts=seconds_of(starts),
            energies_wh=integers(energies),
            qualities=integers([int(quality) for quality in qualities]),
        )


@dataclass(frozen=True)
class RegisterReads(_Columns):
    """What registers showed, in Wh, at the moments `starts`; `rows` are their numbers in the source."""

    values_wh: Integers
    rows: Integers = field(default_factory=lambda: integers([]))

    def __post_init__(self) -> None:
        if len(np.asarray(self.meter_ids)) and not len(np.asarray(self.rows)):
            object.__setattr__(self, "rows", np.arange(len(np.asarray(self.meter_ids))))
        super().__post_init__()

    @classmethod
    def of(cls, rows: Iterable[tuple[int, datetime, int]]) -> Self:
        """From tuples (meter id, moment, Wh); moments are aware.

        Raises:
            ValueError: A moment has no zone, or parts of a second.
        """
        meter_ids, moments, values = list(zip(*rows, strict=True)) or [(), (), ()]
        return cls(meter_ids=integers(meter_ids), starts=seconds_of(moments), values_wh=integers(values))


@dataclass(frozen=True)
class Predictions(_Columns):
    """Predicted energies in Wh with the bounds of their 80 % band, one per meter and start."""

    wh: Integers
    lower_wh: Integers
    upper_wh: Integers


def seconds_of(moments: Sequence[datetime]) -> Integers:
    """Seconds since 1970 UTC of aware times.

    Raises:
        ValueError: One of them has no zone, or parts of a second.
    """
    for moment in moments:
        if moment.tzinfo is None:
            raise ValueError(f"The time {moment.isoformat()} has no zone.")
        if moment.microsecond:
            raise ValueError(f"The time {moment.isoformat()} has parts of a second.")
    return integers([int(moment.timestamp()) for moment in moments])
