"""The map of all meters: who sees it, where meters stand, and what the hover says."""

from decimal import Decimal

import pytest

from dashboards.tests.operator_tools import browser, more_meters, page, query_count, readers_only, settled_event
from meters.models import Meter
from tests.builder import make_admin, make_distributor

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def place(meter, latitude, longitude):
    Meter.objects.filter(pk=meter.pk).update(latitude=Decimal(latitude), longitude=Decimal(longitude))


def payload(user, query=""):
    answer = browser(user).get(f"/charts/map{query}")
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("address", ["/ops/map", "/charts/map"])
def test_only_the_distributors_people_and_the_platform_see_it(world, address):
    assert readers_only(world, address)


def test_a_meter_stands_at_its_coordinates_with_rank_savings_and_participation(world):
    here = world.here
    place(here.home, "44.30", "-121.20")
    place(here.school, "44.20", "-121.30")
    settled_event(here)
    found = payload(here.staff)["sources"]["meters"]
    home = found["name"].index("Hither-home")
    assert found["y"][home] == 44.3
    assert (found["rank"][home], found["savings"][home]) == ("1 of 3", "0.2 kWh")
    assert (found["kind"][home], found["participation"][home]) == ("home", "100 %")
    assert found["participation"][found["name"].index("Hither-school")] == "–"


def test_meters_without_coordinates_are_listed_beside_the_map(world):
    place(world.here.home, "44.3", "-121.2")
    words = page(world.here.admin, "/ops/map")
    assert "2 meters without coordinates" in words
    assert "Hither-next" in words
    assert "2 without coordinates" in payload(world.here.admin)["rows_note"]


def test_the_filter_holds_for_page_and_data(world):
    here = world.here
    place(here.home, "44.3", "-121.2")
    place(here.school, "44.2", "-121.3")
    query = f"?of=organization-{here.organization.pk}"
    assert payload(here.admin, query)["sources"]["meters"]["name"] == ["Hither-school"]
    assert f"/charts/map{query}" in page(here.admin, f"/ops/map{query}")


def test_the_platform_operators_map_keeps_its_distributor(world):
    place(world.there.home, "10", "20")
    client = browser(world.platform)
    words = client.get(f"/ops/map?distributor={world.there.distributor.pk}").content.decode()
    address = f"/charts/map?of=&amp;distributor={world.there.distributor.pk}"
    assert address in words
    assert client.get(address.replace("&amp;", "&")).json()["sources"]["meters"]["name"] == ["Thither-home"]


def test_nothing_of_the_other_distributor_is_on_it(world):
    for side in (world.here, world.there):
        place(side.home, "44.3", "-121.2")
    assert "Thither" not in page(world.here.admin, "/ops/map")
    assert "Thither" not in str(payload(world.here.admin))
    other = f"?of=organization-{world.there.organization.pk}"
    assert browser(world.here.admin).get(f"/charts/map{other}").status_code == 404


def test_an_empty_distributor_has_a_sentence_instead_of_a_map():
    admin = make_admin(make_distributor())
    assert "No meter fits" in page(admin, "/ops/map")
    assert "coordinates" in payload(admin)["empty"]


@pytest.mark.parametrize("address", ["/ops/map", "/charts/map"])
def test_the_number_of_queries_does_not_grow_with_the_meters(world, address):
    more_meters(world.here, 8, days=1)
    few = query_count(world.here.admin, address)
    more_meters(world.here, 40, days=1)
    assert query_count(world.here.admin, address) == few
