import pytest

from tests.builder import make_world


@pytest.mark.django_db
def test_world_stands():
    world = make_world()
    assert world.here.distributor.meters.count() == 3
    assert world.here.organization_admin.membership.is_admin
    assert not world.here.member.membership.is_admin
    assert world.here.home.maps.count() == 2
