"""What VENs answer, and which of them do not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.attention import needs_of
from common.errors import PortalError
from events.models import AnswerSource, Event, Participation, ParticipationState
from events.room_parts import parts_of
from events.services import cancel_event, change_event, opt_in, opt_out
from events.signals import opt_recorded
from events.tests.world import make_announced, make_program
from openadr.models import DeliveryRecord, EventDelivery, VenChange, VenOpt, VenState
from openadr.selectors import applicable
from openadr.services.deliveries import Ack, acknowledge, mark_unreachable, note_delivered, opt_for_event
from openadr.tasks import report_unreachable
from openadr.tests.delivery_world import delivery_of, make_ven, part_of, run_now, steps_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
IN, OUT = ParticipationState.OPTED_IN, ParticipationState.OPTED_OUT
ACKED = [("delivered", 0), ("acknowledged", 0)]


@pytest.fixture
def program(here):
    return make_program(here.distributor)


@pytest.fixture
def ven(here):
    return make_ven(here.distributor, here.home, owner=here.resident)


@pytest.fixture
def event(program, ven):
    return make_announced(program)


def said(*acks):
    return [(outcome.result, outcome.code) for outcome in acknowledge(acks)]


def later(event, hours=1):
    return change_event(event=event, start=event.start + hours * HOUR, end=event.end + hours * HOUR)


def test_an_event_is_pending_until_it_is_acknowledged(ven, event):
    assert delivery_of(ven, event).is_pending
    assert said(Ack(ven.pk, event.pk, 0)) == [("taken", 200)]
    assert not delivery_of(ven, event).is_pending
    assert [told.is_pending for told in applicable([ven.pk])[ven.pk]] == [False]
    assert steps_of(ven, event) == ACKED


@pytest.mark.parametrize(("opt", "state"), [("optIn", IN), ("optOut", OUT)])
def test_opting_in_or_out_answers_for_the_meter(here, ven, event, opt, state):
    assert said(Ack(ven.pk, event.pk, 0, opt)) == [("taken", 200)]
    part = part_of(here.home, event)
    assert (part.state, part.answer_source, part.answered_by) == (state, AnswerSource.DEVICE, None)
    assert part.answered_at is not None
    row = delivery_of(ven, event)
    assert (row.opt, row.modification_number, row.is_cancelled, row.is_pending) == (opt, 0, False, False)


def test_the_same_answer_again_changes_nothing(ven, event):
    ack = Ack(ven.pk, event.pk, 0, "optIn")
    assert said(ack, ack) == [("taken", 200)] * 2
    before, records = delivery_of(ven, event), DeliveryRecord.objects.count()
    changes = VenChange.objects.count()
    assert said(ack) == [("taken", 200)]
    after = delivery_of(ven, event)
    assert (after.acknowledged_at, after.opted_at) == (before.acknowledged_at, before.opted_at)
    assert (DeliveryRecord.objects.count(), VenChange.objects.count()) == (records, changes)


def test_a_ven_may_change_its_mind_and_is_not_asked_again_for_it(here, ven, event):
    for opt, state in (("optOut", OUT), ("optIn", IN), ("optOut", OUT)):
        acknowledge([Ack(ven.pk, event.pk, 0, opt)])
        assert part_of(here.home, event).state == state
        assert delivery_of(ven, event).modification_number == 0
    assert steps_of(ven, event) == [*ACKED, ("opted_out", 0), ("opted_in", 0), ("opted_out", 0)]


def test_an_answer_to_what_was_changed_is_kept_and_the_ven_is_told_again(here, ven, event):
    later(event)
    assert said(Ack(ven.pk, event.pk, 0, "optOut")) == [("stale", 200)]
    row = delivery_of(ven, event)
    assert (row.is_pending, row.opt, row.acknowledged_modification) == (True, "", 0)
    assert part_of(here.home, event).state == ParticipationState.NOTIFIED
    assert said(Ack(ven.pk, event.pk, 1, "optIn")) == [("taken", 200)]
    assert not delivery_of(ven, event).is_pending
    steps = [("changed", 1), *ACKED, ("delivered", 1), ("acknowledged", 1), ("opted_in", 1)]
    assert steps_of(ven, event) == steps


def test_an_older_answer_that_comes_late_takes_nothing_back(ven, event):
    note_delivered([(ven.pk, event.pk, 0)])
    later(event)
    acknowledge([Ack(ven.pk, event.pk, 1, "optIn")])
    assert said(Ack(ven.pk, event.pk, 0, "optOut")) == [("stale", 200)]
    row = delivery_of(ven, event)
    assert (row.acknowledged_modification, row.opt, row.is_pending) == (1, "optIn", False)


@pytest.mark.parametrize("number", [1, -1, 10**30])
def test_a_modification_that_was_never_told_is_refused(ven, event, number):
    assert said(Ack(ven.pk, event.pk, number, "optIn")) == [("invalid", 454)]
    assert delivery_of(ven, event).is_pending


def test_nonsense_beside_a_good_answer_is_refused_alone(here, ven, event):
    other = make_ven(here.distributor, here.school)
    outcomes = said(
        Ack(ven.pk, 10**9, 0, "optIn"),
        Ack(other.pk, event.pk, 0, "optIn"),
        Ack(ven.pk, event.pk, 0, "maybe"),
        Ack(ven.pk, event.pk, 0, "optIn"),
    )
    assert outcomes == [("unknown", 452), ("unknown", 452), ("invalid", 454), ("taken", 200)]
    assert acknowledge([]) == []


def test_one_answer_that_another_room_refuses_does_not_fail_the_others(here, program):
    vens = [make_ven(here.distributor, meter) for meter in (here.home, here.school)]
    event = make_announced(program)

    def refuse(participation, **kwargs):
        if participation.meter_id == here.school.pk:
            raise PortalError("No.")

    opt_recorded.connect(refuse)
    try:
        outcomes = said(*[Ack(ven.pk, event.pk, 0, "optOut") for ven in vens])
    finally:
        opt_recorded.disconnect(refuse)
    assert outcomes == [("taken", 200), ("failed", 469)]
    assert part_of(here.home, event).state == OUT
    assert delivery_of(vens[1], event).is_pending
    assert steps_of(vens[1], event) == []


def test_too_late_the_answer_is_kept_and_the_meter_takes_part(here, ven, event):
    acknowledge([Ack(ven.pk, event.pk, 0, "optIn")])
    run_now(event)
    assert said(Ack(ven.pk, event.pk, 0, "optOut")) == [("too_late", 451)]
    row = delivery_of(ven, event)
    assert (row.opt, row.is_cancelled, row.modification_number) == ("optOut", False, 0)
    assert part_of(here.home, event).state == IN
    assert "too late" in row.records.last().detail


def test_a_first_yes_after_the_start_is_fine_where_silence_is_a_yes_too(here, ven, event):
    run_now(event)
    assert said(Ack(ven.pk, event.pk, 0, "optIn")) == [("taken", 200)]
    assert part_of(here.home, event).state == ParticipationState.NO_RESPONSE


def test_a_device_that_said_no_too_late_is_shown_in_the_events_room(ven, event):
    run_now(event)
    EventDelivery.objects.update(opt="optOut", opted_at=event.start + timedelta(minutes=1))
    labels = [look.label for part in parts_of(event) for look in part.looks]
    assert "1 device does not follow" in labels


def test_a_called_off_event_is_acknowledged_and_answered_by_nobody(here, ven, event):
    cancel_event(event=event)
    assert said(Ack(ven.pk, event.pk, 1, "optIn")) == [("taken", 200)]
    row = delivery_of(ven, event)
    assert (row.is_pending, row.opt) == (False, "")
    assert applicable([ven.pk]) == {}


def test_other_devices_behind_the_meter_are_told_that_it_is_off(here, ven, program):
    other = make_ven(here.distributor, here.home)
    event = make_announced(program)
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    assert (delivery_of(ven, event).is_cancelled, delivery_of(other, event).is_cancelled) == (False, True)
    acknowledge([Ack(ven.pk, event.pk, 0, "optIn")])
    assert (delivery_of(other, event).is_cancelled, delivery_of(other, event).modification_number) == (False, 2)


def test_where_two_devices_answer_otherwise_at_once_no_is_the_answer(here, ven, program):
    other = make_ven(here.distributor, here.home)
    event = make_announced(program)
    acknowledge([Ack(other.pk, event.pk, 0, "optOut"), Ack(ven.pk, event.pk, 0, "optIn")])
    assert part_of(here.home, event).state == OUT
    assert delivery_of(ven, event).is_cancelled
    assert not delivery_of(other, event).is_cancelled


def test_a_device_does_not_take_back_what_its_people_said(here, program):
    ven = make_ven(here.distributor, here.home, here.school)
    event = make_announced(program)
    opt_out(participation=part_of(here.school, event), by=here.organization_admin)
    acknowledge([Ack(ven.pk, event.pk, 1, "optIn")])
    assert part_of(here.home, event).state == IN
    assert part_of(here.school, event).state == OUT


def test_people_who_join_after_their_device_said_no_are_believed_and_the_device_is_not_asked_twice(here, ven, event):
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    opt_in(participation=part_of(here.home, event), by=here.resident)
    row = delivery_of(ven, event)
    assert (row.opt, row.modification_number, row.is_pending) == ("optOut", 0, False)
    opt_out(participation=part_of(here.home, event), by=here.resident)
    assert delivery_of(ven, event).is_cancelled
    opt_in(participation=part_of(here.home, event), by=here.resident)
    row = delivery_of(ven, event)
    assert (row.opt, row.modification_number, row.is_pending) == ("", 2, True)


def test_an_answer_outlives_a_change_of_time(here, ven, event):
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    later(event)
    row = delivery_of(ven, event)
    assert (row.opt, row.modification_number, row.is_cancelled, row.is_pending) == ("optOut", 1, False, True)
    acknowledge([Ack(ven.pk, event.pk, 1, "optIn")])
    assert part_of(here.home, event).state == IN


def test_a_no_that_came_too_late_counts_once_it_is_said_in_time_of_the_event_as_moved(here, ven, event):
    Event.objects.filter(pk=event.pk).update(opt_until=timezone.now() - timedelta(minutes=1))
    event.refresh_from_db()
    assert said(Ack(ven.pk, event.pk, 0, "optOut")) == [("too_late", 451)]
    assert later(event).opt_until > timezone.now()
    assert said(Ack(ven.pk, event.pk, 1, "optOut")) == [("taken", 200)]
    assert part_of(here.home, event).state == OUT
    assert steps_of(ven, event)[-1] == ("opted_out", 1)


def test_a_no_is_one_again_where_the_move_gave_the_meter_to_somebody_who_is_asked_anew(here, program):
    ven = make_ven(here.distributor, here.home)
    event = make_announced(program)
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    later(event)
    state = ParticipationState.NOTIFIED
    Participation.objects.filter(event=event).update(state=state, answered_at=None, answer_source="")
    acknowledge([Ack(ven.pk, event.pk, 1, "optOut")])
    assert part_of(here.home, event).state == OUT


def test_a_no_that_is_late_for_the_moved_event_too_is_shown(here, ven, event):
    for moved in range(2):
        Event.objects.filter(pk=event.pk).update(opt_until=timezone.now() - timedelta(minutes=1))
        assert said(Ack(ven.pk, event.pk, moved, "optOut")) == [("too_late", 451)]
        labels = [look.label for part in parts_of(event) for look in part.looks]
        assert "1 device does not follow" in labels
        event.refresh_from_db()
        event = later(event)


def test_a_no_said_in_time_and_again_too_late_is_followed(here, ven, event):
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    later(event)
    Event.objects.filter(pk=event.pk).update(opt_until=timezone.now())
    assert said(Ack(ven.pk, event.pk, 1, "optOut")) == [("taken", 200)]
    assert "1 device does not follow" not in [look.label for part in parts_of(event) for look in part.looks]


def test_a_no_that_is_only_said_again_does_not_undo_the_yes_of_people(here, ven, event):
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    opt_in(participation=part_of(here.home, event), by=here.resident)
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut")])
    assert part_of(here.home, event).state == IN


def test_of_two_answers_at_once_to_a_moved_event_no_is_the_answer_also_where_it_was_no_before(here, program):
    vens = [make_ven(here.distributor, here.home) for _number in range(2)]
    event = make_announced(program)
    acknowledge([Ack(ven.pk, event.pk, 0, "optOut") for ven in vens])
    later(event)
    numbers = [delivery_of(ven, event).modification_number for ven in vens]
    acknowledge([Ack(vens[0].pk, event.pk, numbers[0], "optIn"), Ack(vens[1].pk, event.pk, numbers[1], "optOut")])
    assert part_of(here.home, event).state == OUT


def test_naming_the_events_of_others_locks_none_of_them(here, ven, event, program):
    other = make_announced(program, 5)
    EventDelivery.objects.filter(event=other).delete()
    with CaptureQueriesContext(connection) as queries:
        assert said(Ack(ven.pk, other.pk, 0, "optIn")) == [("unknown", 452)]
    table = Event._meta.db_table
    assert not [query["sql"] for query in queries if f"FROM {connection.ops.quote_name(table)}" in query["sql"]]


# Answers outside of an acknowledgement.


def test_an_answer_by_eiopt_counts_and_leaves_what_is_pending_pending(here, ven, event):
    assert opt_for_event(ven_pk=ven.pk, event_pk=event.pk, opt="optOut").result == "taken"
    row = delivery_of(ven, event)
    assert (row.opt, row.is_pending, row.is_cancelled) == ("optOut", True, False)
    assert part_of(here.home, event).state == OUT
    assert opt_for_event(ven_pk=ven.pk, event_pk=10**9, opt="optOut").code == 452
    assert opt_for_event(ven_pk=ven.pk, event_pk=event.pk, opt="perhaps").code == 454
    run_now(event)
    assert opt_for_event(ven_pk=ven.pk, event_pk=event.pk, opt="optIn").code == 451


def test_a_no_by_eiopt_counts_where_the_same_came_too_late_before_the_event_was_moved(here, ven, event):
    Event.objects.filter(pk=event.pk).update(opt_until=timezone.now() - timedelta(minutes=1))
    assert opt_for_event(ven_pk=ven.pk, event_pk=event.pk, opt="optOut").code == 451
    event.refresh_from_db()
    later(event)
    assert opt_for_event(ven_pk=ven.pk, event_pk=event.pk, opt="optOut").code == 200
    assert part_of(here.home, event).state == OUT


def test_an_answer_for_one_resource_is_that_of_its_meter(here, program):
    ven = make_ven(here.distributor, here.home, here.school)
    event = make_announced(program)
    row = delivery_of(ven, event)
    VenOpt.objects.create(ven=ven, opt_id="o1", opt_type="optOut", delivery=row, resources=["r2"])
    assert opt_for_event(ven_pk=ven.pk, event_pk=event.pk, opt="optOut", resources=["r2"]).result == "taken"
    assert part_of(here.school, event).state == OUT
    assert part_of(here.home, event).state == ParticipationState.NOTIFIED
    later(event)
    row.refresh_from_db()
    assert (row.opt, row.resources, row.modification_number) == ("", [], 1)
    assert steps_of(ven, event) == [("opted_out", 0), ("changed", 1)]


# Out of reach.


def test_who_does_not_acknowledge_in_time_is_reported_once(here, ven, event):
    due = delivery_of(ven, event).due_at
    assert mark_unreachable(now=due - timedelta(seconds=1)) == 0
    assert mark_unreachable(now=due) == 1
    assert mark_unreachable(now=due) == 0
    assert delivery_of(ven, event).unreachable_at == due
    assert steps_of(ven, event) == [("unreachable", 0)]


def test_the_clock_reports_them_too(ven, event):
    EventDelivery.objects.update(due_at=timezone.now())
    report_unreachable()
    assert delivery_of(ven, event).unreachable_at is not None


def test_who_acknowledged_an_older_modification_only_is_reported(ven, event):
    acknowledge([Ack(ven.pk, event.pk, 0, "optIn")])
    later(event)
    assert mark_unreachable(now=delivery_of(ven, event).due_at) == 1


def test_a_late_acknowledgement_takes_the_mark_away_and_leaves_the_record(ven, event):
    mark_unreachable(now=delivery_of(ven, event).due_at)
    acknowledge([Ack(ven.pk, event.pk, 0)])
    assert delivery_of(ven, event).unreachable_at is None
    assert steps_of(ven, event) == [("unreachable", 0), *ACKED]


def test_who_is_told_something_new_has_a_new_deadline(ven, event):
    mark_unreachable(now=delivery_of(ven, event).due_at)
    later(event)
    row = delivery_of(ven, event)
    assert row.unreachable_at is None
    assert row.due_at > timezone.now()


def test_who_is_cut_off_is_not_expected_to_answer(ven, event):
    ven.state = VenState.REVOKED
    ven.save()
    assert mark_unreachable(now=delivery_of(ven, event).due_at) == 0


def test_who_must_register_again_is_reported_like_any_other(ven, event):
    ven.state, ven.must_reregister = VenState.REGISTERED, True
    ven.save()
    assert mark_unreachable(now=delivery_of(ven, event).due_at) == 1


def test_operators_see_who_is_out_of_reach(world, ven, event):
    mark_unreachable(now=delivery_of(ven, event).due_at)
    titles = {need.title: need.url for need in needs_of(world.here.admin)}
    assert titles["1 device was not reached about an event"] == f"/ops/events/{event.pk}"
    assert not [need for need in needs_of(world.there.admin) if "reached" in need.title]
    assert not [need for need in needs_of(world.here.resident) if "reached" in need.title]
    part = next(part for part in parts_of(event) if part.looks)
    assert [look.label for look in part.looks] == ["1 device out of reach"]
    assert ("Devices that acknowledged", "0 of 1") in [fact for each in parts_of(event) for fact in each.facts]


def test_an_event_without_devices_says_nothing_of_them(here, program):
    event = make_announced(program)
    assert not [fact for part in parts_of(event) for fact in part.facts if "Devices" in fact[0]]
