"""Organization, then meter: who may choose, what the choices hold, and the data of its charts."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.utils import timezone

from dashboards.operator_facts.selection import UnknownChoice, choices, meters_of
from dashboards.tests.operator_tools import browser, more_meters, page, query_count, readers_only, settled_event
from dashboards.tests.story import HALF_HOUR, add_readings, now_slot
from meters.models import Feeder, IntervalReading, Meter
from organizations.models import GroupMember, OrganizationGroup
from tests.builder import make_admin, make_distributor, make_meter, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def numbers(distributor, value):
    return [meter.number for meter in meters_of(distributor, value)]


def daily_readings(meter, days=10):
    """A load that swings once a day, with a little noise."""
    rng = np.random.default_rng(7)
    start = now_slot() - timedelta(days=days)
    IntervalReading.objects.bulk_create(
        IntervalReading(
            meter=meter,
            start=start + place * HALF_HOUR,
            energy_wh=int(500 + 200 * np.sin(2 * np.pi * place / 48) + rng.normal(0, 20)),
        )
        for place in range(days * 48)
    )


def test_only_the_distributors_people_and_the_platform_see_it(world):
    assert readers_only(world, "/ops/meters")


def test_the_choices_hold_the_meters_that_are_held_now(world):
    here = world.here
    group = OrganizationGroup.objects.create(distributor=here.distributor, name="Public")
    GroupMember.objects.create(group=group, organization=here.organization)
    feeder = Feeder.objects.get(distributor=here.distributor)
    left = make_meter(here.distributor, "Hither-left")
    map_meter(left, here.organization, valid_to=timezone.now() - timedelta(days=1))
    homes = ["Hither-home", "Hither-next"]
    assert numbers(here.distributor, "") == ["Hither-home", "Hither-left", "Hither-next", "Hither-school"]
    assert numbers(here.distributor, "residents") == homes
    assert numbers(here.distributor, "unheld") == ["Hither-left"]
    assert numbers(here.distributor, f"organization-{here.organization.pk}") == ["Hither-school"]
    assert numbers(here.distributor, f"group-{group.pk}") == ["Hither-school"]
    assert numbers(here.distributor, f"feeder-{feeder.pk}") == homes


def test_a_retired_meter_is_not_offered(world):
    Meter.objects.filter(pk=world.here.home.pk).update(retired_at=timezone.now())
    assert "Hither-home" not in numbers(world.here.distributor, "")


@pytest.mark.parametrize(
    "value", ["organization-", "organization-x", "organization-²", "street-1", "feeder-99999999999999999999", "all"]
)
def test_a_choice_that_does_not_exist_is_refused(world, value):
    with pytest.raises(UnknownChoice):
        meters_of(world.here.distributor, value)
    assert browser(world.here.admin).get("/ops/meters", {"of": value}).status_code == 404


def test_the_other_distributors_organization_and_meter_are_not_found(world):
    client = browser(world.here.admin)
    assert client.get(f"/ops/meters?of=organization-{world.there.organization.pk}").status_code == 404
    assert client.get(f"/ops/meters?meter={world.there.home.pk}").status_code == 404
    for junk in ("x", "-1", "²", "9" * 30):
        assert client.get("/ops/meters", {"meter": junk}).status_code == 404


def test_nothing_of_the_other_distributor_is_on_it(world):
    assert "Thither" not in page(world.here.admin, "/ops/meters")
    assert not any("Thither" in str(group) for group in choices(world.here.distributor))


def test_the_chosen_meter_is_shown_with_its_figures(world):
    here = world.here
    settled_event(here)
    words = page(here.auditor, f"/ops/meters?meter={here.home.pk}")
    assert "0.2 <span" in words  # two half hours, 0.1 kWh less in each
    assert "rank 1 of 3" in words
    assert "Hither-Rita" in words
    assert f'href="/meters/{here.home.pk}"' in words
    for address in (f"/charts/meters/{here.home.pk}", f"/charts/meters/{here.home.pk}/correlation"):
        assert f'data-data-url="{address}"' in words


def test_a_meter_outside_the_new_choice_gives_way_to_its_first_meter(world):
    here = world.here
    words = page(here.admin, f"/ops/meters?of=organization-{here.organization.pk}&meter={here.home.pk}")
    assert "<h2>Hither-school" in words


def test_the_search_finds_by_part_of_number_or_name(world):
    Meter.objects.filter(pk=world.here.home.pk).update(name="5 Alder Street")
    assert "<h2>Hither-home 5 Alder Street" in page(world.here.admin, "/ops/meters?find=alder")
    assert "No meter fits" in page(world.here.admin, "/ops/meters?find=nothing")


def test_the_silent_ones_alone(world):
    add_readings(world.here.home)
    words = page(world.here.admin, "/ops/meters?silent=on")
    assert "2 meters in this selection" in words
    assert "<h2>Hither-next" in words


def test_a_distributor_without_meters_has_an_empty_page():
    assert "No meter fits" in page(make_admin(make_distributor()), "/ops/meters")


def test_the_number_of_queries_does_not_grow_with_the_meters(world):
    address = f"/ops/meters?meter={world.here.home.pk}"
    more_meters(world.here, 8, days=1)
    few = query_count(world.here.admin, address)
    more_meters(world.here, 40, days=1)
    assert query_count(world.here.admin, address) == few


def correlation(user, meter):
    return browser(user).get(f"/charts/meters/{meter.pk}/correlation")


def test_the_correlation_finds_the_day(world):
    daily_readings(world.here.home)
    payload = correlation(world.here.admin, world.here.home).json()
    acf = payload["sources"]["acf"]
    assert acf["lag"][47] == 24.0
    assert acf["value"][47] > 0.8
    assert acf["value"][23] < -0.8
    assert payload["rows"][47][3] == "outside 99 %"
    outline = payload["sources"]["acf_95"]["y"]
    assert max(outline) < max(payload["sources"]["acf_99"]["y"]) < 0.2


def test_too_few_readings_are_said_in_words(world):
    add_readings(world.here.home, days=0)
    assert "no readings" in correlation(world.here.staff, world.here.home).json()["empty"]
    add_readings(world.here.school, days=2)
    assert "equal" in correlation(world.here.staff, world.here.school).json()["empty"]


def test_the_correlation_is_no_business_of_customers_and_not_found_by_strangers(world):
    assert correlation(world.here.resident, world.here.home).status_code == 403
    assert correlation(world.here.neighbor, world.here.home).status_code == 404
    assert correlation(world.there.admin, world.here.home).status_code == 404
    assert correlation(world.platform, world.here.home).status_code == 200


def test_a_browser_that_has_the_chart_gets_304(world):
    daily_readings(world.here.home, days=2)
    first = correlation(world.here.admin, world.here.home)
    again = browser(world.here.admin).get(
        f"/charts/meters/{world.here.home.pk}/correlation", headers={"If-None-Match": first["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_contracted_power_is_said_without_tail_of_zeros(world):
    Meter.objects.filter(pk=world.here.home.pk).update(contracted_kw=Decimal("50.000"))
    assert "50 kW" in page(world.here.admin, f"/ops/meters?meter={world.here.home.pk}")
