"""Many rows at once: distinct texts are read once by the exact clock, the rest is numpy.

What is not plainly clean is handed back to be read exactly, row by row, so that a file means the same and gets the
same sentences whichever way its rows went.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from meters.formats.base import Batch, Column, RegisterReads, column
from meters.formats.sources import QUALITIES, WRONG_VALUE, Source, Sources
from meters.formats.values import Clock

Mask = NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).min


class Coded(NamedTuple):
    """A column of texts: the distinct ones, and for each row which it is."""

    texts: list[str]
    codes: Column


@dataclass(frozen=True)
class Block:
    """Rows as columns of one length.

    `plain` are the rows whose energy (and quality) could be read; `ends` are empty where nothing is said.
    """

    rows: Column
    names: Coded
    starts: Coded
    energies_wh: Column
    plain: Mask
    ends: Coded | None = None
    qualities: Column | None = None


def qualities_of(named: Coded) -> tuple[Column, Mask]:
    """Our qualities by their names, and which of the names mean one."""
    numbers = column([QUALITIES.get(text.strip().lower(), -1) for text in named.texts])[named.codes]
    return numbers, numbers >= 0


def resolve(block: Block, sources: Sources) -> tuple[Batch, Mask]:
    """The clean readings of a block with the values of unknown meters counted, and which rows are left to do."""
    found = [sources.get(name.strip()) for name in block.names.texts]
    known = np.array([source is not None for source in found], np.bool_)[block.names.codes]
    unknown, nameless = _unknown(block.names, found)
    starts = _starts(block, found)
    clean = known & block.plain & (starts != _NEVER)
    if block.ends is not None:
        clean &= _ends_fit(block, found, starts)
    ids = column([source.id if source else 0 for source in found])[block.names.codes]
    batch = Batch(block.rows[clean], ids[clean], starts[clean], block.energies_wh[clean], unknown=unknown)
    if block.qualities is not None:
        batch.qualities = block.qualities[clean]
    return batch, (known | nameless) & ~clean


def merged(first: Batch, second: Batch) -> Batch:
    """Both, in the order of their rows."""
    if not (len(second.rows) or second.problems or second.unknown or second.notes):
        return first
    order = np.argsort(np.concatenate([first.rows, second.rows]), kind="stable")

    def joined(name: str) -> Column:
        return column(np.concatenate([getattr(first, name), getattr(second, name)])[order])

    return Batch(
        rows=joined("rows"),
        meter_ids=joined("meter_ids"),
        starts=joined("starts"),
        energies_wh=joined("energies_wh"),
        qualities=joined("qualities"),
        problems=[*first.problems, *second.problems],
        unknown=first.unknown + second.unknown,
        notes=[*first.notes, *second.notes],
    )


def as_registers(batch: Batch) -> Batch:
    """The same, where the values are what registers showed."""
    reads = RegisterReads(batch.rows, batch.meter_ids, batch.starts, batch.energies_wh)
    none = column()
    return replace(batch, rows=none, meter_ids=none, starts=none, energies_wh=none, qualities=none, registers=reads)


def _unknown(names: Coded, found: list[Source | None]) -> tuple[Counter[str], Mask]:
    counts = np.bincount(names.codes, minlength=len(found))
    unknown: Counter[str] = Counter()
    for name, source, count in zip(names.texts, found, counts.tolist(), strict=True):
        if source is None and name.strip() and count:
            unknown[name.strip()[:60]] += count
    nameless = np.array([not name.strip() for name in names.texts], np.bool_)[names.codes]
    return unknown, nameless


def _starts(block: Block, found: list[Source | None]) -> Column:
    starts = np.full(len(block.rows), _NEVER, np.int64)
    for clock, rows in _rows_of_clocks(block.names, found):
        codes = block.starts.codes[rows]
        starts[rows] = _read(block.starts, codes, clock.start)[codes]
    return starts


def _ends_fit(block: Block, found: list[Source | None], starts: Column) -> Mask:
    assert block.ends is not None
    fit = np.zeros(len(starts), np.bool_)
    seconds = column([source.seconds if source else 0 for source in found])
    for clock, rows in _rows_of_clocks(block.names, found):
        codes = block.ends.codes[rows]
        wanted = starts[rows] + seconds[block.names.codes[rows]]
        for read in (clock.first_end, clock.last_end):
            fit[rows] |= _read(block.ends, codes, read)[codes] == wanted
        fit[rows] |= np.array([not text for text in block.ends.texts], np.bool_)[codes]
    return fit


def _rows_of_clocks(names: Coded, found: list[Source | None]) -> list[tuple[Clock, Column]]:
    clocks = list({id(source.clock): source.clock for source in found if source}.values())
    places = {id(clock): place for place, clock in enumerate(clocks)}
    of_names = column([places[id(source.clock)] if source else -1 for source in found])[names.codes]
    return [(clock, np.flatnonzero(of_names == place)) for place, clock in enumerate(clocks)]


def _read(coded: Coded, used: Column, read: Callable[[str], int]) -> Column:
    values = np.full(len(coded.texts), _NEVER, np.int64)
    for code in np.flatnonzero(np.bincount(used, minlength=len(coded.texts))).tolist():
        try:
            values[code] = read(coded.texts[code])
        except WRONG_VALUE:
            continue
    return values
