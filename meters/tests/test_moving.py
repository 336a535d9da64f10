"""Moving out and staying: by local days, with nothing of the other side to be seen."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.intervals import DAY, day_bounds, local_day
from meters.errors import MapRefused
from meters.models import IntervalReading, Meter, MeterMap
from meters.services import held_by, keep_meter, leave_meter, map_meter, within
from meters.services.moving import lasting_map, moving_days
from meters.tests.helpers import ingest
from tests.builder import make_distributor, make_meter, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def distributor():
    return make_distributor()


@pytest.fixture
def meter(distributor):
    return make_meter(distributor)


@pytest.fixture
def resident(distributor, meter):
    person = make_user(distributor)
    map_meter(meter=meter, holder=person, valid_from=timezone.now() - 100 * DAY)
    return person


def today(meter):
    return local_day(timezone.now(), meter.zone)


def test_a_day_to_come_ends_it_then_and_not_before(meter, resident):
    row = leave_meter(user=resident, meter=meter, day=today(meter) + 20 * DAY)
    assert row.valid_to == day_bounds(today(meter) + 20 * DAY, meter.zone)[0]
    assert list(Meter.objects.held_now_by(resident)) == [meter]


def test_today_ends_it_at_midnight(meter, resident):
    row = leave_meter(user=resident, meter=meter, day=today(meter))
    assert row.valid_to == day_bounds(today(meter), meter.zone)[0] <= timezone.now()
    assert not Meter.objects.held_now_by(resident).exists()
    assert list(Meter.objects.visible_to(resident)) == [meter]


def test_until_the_day_it_can_be_taken_back(meter, resident):
    leave_meter(user=resident, meter=meter, day=today(meter) + DAY)
    assert keep_meter(user=resident, meter=meter).valid_to is None
    with pytest.raises(MapRefused, match="no moving out"):
        keep_meter(user=resident, meter=meter)


def test_once_the_day_has_come_it_stays_so(meter, resident):
    leave_meter(user=resident, meter=meter, day=today(meter))
    with pytest.raises(MapRefused):
        keep_meter(user=resident, meter=meter)


def test_nobody_stays_where_somebody_else_moves_in(meter, resident, distributor):
    end = leave_meter(user=resident, meter=meter, day=today(meter) + 5 * DAY).valid_to
    map_meter(meter=meter, holder=make_user(distributor), valid_from=end)
    with pytest.raises(MapRefused):
        keep_meter(user=resident, meter=meter)
    assert lasting_map(user=resident, meter=meter).valid_to == end


def test_an_end_that_is_set_is_taken_back_before_another(meter, resident):
    leave_meter(user=resident, meter=meter, day=today(meter) + 5 * DAY)
    for days in (3, 8):
        with pytest.raises(MapRefused, match="Take it back first"):
            leave_meter(user=resident, meter=meter, day=today(meter) + days * DAY)


@pytest.mark.parametrize("days", [-61, 61, 4000])
def test_a_day_far_away_is_refused(meter, resident, days):
    with pytest.raises(MapRefused, match="Choose a day"):
        leave_meter(user=resident, meter=meter, day=today(meter) + days * DAY)


def test_the_day_is_after_the_moving_in(meter, distributor):
    person = make_user(distributor)
    map_meter(meter=meter, holder=person, valid_from=day_bounds(today(meter) - 2 * DAY, meter.zone)[0])
    assert moving_days(lasting_map(user=person, meter=meter))[0] == today(meter) - DAY


def test_a_meter_of_somebody_else_cannot_be_left(meter, resident, distributor):
    with pytest.raises(MapRefused, match="not yours"):
        leave_meter(user=make_user(distributor), meter=meter, day=today(meter))
    assert MeterMap.objects.get(entity_id=resident.pk).valid_to is None


ZONES = ("America/New_York", "Europe/Athens", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata")


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zone=st.sampled_from(ZONES), day=st.dates(date(2017, 1, 2), date(2019, 12, 30)), seed=st.integers(0, 10**9))
def test_on_any_day_each_reading_belongs_to_one_of_the_two(db, zone, day, seed):
    distributor = make_distributor(f"{zone} {day} {seed}", timezone=zone)
    meter = make_meter(distributor, f"M{day}{seed}")
    before, after = make_user(distributor), make_user(distributor)
    moved, _end = day_bounds(day, ZoneInfo(zone))
    map_meter(meter=meter, holder=before, valid_from=moved - 30 * DAY, valid_to=moved)
    map_meter(meter=meter, holder=after, valid_from=moved)
    starts = [moved + timedelta(minutes=30 * number) for number in range(-50, 50)]
    ingest(meter, *((start, 1) for start in starts))
    seen = {user.pk: _seen(user, meter) for user in (before, after)}
    assert seen[before.pk] + seen[after.pk] == starts
    assert all(local_day(start, meter.zone) < day for start in seen[before.pk])
    assert all(local_day(start, meter.zone) >= day for start in seen[after.pk])


def _seen(user, meter) -> list[datetime]:
    by_map = IntervalReading.objects.visible_to(user).filter(meter=meter).order_by("start")
    by_windows = IntervalReading.objects.filter(within(held_by(user=user, meter=meter)), meter=meter).order_by("start")
    assert list(by_map.values_list("start")) == list(by_windows.values_list("start"))
    return list(by_map.values_list("start", flat=True))
