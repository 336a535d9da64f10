"""Sums are read by those who may see what is in them, and say what the readings say."""

from datetime import timedelta

import pytest

from meters.errors import NoSuchScope
from meters.models import IntervalReading, Meter, MeterMap, ScopeKind
from meters.selectors import below_forecast, below_forecast_of_all
from meters.services import Predictions, put_predictions
from meters.services.columns import integers, seconds_of
from meters.services.rollups import compared_by_hours, compared_in_scope, refresh_rollups, scope_hours
from meters.tests.helpers import NOON, ingest, slot
from organizations.models import GroupMember, OrganizationGroup
from tests.builder import Side, World, map_meter

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        ("admin", {1, 2, 3, 4}),
        ("auditor", {1, 2, 3, 4}),
        ("member", {1}),
        ("organization_admin", {1}),
        ("other_organization_admin", set()),
        ("resident", set()),
        ("pending", set()),
    ],
)
def test_sums_are_read_by_those_who_may_see_all_that_is_in_them(world: World, reader: str, seen: set[int]) -> None:
    here = world.here
    group = OrganizationGroup.objects.create(distributor=here.distributor, name="All")
    GroupMember.objects.create(group=group, organization=here.organization)
    Meter.objects.filter(pk=here.school.pk).update(feeder=here.home.feeder)
    ingest(here.school, (slot(0), 100), (slot(1), 50))
    refresh_rollups()
    assert here.home.feeder
    scopes = {
        ScopeKind.ORGANIZATION: here.organization.pk,
        ScopeKind.GROUP: group.pk,
        ScopeKind.FEEDER: here.home.feeder.pk,
        ScopeKind.DISTRIBUTOR: here.distributor.pk,
    }
    span = {"start": NOON, "end": NOON + timedelta(hours=1)}
    for kind, scope_id in scopes.items():
        if kind in seen:
            hours = scope_hours(user=getattr(here, reader), kind=kind, scope_id=scope_id, **span)
            assert (hours.energy_wh.tolist(), hours.meters.tolist(), hours.version) == ([150], [1], 1)
        else:
            with pytest.raises(NoSuchScope):
                scope_hours(user=getattr(here, reader), kind=kind, scope_id=scope_id, **span)
        with pytest.raises(NoSuchScope):
            scope_hours(user=world.there.admin, kind=kind, scope_id=scope_id, **span)


@pytest.mark.parametrize("is_fresh", [True, False])
@pytest.mark.parametrize("reader", ["admin", "organization_admin", "resident", "pending"])
def test_figures_by_hours_are_those_of_the_readings_that_the_reader_may_see(
    world: World, reader: str, is_fresh: bool
) -> None:
    here, user = world.here, getattr(world.here, reader)
    MeterMap.objects.filter(meter__in=[here.home, here.school]).exclude(holder_kind="distributor").delete()
    for meter, holder in ((here.home, here.resident), (here.school, here.organization)):
        map_meter(meter, holder, NOON + 70 * MINUTE, valid_to=NOON + 400 * MINUTE)
    map_meter(here.school, here.organization, NOON + 430 * MINUTE)
    for meter in (here.home, here.school, here.neighbor_home):
        starts = [slot(number) for number in range(30)]
        wh = integers([100 + number * 7 % 50 for number in range(30)])
        columns = Predictions(integers([meter.pk] * 30), seconds_of(starts), wh, wh, wh)
        put_predictions(forecast_number=1, issued_at=NOON - timedelta(days=1), predictions=columns)
        ingest(meter, *((slot(number), 90 + number * 11 % 60) for number in range(36)))
    if is_fresh:
        refresh_rollups()
    meters = list(Meter.objects.values_list("pk", flat=True))
    for start, end in ((0, 900), (31, 611), (60, 720), (100, 110)):
        span = {"start": NOON + start * MINUTE, "end": NOON + end * MINUTE}
        seen = IntervalReading.objects.visible_to(user).filter(start__gte=span["start"], start__lt=span["end"])
        assert compared_by_hours(user=user, meter_ids=meters, **span) == below_forecast(readings=seen)


def test_figures_of_a_distributor_are_those_of_all_its_readings(here: Side) -> None:
    starts, wh = [slot(number) for number in range(8)], integers([100] * 8)
    columns = Predictions(integers([here.home.pk] * 8), seconds_of(starts), wh, wh, wh)
    put_predictions(forecast_number=1, issued_at=NOON - timedelta(days=1), predictions=columns)
    ingest(here.home, *((slot(number), 96 + number) for number in range(9)))
    refresh_rollups()
    found = compared_in_scope(kind=ScopeKind.DISTRIBUTOR, scope_id=here.distributor.pk, start=NOON)
    assert found == below_forecast_of_all(readings=IntervalReading.objects.all())
