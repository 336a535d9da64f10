"""Texts by the million, through polars.

The only module here that imports polars, and only once a file is large: it takes 30 MB, which web workers, who
answer requests of a few readings, are to be spared.
"""

from typing import TYPE_CHECKING

import numpy as np

from meters.formats.base import Column
from meters.formats.blocks import Coded, Mask
from meters.formats.lines import MAX_LINE_BYTES

if TYPE_CHECKING:
    from polars import Series

# Below this the exact way is as quick, and polars need not be in memory.
FEWEST_BYTES = 100_000
_MAX_CELL_BYTES = 100_000  # csv refuses cells of 131,072 characters; the exact way says so
_PLAIN_NUMBER = r"^-?[0-9]{1,9}(\.[0-9]{1,18})?$"
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))  # what str.strip takes away
_SMALLEST_TIE = 1e-3  # an energy this near to half a Wh is rounded exactly elsewhere
_LARGEST_WH = 1e12  # below, two roundings of a double are off by a quarter of that at most


class Cells:
    """The cells of a chunk of a table, all rows of which have so many columns."""

    def __init__(self, text: str, delimiter: str, columns: int) -> None:
        self.columns = columns
        self._all = _split(text.replace("\n", delimiter), delimiter)
        self.are_plain = '"' not in text or self._unquote()
        self.count = len(self._all) // columns

    def _unquote(self) -> bool:
        """Takes the quotes around cells away; False if others are left, which only the csv module understands."""
        bare = self._all.str.strip_prefix('"').str.strip_suffix('"')
        one_sided = (self._all.str.len_bytes() - bare.str.len_bytes() == 1).any()
        self._all = bare
        return not one_sided and not bare.str.contains('"', literal=True).any()

    def column(self, at: int) -> "Series":
        """One column."""
        return self._all.gather_every(self.columns, at)

    def row(self, at: int) -> list[str]:
        """One row as the csv module would give it."""
        return self._all.slice(at * self.columns, self.columns).to_list()

    def right_of(self, at: int) -> "Series":
        """All cells but those of the first columns, row by row."""
        width = self.columns - at
        places = np.arange(self.count * width)
        return self._all.gather(places // width * self.columns + at + places % width)


def cells_of(chunk: bytes, delimiter: str, columns: int) -> Cells | None:
    """The cells of whole lines, or None unless each is a plain row of so many columns, without any odd sign."""
    if len(chunk) < FEWEST_BYTES or b"\0" in chunk:
        return None
    chunk = chunk.removesuffix(b"\n")
    if b"\r" in chunk:
        chunk = chunk.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if b"\r" in chunk or not _is_regular(chunk, delimiter.encode(), columns):
        return None
    try:
        cells = Cells(chunk.decode(), delimiter, columns)
    except UnicodeDecodeError:
        return None
    return cells if cells.are_plain else None


def coded(texts: "Series") -> Coded:
    """The distinct texts of a column, and which one each row has."""
    import polars

    distinct = texts.unique()
    codes = texts.cast(polars.Enum(distinct)).to_physical().to_numpy()
    return Coded(distinct.to_list(), codes.astype(np.int64))


def energies_of(texts: "Series", factor: int) -> tuple[Column, Mask]:
    """Whole Wh of decimal texts in units of `factor` Wh, and which of them are certainly right."""
    import polars

    plain = texts.str.contains(_PLAIN_NUMBER).to_numpy()
    energies = texts.cast(polars.Float64, strict=False).fill_null(0).to_numpy()
    energies = np.where(plain, energies, 0) * factor
    sure = plain & (np.abs(energies) < _LARGEST_WH) & (np.abs(np.abs(energies) % 1 - 0.5) > _SMALLEST_TIE)
    return np.rint(np.where(sure, energies, 0)).astype(np.int64), sure


def matches(texts: list[str], pattern: str) -> "tuple[dict[str, Series], Mask]":
    """The named groups of a pattern in each text, empty in those that it does not match, and which it matches."""
    import polars

    groups = polars.Series(texts).str.extract_groups(pattern).struct.unnest()
    found = groups.to_series(0).is_not_null().to_numpy()
    return groups.select(polars.all().fill_null("")).to_dict(as_series=True), found


def are_blank(texts: "Series") -> Mask:
    """Which of the texts say nothing."""
    return np.asarray((texts.str.strip_chars(_SPACES).str.len_bytes() == 0).to_numpy())


def _split(text: str, sign: str) -> "Series":
    import polars

    return polars.Series([text]).str.split(sign).explode()


def _is_regular(chunk: bytes, delimiter: bytes, columns: int) -> bool:
    signs = np.frombuffer(chunk + b"\n", np.uint8)
    ends = signs == ord("\n")
    places = np.flatnonzero(ends | (signs == ord(delimiter)))
    if len(places) % columns or int(ends.sum()) * columns != len(places):
        return False
    line_ends = places[columns - 1 :: columns]
    if not ends[line_ends].all() or int(np.diff(places, prepend=-1).max()) > _MAX_CELL_BYTES:
        return False
    return int(np.diff(line_ends, prepend=-1).max()) < MAX_LINE_BYTES
