"""An event as its meters report it: measured against usual use, meter by meter and cell by cell."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from io import BytesIO
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from common.cache import CHART, keeping_cache
from dashboards.selectors.event_grid import Grid, grid_of
from dashboards.selectors.event_usual import Usual, usual_of
from events.models import Event, OptPolicy, ParticipationState
from events.models.participation import NOT_COUNTED
from events.selectors import nominations_of
from meters.models import Meter
from meters.selectors import CHUNK
from meters.services.recent import readings_in

# A usual use is asked for until the last operator has closed the page of the event.
KEEP_SECONDS = 30 * 3600
KEPT_EVENTS = 6
KEPT_HOMES = 500
# The usual use of more meters takes a second and more: a job makes it after the notice and the start, not a request.
FEW = 200
# If it has not by then, the request does.
GRACE = timedelta(minutes=1)
BEFORE, DURING = (0,), (1,)
# From which share of the meters on a moment counts as measured; the others stand in with their usual use.
ENOUGH = 0.5
MINUTE = 60
# How long a reading may be on its way.
ON_ITS_WAY = 10 * MINUTE
ANSWERED_OR_OVER = (
    ParticipationState.OPTED_IN,
    ParticipationState.MEASURED,
    ParticipationState.UNMEASURED,
    ParticipationState.SETTLED,
    ParticipationState.DISPUTED,
    ParticipationState.RESOLVED,
)
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Whether = NDArray[np.bool_]
T = TypeVar("T")


class Shelf:
    """What this process has computed last, the newest version of each thing; the oldest thing goes first."""

    def __init__(self, size: int) -> None:
        self._rows: OrderedDict[Hashable, tuple[Hashable, object]] = OrderedDict()
        self._size = size
        # Of two who ask at once, one computes.
        self._lock = Lock()

    def get(self, key: Hashable, version: Hashable, make: Callable[[], T]) -> T:
        """What stands under the key in this version, else what `make` answers, which stands there then."""
        with self._lock:
            if key not in self._rows or self._rows[key][0] != version:
                self._rows[key] = version, make()
            self._rows.move_to_end(key)
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)
            return self._rows[key][1]  # type: ignore[return-value]  # made by the same caller


# Whole events and the homes of single people apart, so that many people at home push no operator's event out.
EVENTS, HOMES = Shelf(4 * KEPT_EVENTS), Shelf(4 * KEPT_HOMES)


@dataclass(frozen=True, slots=True)
class Seat:
    """One meter in the event: what of it does not change while the event runs."""

    meter: Meter
    feeder: str
    nominated_kw: Decimal | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One participation as it stands: the meter, its state, and the version of the meter's data."""

    meter_id: int
    state: str
    data_version: int


def answers_in(event: Event, *, holder_id: int | None = None) -> tuple[Answer, ...]:
    """Everybody in the event, or one holder's meters, by meter. One query."""
    rows = event.participations.order_by("meter_id")
    if holder_id is not None:
        rows = rows.filter(holder_id=holder_id).exclude(state=ParticipationState.HELD_OUT)
    return tuple(Answer(*row) for row in rows.values_list("meter_id", "state", "meter__data_version"))


