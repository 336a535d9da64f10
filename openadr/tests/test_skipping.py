"""What VENs said beforehand of their availability, heard before anybody is told of an event."""

from datetime import timedelta

import pytest
from django.utils import timezone

from delivery.models import Notice
from events.models import AnswerSource, ParticipationState
from events.services import cancel_event, change_event, notify_event, opt_in, schedule_event
from events.services.seated import seated_size
from events.tests.world import make_announced, make_draft, make_program
from openadr.models import EventDelivery, VenOpt
from openadr.tests.delivery_world import delivery_of, is_told, make_ven, part_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def program(here):
    return make_program(here.distributor)


def skip(ven, event, resources=(), **fields):
    span = [[(event.start - HOUR).isoformat(), (event.start + HOUR / 2).isoformat()]]
    fields = {"opt_id": "o1", "opt_type": "optOut", "spans": span, "resources": list(resources)} | fields
    return VenOpt.objects.create(ven=ven, **fields)


def test_who_is_not_available_skips_the_event_and_hears_nothing_of_it(here, program):
    ven, other = make_ven(here.distributor, here.home), make_ven(here.distributor, here.school)
    event = schedule_event(event=make_draft(program))
    skip(ven, event)
    event = notify_event(event=event)
    part = part_of(here.home, event)
    assert (part.state, part.answer_source) == (ParticipationState.OPTED_OUT, AnswerSource.DEVICE)
    assert not EventDelivery.objects.filter(ven=ven).exists()
    assert is_told(other, event)


def notices_of(user):
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("title", flat=True))


def test_people_are_not_told_of_what_their_device_skips_from_the_first_and_it_is_not_counted(here, program):
    ven = make_ven(here.distributor, here.home)
    event = schedule_event(event=make_draft(program))
    before = event.expected_kw
    skip(ven, event)
    told, others = notices_of(here.resident), len(notices_of(here.organization_admin))
    event = notify_event(event=event)
    assert notices_of(here.resident) == told
    assert len(notices_of(here.organization_admin)) == others + 1
    event.refresh_from_db()
    assert event.expected_kw < before
    assert event.expected_kw == seated_size(event).expected_kw
    cancel_event(event=event)
    assert notices_of(here.resident) == told


def test_moved_to_when_the_device_is_there_the_event_is_told_to_all(here, program):
    ven = make_ven(here.distributor, here.home)
    event = schedule_event(event=make_draft(program))
    skip(ven, event)
    event, told = notify_event(event=event), len(notices_of(here.resident))
    expected = event.expected_kw
    event = change_event(event=event, start=event.start + 3 * HOUR, end=event.end + 3 * HOUR)
    assert part_of(here.home, event).state == ParticipationState.NOTIFIED
    assert (is_told(ven, event), len(notices_of(here.resident))) == (True, told + 1)
    assert event.expected_kw > expected


def test_moved_into_a_schedule_the_event_is_skipped_and_people_who_know_of_it_hear_that_it_moved(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    skip(ven, event, spans=[[(event.start + 2 * HOUR).isoformat(), (event.end + 4 * HOUR).isoformat()]])
    expected, told = event.expected_kw, len(notices_of(here.resident))
    event = change_event(event=event, start=event.start + 3 * HOUR, end=event.end + 3 * HOUR)
    assert part_of(here.home, event).answer_source == AnswerSource.DEVICE
    assert delivery_of(ven, event).is_cancelled
    assert len(notices_of(here.resident)) == told + 1
    assert event.expected_kw < expected


@pytest.mark.parametrize(
    "fields",
    [
        {"spans": [["2020-01-01T00:00:00+00:00", "2020-01-01T10:00:00+00:00"]]},
        {"opt_type": "optIn"},
        {"ended_at": timezone.now()},
        {"spans": []},
        {"resources": ["r2"]},
    ],
)
def test_a_schedule_that_does_not_meet_the_event_skips_nothing(here, program, fields):
    ven = make_ven(here.distributor, here.home)
    event = schedule_event(event=make_draft(program))
    skip(ven, event, **fields)
    assert is_told(ven, notify_event(event=event))


def test_a_schedule_for_one_resource_skips_with_that_meter_only(here, program):
    ven = make_ven(here.distributor, here.home, here.school)
    event = schedule_event(event=make_draft(program))
    skip(ven, event, ["r2"])
    event = notify_event(event=event)
    assert delivery_of(ven, event).resources == ["r1"]
    assert part_of(here.school, event).state == ParticipationState.OPTED_OUT


def test_a_device_does_not_skip_for_a_home_whose_people_joined(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    opt_in(participation=part_of(here.home, event), by=here.resident)
    skip(ven, event)
    event = change_event(event=event, start=event.start + HOUR / 2, end=event.end + HOUR / 2)
    assert part_of(here.home, event).state == ParticipationState.OPTED_IN
    assert is_told(ven, event)
