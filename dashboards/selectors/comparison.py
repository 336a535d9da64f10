"""Two periods of one meter beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.models import User
from common.intervals import day_bounds
from common.speech import day_words
from dashboards.charts import Payload
from dashboards.charts.clock import DAY_MS, HOUR_MS, MINUTE_MS, local_ms
from dashboards.charts.comparison import Place, Side, comparison_payload
from dashboards.charts.data import Floats
from dashboards.selectors.slots import measured_slots
from dashboards.selectors.spans import Period, day_in
from dashboards.selectors.sums import NOTHING, day_sums
from meters.models import Meter

Instants = NDArray[np.int64]
EPOCH = date(1970, 1, 1)
BEFORE, YEAR_BEFORE = "before", "year"


def other_of(asked: Mapping[str, str], this: Period) -> Period:
    """The period to compare with, by `against`: the one before, the same a year before, or the one of a date.

    Raises:
        BadRange: It is no date.
    """
    against = asked.get("against") or BEFORE
    if against == BEFORE:
        return this.previous
    if against == YEAR_BEFORE:
        return this.year_before
    return Period.of(this.kind, day_in(against))


@dataclass(frozen=True, slots=True)
class Compared:
    """Two periods of the same kind, place by place."""

    places: list[Place]
    this: Side
    other: Side
    remark: str


def compared(*, user: User, meter: Meter, this: Period, other: Period) -> Compared:
    """Both periods by position on the local clock: an hour that a clock change repeats counts in one place."""
    return Compared(
        _places(this, other, meter),
        _side(user, meter, this),
        _side(user, meter, other),
        _clock_words(this, other, meter.zone),
    )


def payload_of(found: Compared, *, version: str = "") -> Payload:
    """What the comparison draws."""
    return comparison_payload(found.places, found.this, found.other, remark=found.remark, version=version)


def _side(user: User, meter: Meter, period: Period) -> Side:
    if period.kind in ("month", "year"):
        return _side_of_days(user, meter, period)
    start, end = period.bounds(meter.zone)
    slots = measured_slots(user=user, meter=meter, start=start, end=end)
    count = _count(period, meter)
    places = _clock_places(slots.start_ms, period, meter)
    wanted = _clock_places(_all_starts(period, meter), period, meter)
    return Side(
        period.words(),
        np.bincount(places, weights=slots.energy_wh, minlength=count).astype(np.float64),
        np.bincount(places, minlength=count),
        np.bincount(wanted, minlength=count),
    )


def _side_of_days(user: User, meter: Meter, period: Period) -> Side:
    days = period.days()
    sums = day_sums(user=user, meter=meter, days=days)
    found = [sums.get(day, NOTHING) for day in days]
    places = np.array([day.day - 1 if period.kind == "month" else day.month - 1 for day in days])
    wanted = [_slots_of_day(day, meter) for day in days]

    def placed(values: list[int]) -> Floats:
        return np.bincount(places, weights=values, minlength=_count(period, meter)).astype(np.float64)

    return Side(
        period.words(),
        placed([one.wh for one in found]),
        placed([one.slots for one in found]).astype(np.int64),
        placed(wanted).astype(np.int64),
    )


def _slots_of_day(day: date, meter: Meter) -> int:
    start, end = day_bounds(day, meter.zone)
    return int((end - start).total_seconds()) // 60 // meter.interval_minutes


def _all_starts(period: Period, meter: Meter) -> Instants:
    first, last = (round(moment.timestamp() * 1000) for moment in period.bounds(meter.zone))
    return np.arange(first, last, meter.interval_minutes * MINUTE_MS)


def _width_ms(period: Period, meter: Meter) -> int:
    """How long a place is: an interval of a day, an hour of a week (or an interval, if that is longer)."""
    own = meter.interval_minutes * MINUTE_MS
    return own if period.kind == "day" else max(own, HOUR_MS)


def _count(period: Period, meter: Meter) -> int:
    if period.kind in ("month", "year"):
        return 31 if period.kind == "month" else 12
    return -(-len(period.days()) * DAY_MS // _width_ms(period, meter))


def _clock_places(starts_ms: Instants, period: Period, meter: Meter) -> Instants:
    """The place of each instant by what the clock shows."""
    midnight = (period.first - EPOCH).days * DAY_MS
    places: Instants = (local_ms(starts_ms, meter.zone) - midnight) // _width_ms(period, meter)
    return places


def _places(this: Period, other: Period, meter: Meter) -> list[Place]:
    if this.kind == "year":
        return [_month_place(month) for month in this.months()]
    if this.kind == "month":
        last = max(len(this.days()), len(other.days()))
        return [
            Place(_("Day %(day)s") % {"day": day}, str(day), str(day) if day <= last else "") for day in range(1, 32)
        ]
    return [_clock_place(this, row, meter) for row in range(_count(this, meter))]


def _month_place(first: date) -> Place:
    name = day_words(first, "month")
    return Place(name, f"{first.month:02}", name[:3])


def _clock_place(period: Period, row: int, meter: Meter) -> Place:
    minutes = row * _width_ms(period, meter) // MINUTE_MS
    day, minute = divmod(minutes, 24 * 60)
    clock = f"{minute // 60:02}:{minute % 60:02}"
    if period.kind == "day":
        return Place(clock, clock, clock if minute % 180 == 0 else "")
    weekday = day_words(period.days()[day]).split()[0]
    # The codes of files do not depend on the reader's language.
    return Place(f"{weekday} {clock}", f"{day + 1} {clock}", weekday if minute == 0 else "")


def _clock_words(this: Period, other: Period, zone: ZoneInfo) -> str:
    """What a change of the clock does to a comparison by hours."""
    if this.kind in ("month", "year"):
        return ""
    lengths = {(end - start).total_seconds() - len(period.days()) * 86_400 for period in (this, other)
               for start, end in [period.bounds(zone)]}  # fmt: skip
    if lengths == {0.0}:
        return ""
    return _(
        "The clock changes in one of them: an hour that it repeats counts twice in its place, "
        "one that it skips is missing."
    )
