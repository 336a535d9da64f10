"""Events for operators: the list, one in full, and the steps of its life."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.utils import timezone

from dashboards.operator_facts.event_words import life_steps
from dashboards.tests.operator_tools import (
    browser,
    page,
    query_count,
    readers_only,
    settled_event,
)
from dashboards.tests.story import add_readings, coming_event, lower, make_program, past_event, settled
from delivery.models import Message
from events.models import Event, EventState, Participation, ParticipationState
from events.services import (
    advance_events,
    ask_to_cancel,
    cancel_event,
    create_event,
    enroll,
    leave_out,
    opt_in,
    opt_out,
    publish_version,
    schedule_event,
)
from events.tests.world import make_terms
from settlement.models import LedgerEntry, SettlementLine
from tests.builder import make_admin, make_distributor, make_meter, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def program(world):
    return make_program(world.here, world.here.home, world.here.school)


def draft(program, days=2):
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=days)
    return create_event(program=program, start=start, end=start + timedelta(hours=1))


def act(user, event, action):
    """What the page says after the action."""
    answer = browser(user).post(f"/ops/events/{event.pk}", {"action": action}, follow=True)
    assert answer.status_code == 200
    event.refresh_from_db()
    return answer.content.decode()


class TestTheList:
    def test_only_the_distributors_people_and_the_platform_see_it(self, world):
        assert readers_only(world, "/ops/events")

    def test_it_shows_state_answers_and_what_was_saved(self, world):
        settled_event(world.here)
        event = coming_event(world.here.home.enrollments.get().program)
        opt_in(participation=event.participations.get())
        words = page(world.here.auditor, "/ops/events")
        for text in ("Settled", "Announced", "1 meters, 1 joined, 0 skipped", "0.2 kWh"):
            assert text in words, text

    def test_it_filters_by_state_and_program(self, world, program):
        first, second = draft(program), coming_event(program)
        words = page(world.here.admin, "/ops/events?state=draft")
        assert f"/ops/events/{first.pk}" in words
        assert f"/ops/events/{second.pk}" not in words
        assert f"/ops/events/{first.pk}" in page(world.here.admin, f"/ops/events?program={program.pk}")
        for query in ("state=never", "program=x", "program=²", "program=" + "9" * 30, "state=closed"):
            assert "No event fits" in page(world.here.admin, f"/ops/events?{query}")

    def test_what_is_to_come_stands_first_and_the_next_one_on_top(self, world, program):
        over = past_event(program)
        later, soon, off = draft(program, 9), draft(program, 2), cancel_event(event=draft(program, 1))
        words = page(world.here.admin, "/ops/events")
        table = words[words.index("<table") :]
        places = [table.index(f'"/ops/events/{event.pk}"') for event in (soon, later, off, over)]
        assert places == sorted(places)

    def test_it_filters_tests_from_real_events(self, world, program):
        real, test = draft(program), draft(program, 4)
        Event.objects.filter(pk=test.pk).update(is_test=True)
        for kind, there, away in (("test", test, real), ("real", real, test)):
            words = page(world.here.admin, f"/ops/events?kind={kind}")
            assert f'"/ops/events/{there.pk}"' in words
            assert f'"/ops/events/{away.pk}"' not in words
        assert "No event fits" in page(world.here.admin, "/ops/events?kind=odd")

    def test_an_empty_distributor_is_told_how_events_begin(self):
        assert "No events yet" in page(make_admin(make_distributor()), "/ops/events")

    def test_nothing_of_the_other_distributor_is_on_it(self, world):
        coming_event(make_program(world.there, world.there.home))
        assert "Thither" not in page(world.here.admin, "/ops/events")

    def test_only_admins_are_offered_a_new_event(self, world):
        assert "/ops/events/new" in page(world.here.admin, "/ops/events")
        assert "/ops/events/new" not in page(world.here.staff, "/ops/events")

    def test_the_number_of_queries_does_not_grow_with_the_events(self, world, program):
        draft(program)
        few = query_count(world.here.admin, "/ops/events")
        for days in range(3, 23):
            draft(program, days)
        assert query_count(world.here.admin, "/ops/events") == few

    def test_more_than_a_page_goes_on_with_the_filter_kept(self, world, program):
        for days in range(2, 30):
            draft(program, days)
        words = page(world.here.admin, "/ops/events?state=draft&page=2")
        assert "26 to 28 of 28" in words
        assert "state=draft&amp;page=1" in words


class TestOneEvent:
    def test_the_distributors_people_see_it_and_customers_do_not(self, world, program):
        event = coming_event(program)
        assert readers_only(world, f"/ops/events/{event.pk}")

    def test_another_distributors_event_is_not_found(self, world, program):
        event = coming_event(program)
        for user in (world.there.admin, world.there.staff):
            assert browser(user).get(f"/ops/events/{event.pk}").status_code == 404
            assert browser(user).post(f"/ops/events/{event.pk}", {"action": "cancel"}).status_code == 404
        assert browser(world.here.admin).get("/ops/events/999999").status_code == 404

    def test_it_counts_the_answers_and_names_the_participants(self, world, program):
        event = coming_event(program)
        opt_in(participation=event.participations.get(meter=world.here.home))
        opt_out(participation=event.participations.get(meter=world.here.school))
        words = page(world.here.staff, f"/ops/events/{event.pk}")
        for text in ("2 invited", "Joined", "Skipped", "Hither-Rita", "Hither Schools", "three-day", "$2.80 / kW"):
            assert text in words, text
        assert 'x="0.00%" width="50.00%"' in words

    def test_nothing_of_the_other_distributor_is_on_it(self, world, program):
        make_program(world.there, world.there.home)
        assert "Thither" not in page(world.here.admin, f"/ops/events/{coming_event(program).pk}")

    def test_it_says_all_that_the_terms_pay_and_nothing_that_they_do_not(self, world, program):
        terms = make_terms(rate="0", rate_per_kwh=Decimal("0.25"), points_per_kwh=1200, flat_per_event=Decimal(1))
        publish_version(program=program, terms=terms)
        words = page(world.here.staff, f"/ops/events/{draft(program).pk}")
        assert "$0.25 / kWh, $1.00 an event, 1,200 points / kWh" in words
        assert "$0.00 / kW" not in words

    def test_a_draft_shows_who_would_take_part(self, world, program):
        words = page(world.here.auditor, f"/ops/events/{draft(program).pk}")
        for text in ("2 meters would take part, 1 household among them; 2 kW are expected of them", "The terms allow",
                     "Expected cost", "2 meters that take part", "Hither-Rita"):  # fmt: skip
            assert text in words, text

    def test_a_draft_shows_who_is_left_out_and_why_and_what_stands_against_it(self, world, program):
        event = draft(program)
        leave_out(event=event, meter=world.here.school, note="The roof is being repaired", by=world.here.admin)
        publish_version(program=program, terms=make_terms(max_minutes=30))
        Event.objects.filter(pk=event.pk).update(version=program.current)
        words = page(world.here.staff, f"/ops/events/{event.pk}")
        for text in ("1 meter would take part", "1 meter left out", "lasts at most 30 minutes"):
            assert text in words, text

    def test_the_preview_of_a_draft_costs_the_same_for_ten_times_the_meters(self, world, program):
        address = f"/ops/events/{draft(program).pk}"
        few = query_count(world.here.admin, address)
        for _ in range(20):
            meter = make_meter(world.here.distributor)
            map_meter(meter, world.here.organization)
            enroll(program=program, meter=meter, kw=Decimal(2))
        assert query_count(world.here.admin, address) == few

    def test_a_draft_of_a_program_without_meters_says_so(self, world):
        assert "Nobody would take part." in page(world.here.admin, f"/ops/events/{draft(make_program(world.here)).pk}")

    def test_the_settlement_stands_per_meter_and_opens_the_why_page(self, world):
        event = settled_event(world.here)
        line = SettlementLine.objects.get(run__event=event)
        words = page(world.here.auditor, f"/ops/events/{event.pk}")
        for text in ("0.800 kWh", "0.600 kWh", "0.200 kWh", "$0.56", f"/rewards/{line.pk}/why", "In the ledger"):
            assert text in words, text

    def test_what_was_not_measured_says_why_instead_of_an_amount(self, world, program):
        event = past_event(program)
        settled(event)
        assert "too few comparable days" in page(world.here.admin, f"/ops/events/{event.pk}")

    def test_the_csv_has_a_row_per_meter(self, world):
        event = settled_event(world.here)
        answer = browser(world.here.staff).get(f"/ops/events/{event.pk}/settlement.csv")
        assert "attachment" in answer["Content-Disposition"]
        rows = list(csv.DictReader(StringIO(answer.content.decode())))
        assert [(row["meter"], row["delivered_kwh"], row["credit"]) for row in rows] == [
            ("Hither-home", "0.200000", "0.56")
        ]

    def test_the_csv_is_the_distributors_only(self, world, program):
        event = settled_event(world.here)
        assert browser(world.there.admin).get(f"/ops/events/{event.pk}/settlement.csv").status_code == 404
        assert browser(world.here.resident).get(f"/ops/events/{event.pk}/settlement.csv").status_code == 403
        assert browser(world.here.admin).get(f"/ops/events/{draft(program).pk}/settlement.csv").status_code == 404

    def test_the_number_of_queries_does_not_grow_with_the_participants(self, world, program):
        def fill(count):
            for _ in range(count):
                meter = make_meter(world.here.distributor)
                map_meter(meter, world.here.organization)
                enroll(program=program, meter=meter, kw=1)

        fill(8)
        few = query_count(world.here.admin, f"/ops/events/{coming_event(program).pk}")
        fill(90)
        many = coming_event(program, hours_ahead=40)
        assert many.participations.count() == 100
        assert query_count(world.here.admin, f"/ops/events/{many.pk}") == few

    def test_a_recorded_event_shows_no_announcement_it_never_had(self, world, program):
        steps = life_steps(past_event(program), None)
        assert [step["label"] for step in steps] == ["Running", "Being checked", "Measured", "Settled"]

    def test_a_cancelled_event_ends_where_it_was(self, world, program):
        steps = life_steps(cancel_event(event=coming_event(program)), None)
        assert [step["label"] for step in steps] == ["Draft", "Announced", "Cancelled"]


class TestTheSteps:
    def test_an_admin_schedules_then_announces(self, world, program):
        event = draft(program)
        assert "nobody has been told" in act(world.here.admin, event, "schedule")
        assert (event.state, event.participations.count()) == (EventState.SCHEDULED, 2)
        assert not Message.objects.filter(kind="event-notice").exists()
        assert "is on its way" in act(world.here.admin, event, "announce")
        assert event.state == EventState.NOTIFIED
        assert Message.objects.filter(kind="event-notice", recipient=world.here.resident.email).exists()

    def test_an_admin_starts_a_draft_at_once(self, world, program):
        event = draft(program)
        assert "Announced: it begins at" in act(world.here.admin, event, "start")
        assert event.state == EventState.NOTIFIED
        assert event.start < timezone.now() + timedelta(hours=1)
        assert Message.objects.filter(kind="event-notice", recipient=world.here.resident.email).exists()

    def test_starting_asks_first_and_a_large_draft_is_not_offered_it(self, world, program):
        event = draft(program)
        address = f"/ops/events/{event.pk}"
        assert 'popovertarget="ask-start"' in page(world.here.admin, address)
        assert "ask-start" not in page(world.here.staff, address)
        Event.objects.filter(pk=event.pk).update(needs_second=True)
        assert "ask-start" not in page(world.here.admin, address)

    def test_what_refuses_to_start_says_why_and_changes_nothing(self, world, program):
        event = coming_event(program)
        assert "The event is announced" in act(world.here.admin, event, "start")

    def test_an_admin_cancels_and_whoever_was_told_is_told(self, world, program):
        event = coming_event(program)
        assert "Cancelled." in act(world.here.admin, event, "cancel")
        assert event.state == EventState.CANCELLED
        assert Message.objects.filter(payload__notice="cancelled").exists()

    def test_an_admin_settles_what_is_over(self, world):
        event = past_event(make_program(world.here, world.here.home))
        add_readings(world.here.home)
        lower(world.here.home, event, 300)
        assert "Somebody else approves it" in act(world.here.admin, event, "settle")
        assert event.state == EventState.MEASURED
        assert not LedgerEntry.objects.exists()

    @pytest.mark.parametrize("role", ["staff", "auditor", "resident", "organization_admin"])
    @pytest.mark.parametrize("action", ["schedule", "announce", "start", "cancel", "settle"])
    def test_whoever_only_reads_is_refused(self, world, program, role, action):
        event = draft(program)
        answer = browser(getattr(world.here, role)).post(f"/ops/events/{event.pk}", {"action": action})
        event.refresh_from_db()
        assert (answer.status_code, event.state) == (403, EventState.DRAFT)

    def test_whoever_only_reads_is_offered_no_step(self, world, program):
        address = f"/ops/events/{draft(program).pk}"
        assert 'value="schedule"' in page(world.here.admin, address)
        assert 'name="action"' not in page(world.here.staff, address)

    def test_the_platform_operator_may_act_for_any_distributor(self, world, program):
        event = draft(program)
        act(world.platform, event, "schedule")
        assert event.state == EventState.SCHEDULED

    @pytest.mark.parametrize("action", ["announce", "settle"])
    def test_a_step_out_of_turn_is_refused_in_words(self, world, program, action):
        event = draft(program)
        assert "The event is draft" in act(world.here.admin, event, action)
        assert event.state == EventState.DRAFT

    @pytest.mark.parametrize("action", ["", "delete", "state"])
    def test_an_unknown_step_changes_nothing(self, world, program, action):
        event = draft(program)
        assert "no such action" in act(world.here.admin, event, action)
        assert event.state == EventState.DRAFT

    def test_the_same_step_twice_is_one(self, world, program):
        event = draft(program)
        act(world.here.admin, event, "schedule")
        assert "The event is scheduled" in act(world.here.admin, event, "schedule")
        assert Participation.objects.filter(event=event).count() == 2

    def test_every_step_asks_first(self, world, program):
        event = schedule_event(event=draft(program))
        words = page(world.here.admin, f"/ops/events/{event.pk}")
        assert 'popovertarget="ask-announce"' in words
        assert "Everybody behind 2 meters gets a notice at once." in words

    def test_a_foreign_site_cannot_make_somebody_act(self, world, program):
        from django.test import Client

        event = draft(program)
        client = Client(enforce_csrf_checks=True)
        client.force_login(world.here.admin)
        assert client.post(f"/ops/events/{event.pk}", {"action": "cancel"}).status_code == 403
        assert Event.objects.get(pk=event.pk).state == EventState.DRAFT

    def test_a_participation_that_was_measured_counts_as_taken_part(self, world):
        event = settled_event(world.here)
        assert event.participations.get().state == ParticipationState.SETTLED
        assert "Took part" in page(world.here.admin, f"/ops/events/{event.pk}")


class TestTheWaysOn:
    def test_a_draft_leads_to_its_editing_and_calling_off(self, world, program):
        event = draft(program)
        words = page(world.here.admin, f"/ops/events/{event.pk}")
        for path in ("edit", "cancel"):
            assert f'href="/ops/events/{event.pk}/{path}"' in words
        assert "/edit" not in page(world.here.staff, f"/ops/events/{event.pk}")

    def test_an_announced_event_leads_to_a_new_time(self, world, program):
        event = coming_event(program)
        words = page(world.here.admin, f"/ops/events/{event.pk}")
        for path in ("change", "cancel"):
            assert f'href="/ops/events/{event.pk}/{path}"' in words
        assert f'href="/ops/events/{event.pk}/edit"' not in words

    def test_the_second_person_is_offered_to_agree_and_the_author_is_not(self, world, program):
        publish_version(program=program, terms=make_terms(second_person_kw=Decimal(1)))
        start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
        event = create_event(program=program, start=start, end=start + timedelta(hours=1), by=world.here.admin)
        second, address = make_admin(world.here.distributor), f"/ops/events/{event.pk}"
        assert "/agree" not in page(world.here.admin, address)
        assert "/agree" not in page(world.here.staff, address)
        assert f'action="{address}/agree"' in page(second, address)
        browser(second).post(f"{address}/agree")
        assert "/agree" not in page(second, address)

    def test_a_request_to_call_it_off_stands_in_the_room(self, world, program):
        event = coming_event(program)
        advance_events(now=event.start)
        ask_to_cancel(event=event, by=world.here.admin, reason="Storm ahead")
        words = page(make_admin(world.here.distributor), f"/ops/events/{event.pk}")
        assert "Storm ahead" in words
        assert "Answer the request" in words
        assert "Answer the request" not in page(world.here.staff, f"/ops/events/{event.pk}")
