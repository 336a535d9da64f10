"""Two at once on one event's deliveries. Only MariaDB has two writers."""

from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from django.db import transaction

from delivery.models import Notice
from events.models import Event, EventState, ParticipationState
from events.services import (
    cancel_event,
    change_event,
    create_event,
    notify_event,
    opt_in,
    opt_out,
    schedule_event,
    start_now,
)
from events.tests.world import make_announced, make_draft, make_program, next_span
from openadr.models import EventDelivery, Ven
from openadr.services.deliveries import Ack, acknowledge, deliver_vens, note_delivered
from openadr.services.enrolling import end_resource, enroll_ven, map_resource, revoke_ven
from openadr.services.newcomers import tell_newcomers
from openadr.services.opting import WantedOpt, create_opt
from openadr.services.registration import register_ven
from openadr.tests.delivery_world import add_resource, delivery_of, make_ven, part_of, steps_of
from tests.builder import make_side
from tests.races.two import WAYS, unaided

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)
each_way = pytest.mark.parametrize("way", WAYS)
OUT = ParticipationState.OPTED_OUT


@pytest.fixture
def side():
    return make_side("Hither")


@pytest.fixture
def event(side):
    return make_announced(make_program(side.distributor))


@pytest.fixture
def told(side, event):
    ven = make_ven(side.distributor, side.home)
    deliver_vens([ven.pk])
    return ven


def race(way, first, second):
    writers = WAYS[way](first, second)
    assert [writer.refused for writer in writers] == [None, None]


def assert_history_in_order(ven, event):
    """Nothing twice, no number that falls, nothing acknowledged that was not handed over before."""
    steps = steps_of(ven, event)
    numbers = [number for step, number in steps if step in ("changed", "cancelled")]
    assert numbers == list(range(1, delivery_of(ven, event).modification_number + 1))
    for step in ("delivered", "acknowledged"):
        seen = [number for each, number in steps if each == step]
        assert seen == sorted(set(seen))
    for number in {number for step, number in steps if step == "acknowledged"}:
        assert steps.index(("delivered", number)) < steps.index(("acknowledged", number))


@each_way
def test_the_same_acknowledgement_twice_at_once_is_one(side, event, told, way):
    ack = Ack(told.pk, event.pk, 0, "optIn")
    race(way, lambda: acknowledge([ack]), lambda: acknowledge([ack]))
    assert sorted(steps_of(told, event)) == [("acknowledged", 0), ("delivered", 0), ("opted_in", 0)]
    assert_history_in_order(told, event)


@each_way
def test_acknowledging_while_it_is_noted_as_handed_over(side, event, told, way):
    race(
        way,
        lambda: acknowledge([Ack(told.pk, event.pk, 0, "optIn")]),
        lambda: note_delivered([(told.pk, event.pk, 0)]),
    )
    assert_history_in_order(told, event)
    assert not delivery_of(told, event).is_pending


@each_way
def test_an_acknowledgement_against_a_change_leaves_the_change_to_be_told(side, event, told, way):
    race(
        way,
        lambda: acknowledge([Ack(told.pk, event.pk, 0, "optIn")]),
        lambda: change_event(event=event, start=event.start + HOUR, end=event.end + HOUR),
    )
    row = delivery_of(told, event)
    assert (row.modification_number, row.acknowledged_modification, row.is_pending) == (1, 0, True)
    assert_history_in_order(told, event)


@each_way
def test_an_event_called_off_while_its_ven_answers_is_off(side, event, told, way):
    race(
        way,
        lambda: acknowledge([Ack(told.pk, event.pk, 0, "optOut")]),
        lambda: cancel_event(event=event, reason="Not needed."),
    )
    row = delivery_of(told, event)
    assert (row.modification_number, row.is_cancelled, row.is_pending) == (1, True, True)
    assert_history_in_order(told, event)


@each_way
def test_people_and_their_device_answer_at_once(side, event, told, way):
    race(
        way,
        lambda: acknowledge([Ack(told.pk, event.pk, 0, "optIn")]),
        lambda: opt_out(participation=part_of(side.home, event), by=side.resident),
    )
    row, part = delivery_of(told, event), part_of(side.home, event)
    assert row.is_cancelled == (part.state == OUT)
    assert_history_in_order(told, event)


@each_way
def test_two_batches_over_the_same_two_events_do_not_lock_each_other_out(side, way):
    program = make_program(side.distributor)
    vens = [make_ven(side.distributor, meter) for meter in (side.home, side.school)]
    one, two = make_announced(program, 3), make_announced(program, 4)
    acks = [Ack(ven.pk, event.pk, 0, "optOut") for ven in vens for event in (one, two)]
    race(way, lambda: acknowledge(acks), lambda: acknowledge(acks[::-1]))
    for ven in vens:
        for event in (one, two):
            assert not delivery_of(ven, event).is_pending
            assert_history_in_order(ven, event)


@each_way
def test_a_ven_that_comes_while_the_event_is_called_off_is_told_nothing_else(side, event, way):
    ven = make_ven(side.distributor)
    add_resource(ven, side.home, "pump")
    race(way, lambda: deliver_vens([ven.pk]), lambda: cancel_event(event=event, reason="Not needed."))
    assert not ven.deliveries.filter(is_cancelled=False).exists()


