"""The homes' past: every interval by the same physics as the live run, and the state it ends in."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from simulator.files import kwh_text
from simulator.homes.physics import INTERVAL, Homes
from simulator.homes.reaction import opts_out
from simulator.homes.register import meter_name
from simulator.homes.sheds import Sheds
from simulator.times import utc_text
from simulator.town import Event
from simulator.town.chance import Ints


def write_history(
    path: Path, *, seed: int, numbers: Ints, start: int, end: int, events: Sequence[Event] = ()
) -> tuple[int, Homes]:
    """Writes `meter,start,end,kwh` of every whole interval within [start, end), meter by meter.

    Returns:
        How many readings, and the homes at the end, to be lived on from.
    """
    first, last = -(-start // INTERVAL) * INTERVAL, end // INTERVAL * INTERVAL
    homes = Homes(seed, numbers, first, sheds_of(seed, numbers, events))
    energies = [wh for _, wh in homes.advance(last)]
    starts = range(first, last, INTERVAL)
    spans = [f"{utc_text(at)},{utc_text(at + INTERVAL)}" for at in starts]
    columns = np.array(energies, dtype=np.int64).reshape(len(starts), len(numbers)).T
    with _opened(path) as file:
        file.write("meter,start,end,kwh\n")
        for number, column in zip(numbers.tolist(), columns, strict=True):
            name = meter_name(number)
            rows = zip(spans, column.tolist(), strict=True)
            file.write("".join(f"{name},{span},{kwh_text(wh)}\n" for span, wh in rows))
    return columns.size, homes


def sheds_of(seed: int, numbers: Ints, events: Sequence[Event]) -> Sheds:
    """What past events asked of the homes."""
    sheds = Sheds(len(numbers))
    for event in events:
        name = f"past-{event.start}"
        for home, number in enumerate(numbers.tolist()):
            if not opts_out(seed, number, name):
                sheds.put(home, name, start=event.start, end=event.end, level=1)
    return sheds


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "wt", encoding="utf-8", compresslevel=3, newline="")
    return path.open("w", encoding="utf-8", newline="")
