"""What an organization, a group, a feeder or all meters of a distributor used together, out of hourly sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Q
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.models import User
from common.intervals import DAY, local_days
from common.speech import language
from dashboards.charts import EventSpan, HeatCells, LoadSeries, Peak, month_peaks, peaks_of
from dashboards.charts.clock import DAY_MS, HOUR_MS, local_ms
from dashboards.charts.data import Floats
from dashboards.charts.load import ENOUGH, POINT_LIMIT
from dashboards.selectors.spans import Span
from dashboards.selectors.windows import window_of
from events.models import Event, EventState
from meters.models import RollupMark, ScopeKind, ScopeMark
from meters.services.rollups import ScopeHours, scope_hours, scope_state, visible_scopes
from organizations.models import Distributor

# Raised when the same data shall look different, so that no cache keeps an old answer.
FORMAT = 1
HOUR = HOUR_MS // 1000
# How far before and after an hour to look for how many meters usually report.
AROUND = 7 * 24
PEAKS = 5
NOT_SHOWN = (EventState.DRAFT, EventState.CANCELLED)
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LoadScope:
    """Whose meters a page is about."""

    kind: ScopeKind
    pk: int
    name: str
    distributor: Distributor

    @property
    def zone(self) -> ZoneInfo:
        """The clock of its days."""
        zone: ZoneInfo = self.distributor.zone
        return zone


def find_scope(*, user: User, kind: ScopeKind, pk: int) -> LoadScope | None:
    """The organization, group, feeder or distributor; None where there is none or it is a stranger's. One query."""
    visible = visible_scopes(user=user, kind=kind).filter(pk=pk)
    if kind == ScopeKind.DISTRIBUTOR:
        distributor = visible.first()
        return distributor and LoadScope(kind, pk, distributor.name, distributor)
    found = visible.select_related("distributor").first()
    return found and LoadScope(kind, pk, found.name, found.distributor)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a scope is looked at: the dates, and the period it is compared with, if any."""

    span: Span
    before: tuple[datetime, datetime] | None
    now: datetime

    @property
    def bounds(self) -> tuple[int, int]:
        """First and last whole hour of the dates that have passed, in seconds."""
        start, end = _hour_from(self.span.start), _hour_from(self.span.end)
        return start, max(start, min(end, int(self.now.timestamp()) // HOUR * HOUR))


def before_of(span: Span, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The period before the dates: the calendar's, else as many days."""
    if span.period is not None:
        return span.period.previous.bounds(zone)
    days = len(local_days(span.start, span.end, zone))
    return _earlier(span.start, days, zone), span.start


