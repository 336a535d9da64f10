"""A month at the distributor's wholesale meter: its load, what events took off each hour, and how sure that is."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from math import sqrt
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet, Sum

from accounts.models import User
from common.cache import keeping_cache
from common.intervals import local_day
from events.models import Event, EventState
from meters.models import HourlyEnergy, ScopeKind
from meters.services.rollups import scope_hours
from organizations.models import Distributor
from settlement.baselines import DayOutcome
from settlement.baselines.control import student
from settlement.control_intervals import saved_between
from settlement.models import RunKind, SettlementLine, SettlementRun
from settlement.reports.statements import month_bounds
from settlement.reports.wholesale import MonthValue, Reduction, month_value, t_90, width_of
from settlement.selectors import counted_runs
from settlement.traces import counted_slots, days_looked_at

HOUR = timedelta(hours=1)
CHUNK = 2_000
KEPT_SECONDS = 3_600
# Where the cache keeps what was worked out of a run.
WHOLESALE = "wholesale:"
T = TypeVar("T")
# Whose events were called: the others have taken nothing off.
CALLED = (
    EventState.ACTIVE, EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED, EventState.CLOSED
)  # fmt: skip


@dataclass(frozen=True)
class EventHour:
    """What one event took off one hour of UTC.

    Attributes:
        minutes: how much of the hour the event covers.
        reduction: signed, with half the width of its 90 % interval where that can be said.
        meters: how many could be measured.
        is_estimate: the event has no final run yet.
    """

    event: Event
    start: datetime
    minutes: int
    reduction: Reduction
    meters: int
    is_estimate: bool


@dataclass(frozen=True)
class WholesaleMonth:
    """One local month of a distributor.

    Attributes:
        first: its first day.
        load_wh: start of an hour of UTC -> energy of all meters in it; hours without a reading are left out.
        hours: what events took off, by time.
        open_events: events that nobody has worked out yet: what they took off is not in here.
    """

    first: date
    load_wh: Mapping[datetime, int]
    hours: tuple[EventHour, ...]
    open_events: tuple[Event, ...]

    @property
    def reductions(self) -> dict[datetime, Reduction]:
        """What all events together took off each hour.

        The widths of events in the same hour are added: the same weather moves all of them alike. What has none adds
        none; `unsure` says which events those are.
        """
        found: dict[datetime, Reduction] = {}
        for each in self.hours:
            before = found.get(each.start)
            found[each.start] = each.reduction if before is None else _both(before, each.reduction)
        return found

    @property
    def unsure(self) -> tuple[Event, ...]:
        """The events of which nothing can be said of how sure they are, by time."""
        found = {each.event.pk: each.event for each in self.hours if each.reduction.width_wh is None}
        return tuple(found.values())

    def value(self, *, cost_per_kw: Decimal, billed_at: datetime | None = None) -> MonthValue | None:
        """What the events were worth; None without a reading, or none in the hour that is billed."""
        reductions = {start: each for start, each in self.reductions.items() if start in self.load_wh}
        return month_value(load_wh=self.load_wh, reductions=reductions, cost_per_kw=cost_per_kw, billed_at=billed_at)


def wholesale_month(*, user: User, distributor: Distributor, month: date) -> WholesaleMonth:
    """The local month in which the day lies. Three queries, and three for each event that is worked out.

    Raises:
        NoSuchScope: The distributor is a stranger's.
    """
    start, end = month_bounds(month, distributor.zone)
    read = scope_hours(user=user, kind=ScopeKind.DISTRIBUTOR, scope_id=distributor.pk, start=start, end=end)
    load = {
        datetime.fromtimestamp(second, UTC): wh
        for second, wh in zip(read.starts.tolist(), read.energy_wh.tolist(), strict=True)
    }
    events = list(_called(distributor).filter(start__lt=end, end__gt=start).order_by("start", "pk"))
    runs = counted_runs(events)
    hours: list[EventHour] = []
    for number, event in enumerate(events):
        if run := runs.get(event.pk):
            others = [runs[each.pk].pk for each in events[:number] if each.pk in runs and each.end > event.start]
            hours += [each for each in _event_hours(event, run, others) if start <= each.start < end]
    hours.sort(key=lambda each: (each.start, each.event.pk))
    waiting = tuple(event for event in events if event.pk not in runs)
    return WholesaleMonth(month.replace(day=1), load, tuple(hours), waiting)


def months_with_events(*, distributor: Distributor) -> list[date]:
    """The first days of the local months in which events began, the newest first. One query."""
    starts = _called(distributor).order_by().values_list("start", flat=True)
    return sorted({local_day(start, distributor.zone).replace(day=1) for start in starts}, reverse=True)


def wholesale_cost(*, distributor: Distributor, month: date) -> Decimal:
    """The highest wholesale cost per kW that the terms of the month's events say; of any event where it has none."""
    start, end = month_bounds(month, distributor.zone)
    events = _called(distributor).filter(version__wholesale_cost_per_kw__gt=0)
    prices = events.order_by("-start").values_list("version__wholesale_cost_per_kw", flat=True)
    found = list(prices.filter(start__gte=start, start__lt=end)) or list(prices[:1])
    return max(found, default=Decimal(0))


