"""Sums made again after an ingest, against that ingest and against one bare INSERT … SELECT … GROUP BY."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import connection

from benchmarks import world
from benchmarks.clock import Took, timed
from benchmarks.report import Goal, Of, Row, rates, times
from meters.models import Meter, ScopeKind
from meters.services import ingest_readings
from meters.services.rollups import refresh_rollups, scope_hours
from organizations.models import Distributor, Organization
from tests.builder import make_admin, make_distributor

# Meters whose month is ingested at once; a day of them, too.
METERS = {"small": 200, "full": 2_000}
FLEET = {"small": 1_000, "full": 10_000}
DAY, MONTH = 96, 96 * 28
QUARTER = timedelta(minutes=15)
TIMES = 3
START = datetime(2024, 1, 1, tzinfo=UTC)
RATE_GOAL = Goal("≥", 1.0)
BARE = "bench_bare_hours"
_GROUPED = (
    f"INSERT INTO {BARE} (meter_id, start, energy_wh, slots, estimated_slots, predicted_slots, "
    "predicted_wh, compared_wh, saving_slots, saving_wh) "
    "SELECT meter_id, MIN(start) - INTERVAL MINUTE(MIN(start)) MINUTE, SUM(energy_wh), COUNT(*), SUM(quality = 2), "
    "COUNT(predicted_wh), COALESCE(SUM(predicted_wh), 0), COALESCE(SUM(IF(predicted_wh IS NULL, 0, energy_wh)), 0), "
    "COALESCE(SUM(predicted_wh > energy_wh), 0), COALESCE(SUM(GREATEST(0, predicted_wh - energy_wh)), 0) "
    "FROM meters_intervalreading WHERE start >= '{low}' AND start < '{high}' AND meter_id BETWEEN {first} AND {last} "
    "GROUP BY meter_id, TO_DAYS(start), HOUR(start)"
)


def measure(scale: str) -> Iterator[Row]:
    """A day and a month of new readings, one more reading of each meter, and what views read of the sums."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {BARE} LIKE meters_hourlyenergy")
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, METERS[scale], minutes=15)
    yield from _span("a month of quarter hours", distributor, meters, MONTH, START)
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, FLEET[scale], minutes=15)
    yield from _span("a day of quarter hours", distributor, meters, DAY, START)
    noon = START + timedelta(days=TIMES, hours=12)
    _fill(distributor, meters, noon - timedelta(hours=12), noon)
    yield from _span("one more quarter hour of a day", distributor, meters, 1, noon)
    yield from _views(distributor)


def _fill(distributor: Distributor, meters: list[Meter], start: datetime, end: datetime) -> None:
    """Readings and their sums that are there before what is measured."""
    energies = world.make_energies(len(meters), (end - start) // QUARTER)
    ingest_readings(
        distributor=distributor, readings=world.make_readings(meters, start, energies, minutes=15), source="bench"
    )
    refresh_rollups(distributor=distributor)


def _span(what: str, distributor: Distributor, meters: list[Meter], slots: int, start: datetime) -> Iterator[Row]:
    ingested: list[Took] = []
    refreshed: list[Took] = []
    grouped: list[Took] = []
    for number in range(TIMES):
        begin = start + number * slots * QUARTER
        readings = world.make_readings(meters, begin, world.make_energies(len(meters), slots, seed=number), minutes=15)
        ingested.append(timed(partial(ingest_readings, distributor=distributor, readings=readings, source="bench")))
        refreshed.append(timed(partial(refresh_rollups, distributor=distributor)))
        grouped.append(timed(partial(_group, meters, begin, begin + slots * QUARTER)))
    row = partial(rates, unit="readings/s", amount=len(meters) * slots, ours=refreshed)
    yield row(what=f"sums of {what} / its ingest", reference=ingested, goals=[RATE_GOAL])
    yield row(what=f"sums of {what} / INSERT … GROUP BY, hours only", reference=grouped)


def _group(meters: list[Meter], start: datetime, end: datetime) -> None:
    low, high = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (start, end))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {BARE}")
        cursor.execute(_GROUPED.format(low=low, high=high, first=meters[0].pk, last=meters[-1].pk))


def _views(distributor: Distributor) -> Iterator[Row]:
    user, holder = make_admin(distributor), Organization.objects.get(distributor=distributor)
    read = partial(scope_hours, user=user, start=START, end=START + timedelta(days=31))
    organization = partial(read, kind=ScopeKind.ORGANIZATION, scope_id=holder.pk)
    fleet = partial(read, kind=ScopeKind.DISTRIBUTOR, scope_id=distributor.pk, end=START + timedelta(days=1))
    for what, work, bound in (("organization, a month by hour", organization, 20), ("fleet, a day", fleet, 150)):
        work()
        yield times(f"sums read: {what}", [timed(work) for _ in range(20)], (), [Goal("≤", bound, Of.OURS)])
