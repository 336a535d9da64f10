"""Columns on their way into a table: as bytes of SQL, made by numpy, or as Python's values for SQLite.

Making the text of a multi-row INSERT row by row in Python takes as long as MariaDB takes to store it. Here every
row gets the same width, so that a column is a few operations on an array: a tenth of a microsecond per row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from meters.services.columns import Integers

Matrix = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# The four digits of each number below 10,000, so that four are written at once.
_DIGITS = np.array([list(f"{number:04}".encode()) for number in range(10_000)], np.uint8)
_NULL = np.frombuffer(b"NULL", np.uint8)


class Column(Protocol):
    """One column of whole numbers or times; none of it is text that came from outside."""

    def texts(self) -> Matrix:
        """A row of bytes for each value, all of one width."""
        ...

    def objects(self) -> Sequence[object]:
        """The values as a driver takes them."""
        ...


@dataclass(frozen=True)
class Numbers:
    """Whole numbers; NULL where they are not `known`."""

    values: Integers
    known: Mask | None = None

    def texts(self) -> Matrix:
        """The digits with leading zeros, which SQL reads as decimal."""
        written = _written(self.values)
        if self.known is not None and not self.known.all():
            blanks = np.full((len(written), max(0, len(_NULL) - written.shape[1])), ord(" "), np.uint8)
            written = np.hstack([blanks, written])
            written[~self.known] = ord(" ")
            written[~self.known, : len(_NULL)] = _NULL
        return written

    def objects(self) -> Sequence[object]:
        """Integers and None."""
        values: list[object] = list(self.values.tolist())
        if self.known is None:
            return values
        return [value if known else None for value, known in zip(values, self.known.tolist(), strict=True)]


@dataclass(frozen=True)
class Times:
    """Times in UTC, given as seconds since 1970."""

    starts: Integers

    def texts(self) -> Matrix:
        """Numbers such as 20240701120000, which MariaDB takes for times and reads faster than text."""
        each, back = np.unique(self.starts, return_inverse=True)
        numbers = [int(text.translate(_ONLY_DIGITS)) for text in times_of(each)]
        return _written(np.array(numbers, np.int64))[back]

    def objects(self) -> Sequence[object]:
        """Texts, the form in which SQLite keeps times."""
        return times_of(self.starts)


@dataclass(frozen=True)
class Constant:
    """One value for all rows, as the driver takes it; this one may have come from outside."""

    value: str | int | datetime | None


_ONLY_DIGITS = str.maketrans("", "", "-: ")


def times_of(starts: Integers) -> list[str]:
    """The starts as both databases write them."""
    return [text.replace("T", " ") for text in np.datetime_as_string(starts.astype("datetime64[s]")).tolist()]


def rows_of(columns: Sequence[Column]) -> str:
    """`(1,20240701120000,412),(…)`: the rows of a VALUES, without the word.

    >>> rows_of([Numbers(np.array([7, -12]))])
    '( 07),(-12)'
    """
    matrices = [column.texts() for column in columns]
    count = len(matrices[0])
    comma = np.full((count, 1), ord(","), np.uint8)
    parts = [np.full((count, 1), ord("("), np.uint8)]
    for matrix in matrices:
        parts.extend((matrix, comma))
    parts[-1] = np.full((count, 1), ord(")"), np.uint8)
    return np.hstack([*parts, comma]).tobytes()[:-1].decode("ascii")


def _written(values: Integers) -> Matrix:
    """The digits in one width, after a sign or a blank where one of the values is negative."""
    left = np.abs(values)
    width = len(str(int(left.max(initial=0))))
    groups = -(-width // 4)
    written = np.empty((len(values), 1 + 4 * groups), np.uint8)
    for group in range(groups, 0, -1):
        left, four = np.divmod(left, 10_000)
        written[:, 4 * group - 3 : 4 * group + 1] = _DIGITS[four]
    written = written[:, 4 * groups - width :]
    negative = values < 0
    if not negative.any():
        return written[:, 1:]
    # Digits beyond the width are zeros, so the sign may take the place of one.
    written[:, 0] = np.where(negative, ord("-"), ord(" "))
    return written
