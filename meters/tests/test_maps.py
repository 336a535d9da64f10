"""Who holds a meter, and what of it they see."""

import pytest

from meters.errors import MapRefused
from meters.models import IntervalReading, MeterMap
from meters.services import end_map, held_by, map_meter, move_in, move_out, remove_map, within
from meters.tests.helpers import NOON, ingest, slot
from tests.builder import make_distributor, make_member, make_meter, make_organization, make_user, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def distributor():
    return make_distributor()


@pytest.fixture
def meter(distributor):
    return make_meter(distributor)


@pytest.fixture
def resident(distributor):
    return make_user(distributor)


def starts_seen(user, meter):
    rows = IntervalReading.objects.filter(within(held_by(user=user, meter=meter)), meter=meter)
    by_windows = list(rows.order_by("start").values_list("start", flat=True))
    by_map = IntervalReading.objects.visible_to(user).filter(meter=meter).order_by("start")
    assert by_windows == list(by_map.values_list("start", flat=True))
    return by_windows


def test_who_moves_in_does_not_see_what_was_read_before(distributor, meter, resident):
    follower = make_user(distributor)
    move_in(resident=resident, meter=meter, at=slot(0))
    move_out(resident=resident, at=slot(2))
    move_in(resident=follower, meter=meter, at=slot(2))
    ingest(meter, *((slot(at), at) for at in range(-1, 4)))
    assert starts_seen(resident, meter) == [slot(0), slot(1)]
    assert starts_seen(follower, meter) == [slot(2), slot(3)]


def test_who_comes_back_sees_both_times_and_not_the_one_between(meter, resident):
    move_in(resident=resident, meter=meter, at=slot(0))
    move_out(resident=resident, at=slot(1))
    move_in(resident=resident, meter=meter, at=slot(3))
    ingest(meter, *((slot(at), at) for at in range(5)))
    assert starts_seen(resident, meter) == [slot(0), slot(3), slot(4)]


def test_everybody_sees_through_both_ways_the_same():
    world = make_world()
    here, there = world.here, world.there
    ingest(here.home, *((slot(at), at) for at in range(3)))
    counts = {
        name: len(starts_seen(getattr(here, name), here.home))
        for name in ("admin", "staff", "auditor", "resident", "neighbor", "member", "pending")
    }
    assert counts == {
        "admin": 3,
        "staff": 3,
        "auditor": 3,
        "resident": 3,
        "neighbor": 0,
        "member": 0,
        "pending": 0,
    }
    assert starts_seen(there.admin, here.home) == []
    assert len(starts_seen(world.platform, here.home)) == 3


def test_two_residents_cannot_hold_a_meter_at_once(distributor, meter, resident):
    move_in(resident=resident, meter=meter, at=slot(0))
    with pytest.raises(MapRefused):
        move_in(resident=make_user(distributor), meter=meter, at=slot(5))
    assert MeterMap.objects.filter(meter=meter, holder_kind="user").count() == 1


def test_a_member_of_an_organization_cannot_have_a_meter_of_their_own(distributor, meter):
    member = make_member(make_organization(distributor))
    with pytest.raises(MapRefused, match="Members of an organization"):
        move_in(resident=member, meter=meter, at=slot(0))


def test_a_holder_of_another_distributor_is_refused(meter):
    with pytest.raises(MapRefused, match="different distributors"):
        map_meter(meter=meter, holder=make_user(make_distributor()), valid_from=slot(0))


def test_mapping_twice_is_once(distributor, meter):
    organization = make_organization(distributor)
    first = map_meter(meter=meter, holder=organization, valid_from=slot(0))
    assert map_meter(meter=meter, holder=organization, valid_from=slot(0)) == first


def test_a_map_that_has_ended_cannot_end_again(meter, resident):
    row = move_in(resident=resident, meter=meter, at=slot(0))
    end_map(meter_map=row, at=slot(5))
    with pytest.raises(MapRefused, match="ended already"):
        end_map(meter_map=row, at=slot(6))


def test_an_end_before_the_start_is_refused(meter, resident):
    row = move_in(resident=resident, meter=meter, at=slot(0))
    with pytest.raises(MapRefused, match="after the start"):
        end_map(meter_map=row, at=slot(-1))


def test_who_has_no_meter_cannot_move_out(resident):
    with pytest.raises(MapRefused, match="no meter"):
        move_out(resident=resident, at=NOON)


def test_a_removed_map_goes_away_while_nothing_was_read(meter, resident):
    ingest(meter, (slot(-1), 1))
    row = move_in(resident=resident, meter=meter, at=slot(0))
    assert remove_map(meter_map=row) is None
    assert not MeterMap.objects.filter(pk=row.pk).exists()


def test_a_removed_map_ends_once_something_was_read(meter, resident):
    row = move_in(resident=resident, meter=meter, at=slot(0))
    ingest(meter, (slot(0), 1))
    ended = remove_map(meter_map=row)
    assert ended.valid_to > slot(1)
    assert starts_seen(resident, meter) == [slot(0)]
    assert remove_map(meter_map=row).valid_to == ended.valid_to


def test_the_distributor_keeps_its_row(meter):
    row = MeterMap.objects.get(meter=meter, holder_kind="distributor")
    with pytest.raises(MapRefused, match="always belongs to its distributor"):
        remove_map(meter_map=row)
