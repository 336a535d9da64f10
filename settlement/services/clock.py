"""Settlement by the clock: estimates soon after an event, the final figure once the readings are settled.

An estimate is made as soon as the readings are in, or a quarter of an hour after the end of what is there, and again
when more came in; at most every ten minutes in the first hours, every six hours later. The final run is made when all
readings are metered, none of them is in doubt and a day has passed, or when the terms' data deadline is over. It is
never posted by the clock: a person approves it. Once it exists only people make another one.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from common.errors import PortalError
from events.models import Event, EventState, Participation
from events.models.participation import NOT_COUNTED
from meters.models import HitState, IntervalReading, Quality, QualityHit
from settlement.baselines import BaselineError
from settlement.models import RunKind, SettlementRun
from settlement.notices import tell_estimate
from settlement.services.runs import settle

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# Meters in one IN list: from 1000 on MariaDB turns it into a join.
CHUNK = 500
FIRST_HOURS = timedelta(hours=3)
SOON, LATER = timedelta(minutes=10), timedelta(hours=6)
# What ended earlier is history that somebody settles by hand.
LOOK_BACK = timedelta(days=400)
log = logging.getLogger(__name__)
FILLED = Count("start", filter=Q(quality=Quality.ESTIMATED))


@dataclass(frozen=True)
class DataState:
    """How much of an event's readings is there.

    Attributes:
        estimated: how many of those present somebody filled in; the metered ones may still come.
        through: the end of the newest interval in the event that any participant has.
    """

    expected: int
    present: int
    in_doubt: int
    through: datetime | None
    estimated: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every reading is metered and none is in doubt."""
        return self.present - self.estimated >= self.expected and not self.in_doubt


def settle_by_clock(*, now: datetime | None = None) -> list[SettlementRun]:
    """The runs that were due and were made: estimates, and final ones that wait for approval. Safe to call often.

    An event that cannot be settled is left for people, who see it in the list; the others go on.
    """
    moment = now or timezone.now()
    return [run for event in waiting_events(moment) if (run := _tried(event, moment)) is not None]


def waiting_events(now: datetime) -> QuerySet[Event]:
    """Events that are over, are no test and have no final run yet, the earliest first."""
    final = SettlementRun.objects.sealed().filter(event=OuterRef("pk"), kind=RunKind.FINAL)
    over = Event.objects.filter(
        state__in=(EventState.COMPLETED, EventState.MEASURED),
        is_test=False,
        end__lte=now,
        end__gt=now - LOOK_BACK,
        # What was recorded afterwards is settled by who recorded it.
        created_at__lt=F("end"),
    )
    return over.filter(~Exists(final)).select_related("program__distributor", "version").order_by("end", "pk")


def _tried(event: Event, now: datetime) -> SettlementRun | None:
    try:
        return _settled(event, now)
    except Exception:
        # Whatever is wrong with one event must not stop the others’ settlement.
        log.exception("Settlement of event %s by the clock stopped", event.pk)
        return None


def _settled(event: Event, now: datetime) -> SettlementRun | None:
    estimate = event.runs.sealed().filter(kind=RunKind.PRELIMINARY).order_by("number").last()
    if not _is_pace(event, estimate, now):
        return None
    state = data_state(event)
    kind = _due(event, state, now)
    if kind is None or (kind is RunKind.PRELIMINARY and not _is_new(estimate, state)):
        return None
    try:
        run = settle(event=event, kind=kind)
    except (PortalError, BaselineError):
        return None
    if kind is RunKind.PRELIMINARY:
        tell_estimate(run=run)
    return run


def _is_pace(event: Event, estimate: SettlementRun | None, now: datetime) -> bool:
    if estimate is None:
        return True
    pause = SOON if now < event.end + FIRST_HOURS else LATER
    is_deadline = estimate.created_at < deadline(event) <= now
    return is_deadline or now >= estimate.created_at + pause


def _due(event: Event, state: DataState, now: datetime) -> RunKind | None:
    if now >= deadline(event):
        return RunKind.FINAL
    if state.is_whole and state.expected and now >= event.end + settings.SETTLE_FINAL_HOURS * HOUR:
        return RunKind.FINAL
    is_time = state.present >= state.expected or now >= event.end + settings.SETTLE_ESTIMATE_MINUTES * MINUTE
    return RunKind.PRELIMINARY if state.present and is_time else None


def _is_new(estimate: SettlementRun | None, state: DataState) -> bool:
    """Whether a further estimate could say more: always, while readings were missing in the last one."""
    if estimate is None or estimate.data_through is None:
        return True
    return state.through is None or state.through > estimate.data_through or not state.is_whole


def deadline(event: Event) -> datetime:
    """When missing readings of an event are given up."""
    return event.end + timedelta(days=event.version.data_deadline_days)


def data_state(event: Event) -> DataState:
    """How much of the counted participants' readings of the event is there. A few queries per 500 meters."""
    rows = Participation.objects.filter(event=event).exclude(state__in=NOT_COUNTED)
    meters = list(rows.values_list("meter_id", "meter__interval_minutes"))
    length = event.end - event.start
    expected = sum(length // (minutes * MINUTE) for _meter, minutes in meters)
    present, estimated, through = 0, 0, None
    for ids in _chunks([meter for meter, _minutes in meters]):
        found = IntervalReading.objects.filter(meter__in=ids, start__gte=event.start, start__lt=event.end)
        counted = found.order_by().aggregate(count=Count("start"), filled=FILLED, newest=Max("start"))
        present += counted["count"]
        estimated += counted["filled"]
        through = max(filter(None, (through, counted["newest"])), default=None)
    doubts = _doubts(event, [meter for meter, _minutes in meters])
    return DataState(expected, present, doubts, through, estimated)


def _doubts(event: Event, meters: list[int]) -> int:
    """Open doubts about readings of the event."""
    hits = QualityHit.objects.filter(state=HitState.OPEN, start__lt=event.end, end__gt=event.start)
    return sum(hits.filter(meter__in=ids).count() for ids in _chunks(meters))


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(ids), CHUNK):
        yield ids[first : first + CHUNK]