def takes_part(state: str, policy: str) -> bool:
    """Whether somebody with this answer counts in the event: who skipped never does, who is silent as the terms say."""
    if state in NOT_COUNTED:
        return False
    return policy == OptPolicy.OPT_OUT or state in ANSWERED_OR_OVER


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What is known of an event at `now`.

    Attributes:
        answers: (m,) rising by meter.
        counted: (m,) who takes part.
        watts: (m, cells) measured W, NaN where nothing was measured (or not yet).
        usual: (m, cells) W, NaN for a meter with too little history.
        spread: (cells,) likely range of all together, as a share.
        newest: (m,) the end of each meter's newest reading in these hours, in seconds; 0 without any.
        lengths: (m,) the length of each meter's intervals in seconds.
    """

    event: Event
    grid: Grid
    now: datetime
    answers: tuple[Answer, ...]
    seats: dict[int, Seat]
    counted: Whether
    watts: Floats
    usual: Floats
    spread: Floats
    newest: Integers
    lengths: Integers

    @property
    def comparable(self) -> Whether:
        """(m,) who takes part and has a usual use."""
        return self.counted & ~np.isnan(self.usual).all(axis=1)

    @property
    def passed(self) -> int:
        """How many cells are over."""
        return int(np.clip((int(self.now.timestamp()) - self.grid.first) // self.grid.step, 0, self.grid.count))

    @property
    def latest(self) -> int | None:
        """The newest cell that enough meters have reported; None while there is none."""
        mine = self.comparable
        if not mine.any():
            return None
        reported = (~np.isnan(self.watts[mine])).sum(axis=0)[: self.passed]
        found = np.flatnonzero(reported >= ENOUGH * mine.sum())
        return int(found[-1]) if len(found) else None

    def reported_at(self, cell: int) -> int:
        """How many of those that can be compared have reported a cell."""
        return int((~np.isnan(self.watts[self.comparable, cell])).sum())

    def usual_kw(self) -> Floats:
        """(cells,) what all together usually use."""
        sums: Floats = np.nansum(self.usual[self.comparable], axis=0) / 1000
        return sums

    def measured_kw(self) -> Floats:
        """(cells,) what all together use; who has not reported stands in with the usual use.

        NaN where too few have reported, and after the newest cell that enough have.
        """
        mine, latest = self.comparable, self.latest
        kw = np.full(self.grid.count, np.nan)
        if latest is None:
            return kw
        watts, usual = self.watts[mine], self.usual[mine]
        known = ~np.isnan(watts)
        enough = known.sum(axis=0) >= ENOUGH * mine.sum()
        sums = np.nansum(np.where(known, watts, usual), axis=0) / 1000
        until = np.arange(self.grid.count) <= latest
        return np.where(enough & until, sums, kw)

    def saved_wh(self) -> Floats:
        """(m,) what each meter used less than usual in the event so far, signed; 0 where nothing can be compared."""
        first, stop = self.grid.event
        less = (self.usual - self.watts)[:, first:stop]
        saved: Floats = np.where(self.comparable, np.nansum(less, axis=1) * self.grid.hours, 0.0)
        return saved

    def compared(self) -> Whether:
        """(m,) who has reported some of the event and has a usual use."""
        first, stop = self.grid.event
        both = ~np.isnan(self.usual - self.watts)[:, first:stop]
        some: Whether = self.comparable & both.any(axis=1)
        return some

    def lag_seconds(self) -> Integers:
        """(m,) how old each meter's newest reading is; before the first, the age of the hours looked at."""
        until = min(int(self.now.timestamp()), int(self.grid.end.timestamp()))
        behind: Integers = until - np.maximum(self.newest, self.grid.first)
        return np.maximum(behind, 0)

    def interval_seconds(self) -> Integers:
        """(m,) the length of each meter's intervals."""
        return self.lengths

    def late(self) -> Whether:
        """(m,) who takes part and is behind by more than one interval, and not yet old."""
        lag, length = self.lag_seconds(), self.interval_seconds()
        found: Whether = self.counted & (lag > length + ON_ITS_WAY) & ~self.old()
        return found

    def old(self) -> Whether:
        """(m,) who takes part and is behind by two intervals and more."""
        found: Whether = self.counted & (self.lag_seconds() > 2 * self.interval_seconds() + ON_ITS_WAY)
        return found


def watch(event: Event, answers: tuple[Answer, ...], now: datetime, shelf: Shelf = EVENTS) -> Watch:
    """The event as of `now`. Without anything new: no query. Else one per 500 meters, and some for a usual use."""
    who = _identity(event, answers)
    seats = shelf.get(("seats", who), None, lambda: _seats(event, answers))
    grid = grid_of(event, {seat.meter.interval_minutes for seat in seats.values()})
    versions, until = tuple(row.data_version for row in answers), min(grid.end, now)
    phase = _phase(event, who, now, versions)
    usual = _usual(event, seats, grid, shelf, (who, phase))
    version = versions, int(until.timestamp()) // grid.step
    watts, newest = shelf.get(("readings", who), version, lambda: _measured(answers, seats, grid, until))
    policy = event.version.opt_policy
    counted = np.array([takes_part(row.state, policy) for row in answers], np.bool_)
    lengths = shelf.get(("lengths", who), None, lambda: _lengths(answers, seats))
    return Watch(event, grid, now, answers, seats, counted, watts, usual.watts, usual.spread, newest, lengths)


def _lengths(answers: Sequence[Answer], seats: dict[int, Seat]) -> Integers:
    return np.array([seats[row.meter_id].meter.interval_minutes * MINUTE for row in answers], np.int64)


def is_ready(event: Event, answers: tuple[Answer, ...], now: datetime) -> bool:
    """Whether `watch` answers at once: the usual use of many meters is left to the clock's job for a minute."""
    if not _is_being_made(event, answers, now):
        return True
    who = _identity(event, answers)
    return _is_known((who, BEFORE)) or (now >= event.start and _is_known((who, DURING)))


def make_ready(event: Event, answers: tuple[Answer, ...], now: datetime) -> bool:
    """Computes the usual use where no process has yet; whether it did."""
    phase = BEFORE if now < event.start else DURING
    if keeping_cache() is None or _is_known((_identity(event, answers), phase)):
        return False
    seats = _seats(event, answers)
    grid = grid_of(event, {seat.meter.interval_minutes for seat in seats.values()})
    meters = [seat.meter for seat in seats.values()]
    _shared((_identity(event, answers), phase), lambda: usual_of(event, meters, grid, with_today=phase == DURING))
    return True


