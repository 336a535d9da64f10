"""The power of many devices together, seconds-fresh: what each said last, carried on for a while, added up."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from openadr.models import EventDelivery, PowerSample, Resource

STEP = 10
CELLS = 180
# What a device said is taken for its power until it says something else, but not for ever.
HOLD_CELLS = 18
# Samples may be so long on their way; cells as old are read again.
LATE_CELLS = 6
KEPT_EVENTS = 4
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DevicePower:
    """What devices draw together.

    Attributes:
        start: where the first cell begins; each is `STEP` seconds long.
        kw: (cells,) kW, NaN where no device said anything lately.
        speaking: how many devices the newest cell has; devices: how many there are.
    """

    start: datetime
    kw: Floats
    speaking: int
    devices: int

    @property
    def newest(self) -> datetime | None:
        """The end of the newest cell with a power."""
        known = np.flatnonzero(~np.isnan(self.kw))
        return self.start + timedelta(seconds=STEP * (int(known[-1]) + 1)) if len(known) else None

    @property
    def now_kw(self) -> float | None:
        """The newest power."""
        known = self.kw[~np.isnan(self.kw)]
        return float(known[-1]) if len(known) else None


@dataclass(slots=True)
class _Kept:
    """The cells of one event as this process read them last: a row for each device."""

    ids: tuple[int, ...]
    first: int
    watts: NDArray[np.float32]


_kept: OrderedDict[int, _Kept] = OrderedDict()
_lock = Lock()


def event_power(event_pk: int, now: datetime) -> DevicePower | None:
    """The last half hour of the devices that were told of an event; None where it was told to none. Three queries."""
    ids = told_resources(event_pk)
    if not ids:
        return None
    last = int(now.timestamp()) // STEP
    with _lock:
        kept = _moved(_kept.pop(event_pk, None), ids, last - CELLS + 1)
        _kept[event_pk] = kept
        while len(_kept) > KEPT_EVENTS:
            _kept.popitem(last=False)
        _read(kept, last)
        return _summed(kept)


def told_resources(event_pk: int) -> tuple[int, ...]:
    """The resources that an event asks, rising; behind a meter that one of them measures whole, only that one.

    Two queries.
    """
    told = dict(EventDelivery.objects.filter(event=event_pk, is_cancelled=False).values_list("ven", "resources"))
    rows = Resource.objects.filter(ven__deliveries__event=event_pk, ended_at=None)
    asked = [
        row
        for row in rows.values_list("pk", "ven", "name", "meter", "is_source")
        if row[1] in told and (not told[row[1]] or row[2] in told[row[1]])
    ]
    whole = {row[3] for row in asked if row[4]}
    return tuple(sorted(row[0] for row in asked if row[4] or row[3] is None or row[3] not in whole))


def _moved(kept: _Kept | None, ids: tuple[int, ...], first: int) -> _Kept:
    """The same cells where the window stands now; empty for other devices, or after a long pause."""
    empty = np.full((len(ids), CELLS + HOLD_CELLS), np.nan, dtype=np.float32)
    base = first - HOLD_CELLS
    if kept is None or kept.ids != ids or not 0 <= base - kept.first < CELLS:
        return _Kept(ids, base, empty)
    shift = base - kept.first
    empty[:, : empty.shape[1] - shift] = kept.watts[:, shift:]
    return _Kept(ids, base, empty)


def _read(kept: _Kept, last: int) -> None:
    """Fills in what is new: all cells at first, then those that samples may still come for."""
    known = np.flatnonzero(~np.isnan(kept.watts).all(axis=0))
    since = kept.first if not len(known) else max(kept.first, kept.first + int(known[-1]) - LATE_CELLS)
    places = {pk: place for place, pk in enumerate(kept.ids)}
    kept.watts[:, since - kept.first :] = np.nan
    start, end = (datetime.fromtimestamp(cell * STEP, UTC) for cell in (since, last + 1))
    rows = PowerSample.objects.filter(at__gte=start, at__lt=end).order_by("at")
    if len(places) <= _FEW:
        rows = rows.filter(resource__in=kept.ids)
    for pk, at, watts in rows.values_list("resource", "at", "power_w").iterator(5000):
        place = places.get(pk)
        if place is not None:
            kept.watts[place, int(at.timestamp()) // STEP - kept.first] = watts


# More devices are most of those there are: all samples of the time are read, by its index.
_FEW = 500


def _summed(kept: _Kept) -> DevicePower:
    held = _held(kept.watts)[:, HOLD_CELLS:]
    known = ~np.isnan(held)
    speaking = known.sum(axis=0)
    kw = np.where(speaking > 0, np.nansum(held, axis=0, dtype=np.float64), np.nan) / 1000
    spoken = np.flatnonzero(speaking)
    # What is still to come is not held for said.
    heard = np.flatnonzero((~np.isnan(kept.watts[:, HOLD_CELLS:])).any(axis=0))
    kw[int(heard[-1]) + 1 if len(heard) else 0 :] = np.nan
    start = datetime.fromtimestamp((kept.first + HOLD_CELLS) * STEP, UTC)
    newest = int(speaking[heard[-1]]) if len(heard) and len(spoken) else 0
    return DevicePower(start, kw, newest, len(kept.ids))


def _held(watts: NDArray[np.float32]) -> NDArray[np.float32]:
    """(devices, cells) with each silence filled by what was said last, `HOLD_CELLS` long at most."""
    cells = np.arange(watts.shape[1])
    said = np.where(~np.isnan(watts), cells, -1)
    np.maximum.accumulate(said, axis=1, out=said)
    held = np.take_along_axis(watts, np.maximum(said, 0), axis=1)
    return np.where((said >= 0) & (cells - said < HOLD_CELLS), held, np.float32(np.nan))


def ven_power(resource_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, list[tuple[datetime, int]]]:
    """Resource -> its samples of a span, oldest first. One query."""
    found: dict[int, list[tuple[datetime, int]]] = {pk: [] for pk in resource_ids}
    rows = PowerSample.objects.filter(resource__in=resource_ids, at__gte=start, at__lt=end).order_by("at")
    for pk, at, watts in rows.values_list("resource", "at", "power_w").iterator(5000):
        found[pk].append((at, watts))
    return found
