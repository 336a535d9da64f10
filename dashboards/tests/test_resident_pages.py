"""Pages of residents: home, events, rewards, and why an amount is what it is."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboards.tests.story import (
    add_readings,
    coming_event,
    line_of,
    lower,
    make_program,
    past_event,
    settled,
)
from events.models import Event, EventState, Participation, ParticipationState, PayCap
from events.services import Terms, cancel_event, publish_version
from meters.models import IntervalReading, MeterMap
from settlement.models import RunKind
from settlement.services import settle
from tests.builder import make_meter, make_user, map_meter

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return response.content.decode()


def get(client, name, *args) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return text_of(response)


def state_of(event, meter) -> str:
    return Participation.objects.get(event=event, meter=meter).state


# ---- home ------------------------------------------------------------------------------------------------


def test_home_without_a_meter_says_what_to_do(client, here):
    client.force_login(make_user(here.distributor))
    page = get(client, "home")
    assert "Your meter is not linked yet" in page
    assert "you link the meter yourself" in page
    assert reverse("claim_meter") in page
    assert "data-figure-url" not in page


def test_home_with_a_meter_without_readings_says_when_they_come(rita):
    page = get(rita, "home")
    assert "No readings yet" in page
    assert "No event is coming" in page
    assert "Nothing yet." in page


def test_home_shows_use_now_beside_what_was_expected(rita, here):
    add_readings(here.home, energy_wh=400, predicted_wh=500)
    page = get(rita, "home")
    assert '0.80 <span class="unit">kW</span>' in page
    assert "Below usual." in page
    assert "we expected 1.00 kW" in page
    assert 'data-live-seconds="8"' in page


def test_home_shows_the_signed_sum_beside_below_forecast(rita, here):
    add_readings(here.home, days=2, energy_wh=600, predicted_wh=500)
    page = get(rita, "home")
    assert "0.0 kWh" in page
    assert "−9.6 kWh" in page  # 96 half hours, each 100 Wh above the forecast
    assert page.index("Saved in events") < page.index("Below forecast, last 30 days") < page.index("taken off")


def test_home_asks_to_join_or_skip_the_coming_event(rita, here):
    event = coming_event(make_program(here, here.home))
    page = get(rita, "home")
    assert "Waiting for your answer" in page
    assert "$2.80 for each kilowatt you use less, on average over an event" in page
    assert "at most for 1 kW" in page
    assert reverse("event_answer", args=[event.pk]) in page
    assert page.index('value="join"') < page.index('value="skip"')


def test_home_keeps_estimate_and_final_apart(rita, here):
    add_readings(here.home, energy_wh=1000)
    program = make_program(here, here.home, kw="5")
    one, other = past_event(program, days_ago=1), past_event(program, days_ago=2)
    lower(here.home, one, 500)
    lower(here.home, other, 600)
    settled(other)
    settle(event=one)
    page = get(rita, "home")
    assert "Estimate" in page
    assert "Final" in page
    for event in (one, other):
        assert reverse("reward_why", args=[line_of(event, here.home).pk]) in page


def test_moved_out_resident_is_led_to_the_earlier_meter(rita, here):
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=timezone.now() - timedelta(days=1))
    page = get(rita, "home")
    assert "You have no meter now" in page
    assert reverse("meter_detail", args=[here.home.pk]) in page


def test_home_asks_the_database_as_often_for_a_week_as_for_a_day(client, world):
    counts = []
    for side, days in ((world.here, 1), (world.there, 7)):
        add_readings(side.home, days=days)
        coming_event(make_program(side, side.home))
        client.force_login(side.resident)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            get(client, "home")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20


# ---- events ----------------------------------------------------------------------------------------------


def test_joining_is_kept_and_said(rita, here):
    event = coming_event(make_program(here, here.home))
    response = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}, follow=True)
    assert "You joined." in text_of(response)
    assert state_of(event, here.home) == ParticipationState.OPTED_IN
    page = get(rita, "event_detail", event.pk)
    assert 'value="join"' not in page
    assert 'value="skip"' in page


def test_skipping_is_kept_and_may_be_taken_back(rita, here):
    event = coming_event(make_program(here, here.home))
    for answer, state in (("skip", ParticipationState.OPTED_OUT), ("join", ParticipationState.OPTED_IN)):
        rita.post(reverse("event_answer", args=[event.pk]), {"answer": answer})
        assert state_of(event, here.home) == state


def test_answer_after_the_start_is_refused_with_the_sentence(rita, here):
    event = coming_event(make_program(here, here.home))
    now = timezone.now()
    Event.objects.filter(pk=event.pk).update(
        start=now - timedelta(minutes=5), modification_number=event.modification_number + 1
    )
    response = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}, follow=True)
    assert "too late to join or skip" in text_of(response)
    assert state_of(event, here.home) == ParticipationState.NOTIFIED


def test_unknown_answer_is_not_found(rita, here):
    event = coming_event(make_program(here, here.home))
    assert rita.post(reverse("event_answer", args=[event.pk]), {"answer": "maybe"}).status_code == 404
    assert rita.get(reverse("event_answer", args=[event.pk])).status_code == 405


def test_running_event_says_so_and_asks_more_often(rita, here):
    add_readings(here.home)
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(
        start=timezone.now() - timedelta(minutes=5), modification_number=event.modification_number + 1
    )
    page = get(rita, "home")
    assert "Running now" in page
    assert 'data-live-seconds="5"' in page
    assert 'value="join"' not in page


def test_cancelled_event_expects_nothing(rita, here):
    event = coming_event(make_program(here, here.home))
    cancel_event(event=event)
    assert "This event was called off." in get(rita, "event_detail", event.pk)
    assert "No event is coming" in get(rita, "home")


def test_event_page_goes_from_told_to_final(rita, here):
    add_readings(here.home, energy_wh=1000)
    event = past_event(make_program(here, here.home, kw="5"))
    assert "Readings are being checked" in get(rita, "event_detail", event.pk)
    lower(here.home, event, 500)
    settle(event=event)
    assert "Estimated" in get(rita, "event_detail", event.pk)
    settled(event)
    event.refresh_from_db()
    assert event.state == EventState.SETTLED
    assert "Settled" in get(rita, "event_detail", event.pk)


@pytest.mark.parametrize("who", ["neighbor", "organization_admin", "member"])
def test_stranger_to_an_event_does_not_find_it(client, here, who):
    event = coming_event(make_program(here, here.home))
    client.force_login(getattr(here, who))
    assert client.get(reverse("event_detail", args=[event.pk])).status_code == 404
    assert client.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}).status_code == 404


def test_members_see_an_event_and_only_admins_answer(client, here):
    event = coming_event(make_program(here, here.school))
    client.force_login(here.member)
    assert 'value="join"' not in get(client, "event_detail", event.pk)
    assert client.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}).status_code == 403
    client.force_login(here.organization_admin)
    assert 'value="join"' in get(client, "event_detail", event.pk)
    client.post(reverse("event_answer", args=[event.pk]), {"answer": "join"})
    assert state_of(event, here.school) == ParticipationState.OPTED_IN


def test_staff_is_led_to_the_operators_page_of_an_event(client, here):
    event = coming_event(make_program(here, here.home))
    client.force_login(here.staff)
    response = client.get(reverse("event_detail", args=[event.pk]))
    assert response["Location"] == reverse("operator_event", args=[event.pk])


def test_event_before_its_notice_is_not_found(rita, here):
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(notified_at=None)
    assert rita.get(reverse("event_detail", args=[event.pk])).status_code == 404


# ---- rewards and why -------------------------------------------------------------------------------------


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


def test_event_page_leads_to_calendar_and_standing_wishes(rita, here):
    event = coming_event(make_program(here, here.home))
    page = get(rita, "event_detail", event.pk)
    for name, args in (("event_ics", [event.pk]), ("account_calendar", []), ("opt_schedules", [])):
        assert reverse(name, args=args) in page


def test_answers_end_at_the_stated_minute_everywhere(rita, here):
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(opt_until=timezone.now() - timedelta(minutes=1))
    for name, args in (("home", []), ("event_detail", [event.pk])):
        assert 'value="skip"' not in get(rita, name, *args)
    response = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "skip"}, follow=True)
    assert "The time to answer is over" in text_of(response)


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
