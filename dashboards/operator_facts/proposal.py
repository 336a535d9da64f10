"""What the builder proposes for a new event: where the forecast sees the highest use, else the first usual evening."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Sum

from common.intervals import AmbiguousTime, MissingTime, local_day, resolve_local
from events.holiday_calendar import holiday_days
from events.limits import Span, notice_refusal, refusals
from events.models import Event, EventState, Program, ProgramVersion
from events.selectors import meters_taking_part
from meters.models import Prediction

DAYS_AHEAD = 32
# Forecasts reach two days; the first of the days to propose is tomorrow.
FORECAST_DAYS = 3
# The shape of the days, not their height, decides: more meters would only make the page slow.
MOST_METERS = 500
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Proposal:
    """A start on the program's clock, naive; `is_peak` where the forecast chose it."""

    wall: datetime
    is_peak: bool


def proposal_of(program: Program, version: ProgramVersion, now: datetime, minutes: int, usual: time) -> Proposal | None:
    """A start that the terms allow and no other event of the program takes; None within a month."""
    busy = list(_events_ahead(program, now))
    peak = _peak(program, version, now, minutes, busy)
    if peak is not None:
        return Proposal(peak.start.astimezone(program.zone).replace(tzinfo=None), is_peak=True)
    at = usual if version.hours_from is None else max(version.hours_from, min(usual, _latest(version, minutes)))
    for number in range(1, DAYS_AHEAD):
        span = _span(program, now, number, at, minutes)
        if span is not None and _is_free(version, span, now, busy):
            return Proposal(datetime.combine(span.start.astimezone(program.zone).date(), at), is_peak=False)
    return None


def _events_ahead(program: Program, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    ahead = Event.objects.filter(program=program, end__gt=now).exclude(state=EventState.CANCELLED)
    return ahead.values_list("start", "end").iterator()


def _span(program: Program, now: datetime, days: int, at: time, minutes: int) -> Span | None:
    """So many days from today at a time of the program's clock; None where the clock skips or repeats it."""
    day = local_day(now, program.zone) + timedelta(days=days)
    try:
        start = resolve_local(datetime.combine(day, at), program.zone)
    except (MissingTime, AmbiguousTime):
        return None
    return Span(start, start + timedelta(minutes=minutes), program.zone)


def _is_free(version: ProgramVersion, span: Span, now: datetime, busy: list[tuple[datetime, datetime]]) -> bool:
    day: date = local_day(span.start, span.zone)
    if any(start < span.end and span.start < end for start, end in busy):
        return False
    return not any(refusals(version, span, holiday_days(version, day, day))) and not notice_refusal(version, span, now)


def _peak(
    program: Program, version: ProgramVersion, now: datetime, minutes: int, busy: list[tuple[datetime, datetime]]
) -> Span | None:
    """The free full hour from tomorrow on with the highest use predicted from it on; the earliest of equal ones."""
    expected = _expected(program, now)
    if not expected:
        return None
    reaches = max(expected) + HOUR
    best: tuple[int, Span] | None = None
    for number in range(1, FORECAST_DAYS):
        for hour in range(24):
            span = _span(program, now, number, time(hour), minutes)
            if span is None or span.end > reaches:
                continue
            energy = sum(wh for start, wh in expected.items() if span.start <= start < span.end)
            if energy > (best[0] if best else 0) and _is_free(version, span, now, busy):
                best = (energy, span)
    return best[1] if best else None


def _expected(program: Program, now: datetime) -> Mapping[datetime, int]:
    """Start of an interval -> Wh predicted for the enrolled meters together, from now on. Two queries."""
    meters = list(meters_taking_part(program=program, at=now).values_list("pk", flat=True)[:MOST_METERS])
    ahead = Prediction.objects.filter(meter__in=meters, start__gte=now, start__lt=now + timedelta(days=FORECAST_DAYS))
    return dict(ahead.order_by("start").values_list("start").annotate(Sum("wh")))


def _latest(version: ProgramVersion, minutes: int) -> time:
    """The latest start that ends in the hours of the terms."""
    closes = version.hours_to or time(23, 59)
    left = max(0, closes.hour * 60 + closes.minute - minutes)
    return time(left // 60, left % 60)
