"""What VENs are told of events, and when it changes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApprovalStatus
from accounts.services import set_approval
from common.intervals import local_day
from events.models import EventState, OptPolicy, ParticipationState
from events.services import (
    Words,
    advance_events,
    cancel_event,
    change_event,
    create_event,
    delete_event,
    end_enrollment,
    end_now,
    go_on,
    notify_event,
    opt_in,
    opt_out,
    pause_enrollment,
    resume_enrollment,
    schedule_event,
    stop_as_told,
)
from events.tests.world import make_announced, make_draft, make_program, next_span
from meters.models import MeterMap
from meters.services import end_map, keep_meter, leave_meter, map_meter
from openadr.models import EventDelivery, VenChange, VenState
from openadr.selectors import applicable
from openadr.services.changes import announce_changes
from openadr.services.deliveries import Ack, acknowledge, announce_missed, deliver_event, deliver_vens, note_delivered
from openadr.services.registration import register_ven
from openadr.tests.delivery_world import add_resource, delivery_of, is_told, make_ven, part_of, run_now, steps_of
from tests.builder import make_organization

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def program(here):
    return make_program(here.distributor)


def numbers(ven, event):
    row = delivery_of(ven, event)
    return row.modification_number, row.is_cancelled


def test_an_announced_event_is_told_to_each_ven_with_a_resource_on_a_meter_that_is_asked(here, program):
    home, both = make_ven(here.distributor, here.home), make_ven(here.distributor, here.home, here.school)
    other = make_ven(here.distributor, here.neighbor_home)
    event = make_announced(program)
    row = delivery_of(home, event)
    assert (row.start, row.end, row.level, row.resources, row.is_cancelled) == (event.start, event.end, 1, [], False)
    assert row.modification_number == 0
    assert row.is_pending
    assert is_told(both, event)
    assert not is_told(other, event)


def test_drafts_and_scheduled_events_are_told_to_nobody(here, program):
    make_ven(here.distributor, here.home)
    draft = make_draft(program)
    assert not EventDelivery.objects.exists()
    scheduled = schedule_event(event=draft)
    deliver_event(event=scheduled)
    assert not EventDelivery.objects.exists()
    notify_event(event=scheduled)
    assert EventDelivery.objects.count() == 1


def test_a_called_off_draft_is_told_to_nobody(here, program):
    make_ven(here.distributor, here.home)
    cancel_event(event=make_draft(program))
    assert not EventDelivery.objects.exists()


def test_a_test_event_is_told_and_says_so(here, program):
    ven = make_ven(here.distributor, here.home)
    start, end = next_span()
    draft = create_event(program=program, start=start, end=end, words=Words(is_test=True, note="Only a test."))
    notify_event(event=schedule_event(event=draft))
    (told,) = applicable([ven.pk])[ven.pk]
    assert told.is_test
    assert told.note == "Only a test."
    assert told.program_pk == program.pk


def test_who_owns_a_device_hears_of_events_of_the_meters_they_hold(here, program):
    owned = make_ven(here.distributor, here.home, owner=here.resident)
    strangers = make_ven(here.distributor, here.home, owner=here.neighbor)
    event = make_announced(program)
    assert is_told(owned, event)
    assert not is_told(strangers, event)


def test_revoked_vens_and_those_of_nobody_approved_are_told_nothing(here, program):
    revoked = make_ven(here.distributor, here.home, state=VenState.REVOKED)
    owned = make_ven(here.distributor, here.home, owner=here.resident)
    set_approval(user=here.resident, status=ApprovalStatus.REJECTED, by=here.admin)
    event = make_announced(program)
    assert not is_told(revoked, event)
    assert not is_told(owned, event)


def test_an_owner_who_loses_the_approval_takes_the_device_out_and_brings_it_back(here, program):
    ven = make_ven(here.distributor, here.home, owner=here.resident)
    event = make_announced(program)
    set_approval(user=here.resident, status=ApprovalStatus.REJECTED, by=here.admin)
    assert numbers(ven, event) == (1, True)
    set_approval(user=here.resident, status=ApprovalStatus.APPROVED, by=here.admin)
    assert numbers(ven, event) == (2, False)


def test_a_changed_time_is_told_with_a_higher_number_and_the_clock_changes_nothing(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    event = change_event(event=event, start=event.start + HOUR, end=event.end + HOUR)
    assert numbers(ven, event) == (1, False)
    assert delivery_of(ven, event).start == event.start
    assert steps_of(ven, event) == [("changed", 1)]
    run_now(event)
    advance_events(now=event.end)
    event.refresh_from_db()
    assert event.state == EventState.COMPLETED
    assert numbers(ven, event) == (1, False)
    assert event.modification_number > 3


def test_a_change_that_says_the_same_to_a_ven_tells_it_nothing(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    assert deliver_event(event=event) == 0
    assert numbers(ven, event) == (0, False)


def test_a_called_off_event_is_told_to_all_as_called_off(here, program):
    vens = [make_ven(here.distributor, here.home), make_ven(here.distributor, here.school)]
    event = make_announced(program)
    cancel_event(event=event, reason="Not needed.")
    assert [numbers(ven, event) for ven in vens] == [(1, True), (1, True)]
    row = delivery_of(vens[0], event)
    assert (row.start, row.end) == (event.start, event.end)


def test_a_running_event_that_is_cut_short_is_told(here, program, monkeypatch):
    ven = make_ven(here.distributor, here.home)
    start, end = next_span(hours=2)
    draft = create_event(program=program, start=start, end=end)
    event = run_now(notify_event(event=schedule_event(event=draft)))
    monkeypatch.setattr(timezone, "now", lambda: start + timedelta(minutes=31))
    end_now(event=event)
    row = delivery_of(ven, event)
    assert (row.modification_number, row.is_cancelled, row.end) == (1, False, start + HOUR)


def test_an_event_that_is_ended_this_very_minute_is_told_as_off(here, program, monkeypatch):
    ven = make_ven(here.distributor, here.home)
    event = run_now(make_announced(program))
    monkeypatch.setattr(timezone, "now", lambda: event.start + HOUR / 2)
    assert end_now(event=event).end == event.start + HOUR / 2
    assert numbers(ven, event) == (1, True)
    assert [told.is_cancelled for told in applicable([ven.pk])[ven.pk]] == [True]


def test_each_end_of_a_participation_is_that_of_its_device(here, monkeypatch):
    program = make_program(here.distributor, opt_policy=OptPolicy.OPT_IN)
    ven, other = make_ven(here.distributor, here.home), make_ven(here.distributor, here.school)
    event = make_announced(program)
    for meter in (here.home, here.school):
        opt_in(participation=part_of(meter, event))
    run_now(event)
    told = event.end
    monkeypatch.setattr(timezone, "now", lambda: event.start + timedelta(minutes=10))
    event = change_event(event=event, start=event.start, end=event.end + HOUR)
    assert numbers(ven, event) == (0, False)
    go_on(participation=part_of(here.home, event))
    assert (delivery_of(ven, event).end, numbers(ven, event)) == (event.end, (1, False))
    assert (delivery_of(other, event).end, numbers(other, event)) == (told, (0, False))
    stop_as_told(participation=part_of(here.home, event))
    assert (delivery_of(ven, event).end, numbers(ven, event)) == (told, (2, False))


def test_whose_meter_skips_is_told_that_it_is_off_and_is_asked_anew_when_it_joins(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    opt_out(participation=part_of(here.home, event), by=here.resident)
    assert numbers(ven, event) == (1, True)
    opt_in(participation=part_of(here.home, event), by=here.resident)
    assert numbers(ven, event) == (2, False)
    assert steps_of(ven, event) == [("cancelled", 1), ("changed", 2)]


def test_a_ven_with_two_meters_hears_which_of_its_resources_are_asked(here, program):
    ven = make_ven(here.distributor, here.home, here.school)
    event = make_announced(program)
    assert delivery_of(ven, event).resources == []
    opt_out(participation=part_of(here.school, event))
    assert (delivery_of(ven, event).resources, numbers(ven, event)) == (["r1"], (1, False))


def test_pausing_and_leaving_are_told_to_the_devices(here, program):
    home, school = make_ven(here.distributor, here.home), make_ven(here.distributor, here.school)
    event = make_announced(program)
    enrollment = program.enrollments.get(meter=here.home)
    pause_enrollment(enrollment=enrollment)
    assert numbers(home, event) == (1, True)
    resume_enrollment(enrollment=enrollment)
    assert numbers(home, event) == (2, False)
    end_enrollment(enrollment=program.enrollments.get(meter=here.school))
    assert numbers(school, event) == (1, True)


def test_who_moves_out_before_the_event_takes_the_device_out_of_it_until_they_stay_after_all(here, program):
    ven = make_ven(here.distributor, here.home, owner=here.resident)
    near, far = make_announced(program, days=3), make_announced(program, days=30)
    day = local_day(timezone.now(), here.home.zone) + timedelta(days=10)
    leave_meter(user=here.resident, meter=here.home, day=day)
    assert numbers(ven, near) == (0, False)
    assert numbers(ven, far) == (1, True)
    keep_meter(user=here.resident, meter=here.home)
    assert numbers(ven, far) == (2, False)


def test_a_device_that_said_no_is_told_that_it_is_off_when_its_owner_moves_out(here, program):
    ven = make_ven(here.distributor, here.home, owner=here.resident)
    event = make_announced(program, days=30)
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    assert numbers(ven, event) == (0, False)
    leave_meter(user=here.resident, meter=here.home, day=local_day(timezone.now(), here.home.zone) + timedelta(days=10))
    assert numbers(ven, event) == (1, True)


@pytest.fixture
def schools(here, program):
    return make_ven(here.distributor, here.school, owner=here.organization), make_announced(program)


def test_an_organization_that_gives_a_meter_up_takes_its_device_out_of_what_comes(here, schools):
    ven, event = schools
    assert numbers(ven, event) == (0, False)
    end_map(meter_map=MeterMap.objects.get(meter=here.school, entity=here.organization.pk), at=timezone.now() + HOUR)
    assert numbers(ven, event) == (1, True)


def test_an_organization_that_has_the_meter_until_after_the_start_is_told(here, schools):
    ven, event = schools
    end_map(meter_map=MeterMap.objects.get(meter=here.school, entity=here.organization.pk), at=event.start + HOUR)
    assert numbers(ven, event) == (0, False)


def test_an_organization_that_is_given_a_meter_hears_of_what_comes(here, program):
    owner = make_organization(here.distributor, "Second school")
    ven = make_ven(here.distributor, here.school, owner=owner)
    event = make_announced(program)
    assert not is_told(ven, event)
    end_map(meter_map=MeterMap.objects.get(meter=here.school, entity=here.organization.pk), at=timezone.now() + HOUR)
    map_meter(meter=here.school, holder=owner, valid_from=timezone.now() + 2 * HOUR)
    assert is_told(ven, event)


def test_a_newly_mapped_meter_and_a_new_ven_hear_of_what_is_announced(here, program):
    event = make_announced(program)
    ven = make_ven(here.distributor)
    assert deliver_vens([ven.pk]) == 0
    add_resource(ven, here.home, "pump")
    assert deliver_vens([ven.pk]) == 1
    assert numbers(ven, event) == (0, False)
    resource = ven.resources.get()
    resource.ended_at = timezone.now()
    resource.save()
    assert deliver_vens([ven.pk]) == 1
    assert numbers(ven, event) == (1, True)


def test_a_revoked_ven_is_not_told_any_more(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    ven.state = VenState.REVOKED
    ven.save()
    deliver_vens([ven.pk])
    assert numbers(ven, event) == (1, True)


def test_a_ven_that_only_reports_hears_of_nothing_until_it_registers_otherwise(here, program):
    ven = make_ven(here.distributor, here.home, said={"is_report_only": True})
    event = make_announced(program)
    assert not is_told(ven, event)
    register_ven(ven_pk=ven.pk, said={"is_report_only": False})
    assert is_told(ven, event)
    register_ven(ven_pk=ven.pk, said={"is_report_only": True})
    assert numbers(ven, event) == (1, True)


def test_held_out_homes_are_told_nothing(here, program):
    ven = make_ven(here.distributor, here.home)
    draft = make_draft(program)
    scheduled = schedule_event(event=draft)
    part = part_of(here.home, scheduled)
    part.state = ParticipationState.HELD_OUT
    part.save()
    event = notify_event(event=scheduled)
    assert not is_told(ven, event)


def test_whose_silence_is_a_no_is_told_so_at_the_start(here):
    program = make_program(here.distributor, opt_policy=OptPolicy.OPT_IN)
    silent, joined = make_ven(here.distributor, here.home), make_ven(here.distributor, here.school)
    event = make_announced(program)
    opt_in(participation=part_of(here.school, event))
    run_now(event)
    assert numbers(silent, event) == (1, True)
    assert numbers(joined, event) == (0, False)


def test_what_is_over_for_a_ven_is_not_changed_any_more(here, program, monkeypatch):
    ven = make_ven(here.distributor, here.home)
    event = run_now(make_announced(program))
    monkeypatch.setattr(timezone, "now", lambda: event.end + timedelta(minutes=1))
    cancel_event(event=event)
    assert numbers(ven, event) == (0, False)
    assert applicable([ven.pk]) == {}


# What the VTN asks.


def test_every_event_that_applies_is_given_by_start_and_called_off_ones_until_acknowledged(
    here, program, django_assert_num_queries
):
    ven, other = make_ven(here.distributor, here.home), make_ven(here.distributor, here.neighbor_home)
    later, sooner, off = make_announced(program, 4), make_announced(program, 2), make_announced(program, 3)
    cancel_event(event=off)
    with django_assert_num_queries(1):
        found = applicable([ven.pk, other.pk])
    assert list(found) == [ven.pk]
    assert [told.event_pk for told in found[ven.pk]] == [sooner.pk, off.pk, later.pk]
    assert [told.is_cancelled for told in found[ven.pk]] == [False, True, False]
    EventDelivery.objects.filter(event=off).update(acknowledged_modification=1)
    assert [told.event_pk for told in applicable()[ven.pk]] == [sooner.pk, later.pk]


def test_handing_over_is_noted_once_for_each_modification(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    row = (ven.pk, event.pk, 0)
    assert note_delivered([row, row]) == 1
    assert note_delivered([row]) == 0
    assert note_delivered([]) == 0
    assert note_delivered([(ven.pk, event.pk, 7), (ven.pk, 10**9, 0)]) == 0
    change_event(event=event, start=event.start + HOUR, end=event.end + HOUR)
    assert note_delivered([row, (ven.pk, event.pk, 1)]) == 1
    assert steps_of(ven, event) == [("delivered", 0), ("changed", 1), ("delivered", 1)]


def test_each_change_is_announced_to_the_vtn(here, program, django_capture_on_commit_callbacks):
    ven = make_ven(here.distributor, here.home)
    with django_capture_on_commit_callbacks(execute=True):
        event = make_announced(program)
    assert [row.ven_id for row in VenChange.objects.all()] == [ven.pk]
    with django_capture_on_commit_callbacks(execute=True):
        opt_out(participation=part_of(here.home, event))
    assert VenChange.objects.filter(ven=ven).count() == 2


def test_what_a_crash_kept_from_the_vtn_is_announced_once_more(here, program):
    ven, other = make_ven(here.distributor, here.home), make_ven(here.distributor, here.school)
    event = make_announced(program)
    assert announce_missed() == 2
    assert announce_missed() == 0
    opt_out(participation=part_of(here.home, event))  # nothing runs after the commit in a test, as in a crash
    VenChange.objects.all().delete()
    announce_changes([other.pk])
    assert announce_missed() == 1
    assert VenChange.objects.filter(ven=ven).count() == 1
    assert announce_missed() == 0
    VenChange.objects.all().delete()
    announce_changes(None)
    assert announce_missed() == 0


def test_an_event_deleted_before_it_was_announced_leaves_nothing(here, program):
    make_ven(here.distributor, here.home)
    delete_event(event=schedule_event(event=make_draft(program)))
    assert not EventDelivery.objects.exists()


def test_a_device_of_another_distributor_is_told_nothing(world, program):
    ven = make_ven(world.there.distributor, world.there.home)
    event = make_announced(program)
    assert not is_told(ven, event)
    assert deliver_vens([ven.pk]) == 0
