"""Readings around a past event, for tests of settlements."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.intervals import resolve_local
from events.models import Event, Program
from events.services import record_completed_event
from events.tests.world import PAST, make_program
from meters.models import IntervalReading, Meter, Quality
from tests.builder import World, make_world

ZONE = ZoneInfo("America/New_York")
EVENT_DAY = date(2026, 7, 22)
# The three business days before it.
POOL = (date(2026, 7, 21), date(2026, 7, 20), date(2026, 7, 17))
HALF_HOUR = timedelta(minutes=30)


def local(day: date, hour: int) -> datetime:
    """The UTC instant of a full hour of a local day."""
    return resolve_local(datetime(day.year, day.month, day.day, hour), ZONE)  # noqa: DTZ001 - a wall time


def put(meter: Meter, day: date, wh: int, hours: tuple[int, int] = (12, 18), quality: int = 0) -> None:
    """The same energy in every half hour of some local hours of a day; what stands there is replaced."""
    start, end = local(day, hours[0]), local(day, hours[1])
    starts = [start + number * HALF_HOUR for number in range((end - start) // HALF_HOUR)]
    IntervalReading.objects.filter(meter=meter, start__in=starts).delete()
    IntervalReading.objects.bulk_create(
        IntervalReading(meter=meter, start=moment, energy_wh=wh, quality=quality) for moment in starts
    )


def put_history(meter: Meter, usual_wh: int, event_wh: int, days: tuple[date, ...] = POOL) -> None:
    """The usual energy on the days before, another on the event day."""
    for day in days:
        put(meter, day, usual_wh)
    put(meter, EVENT_DAY, event_wh)


def make_case(**terms: object) -> tuple[World, Program, Event]:
    """A world whose program has a past event from 16:00 to 18:00, with readings of home and school.

    The home uses 1000 Wh a half hour and 600 in the event: 0.8 kW less, of 1 kW nominated. The school uses
    60 kWh a half hour and 20 in the event: 80 kW less, of 50 kW nominated.
    """
    world = make_world()
    program = make_program(world.here.distributor, **terms)
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    put_history(world.here.home, 1000, 600)
    put_history(world.here.school, 60_000, 20_000)
    return world, program, event


def told_before(event: Event) -> Event:
    """The event, as if people had been told of it on the day before."""
    event.notified_at = event.start - timedelta(days=1)
    event.save(update_fields=["notified_at"])
    return event


ESTIMATED = Quality.ESTIMATED
assert (datetime(2026, 7, 22, 20, tzinfo=UTC), datetime(2026, 7, 22, 22, tzinfo=UTC)) == PAST
