"""How complete the readings of meters are, by local day: from the daily sums, never from readings."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import Exists, Min, OuterRef, QuerySet, Sum

from common.intervals import local_day, slots_in_day
from meters.models import DailyEnergy, Meter, RollupMark
from organizations.models import Distributor

DAY = timedelta(days=1)
SPANS = (14, 28, 90)
# Ids in one IN list, as in meters.selectors.
_CHUNK = 500


@dataclass(frozen=True)
class Filled:
    """Slots that have a measured reading, an estimated one, and that should have one."""

    measured: int
    estimated: int
    expected: int

    @property
    def percent(self) -> int:
        """Measured of expected, rounded down: only what is complete is 100 %."""
        return min(100, 100 * self.measured // self.expected) if self.expected else 100

    @property
    def level(self) -> int:
        """The step of the scale: 0 without a reading, 5 complete, between them in quarters."""
        if not self.measured:
            return 0
        return 5 if self.measured >= self.expected else 1 + 4 * self.measured // self.expected


@dataclass(frozen=True)
class DayCell:
    """One day of one row; `filled` is None before the meter's first reading."""

    day: date
    filled: Filled | None


@dataclass(frozen=True)
class MeterRow:
    """One meter over the whole span."""

    meter: Meter
    filled: Filled
    cells: Sequence[DayCell] = ()


@dataclass(frozen=True)
class Overview:
    """All meters of a selection over complete local days.

    Attributes:
        ranked: (meter id, filled), the least complete first.
        by_day: all of them together, one cell per day.
        never: how many meters of the selection never sent a reading; they are in nothing else here.
        pending: whether sums wait to be made again, so that figures may be those of some moments ago.
    """

    days: Sequence[date]
    ranked: Sequence[tuple[int, Filled]]
    by_day: Sequence[DayCell]
    never: int
    pending: bool


@dataclass(frozen=True)
class _Kind:
    """What tells how many slots a meter's day has, and the first day that counts."""

    zone_name: str
    minutes: int
    since: date


def days_until_yesterday(distributor: Distributor, count: int, now: datetime) -> list[date]:
    """The last complete days of the distributor's clock, oldest first."""
    today = local_day(now, distributor.zone)
    return [today - number * DAY for number in range(count, 0, -1)]


def overview(distributor: Distributor, meters: QuerySet[Meter], days: Sequence[date]) -> Overview:
    """The figures of all the meters. Five queries, however many meters there are."""
    kinds, never = _kinds(distributor, meters, days)
    own = DailyEnergy.objects.filter(meter__in=meters.order_by().values("pk"), day__range=(days[0], days[-1]))
    sums = {
        pk: (slots, estimated)
        for pk, slots, estimated in own.order_by()
        .values_list("meter_id")
        .annotate(slots=Sum("slots"), estimated=Sum("estimated_slots"))
    }
    expected = {kind: _expected(kind, days) for kind in set(kinds.values())}
    filled = {pk: _filled(sums.get(pk, (0, 0)), expected[kind]) for pk, kind in kinds.items()}
    ranked = sorted(filled.items(), key=lambda pair: (pair[1].measured / max(pair[1].expected, 1), pair[0]))
    return Overview(
        days=days,
        ranked=ranked,
        by_day=_by_day(own, Counter(kinds.values()), days),
        never=never,
        pending=RollupMark.objects.filter(distributor=distributor).exists(),
    )


def rows_of(ranked: Sequence[tuple[int, Filled]], distributor: Distributor, days: Sequence[date]) -> list[MeterRow]:
    """The rows of some ranked meters with their days. Three queries for each 500 of them."""
    rows: list[MeterRow] = []
    for first in range(0, len(ranked), _CHUNK):
        part = ranked[first : first + _CHUNK]
        ids = [pk for pk, _filled in part]
        found = Meter.objects.filter(pk__in=ids).select_related("feeder")
        meters = {meter.pk: meter for meter in found}
        kinds, _never = _kinds(distributor, Meter.objects.filter(pk__in=ids), days)
        own = DailyEnergy.objects.filter(meter__in=ids, day__range=(days[0], days[-1]))
        listed = own.values_list("meter_id", "day", "slots", "estimated_slots")
        cells = {(pk, day): (slots, estimated) for pk, day, slots, estimated in listed}
        rows += [MeterRow(meters[pk], filled, _cells(pk, kinds[pk], cells, days)) for pk, filled in part]
    return rows


def _kinds(distributor: Distributor, meters: QuerySet[Meter], days: Sequence[date]) -> tuple[dict[int, _Kind], int]:
    """Per meter that ever sent a reading what is expected of it; and how many never did."""
    earlier = DailyEnergy.objects.filter(meter=OuterRef("pk"), day__lt=days[0])
    listed = (
        meters.order_by().annotate(is_old=Exists(earlier)).values_list("pk", "zone_name", "interval_minutes", "is_old")
    )
    own = DailyEnergy.objects.filter(meter__in=meters.order_by().values("pk"), day__range=(days[0], days[-1]))
    firsts = dict(own.order_by().values_list("meter_id").annotate(first=Min("day")))
    kinds: dict[int, _Kind] = {}
    total = 0
    for pk, zone_name, minutes, is_old in listed:
        total += 1
        since = days[0] if is_old else firsts.get(pk)
        if since is not None:
            kinds[pk] = _Kind(zone_name or distributor.timezone, minutes, since)
    return kinds, total - len(kinds)


def _by_day(own: QuerySet[DailyEnergy], kinds: Mapping[_Kind, int], days: Sequence[date]) -> list[DayCell]:
    rows = own.order_by().values_list("day").annotate(slots=Sum("slots"), estimated=Sum("estimated_slots"))
    sums = {day: (slots, estimated) for day, slots, estimated in rows}
    cells = []
    for day in days:
        expected = sum(_slots(day, kind.zone_name, kind.minutes) * n for kind, n in kinds.items() if kind.since <= day)
        cells.append(DayCell(day, _filled(sums.get(day, (0, 0)), expected) if expected else None))
    return cells


def _cells(
    pk: int, kind: _Kind, cells: Mapping[tuple[int, date], tuple[int, int]], days: Iterable[date]
) -> list[DayCell]:
    return [
        DayCell(
            day,
            _filled(cells.get((pk, day), (0, 0)), _slots(day, kind.zone_name, kind.minutes))
            if kind.since <= day
            else None,
        )
        for day in days
    ]


def _filled(sums: tuple[int, int], expected: int) -> Filled:
    slots, estimated = int(sums[0]), int(sums[1])
    return Filled(slots - estimated, estimated, expected)


def _expected(kind: _Kind, days: Sequence[date]) -> int:
    return sum(_slots(day, kind.zone_name, kind.minutes) for day in days if day >= kind.since)


@lru_cache(maxsize=20_000)
def _slots(day: date, zone_name: str, minutes: int) -> int:
    return slots_in_day(day, ZoneInfo(zone_name), minutes)
