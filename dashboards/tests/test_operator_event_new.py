"""A new event: asked for, shown, then made; nothing is written before."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from dashboards.tests.operator_tools import browser, page, query_count
from dashboards.tests.story import make_program
from events.models import Event, EventState, Program
from events.services import enroll
from tests.builder import make_meter, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ZONE = ZoneInfo("America/New_York")
ADDRESS = "/ops/events/new"


@pytest.fixture
def program(world):
    return make_program(world.here, world.here.home, world.here.school, kw="1.5")


def asked(chosen, **changes):
    day = (timezone.now().astimezone(ZONE) + timedelta(days=3)).date()
    return {"program": chosen.pk, "day": day.isoformat(), "at": "17:00", "minutes": "90", **changes}


def preview(user, data):
    answer = browser(user).get(ADDRESS, data)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_who_may_manage_gets_the_form(world, program):
    people = world.here
    for user in (people.admin, world.platform):
        assert browser(user).get(ADDRESS).status_code == 200
    for user in (people.staff, people.auditor, people.resident, people.member, people.organization_admin):
        assert browser(user).get(ADDRESS).status_code == 403
        assert browser(user).post(ADDRESS, asked(program)).status_code == 403
    assert not Event.objects.exists()


def test_the_preview_shows_who_would_take_part_and_writes_nothing(world, program):
    words = preview(world.here.admin, asked(program))
    assert "2 meters would take part, 1 household among them; 3 kW are expected of them" in words
    assert "Hither-Rita" in words
    assert "5 to 6:30 pm" in words
    assert not Event.objects.exists()


def test_the_draft_is_made_on_the_programs_clock(world, program):
    data = asked(program)
    answer = browser(world.here.admin).post(ADDRESS, data, follow=True)
    event = Event.objects.get()
    assert (event.state, event.created_by, event.version) == (EventState.DRAFT, world.here.admin, program.current)
    assert f"{event.start.astimezone(ZONE):%Y-%m-%d %H:%M}" == f"{data['day']} 17:00"
    assert event.end - event.start == timedelta(minutes=90)
    assert "Nobody has been told" in answer.content.decode()


def test_another_distributors_program_is_no_choice(world):
    other = make_program(world.there, world.there.home)
    make_program(world.here, world.here.home)
    answer = browser(world.here.admin).post(ADDRESS, asked(other))
    assert answer.status_code == 200
    assert not Event.objects.exists()
    assert "Thither" not in answer.content.decode()


def test_a_program_that_is_closed_is_no_choice(world, program):
    Program.objects.filter(pk=program.pk).update(is_open=False)
    browser(world.here.admin).post(ADDRESS, asked(program))
    assert not Event.objects.exists()


def test_without_a_program_it_says_where_to_make_one(world):
    assert "There is no open program with terms" in page(world.here.admin, ADDRESS)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"day": "2020-01-02"}, "must be in the future"),
        ({"day": "yesterday"}, "Enter a valid date"),
        ({"day": ""}, "This field is required"),
        ({"day": "9999-12-31", "at": "23:30"}, "too far away"),
        ({"at": "5 pm-ish"}, "Enter a valid time"),
        ({"at": "17:10"}, "30-minute intervals"),
        ({"minutes": "7"}, "Select a valid choice"),
        ({"minutes": "-60"}, "Select a valid choice"),
        ({"program": "0"}, "Select a valid choice"),
        ({"day": "2032-03-14", "at": "02:30"}, "skips this time"),
        ({"day": "2032-11-07", "at": "01:30"}, "twice on that day"),
    ],
)
def test_bad_input_gets_a_sentence_and_no_event(world, program, changes, sentence):
    data = asked(program, **changes)
    for answer in (browser(world.here.admin).get(ADDRESS, data), browser(world.here.admin).post(ADDRESS, data)):
        assert answer.status_code == 200
        assert sentence in answer.content.decode()
    assert not Event.objects.exists()


def test_the_same_event_twice_is_refused_in_words(world, program):
    client = browser(world.here.admin)
    client.post(ADDRESS, asked(program))
    assert "has an event at this time already" in client.post(ADDRESS, asked(program)).content.decode()
    assert Event.objects.count() == 1


def test_a_program_without_meters_may_be_drafted_with_a_warning(world):
    program = make_program(world.here)
    assert "Nobody would take part" in preview(world.here.admin, asked(program))
    browser(world.here.admin).post(ADDRESS, asked(program))
    assert Event.objects.get().state == EventState.DRAFT


def test_the_preview_costs_the_same_for_ten_times_the_meters(world, program):
    def fill(count):
        for _ in range(count):
            meter = make_meter(world.here.distributor)
            map_meter(meter, world.here.organization)
            enroll(program=program, meter=meter, kw=Decimal(2))

    query = "&".join(f"{name}={value}" for name, value in asked(program).items())
    fill(8)
    few = query_count(world.here.admin, f"{ADDRESS}?{query}")
    fill(100)
    assert query_count(world.here.admin, f"{ADDRESS}?{query}") == few
    words = page(world.here.admin, f"{ADDRESS}?{query}")
    assert "110 meters that take part" in words
    assert "And 10 more." in words
