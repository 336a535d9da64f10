"""What becomes of programs and events when a resident moves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.intervals import DAY, local_day
from delivery.models import Message
from events.models import Enrollment, Participation, ParticipationState
from events.selectors import meters_taking_part
from events.services import opt_in, opt_out
from events.tests.world import make_announced, make_program
from meters.services import claim_meter, end_map, issue_claim_codes, keep_meter, leave_meter, map_meter, remove_map
from tests.builder import make_meter, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(here):
    return make_program(here.distributor)


def leave(here, days):
    return leave_meter(user=here.resident, meter=here.home, day=local_day(timezone.now(), here.home.zone) + days * DAY)


def taking_part(program, at):
    return {meter.number for meter in meters_taking_part(program=program, at=at)}


def test_a_meter_leaves_its_programs_on_the_day(here, program):
    end = leave(here, 10).valid_to
    assert Enrollment.objects.get(meter=here.home).ended_at == end
    assert here.home.number in taking_part(program, end - timedelta(seconds=1))
    assert here.home.number not in taking_part(program, end)


def test_events_before_the_day_stay_and_those_after_it_do_not(here, program):
    near, far = make_announced(program, days=3), make_announced(program, days=30)
    leave(here, 10)
    rows = {row.event_id: row for row in Participation.objects.filter(meter=here.home)}
    assert (rows[near.pk].holder_id, rows[near.pk].state) == (here.resident.pk, ParticipationState.NOTIFIED)
    assert (rows[far.pk].holder_id, rows[far.pk].state) == (None, ParticipationState.OPTED_OUT)


def test_who_stays_after_all_takes_part_again(here, program):
    far = make_announced(program, days=30)
    leave(here, 10)
    keep_meter(user=here.resident, meter=here.home)
    row = Participation.objects.get(event=far, meter=here.home)
    assert (row.holder_id, row.state) == (here.resident.pk, ParticipationState.NOTIFIED)
    assert Enrollment.objects.get(meter=here.home).ended_at is None


def test_an_organization_that_gives_a_meter_up_leaves_programs_as_they_are(here, program):
    end_map(meter_map=here.school.maps.get(entity_id=here.organization.pk), at=timezone.now())
    assert Enrollment.objects.get(meter=here.school).ended_at is None


def test_a_meter_that_nobody_had_is_not_asked_in_what_was_called_before_it_was_claimed(here):
    empty = make_meter(here.distributor, "EMPTY", contracted_kw=1)
    program = make_program(here.distributor)
    coming = make_announced(program, days=3)
    newcomer = make_user(here.distributor)
    code = issue_claim_codes(meters=[empty])[0].code
    claim_meter(user=newcomer, number="EMPTY", code=code)
    assert not Participation.objects.filter(event=coming, meter=empty).exists()
    assert not Message.objects.filter(kind="event-notice", recipient=newcomer.email).exists()


@pytest.mark.parametrize("answer", [opt_in, opt_out])
def test_an_answer_is_not_the_newcomers(here, program, answer):
    coming = make_announced(program, days=30)
    answer(participation=Participation.objects.get(event=coming, meter=here.home))
    end = leave(here, 10).valid_to
    newcomer = make_user(here.distributor)
    map_meter(meter=here.home, holder=newcomer, valid_from=end)
    row = Participation.objects.get(event=coming, meter=here.home)
    assert (row.holder_id, row.state) == (None, ParticipationState.OPTED_OUT)
    assert not Participation.objects.visible_to(newcomer).exists()


def test_a_removed_map_frees_events_too(here, program):
    coming = make_announced(program, days=30)
    remove_map(meter_map=here.home.maps.get(entity_id=here.resident.pk))
    assert Participation.objects.get(event=coming, meter=here.home).holder_id is None