def _is_being_made(event: Event, answers: tuple[Answer, ...], now: datetime) -> bool:
    since = event.start if now >= event.start else event.notified_at or event.start
    return len(answers) > FEW and now - since < GRACE and keeping_cache() is not None


def _is_known(key: Hashable) -> bool:
    store = keeping_cache()
    return store is not None and bool(store.has_key(_name(key)))


def _phase(event: Event, who: Hashable, now: datetime, versions: tuple[int, ...]) -> tuple[int, ...]:
    """Frozen before the event and when it has started; once it is over late readings may fill its days."""
    if now >= event.end:
        return 2, hash(versions)
    if now < event.start:
        return BEFORE
    is_soon = now - event.start < GRACE and len(versions) > FEW and not _is_known((who, DURING))
    # The one from before stands in, until the clock's job has made that with today's hours.
    return BEFORE if is_soon and _is_known((who, BEFORE)) else DURING


def _identity(event: Event, answers: tuple[Answer, ...]) -> tuple[Hashable, ...]:
    """What tells this event, its time and its meters from all others; the same in every process."""
    meters = hash(tuple(row.meter_id for row in answers))
    return event.pk, str(event.created_at), str(event.start), str(event.end), str(event.notified_at), meters


def _seats(event: Event, answers: tuple[Answer, ...]) -> dict[int, Seat]:
    """Two queries, two more per 500 meters after the first."""
    found: dict[int, Seat] = {}
    for first in range(0, len(answers), CHUNK):
        ids = [row.meter_id for row in answers[first : first + CHUNK]]
        nominated = {pk: row.kw for pk, row in nominations_of(event=event, among=ids).items()}
        for meter in Meter.objects.filter(pk__in=ids).select_related("feeder"):
            found[meter.pk] = Seat(meter, meter.feeder.name if meter.feeder else "", nominated.get(meter.pk))
    return {row.meter_id: found[row.meter_id] for row in answers}


def _usual(
    event: Event, seats: dict[int, Seat], grid: Grid, shelf: Shelf, key: tuple[Hashable, tuple[int, ...]]
) -> Usual:
    who, phase = key
    meters = [seat.meter for seat in seats.values()]

    def make() -> Usual:
        return usual_of(event, meters, grid, with_today=phase != BEFORE)

    return shelf.get(("usual", who), phase, lambda: _shared(key, make))


def _name(key: Hashable) -> str:
    return f"{CHART}usual:{hash_of(key)}"


def _shared(key: Hashable, make: Callable[[], Usual]) -> Usual:
    """What another process has computed, else what `make` does."""
    store = keeping_cache()
    if store is None:
        return make()
    name = _name(key)
    found = store.get(name)
    if isinstance(found, bytes):
        with np.load(BytesIO(found), allow_pickle=False) as arrays:
            return Usual(arrays["ids"], arrays["watts"].astype(np.float64), arrays["spread"])
    usual = make()
    packed = BytesIO()
    np.savez_compressed(packed, ids=usual.meter_ids, watts=usual.watts.astype(np.float32), spread=usual.spread)
    store.set(name, packed.getvalue(), KEEP_SECONDS)
    return usual


def _measured(
    answers: Sequence[Answer], seats: dict[int, Seat], grid: Grid, until: datetime
) -> tuple[Floats, Integers]:
    """W per meter and cell, and the end of each meter's newest reading in seconds. One query per 500 meters."""
    ids = np.array([row.meter_id for row in answers], np.int64)
    watts, newest = np.full((len(ids), grid.count), np.nan), np.zeros(len(ids), np.int64)
    if until <= grid.start or not len(ids):
        return watts, newest
    found = readings_in(meter_ids=ids.tolist(), spans=[(grid.start, until)])
    lengths = _lengths(answers, seats)
    rows = np.searchsorted(ids, found[0])
    cells = (found[1] - grid.first) // grid.step
    np.maximum.at(newest, rows, found[1] + lengths[rows])
    power = found[2] * 3600 / lengths[rows]
    for offset in range(int(lengths.max(initial=grid.step)) // grid.step):
        fits = (offset * grid.step < lengths[rows]) & (cells + offset < grid.count)
        watts[rows[fits], cells[fits] + offset] = power[fits]
    return watts, newest


def hash_of(key: object) -> str:
    """A short text, equal in every process."""
    return blake2b(repr(key).encode(), digest_size=16).hexdigest()


def moment_of(seconds: int) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC)