@each_way
def test_two_meters_of_one_ven_answered_by_two_people_at_once(side, event, way):
    ven = make_ven(side.distributor, side.home, side.school)
    deliver_vens([ven.pk])
    race(
        way,
        lambda: opt_out(participation=part_of(side.home, event), by=side.resident),
        lambda: opt_out(participation=part_of(side.school, event), by=side.organization_admin),
    )
    assert delivery_of(ven, event).is_cancelled
    opt_in(participation=part_of(side.school, event), by=side.organization_admin)
    row = delivery_of(ven, event)
    assert (row.is_cancelled, row.resources) == (False, ["r2"])
    assert_history_in_order(ven, event)


@each_way
def test_a_ven_enrolled_while_the_event_is_announced_is_told_of_it(side, way):
    scheduled = schedule_event(event=make_draft(make_program(side.distributor)))
    numbers = count()

    def enroll():
        number = next(numbers)
        enroll_ven(distributor=side.distributor, name=f"Pump {number}", resources=[(f"r{number}", side.home)])

    race(way, lambda: notify_event(event=scheduled), enroll)
    assert EventDelivery.objects.filter(event=scheduled, ven=Ven.objects.get()).exists()


def calling(program, days):
    """An event from nothing to announced in one transaction, as for a VTN above."""

    @transaction.atomic
    def call():
        return notify_event(event=schedule_event(event=make_draft(program, days=next(days))))

    return call


@each_way
@pytest.mark.parametrize("how", ["start now", "from above"])
def test_a_ven_enrolled_while_an_event_goes_from_draft_to_announced_at_once_is_told_of_it(side, way, how):
    program, numbers = make_program(side.distributor), count()
    draft = make_draft(program)

    def enroll():
        number = next(numbers)
        enroll_ven(distributor=side.distributor, name=f"Pump {number}", resources=[(f"r{number}", side.home)])

    race(way, partial(start_now, event=draft) if how == "start now" else calling(program, count(5)), enroll)
    tell_newcomers()
    event = Event.objects.get(notified_at__isnull=False)
    assert EventDelivery.objects.filter(event=event, ven=Ven.objects.get(), is_cancelled=False).exists()


@each_way
def test_an_event_started_twice_at_once_is_announced_once(side, way):
    draft = make_draft(make_program(side.distributor))
    ven = make_ven(side.distributor, side.home)
    writers = WAYS[way](lambda: start_now(event=draft), lambda: start_now(event=draft))
    assert sorted(type(writer.refused).__name__ for writer in writers) == ["NoneType", "WrongState"]
    assert delivery_of(ven, draft).modification_number == 0
    assert Notice.objects.filter(user=side.resident).count() == 1


def test_an_event_is_started_while_devices_are_mapped_answer_and_are_cut_off(side, event, told):
    for number in range(1, 7):
        # Of another length each, as a program has no two events of the same hours.
        start, end = next_span(days=3 + number, hours=number)
        draft = create_event(program=event.program, start=start, end=end)
        ven = make_ven(side.distributor, side.home)
        deeds = [
            lambda ven=ven: map_resource(ven=ven, name="more", meter=side.school),
            lambda: acknowledge([Ack(told.pk, event.pk, 0, "optIn")]),
            lambda ven=ven: revoke_ven(ven=ven, reason="Stolen."),
        ]
        autocommit(lambda draft=draft: start_now(event=draft), deeds[number % 3])
        draft.refresh_from_db()
        assert draft.state == EventState.NOTIFIED
        cancel_event(event=draft)


def autocommit(first, second):
    """As the portal runs them: each in a transaction of its own; nobody here helps whom a deadlock ends."""
    assert [writer.refused for writer in unaided(first, second)] == [None, None]


def test_vens_that_register_while_they_answer_are_registered_and_answered(side, event, told):
    for number in range(10):
        acks = [Ack(told.pk, event.pk, 0, "optIn" if number % 2 else "optOut")]
        autocommit(lambda acks=acks: acknowledge(acks), lambda: register_ven(ven_pk=told.pk, said={"n": 1}))
    assert not delivery_of(told, event).is_pending
    assert_history_in_order(told, event)


def test_a_schedule_and_an_answer_by_eiopt_while_the_event_moves(side, event, told):
    for number in range(1, 11):
        start, end = event.start + number * HOUR, event.end + number * HOUR
        wanted = WantedOpt(opt_id=f"o{number}", opt="optOut" if number % 2 else "optIn", event_pk=event.pk)
        autocommit(
            lambda start=start, end=end: change_event(event=event, start=start, end=end),
            lambda wanted=wanted: create_opt(ven_pk=told.pk, wanted=wanted),
        )
    assert_history_in_order(told, event)


def test_vens_mapped_and_unmapped_while_events_are_announced_and_called_off(side):
    program = make_program(side.distributor)
    ven = make_ven(side.distributor, side.home)
    for number in range(1, 7):
        event = schedule_event(event=make_draft(program, days=2 + number))
        autocommit(
            lambda event=event: notify_event(event=event),
            lambda: map_resource(ven=ven, name="more", meter=side.school),
        )
        assert delivery_of(ven, event).resources == []
        autocommit(
            lambda event=event: cancel_event(event=event),
            lambda: end_resource(resource=ven.resources.get(name="more")),
        )
        assert delivery_of(ven, event).is_cancelled
        assert_history_in_order(ven, event)


def test_a_ven_revoked_while_its_event_moves_hears_no_more_of_it(side, event):
    for number in range(1, 11):
        ven = make_ven(side.distributor, side.home)
        deliver_vens([ven.pk])
        start, end = event.start + number * HOUR, event.end + number * HOUR
        autocommit(
            lambda start=start, end=end: change_event(event=event, start=start, end=end),
            lambda ven=ven: revoke_ven(ven=ven, reason="Stolen."),
        )
        assert delivery_of(ven, event).is_cancelled
        assert_history_in_order(ven, event)
