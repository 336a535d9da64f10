"""What the sums must be, added up reading by reading in plain Python, and what is stored of them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Kind
from common.intervals import day_bounds, local_day
from meters.models import DailyEnergy, HourlyEnergy, IntervalReading, Meter, MeterMap, Quality, ScopeHour, ScopeKind
from meters.services.rollups.tables import SUMS
from organizations.models import GroupMember

HOUR = timedelta(hours=1)
Row = tuple[Any, ...]


def stored_sums() -> dict[str, dict[Row, Row]]:
    """Every row of the three tables by its key."""
    found: dict[str, dict[Row, Row]] = {"hours": {}, "days": {}, "scopes": {}}
    for row in HourlyEnergy.objects.values_list("meter_id", "start", *SUMS):
        found["hours"][row[:2]] = row[2:]
    for row in DailyEnergy.objects.values_list("meter_id", "day", *SUMS, "peak_wh", "peak_start"):
        found["days"][row[:2]] = row[2:]
    for row in ScopeHour.objects.values_list("kind", "scope_id", "start", *SUMS, "meters"):
        found["scopes"][row[:3]] = row[3:]
    return found


def expected_sums() -> dict[str, dict[Row, Row]]:
    """The same, from the readings, maps, feeders and groups as they are."""
    meters = {meter.pk: meter for meter in Meter.objects.select_related("distributor")}
    hours: dict[Row, list[IntervalReading]] = defaultdict(list)
    days: dict[Row, list[IntervalReading]] = defaultdict(list)
    for reading in IntervalReading.objects.order_by("meter_id", "start"):
        start, meter = reading.start, meters[reading.meter_id]
        hours[meter.pk, start.replace(minute=0)].append(reading)
        days[meter.pk, _day(start, meter)].append(reading)
    sums = {key: _added(readings) for key, readings in hours.items()}
    scopes: dict[Row, list[Row]] = defaultdict(list)
    for (meter_id, start), row in sums.items():
        for scope in _scopes(meters[meter_id], start):
            scopes[*scope, start].append(row)
    return {
        "hours": sums,
        "days": {key: (*_added(readings), *_peak(readings)) for key, readings in days.items()},
        "scopes": {key: (*map(sum, zip(*rows, strict=True)), len(rows)) for key, rows in scopes.items()},
    }


def _day(start: datetime, meter: Meter) -> Any:
    day = local_day(start, meter.zone)
    low, high = day_bounds(day, meter.zone)
    assert low <= start < high
    return day


def _added(readings: list[IntervalReading]) -> Row:
    compared = [each for each in readings if each.predicted_wh is not None]
    below = [each for each in compared if each.energy_wh < (each.predicted_wh or 0)]
    return (
        sum(each.energy_wh for each in readings),
        len(readings),
        sum(each.quality == Quality.ESTIMATED for each in readings),
        len(compared),
        sum(each.predicted_wh or 0 for each in compared),
        sum(each.energy_wh for each in compared),
        len(below),
        sum((each.predicted_wh or 0) - each.energy_wh for each in below),
    )


def _peak(readings: list[IntervalReading]) -> Row:
    highest = max(readings, key=lambda each: (each.energy_wh, -each.start.timestamp()))
    return highest.energy_wh, highest.start


def _scopes(meter: Meter, start: datetime) -> Iterator[tuple[int, int]]:
    yield ScopeKind.DISTRIBUTOR.value, meter.distributor_id
    if meter.feeder_id:
        yield ScopeKind.FEEDER.value, meter.feeder_id
    maps = list(MeterMap.objects.filter(meter=meter, holder_kind=Kind.ORGANIZATION))
    holders = {row.entity_id for row in maps}
    groups: dict[int, set[int]] = defaultdict(set)
    for group_id, organization_id in GroupMember.objects.values_list("group_id", "organization_id"):
        groups[group_id].add(organization_id)
    for holder in holders:
        if _covered([row for row in maps if row.entity_id == holder], start):
            yield ScopeKind.ORGANIZATION.value, holder
    for group_id, members in groups.items():
        if _covered([row for row in maps if row.entity_id in members], start):
            yield ScopeKind.GROUP.value, group_id


def _covered(maps: list[MeterMap], start: datetime) -> bool:
    """Whether each minute of the hour is within one of the maps (which change at whole minutes here)."""
    moments = [start + timedelta(minutes=minute) for minute in range(60)]
    return all(
        any(row.valid_from <= at and (row.valid_to is None or at < row.valid_to) for row in maps) for at in moments
    )
