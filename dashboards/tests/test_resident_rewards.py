"""Rewards, and why an amount is what it is."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboards.tests.resident_tools import get
from dashboards.tests.story import (
    add_readings,
    line_of,
    lower,
    make_program,
    past_event,
    settled,
)
from events.models import Participation, PayCap
from events.services import Terms, publish_version
from meters.models import IntervalReading, MeterMap
from settlement.models import RunKind
from settlement.services import settle
from tests.builder import make_meter, make_user, map_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(here):
    """A settled event: 1000 Wh usual per half hour, 500 used, one hour, so 1 kW is saved."""
    add_readings(here.home, energy_wh=1000)
    event = past_event(make_program(here, here.home, kw="5"))
    lower(here.home, event, 500)
    settled(event)
    return event


def test_rewards_list_every_amount_and_the_total(rita, here, event):
    page = get(rita, "rewards")
    assert "$2.80" in page
    assert "1.000 kWh" in page
    assert reverse("reward_why", args=[line_of(event, here.home).pk]) in page


def test_rewards_without_any_say_what_will_come(rita):
    assert "No rewards yet" in get(rita, "rewards")


def test_why_shows_the_sum_the_days_and_the_rule(rita, here, event):
    line = line_of(event, here.home)
    page = get(rita, "reward_why", line.pk)
    assert "Why $2.80" in page
    for number in ("2.000", "1.000", "$2.80"):
        assert number in page
    assert "1.000 kWh over one hour is 1.000 kW on average." in page
    assert "three-day" in page
    assert line.run.rule_sha256 in page
    assert "Final since" in page
    assert "2 of 2 intervals of the event have a reading; none estimated." in page
    assert page.count("counts</span>") == 3


def test_why_says_when_the_agreed_power_was_the_limit(rita, here):
    add_readings(here.home, energy_wh=1000)
    event = past_event(make_program(here, here.home, kw="0.5"))
    lower(here.home, event, 100)
    settled(event)
    line = line_of(event, here.home)
    assert line.credit == Decimal("1.40")
    page = get(rita, "reward_why", line.pk)
    assert "Pay limit reached" in page
    assert "At most the 0.5 kW agreed for this meter are paid." in page


def test_why_names_no_agreed_power_where_the_terms_pay_beyond_it(rita, here):
    add_readings(here.home, energy_wh=1000)
    program = make_program(here, here.home, kw="0.5")
    per_kwh = {"rate_per_kwh": Decimal(2), "pay_cap": PayCap.UP_TO_SITE_LOAD}
    publish_version(program=program, terms=Terms("three-day", **per_kwh))
    event = past_event(program)
    lower(here.home, event, 500)
    settled(event)
    page = get(rita, "reward_why", line_of(event, here.home).pk)
    assert "Why $2.00" in page
    assert "agreed" not in page


def test_why_names_the_reasons_of_days_left_out(rita, here):
    add_readings(here.home, days=12, energy_wh=1000)
    program = make_program(here, here.home, kw="5")
    past_event(program, days_ago=2)
    event = past_event(program, days_ago=1)
    settled(event)
    page = get(rita, "reward_why", line_of(event, here.home).pk)
    assert "Days left out" in page
    assert "Weekend." in page or "There was an event on this day." in page


def test_why_of_an_unmeasured_event_says_that_nothing_is_held_against_anyone(rita, here):
    event = past_event(make_program(here, here.home))
    settle(event=event)
    page = get(rita, "reward_why", line_of(event, here.home).pk)
    assert "could not be measured" in page
    assert "The sum" not in page


def test_using_more_pays_nothing_and_says_so(rita, here):
    add_readings(here.home, energy_wh=500)
    event = past_event(make_program(here, here.home))
    lower(here.home, event, 900)
    settled(event)
    page = get(rita, "reward_why", line_of(event, here.home).pk)
    assert "It costs you nothing." in page
    assert "−0.800" in page


def test_amount_that_was_computed_anew_points_to_the_newest(rita, here, event):
    old = line_of(event, here.home)
    lower(here.home, event, 400)
    settled(event)
    page = get(rita, "reward_why", old.pk)
    assert "computed anew" in page
    assert reverse("reward_why", args=[line_of(event, here.home).pk]) in page


def test_why_says_when_the_resident_joined_and_whether_the_estimate_held(rita, here):
    add_readings(here.home, energy_wh=1000)
    event = past_event(make_program(here, here.home, kw="5"))
    lower(here.home, event, 500)
    before = event.start - timedelta(hours=3)
    Participation.objects.filter(event=event).update(answered_at=before, answer_source="schedule")
    settle(event=event, kind=RunKind.PRELIMINARY)
    settled(event)
    page = get(rita, "reward_why", line_of(event, here.home).pk)
    assert "You joined, by your standing wish" in page
    assert "Same as the estimate" in page
    assert "The estimate after the event said $2.80, too." in page


def test_why_says_that_a_final_amount_is_not_what_was_estimated(rita, here):
    add_readings(here.home, energy_wh=1000)
    event = past_event(make_program(here, here.home, kw="5"))
    lower(here.home, event, 500)
    settle(event=event, kind=RunKind.PRELIMINARY)
    lower(here.home, event, 750)
    settled(event)
    page = get(rita, "reward_why", line_of(event, here.home).pk)
    assert "Not the same as the estimate" in page
    assert "said $2.80. Readings that came in later" in page


def test_why_sets_the_savings_beside_the_meters_own_noise(rita, here):
    add_readings(here.home, days=20, energy_wh=1000)
    here_readings = IntervalReading.objects.filter(meter=here.home)
    # Days that swing: else the rule never misses, and there is nothing to say.
    for reading in here_readings.filter(start__hour=12):
        swing = 40 if reading.start.day % 2 else -40
        here_readings.filter(start=reading.start).update(energy_wh=1000 + swing)
    event = past_event(make_program(here, here.home, kw="5"))
    lower(here.home, event, 500)
    settled(event)
    page = get(rita, "reward_why", line_of(event, here.home).pk)
    assert "How sure this is" in page
    assert "far more than chance" in page


@pytest.mark.parametrize("who", ["neighbor", "organization_admin", "member", "other_organization_admin"])
def test_stranger_does_not_find_an_amount(client, here, event, who):
    client.force_login(getattr(here, who))
    assert client.get(reverse("reward_why", args=[line_of(event, here.home).pk])).status_code == 404


def test_people_of_another_distributor_do_not_find_an_amount(client, world, event):
    line = line_of(event, world.here.home)
    for who in (world.there.admin, world.there.resident):
        client.force_login(who)
        assert client.get(reverse("reward_why", args=[line.pk])).status_code == 404


def test_staff_reads_why(client, here, event):
    client.force_login(here.auditor)
    assert "Why $2.80" in get(client, "reward_why", line_of(event, here.home).pk)


def test_next_resident_does_not_see_what_the_last_one_earned(client, here, event):
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=timezone.now())
    newcomer = make_user(here.distributor)
    map_meter(here.home, newcomer, timezone.now())
    client.force_login(newcomer)
    assert "No rewards yet" in get(client, "rewards")
    assert client.get(reverse("event_detail", args=[event.pk])).status_code == 404


def test_no_page_of_a_resident_names_the_other_distributor(rita, world, event):
    make_program(world.there, make_meter(world.there.distributor))
    pages = [("home", []), ("rewards", []), ("event_detail", [event.pk])]
    pages.append(("reward_why", [line_of(event, world.here.home).pk]))
    for name, args in pages:
        assert "Thither" not in get(rita, name, *args)