def _earlier(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    # The wall clock's arithmetic: the same time of day, whatever the clock did in between.
    return (moment.astimezone(zone) - days * DAY).astimezone(UTC)


def _hour_from(moment: datetime) -> int:
    return int(-(-moment.timestamp() // HOUR)) * HOUR


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Hours without holes from `first` on; zeros where no meter reported."""

    first: int
    wh: Integers
    expected_wh: Integers
    predicted: Integers
    meters: Integers
    slots: Integers

    def __len__(self) -> int:
        return len(self.wh)

    @property
    def start_ms(self) -> Integers:
        """Starts in milliseconds."""
        return (self.first + HOUR * np.arange(len(self), dtype=np.int64)) * 1000


def _fetched(user: User, scope: LoadScope, first: int, stop: int) -> Hours:
    """The hours [first, stop), in seconds. Three queries."""
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (first, stop))
    found = scope_hours(user=user, kind=scope.kind, scope_id=scope.pk, start=start, end=end)
    # What has no forecast counts as it was measured, so that expected less used stays the signed saving.
    expected = found.predicted_wh + found.energy_wh - found.compared_wh
    columns = (found.energy_wh, expected, found.predicted_slots, found.meters, found.slots)
    return Hours(first, *(_dense(found, column, first, stop) for column in columns))


def _dense(found: ScopeHours, column: Integers, first: int, stop: int) -> Integers:
    filled = np.zeros((stop - first) // HOUR, np.int64)
    filled[(found.starts - first) // HOUR] = column
    return filled


def load_hours(*, user: User, scope: LoadScope, asked: Asked) -> LoadSeries:
    """The dates hour by hour, up to the last full hour. Three queries, six with a period to compare."""
    first, stop = asked.bounds
    margin = AROUND * HOUR
    around = _fetched(user, scope, first - margin, stop + margin)
    mine = slice(AROUND, len(around) - AROUND)
    usual_meters, usual_slots = _usual(around.meters), _usual(around.slots)
    starts = around.start_ms[mine]
    silent = around.meters[mine] == 0
    short = (around.meters[mine] < ENOUGH * usual_meters) | (around.slots[mine] < ENOUGH * usual_slots)
    return LoadSeries(
        start_ms=starts,
        end_ms=starts + HOUR_MS,
        wh=np.where(silent, np.nan, around.wh[mine]),
        expected_wh=np.where(around.predicted[mine] == 0, np.nan, around.expected_wh[mine]),
        meters=around.meters[mine],
        usual=usual_meters,
        short=short | (silent & (usual_meters > 0)),
        before_wh=_before(user, scope, asked, starts),
    )


def _usual(counts: Integers) -> Integers:
    """The highest count within `AROUND` hours of each hour that has so many on both sides."""
    if len(counts) <= 2 * AROUND:
        return counts[:0]
    windows = np.lib.stride_tricks.sliding_window_view(counts, 2 * AROUND + 1)
    highest: Integers = windows.max(axis=1)
    return highest


def _before(user: User, scope: LoadScope, asked: Asked, starts: Integers) -> Floats:
    """Energy of the same hours of the wall clock in the period before; NaN where it has none."""
    if asked.before is None:
        return np.empty(0)
    first, stop = _hour_from(asked.before[0]), _hour_from(asked.before[1])
    hours = _fetched(user, scope, first, stop)
    zone = scope.zone
    shift = (asked.span.start.astimezone(zone).date() - asked.before[0].astimezone(zone).date()).days * DAY_MS
    theirs, mine = local_ms(hours.start_ms, zone) + shift, local_ms(starts, zone)
    # Of an hour that the clock repeats, the later counts for both; the one it skips has nothing.
    order = np.argsort(theirs, kind="stable")
    places = np.searchsorted(theirs[order], mine, side="right") - 1
    rows = order[np.maximum(places, 0)]
    fits = (theirs[rows] == mine) & (hours.meters[rows] > 0)
    values: Floats = np.where(fits, hours.wh[rows], np.nan)
    return values


def shown_series(hours: LoadSeries, zone: ZoneInfo) -> LoadSeries:
    """The hours as the chart shows them: beyond its limit of points by local day."""
    return hours if len(hours) <= POINT_LIMIT else _by_day(hours, zone)


def _by_day(hours: LoadSeries, zone: ZoneInfo) -> LoadSeries:
    days = local_ms(hours.start_ms, zone) // DAY_MS
    firsts = np.append(0, np.flatnonzero(np.diff(days)) + 1)
    fewest = firsts + np.array([np.argmin(part) for part in np.split(hours.meters, firsts[1:])])
    known = np.where(np.isnan(hours.expected_wh), hours.wh, hours.expected_wh)
    counts = np.diff(np.append(firsts, len(hours)))
    return LoadSeries(
        start_ms=hours.start_ms[firsts],
        end_ms=np.append(hours.start_ms[firsts][1:], hours.end_ms[-1]),
        wh=_added(hours.wh, firsts),
        expected_wh=np.where(np.isnan(_added(hours.expected_wh, firsts)), np.nan, _added(known, firsts)),
        meters=hours.meters[fewest],
        usual=hours.usual[fewest],
        # The last day may still run, the first may begin in the middle.
        short=np.logical_or.reduceat(hours.short, firsts) | (counts < 23),
        before_wh=_added(hours.before_wh, firsts) if hours.has_before else hours.before_wh,
        is_daily=True,
    )


def _added(values: Floats, firsts: Integers) -> Floats:
    """Sums of the stretches that begin at these rows; NaN where nothing in one is known."""
    sums = np.add.reduceat(np.nan_to_num(values), firsts)
    empty = np.logical_and.reduceat(np.isnan(values), firsts)
    added: Floats = np.where(empty, np.nan, sums)
    return added


def heat_of(hours: LoadSeries) -> HeatCells:
    """The hours as cells of the heat map."""
    return HeatCells(hours.start_ms, hours.wh, hours.short)


def peaks(hours: LoadSeries, zone: ZoneInfo) -> list[Peak]:
    """The highest hours, one a day at most."""
    return peaks_of(hours.start_ms, hours.wh, HOUR_MS, PEAKS, zone=zone)


def billing_peaks(hours: LoadSeries, zone: ZoneInfo) -> list[Peak]:
    """The highest hour of each month that the dates touch."""
    return month_peaks(hours.start_ms, hours.wh, HOUR_MS, zone=zone)


def load_events(*, user: User, scope: LoadScope, span: Span) -> list[tuple[EventSpan, int]]:
    """The events in the span that meters of the scope took part in, with their modification numbers. One query."""
    events = (
        Event.objects.visible_to(user)
        .filter(_touching(scope), program__distributor=scope.distributor, end__gt=span.start, start__lt=span.end)
        .exclude(state__in=NOT_SHOWN)
        .order_by("start", "pk")
        .distinct()
    )
    rows = events.values_list("pk", "program__name", "start", "end", "modification_number")
    return [(EventSpan(str(pk), name, start, end), number) for pk, name, start, end, number in rows]


def _touching(scope: LoadScope) -> Q:
    wheres = {
        ScopeKind.ORGANIZATION: Q(participations__holder_id=scope.pk),
        ScopeKind.GROUP: Q(participations__holder__as_organization__groups=scope.pk),
        ScopeKind.FEEDER: Q(participations__meter__feeder=scope.pk),
        ScopeKind.DISTRIBUTOR: Q(),
    }
    return wheres[scope.kind]


@dataclass(frozen=True, slots=True)
class Fresh:
    """The state of a scope's sums.

    Attributes:
        refreshed_at: when they were made; None before the first time.
        is_pending: whether newer readings are still to be added up.
    """

    version: int
    refreshed_at: datetime | None
    is_pending: bool


def fresh_of(*, user: User, scope: LoadScope) -> Fresh:
    """How new the sums are. Four queries."""
    version, refreshed_at = scope_state(user=user, kind=scope.kind, scope_id=scope.pk)
    readings = RollupMark.objects.filter(distributor=scope.distributor)
    members = ScopeMark.objects.filter(distributor=scope.distributor, kind=scope.kind, scope_id=scope.pk)
    return Fresh(version, refreshed_at, readings.exists() or members.exists())


def version_of(*, user: User, scope: LoadScope, asked: Asked, events: Sequence[tuple[EventSpan, int]], of: int) -> str:
    """What an answer depends on, as a short text: equal as long as it would look the same, for this reader.

    Args:
        of: version of the scope's sums.
    """
    parts: list[Any] = [FORMAT, language(), scope.kind, scope.pk, scope.name, scope.zone.key, of, asked.bounds]
    parts += [asked.before, asked.span.query, window_of(user)]
    parts += [(event.id, event.name, event.start, event.end, number) for event, number in events]
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def load_keys(*, has_before: bool) -> list[dict[str, str]]:
    """What the signs of the load chart mean."""
    names = {
        "reading": _("used"),
        "usual": _("expected"),
        "average": _("period before"),
        "event": _("event"),
        "gap": _("not all meters reported"),
    }
    return [{"kind": kind, "label": label} for kind, label in names.items() if has_before or kind != "average"]