def _called(distributor: Distributor) -> QuerySet[Event]:
    events = Event.objects.filter(program__distributor=distributor, is_test=False, state__in=CALLED)
    return events.select_related("program__distributor", "version")


def _both(first: Reduction, second: Reduction) -> Reduction:
    widths = [each.width_wh for each in (first, second) if each.width_wh is not None]
    return Reduction(first.energy_wh + second.energy_wh, sum(widths) if widths else None)


def _event_hours(event: Event, run: SettlementRun, others: Sequence[int]) -> list[EventHour]:
    """What one run says of each hour.

    Args:
        others: runs of events at the same time; a meter that is in one of them is counted there only.
    """
    lines = SettlementLine.objects.filter(run=run.pk, baseline_wh__isnull=False).order_by()
    if others:
        elsewhere = SettlementLine.objects.filter(run__in=others, baseline_wh__isnull=False)
        lines = lines.exclude(meter__in=elsewhere.values("meter"))
    minutes = _minutes(event)

    def worked_out() -> tuple[dict[datetime, Reduction], int]:
        saved, used, count = _added_up(lines, run)
        widths = _group_widths(run, minutes)
        if widths is None:
            widths = _widths(lines, minutes, _common_days(used, count), event.program.zone)
        return {start: Reduction(wh, widths.get(start)) for start, wh in sorted(saved.items())}, count

    found, count = _kept(f"{run.pk}:{run.inputs_sha256}:{sorted(others)}", worked_out)
    is_estimate = run.kind != RunKind.FINAL
    return [
        EventHour(event, start, minutes.get(start, 60), reduction, count, is_estimate)
        for start, reduction in found.items()
    ]


def _kept(key: str, make: Callable[[], T]) -> T:
    """What was worked out of a run within the hour; a run never changes, the days that it rests on seldom do."""
    store = keeping_cache()
    if store is None:
        return make()
    name = WHOLESALE + blake2b(key.encode(), digest_size=16).hexdigest()
    found: T | None = store.get(name)
    if found is None:
        found = make()
        store.set(name, found, KEPT_SECONDS)
    return found


def _added_up(
    lines: QuerySet[SettlementLine], run: SettlementRun
) -> tuple[dict[datetime, Fraction], Counter[date], int]:
    """By hour what these lines saved, how many of them rest on each day, and how many there are. One query."""
    saved: dict[datetime, Fraction] = defaultdict(Fraction)
    patterns: Counter[tuple[date, ...]] = Counter()
    count = 0
    for trace in lines.values_list("trace", flat=True).iterator(chunk_size=CHUNK):
        count += 1
        for start, wh in counted_slots(trace, run.common):
            saved[_hour(start)] += wh
        looked_at = days_looked_at(trace, run.common)
        patterns[tuple(day for day, outcome in looked_at if outcome is DayOutcome.USED)] += 1
    used: Counter[date] = Counter()
    for days, times in patterns.items():
        for day in days:
            used[day] += times
    return dict(saved), used, count


def _common_days(used: Mapping[date, int], count: int) -> list[date]:
    """The days on which at least half of the baselines rest."""
    return sorted(day for day, times in used.items() if 2 * times >= count)


def _minutes(event: Event) -> dict[datetime, int]:
    """The hours of UTC that the event touches, with how much of each."""
    found: dict[datetime, int] = {}
    start = _hour(event.start)
    while start < event.end:
        inside = min(event.end, start + HOUR) - max(event.start, start)
        found[start] = int(inside / timedelta(minutes=1))
        start += HOUR
    return found


def _widths(
    lines: QuerySet[SettlementLine], minutes: Mapping[datetime, int], days: Iterable[date], zone: ZoneInfo
) -> dict[datetime, float | None]:
    """Hour of the event -> half the width of its 90 % interval, from the same hour on these days. One query.

    Where some meters have no reading on a day, the others stand for them.
    """
    same = {start: [_same_hour(start, day, zone) for day in days] for start in minutes}
    wanted = {each for starts in same.values() for each in starts}
    if not wanted:
        return {}
    rows = HourlyEnergy.objects.filter(meter__in=lines.values("meter"), start__in=wanted).order_by().values("start")
    totals = {row["start"]: row for row in rows.annotate(wh=Sum("energy_wh"), count=Count("meter"))}
    most = max((row["count"] for row in totals.values()), default=0)
    return {
        start: width_of(
            [
                float(totals[each]["wh"]) * most / totals[each]["count"] * minutes[start] / 60
                for each in starts
                if each in totals
            ]
        )
        for start, starts in same.items()
    }


def _group_widths(run: SettlementRun, minutes: Mapping[datetime, int]) -> dict[datetime, float | None] | None:
    """The same where homes held out by lot say what was usual: from the interval of the whole event; else None.

    The hours are taken as independent of each other, which makes that of a single one rather too wide.
    """
    found = saved_between(run)
    if found is None:
        return None
    freedom = found.homes - 1
    half, whole = found.half_wh * t_90(freedom) / student(freedom), sum(minutes.values())
    return {start: half * sqrt(part / whole) for start, part in minutes.items()}


def _same_hour(start: datetime, day: date, zone: ZoneInfo) -> datetime:
    """The hour of UTC in which the same wall time of another local day lies."""
    return _hour(datetime.combine(day, start.astimezone(zone).time(), zone).astimezone(UTC))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
