"""What goes into an engine (History, Task) and what comes out (Forecast)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from forecasting.engines.errors import HistoryInvalid
from forecasting.engines.local_calendar import LocalCalendar, local_calendar

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

MINUTES_PER_DAY = 1440


@dataclass(frozen=True, eq=False)
class History:
    """Readings of one meter, or of many that share slots and zone.

    Args:
        energy_wh: (n_slots,) or (n_meters, n_slots), Wh from the grid per slot, missing as NaN.
        start: aware UTC start of the first slot.
        slot_minutes: length of a slot; a day must hold a whole number of them.
        zone: IANA name of the zone whose local days count.
        excluded: like energy_wh; True where a reading must not teach (events, outages).
        holidays: local dates that behave like a day off, past and future.

    Raises:
        HistoryInvalid: shapes differ, a time is naive, a slot length odd, a zone unknown, a value infinite.
    """

    energy_wh: Floats
    start: datetime
    slot_minutes: int
    zone: str
    excluded: Flags | None = None
    holidays: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Refuse what cannot be a history."""
        object.__setattr__(self, "energy_wh", np.asarray(self.energy_wh, dtype=np.float64))
        if self.energy_wh.ndim not in (1, 2):
            raise HistoryInvalid(f"Readings need one or two dimensions, not {self.energy_wh.ndim}.")
        if np.isinf(self.energy_wh).any():
            raise HistoryInvalid("A reading is infinite.")
        if self.excluded is not None and self.excluded.shape != self.energy_wh.shape:
            raise HistoryInvalid("The mask of excluded slots has another shape than the readings.")
        _check_time(self.start, self.slot_minutes, self.zone)

    @property
    def is_batch(self) -> bool:
        """Whether this holds many meters, one per row."""
        return self.energy_wh.ndim == 2

    @property
    def n_slots(self) -> int:
        """Number of slots of a row."""
        return int(self.energy_wh.shape[-1])

    @property
    def slots_per_day(self) -> int:
        """Number of slots of an ordinary day."""
        return MINUTES_PER_DAY // self.slot_minutes

    @property
    def usable_wh(self) -> Floats:
        """Readings with the excluded slots as NaN too; same shape."""
        if self.excluded is None:
            return self.energy_wh
        return np.where(self.excluded, np.nan, self.energy_wh)

    def meter(self, row: int) -> "History":
        """History of one meter of a batch."""
        excluded = None if self.excluded is None else self.excluded[row]
        return replace(self, energy_wh=self.energy_wh[row], excluded=excluded)

    def between(self, first: int, stop: int) -> "History":
        """The slots first <= i < stop, with the start moved along."""
        excluded = None if self.excluded is None else self.excluded[..., first:stop]
        start = self.start + first * timedelta(minutes=self.slot_minutes)
        return replace(self, energy_wh=self.energy_wh[..., first:stop], excluded=excluded, start=start)

    def known_at(self, issued_at: datetime) -> "History":
        """Only the slots that had ended by issued_at."""
        ended = _aware_utc(issued_at, "issued_at") - self.start
        n_ended = max(0, ended // timedelta(minutes=self.slot_minutes))
        return self.between(0, min(n_ended, self.n_slots))


@dataclass(frozen=True, eq=False)
class Task:
    """One question to an engine: what was known at issued_at, and the slots to forecast.

    Slot numbers count from history.start; [n_known, first_target) is the stretch nobody has read yet.
    `energy_wh` of the history ends at or before issued_at, so an engine cannot look ahead.
    """

    history: History
    issued_at: datetime
    horizon_slots: int

    @classmethod
    def at(cls, history: History, issued_at: datetime, horizon_slots: int, max_days: int) -> "Task":
        """Task with at most the last max_days of what was known at issued_at.

        Raises:
            HistoryInvalid: issued_at is naive or before the first slot, or the horizon is empty.
        """
        if horizon_slots < 1:
            raise HistoryInvalid("The horizon must be at least one slot.")
        known = history.known_at(issued_at)
        if issued_at < history.start:
            raise HistoryInvalid("The forecast would be issued before the first slot of the history.")
        first = max(0, known.n_slots - max_days * known.slots_per_day)
        return cls(known.between(first, known.n_slots), issued_at, horizon_slots)

    @cached_property
    def first_target(self) -> int:
        """Number of the first slot that starts at or after issued_at."""
        slot = timedelta(minutes=self.history.slot_minutes)
        return max(0, -((self.history.start - self.issued_at) // slot))

    @cached_property
    def n_all(self) -> int:
        """Number of slots of history, stretch without readings and horizon together."""
        return self.first_target + self.horizon_slots

    @cached_property
    def usable_wh(self) -> Floats:
        """(n,) Wh up to the last usable reading; gaps and excluded slots as NaN."""
        usable = self.history.usable_wh
        finite = np.flatnonzero(np.isfinite(usable))
        return usable[: finite[-1] + 1] if finite.size else usable[:0]

    @cached_property
    def never_negative(self) -> bool:
        """Whether the meter has never fed into the grid."""
        return not bool(np.any(self.history.energy_wh < 0))

    @cached_property
    def days_of_history(self) -> float:
        """Usable readings, counted in days."""
        return float(np.isfinite(self.usable_wh).sum() / self.history.slots_per_day)

    @cached_property
    def calendar(self) -> LocalCalendar:
        """Local calendar of all slots, history and horizon."""
        history = self.history
        return local_calendar(history.start, history.slot_minutes, history.zone, self.n_all, history.holidays)


@dataclass(frozen=True)
class FitInfo:
    """How an engine came to its answer."""

    days_of_history: float
    order: tuple[int, ...] = ()
    is_log: bool = False
    n_parameters: int = 0
    n_calibration_days: int = 0


@dataclass(frozen=True, eq=False)
class Forecast:
    """Forecast of one meter: (h,) whole Wh from `start`, with lower <= wh <= upper (80 %)."""

    start: datetime
    slot_minutes: int
    issued_at: datetime
    wh: Ints
    lower_wh: Ints
    upper_wh: Ints
    engine: str
    info: FitInfo
    fallback_reason: str = ""

    def slot_starts(self) -> list[datetime]:
        """Aware UTC start of every forecast slot."""
        slot = timedelta(minutes=self.slot_minutes)
        return [self.start + i * slot for i in range(len(self.wh))]


def as_forecast(task: Task, engine: str, band: tuple[Floats, Floats, Floats], info: FitInfo) -> Forecast:
    """Forecast of whole Wh from (lower, middle, upper), each (h,) Wh and in order."""
    lower, middle, upper = (np.rint(values).astype(np.int64) for values in band)
    start = task.history.start + task.first_target * timedelta(minutes=task.history.slot_minutes)
    slot_minutes = task.history.slot_minutes
    return Forecast(start, slot_minutes, task.issued_at, middle, lower, upper, engine, info)


def _check_time(start: datetime, slot_minutes: int, zone: str) -> None:
    """Refuse a start that is not UTC, a slot that does not divide a day, a zone nobody knows."""
    _aware_utc(start, "start")
    if slot_minutes < 1 or MINUTES_PER_DAY % slot_minutes:
        raise HistoryInvalid(f"A day does not hold a whole number of slots of {slot_minutes} minutes.")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise HistoryInvalid(f"There is no time zone {zone!r}.") from error


def _aware_utc(moment: datetime, name: str) -> datetime:
    """The moment, if it is aware; engines never guess a zone."""
    if moment.tzinfo is None:
        raise HistoryInvalid(f"{name} has no time zone.")
    return moment.astimezone(UTC)
