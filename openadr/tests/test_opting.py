"""Opt schedules and answers to single events, as EiOpt says them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from openleadr import objects

from events.models import AnswerSource, Participation, ParticipationState
from events.tests.world import make_announced, make_program
from openadr.ids import event_ref
from openadr.models import DeliveryStep, EventDelivery, Opt, VenOpt
from openadr.services import opting
from openadr.tests.devices import code_of, hand_in, make_ven, say, sent
from openadr.vtn20b.names import NS

HOUR = timedelta(hours=1)


@pytest.fixture
def ven(here):
    return make_ven(here.distributor, here.home)


def schedule(*spans):
    components = [objects.VavailabilityComponent(start, length) for start, length in spans]
    return objects.Vavailability(components=components)


def create(ven, opt_id="007", opt="optOut", **fields):
    values = {"opt_reason": "notParticipating", "created_date_time": datetime.now(UTC), "targets": []}
    return say(ven, "oadrCreateOpt", opt_id=opt_id, opt_type=opt, **(values | fields))


def cancel(ven, opt_id="007"):
    return say(ven, "oadrCancelOpt", opt_id=opt_id)


@pytest.fixture
def noon():
    return (timezone.now() + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


def test_a_schedule_is_kept_with_its_id_letter_for_letter(ven, noon):
    reply = create(ven, vavailability=schedule((noon, HOUR), (noon + 5 * HOUR, 2 * HOUR)))
    assert code_of(reply) == "200"
    assert sent(reply).findtext("ei:optID", namespaces=NS) == "007"
    row = VenOpt.objects.get()
    assert (row.opt_id, row.opt_type, row.reason, row.delivery, row.ended_at) == (
        "007", "optOut", "notParticipating", None, None,
    )  # fmt: skip
    assert [[datetime.fromisoformat(each) for each in span] for span in row.spans] == [
        [noon, noon + HOUR],
        [noon + 5 * HOUR, noon + 7 * HOUR],
    ]


def test_the_same_again_changes_nothing(ven, noon):
    for _time in range(2):
        assert code_of(create(ven, vavailability=schedule((noon, HOUR)))) == "200"
    assert VenOpt.objects.count() == 1


def test_an_id_means_one_thing(ven, noon):
    create(ven, vavailability=schedule((noon, HOUR)))
    assert code_of(create(ven, vavailability=schedule((noon, 2 * HOUR)))) == "452"
    assert code_of(create(ven, opt="optIn", vavailability=schedule((noon, HOUR)))) == "452"
    cancel(ven)
    assert code_of(create(ven, vavailability=schedule((noon, HOUR)))) == "452"
    assert VenOpt.objects.get().ended_at is not None


def test_ids_of_two_vens_are_two(ven, here, noon):
    other = make_ven(here.distributor)
    for each in (ven, other):
        assert code_of(create(each, vavailability=schedule((noon, HOUR)))) == "200"
    assert code_of(cancel(other)) == "200"
    assert VenOpt.objects.get(ven=ven).ended_at is None


def test_an_opt_is_taken_back_once(ven, noon):
    create(ven, vavailability=schedule((noon, HOUR)))
    reply = cancel(ven)
    ended = VenOpt.objects.get().ended_at
    assert (code_of(reply), ended is not None) == ("200", True)
    assert code_of(cancel(ven)) == "200"
    assert VenOpt.objects.get().ended_at == ended
    assert code_of(cancel(ven, "7")) == "452"


def test_resources_are_the_vens_own(ven, noon):
    targets = [objects.Target(resource_id="heat-pump")]
    assert code_of(create(ven, vavailability=schedule((noon, HOUR)), targets=targets)) == "200"
    assert VenOpt.objects.get().resources == ["heat-pump"]
    foreign = [objects.Target(resource_id="sauna")]
    assert code_of(create(ven, "2", vavailability=schedule((noon, HOUR)), targets=foreign)) == "454"


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (timedelta(0), timedelta(0)),
        (timedelta(days=2000), HOUR),
        (timedelta(0), timedelta(days=20_000)),
    ],
    ids=["empty", "far away", "endless"],
)
def test_spans_that_mean_nothing_are_refused(ven, noon, start, length):
    assert code_of(create(ven, vavailability=schedule((noon + start, length)))) == "454"
    assert not VenOpt.objects.exists()


def test_opts_made_and_taken_back_all_day_come_to_an_end(ven, noon, monkeypatch):
    monkeypatch.setattr(opting, "MOST_A_DAY", 3)
    for number in range(3):
        assert code_of(create(ven, str(number), vavailability=schedule((noon, HOUR)))) == "200"
        assert code_of(cancel(ven, str(number))) == "200"
    assert code_of(create(ven, "one more", vavailability=schedule((noon, HOUR)))) == "454"
    VenOpt.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert code_of(create(ven, "one more", vavailability=schedule((noon, HOUR)))) == "200"


def test_an_opt_without_time_or_event_is_refused(ven):
    assert code_of(create(ven)) == "454"
    assert code_of(create(ven, opt_id="x" * 129)) == "454"


def test_an_opt_for_an_event_that_the_ven_was_not_told_of_is_refused(ven):
    for ref in ("event-12", "12", "event-012", "e" * 400):
        assert code_of(create(ven, event_id=ref, modification_number=0)) == "452"
    assert not VenOpt.objects.exists()


def test_an_opt_by_hand_with_odd_prefixes(ven, noon):
    body = f"""<x:oadrPayload xmlns:x="http://openadr.org/oadr-2.0b/2012/07"><x:oadrSignedObject>
      <x:oadrCreateOpt xmlns="http://docs.oasis-open.org/ns/energyinterop/201110" schemaVersion="2.0b"
          xmlns:z="http://docs.oasis-open.org/ns/energyinterop/201110" z:schemaVersion="2.0b">
        <optID>0.50</optID><optType>optIn</optType><optReason>x-holiday</optReason><venID>{ven.ven_id}</venID>
        <c:vavailability xmlns:c="urn:ietf:params:xml:ns:icalendar-2.0"><c:components><c:available><c:properties>
          <c:dtstart><c:date-time>{noon:%Y-%m-%dT%H:%M:%SZ}</c:date-time></c:dtstart>
          <c:duration><c:duration>P1DT2H</c:duration></c:duration></c:properties></c:available></c:components>
        </c:vavailability><createdDateTime>{noon:%Y-%m-%dT%H:%M:%SZ}</createdDateTime>
        <p:requestID xmlns:p="http://docs.oasis-open.org/ns/energyinterop/201110/payloads">1e5</p:requestID>
        <eiTarget/></x:oadrCreateOpt></x:oadrSignedObject></x:oadrPayload>""".replace(' schemaVersion="2.0b"\n', "\n")
    reply = hand_in(body, ven)
    assert code_of(reply) == "200"
    assert reply.fields["response"]["request_id"] == "1e5"
    row = VenOpt.objects.get()
    assert (row.opt_id, row.reason) == ("0.50", "x-holiday")
    assert datetime.fromisoformat(row.spans[0][1]) == noon + timedelta(hours=26)


@pytest.fixture
def event(here, ven):
    return make_announced(make_program(here.distributor))


def for_event(ven, event, opt_id="1", opt="optOut", **fields):
    return create(ven, opt_id, opt, event_id=event_ref(event.pk), modification_number=0, **fields)


def answer_of(event, meter):
    return Participation.objects.get(event=event, meter=meter)


def test_an_answer_to_an_event_is_the_meters(ven, event, here):
    assert code_of(for_event(ven, event)) == "200"
    part = answer_of(event, here.home)
    assert (part.state, part.answer_source) == (ParticipationState.OPTED_OUT, AnswerSource.DEVICE)
    delivery = EventDelivery.objects.get()
    assert (delivery.opt, VenOpt.objects.get().delivery) == (Opt.OUT, delivery)
    assert [record.step for record in delivery.records.all()] == [DeliveryStep.OPTED_OUT]
    for_event(ven, event)
    assert delivery.records.count() == 1
    assert code_of(for_event(ven, event, "2", "optIn")) == "200"
    assert answer_of(event, here.home).state == ParticipationState.OPTED_IN


def test_an_answer_to_another_vens_event_is_refused(world, event):
    other = make_ven(world.there.distributor, world.there.home)
    assert code_of(for_event(other, event)) == "452"
    assert not VenOpt.objects.exists()


def test_too_late_is_said_and_kept_as_what_the_device_does(ven, event, here):
    event.opt_until = timezone.now() - timedelta(minutes=1)
    event.save()
    assert code_of(for_event(ven, event)) == "451"
    assert answer_of(event, here.home).state != ParticipationState.OPTED_OUT
    assert VenOpt.objects.exists()


def test_a_meter_skips_events_announced_in_a_schedule(ven, here):
    program = make_program(here.distributor)
    before = make_announced(program, days=2)
    start, end = before.start + timedelta(days=3), before.end + timedelta(days=3)
    create(ven, vavailability=schedule((start - HOUR, 2 * HOUR), (before.start, HOUR)))
    skipped = make_announced(program, days=5)
    assert (skipped.start, skipped.end) == (start, end)
    assert answer_of(skipped, here.home).state == ParticipationState.OPTED_OUT
    assert answer_of(before, here.home).state != ParticipationState.OPTED_OUT
    cancel(ven)
    assert answer_of(make_announced(program, days=6), here.home).state != ParticipationState.OPTED_OUT
