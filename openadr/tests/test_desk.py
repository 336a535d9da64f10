"""What VENs are answered, without a process around it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event
from events.services import cancel_event, change_event
from events.tests.world import make_announced, make_program
from openadr.ids import event_ref
from openadr.models import EventDelivery, Ven, VenMessage, VenSeen, VenState
from openadr.services.changes import announce_changes
from openadr.tests.delivery_world import delivery_of, make_ven, steps_of
from openadr.tests.desk_world import answered, fresh, polled, work_inline
from openadr.tests.signed import device
from openadr.tests.wire import ask, codes, created, kind, make_desk, make_registered, message, poll, texts, told
from openadr.vtn20b import desk as desk_module
from openadr.vtn20b import events, messages
from openadr.vtn20b.render import distribute

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _inline(monkeypatch, settings):
    work_inline(monkeypatch, settings)


@pytest.fixture
def ven(here):
    return make_registered(here.distributor, here.home, owner=here.resident)


@pytest.fixture
def event(here, ven):
    return make_announced(make_program(here.distributor))


@pytest.fixture
def desk(ven):
    return make_desk()


def test_a_poll_that_finds_nothing_asks_no_database(desk, ven, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = polled(desk, ven)
    assert (kind(answer.body), codes(answer), texts(answer.body, ".//ei:venID")) == (
        "oadrResponse", ["200"], [ven.ven_id],
    )  # fmt: skip


def test_a_poll_with_an_event_pending_asks_no_database(event, desk, ven, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = polled(desk, ven)
    assert told(answer) == [(event_ref(event.pk), "0", "far")]


def test_a_poll_at_another_service_is_refused_however_often_it_comes(desk, ven):
    answers = [ask(desk, service, poll(ven))[0] for service in ("OadrPoll", "EiEvent", "EiEvent", "EiReport")]
    assert [codes(answer) for answer in answers] == [["200"], ["459"], ["459"], ["459"]]


def test_an_event_says_when_how_long_how_much_and_for_whom(event, desk, ven):
    body = polled(desk, ven).body
    delivery = delivery_of(ven, event)
    assert texts(body, ".//ei:eiActivePeriod/xcal:properties/xcal:dtstart/xcal:date-time") == [
        f"{event.start:%Y-%m-%dT%H:%M:%S.%fZ}"
    ]
    assert texts(body, ".//ei:signalPayload//ei:value") == [str(delivery.level)]
    assert texts(body, ".//ei:currentValue//ei:value") == ["0"]
    assert texts(body, ".//ei:eiTarget/ei:venID") == [ven.ven_id]
    assert texts(body, ".//ei:signalName") == ["SIMPLE"]


def test_an_event_is_sent_until_it_is_acknowledged(event, desk, ven):
    for _again in range(3):
        assert told(polled(desk, ven)) == [(event_ref(event.pk), "0", "far")]
    (answer,) = ask(desk, "EiEvent", created(ven, (event_ref(event.pk), 0, "optIn")))
    assert (kind(answer.body), codes(answer)) == ("oadrResponse", ["200"])
    # At once, not only with the next look at the database.
    assert kind(polled(desk, ven).body) == "oadrResponse"
    assert kind(polled(fresh(desk), ven).body) == "oadrResponse"
    assert delivery_of(ven, event).opt == "optIn"


def test_what_is_pending_comes_with_every_event_that_applies(here, event, desk, ven):
    ask(desk, "EiEvent", created(ven, (event_ref(event.pk), 0, "optIn")))
    second = make_announced(make_program(here.distributor, name="Second"), days=3)
    assert sorted(told(polled(fresh(desk), ven))) == sorted(
        [(event_ref(event.pk), "0", "far"), (event_ref(second.pk), "0", "far")]
    )


def test_a_change_is_sent_with_the_next_number_and_a_call_off_as_cancelled(event, desk, ven):
    ask(desk, "EiEvent", created(ven, (event_ref(event.pk), 0, "optIn")))
    change_event(event=event, start=event.start + HOUR, end=event.end + HOUR)
    assert told(polled(fresh(desk), ven)) == [(event_ref(event.pk), "1", "far")]
    ask(desk, "EiEvent", created(ven, (event_ref(event.pk), 1, "optIn")))
    event.refresh_from_db()
    cancel_event(event=event, reason="weather")
    number = str(delivery_of(ven, event).modification_number)
    assert told(polled(fresh(desk), ven)) == [(event_ref(event.pk), number, "cancelled")]
    ask(desk, "EiEvent", created(ven, (event_ref(event.pk), int(number), "optIn")))
    assert kind(polled(fresh(desk), ven).body) == "oadrResponse"


def test_status_and_value_follow_the_clock_without_a_new_number(event, desk, ven):
    snapshot_entry = desk.snapshot.find(ven.ven_id)

    def at(moment):
        body = f"<x>{distribute(ven.ven_id, snapshot_entry.told, moment)}</x>".encode()
        return texts(body, ".//ei:eventStatus"), texts(body, ".//ei:currentValue//ei:value")

    level = str(delivery_of(ven, event).level)
    assert at(event.start - HOUR) == (["far"], ["0"])
    assert at(event.start) == (["active"], [level])
    assert at(event.end) == (["completed"], ["0"])


def test_what_is_over_is_not_pending_any_more(event, desk, ven):
    entry = desk.snapshot.find(ven.ven_id)
    assert events.is_pending(entry, event.end - timedelta(seconds=1))
    assert not events.is_pending(entry, event.end)
    assert events.open_events(entry, event.end) == []


def test_who_asks_for_events_gets_all_of_them_acknowledged_or_not(event, desk, ven):
    ask(desk, "EiEvent", created(ven, (event_ref(event.pk), 0, "optOut")))
    (answer,) = ask(desk, "EiEvent", message("oadrRequestEvent", request_id="q-7", ven_id=ven.ven_id))
    assert told(answer) == [(event_ref(event.pk), "0", "far")]
    assert texts(answer.body, ".//ei:eiResponse/pyld:requestID") == ["q-7"]


def test_who_limits_the_reply_gets_what_begins_first(here, event, desk, ven):
    make_announced(make_program(here.distributor, name="Second"), days=3)
    (answer,) = ask(
        fresh(desk), "EiEvent", message("oadrRequestEvent", request_id="q", ven_id=ven.ven_id, reply_limit=1)
    )
    assert told(answer) == [(event_ref(event.pk), "0", "far")]


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [("event-999999", 0, "452"), ("x", 0, "452"), (None, 7, "454"), (None, 4294967295, "454")],
)
def test_an_answer_to_what_was_never_told_is_refused_by_a_code(event, desk, ven, name, number, code):
    (answer,) = ask(desk, "EiEvent", created(ven, (name or event_ref(event.pk), number, "optIn")))
    assert (answer.status, codes(answer)) == (200, [code])
    assert delivery_of(ven, event).is_pending


def test_a_message_that_answers_more_events_than_any_ven_is_told_of_locks_none(event, desk, ven):
    answers = [(event_ref(event.pk), 0, "optIn")] * (events.MOST_ANSWERS + 1)
    with CaptureQueriesContext(connection) as queries:
        (answer,) = ask(desk, "EiEvent", created(ven, *answers))
    assert codes(answer) == ["454"]
    assert not [
        each["sql"] for each in queries if EventDelivery._meta.db_table in each["sql"] and "UPDATE" in each["sql"]
    ]
    assert delivery_of(ven, event).is_pending
    (answer,) = ask(desk, "EiEvent", created(ven, *answers[1:]))
    assert codes(answer) == ["200"]


def test_a_ven_that_cannot_use_an_event_does_not_take_part(event, desk, ven):
    ask(desk, "EiEvent", created(ven, (event_ref(event.pk), 0, "optIn"), code=469))
    assert delivery_of(ven, event).opt == "optOut"


def test_acknowledgements_that_come_together_are_one_transaction(here, event, ven, django_assert_max_num_queries):
    others = [make_registered(here.distributor) for _ in range(20)]
    rows = [
        EventDelivery(ven=other, event=event, start=event.start, end=event.end, due_at=event.start) for other in others
    ]
    EventDelivery.objects.bulk_create(rows)
    desk = make_desk()
    with django_assert_max_num_queries(40):
        answers = ask(desk, "EiEvent", *(created(other, (event_ref(event.pk), 0, "optIn")) for other in [ven, *others]))
    assert [codes(answer) for answer in answers] == [["200"]] * 21
    assert not any(row.is_pending for row in EventDelivery.objects.all())


def test_vens_that_change_together_are_read_again_together(here, ven, monkeypatch):
    vens = [ven, *(make_registered(here.distributor) for _ in range(20))]
    desk, read = make_desk(), []
    refresh = desk.snapshot.refresh_these
    monkeypatch.setattr(desk.snapshot, "refresh_these", lambda pks: read.append(pks) or refresh(pks))
    said = {"response_code": 200, "response_description": "OK", "request_id": "q"}
    ask(desk, "EiReport", *(message("oadrRegisteredReport", response=said, ven_id=each.ven_id) for each in vens))
    assert sorted(pk for pks in read for pk in pks) == sorted(each.pk for each in vens)
    assert len(read) <= 3


def test_a_failing_item_fails_alone(event, desk, ven, monkeypatch, here):
    other = make_registered(here.distributor)
    fresh(desk)
    write = desk_module.acknowledge

    def refusing(acks):
        if any(ack.ven_pk == other.pk for ack in acks):
            raise DatabaseError("gone")
        return write(acks)

    monkeypatch.setattr(desk_module, "acknowledge", refusing)
    good, bad = ask(
        desk,
        "EiEvent",
        created(ven, (event_ref(event.pk), 0, "optIn")),
        created(other, (event_ref(event.pk), 0, "optIn")),
    )
    assert (good.status, codes(good), bad.status) == (200, ["200"], 503)
    assert not delivery_of(ven, event).is_pending


def test_delivered_seen_and_the_log_are_written_in_bulk_later(event, desk, ven):
    for _twice in range(2):
        polled(desk, ven)
    assert not VenSeen.objects.exists()
    assert steps_of(ven, event) == []
    desk._notes.flush()
    assert steps_of(ven, event) == [("delivered", 0)]
    seen = VenSeen.objects.get(ven=ven)
    assert (seen.messages, seen.address) == (2, "192.0.2.7")
    assert timedelta(0) <= timezone.now() - seen.at < timedelta(seconds=10)
    assert [(row.kind, row.answer_kind, row.code) for row in VenMessage.objects.all()] == [
        ("oadrPoll", "oadrDistributeEvent", 200)
    ]
    polled(desk, ven)
    desk._notes.flush()
    assert VenSeen.objects.get(ven=ven).messages == 3


def test_signs_of_many_vens_are_written_less_often_but_all_at_the_end(here, desk, ven, monkeypatch):
    monkeypatch.setattr(messages, "MANY", 1)
    other = make_registered(here.distributor)
    fresh(desk)

    def heard() -> list[int]:
        return list(VenSeen.objects.order_by("ven").values_list("messages", flat=True))

    for _times in range(2):
        polled(desk, ven)
        polled(desk, other)
        desk._notes.flush()
        assert heard() == [1, 1]
    polled(desk, ven)
    desk._notes.flush(is_last=True)
    assert heard() == [3, 2]
    polled(desk, ven)
    desk._notes.flush()
    assert heard() == [4, 2]


def test_what_cannot_be_written_down_is_kept_for_the_next_time(event, desk, ven, monkeypatch):
    polled(desk, ven)

    def away(rows):
        raise DatabaseError("gone")

    with monkeypatch.context() as gone:
        gone.setattr(messages, "note_delivered", away)
        with pytest.raises(DatabaseError):
            desk._notes.flush()
    desk._notes.flush()
    assert (VenSeen.objects.get(ven=ven).messages, VenMessage.objects.count()) == (1, 1)
    assert steps_of(ven, event) == [("delivered", 0)]


def test_a_ven_that_never_acknowledges_still_hears_the_rest(here, event, ven):
    Ven.objects.filter(pk=ven.pk).update(must_reregister=True)
    desk = make_desk()
    kinds = [kind(polled(desk, ven).body) for _ in range(4)]
    assert kinds == ["oadrRequestReregistration", "oadrDistributeEvent"] * 2


def test_a_ven_that_is_not_registered_is_asked_to_register(here):
    stranger = make_ven(here.distributor)
    desk = make_desk()
    assert kind(polled(desk, stranger).body) == "oadrRequestReregistration"
    (answer,) = ask(desk, "EiEvent", message("oadrRequestEvent", request_id="q", ven_id=stranger.ven_id))
    assert kind(answer.body) == "oadrRequestReregistration"


def test_unknown_and_revoked_are_answered_alike(desk, ven, here):
    revoked = make_registered(here.distributor)
    Ven.objects.filter(pk=revoked.pk).update(state=VenState.REVOKED)
    announce_changes([revoked.pk])
    answers = [polled(fresh(desk), revoked), ask(desk, "OadrPoll", message("oadrPoll", ven_id="nobody"))[0]]
    assert {(answer.status, answer.body) for answer in answers} == {(403, b"Not registered or not authorized.")}


def test_a_message_at_the_wrong_address_is_refused(desk, ven):
    (answer,) = ask(desk, "EiEvent", poll(ven))
    assert (kind(answer.body), codes(answer)) == ("oadrResponse", ["459"])


def test_while_the_database_is_away_polls_are_answered_for_a_while(event, desk, ven, monkeypatch):
    assert polled(desk, ven).status == 200
    monkeypatch.setattr(desk.snapshot, "fresh_at", desk.snapshot.fresh_at - 31)
    answer = polled(desk, ven)
    assert (answer.status, answer.wait_seconds) == (503, 5)


def test_too_many_messages_are_refused_for_a_while(ven, settings):
    settings.VTN_RATE = 3
    desk = make_desk()
    assert [polled(desk, ven).status for _ in range(5)] == [200, 200, 200, 429, 429]


def test_what_is_logged_of_strangers_is_bounded(desk, ven):
    for _ in range(80):
        ask(desk, "OadrPoll", b"<x/>")
    desk._notes.flush()
    assert VenMessage.objects.filter(ven=None).count() == 50


def test_what_is_logged_of_one_ven_is_bounded_and_the_rest_counted(desk, ven, here):
    other = make_registered(here.distributor)
    fresh(desk)
    for _ in range(100):
        ask(desk, "EiEvent", created(ven, ("event-999999", 0, "optIn")))
    ask(desk, "EiEvent", created(other, ("event-999999", 0, "optIn")))
    desk._notes.flush()
    rows = VenMessage.objects.filter(ven=ven).order_by("pk")
    assert rows.count() == messages.KEPT_AT_ONCE + 1
    assert rows.last().note == "60 more messages of this VEN were not kept"
    assert VenMessage.objects.filter(ven=other).count() == 1


def test_a_fault_of_ours_is_answered_and_logged(desk, ven, monkeypatch):
    monkeypatch.setattr(events, "read_created", lambda *_: 1 / 0)
    (answer,) = ask(desk, "EiEvent", created(ven))
    assert answer.status == 500
    desk._notes.flush()
    assert VenMessage.objects.get(ven=ven).code == 500


@pytest.mark.parametrize("kind_of_message", ["oadrRequestEvent", "oadrCreatedEvent"])
def test_a_lenient_ven_that_says_nothing_is_refused_by_a_code(here, kind_of_message):
    lenient = make_registered(here.distributor, is_lenient=True)
    body = poll(lenient).replace(b"oadrPoll", kind_of_message.encode())
    (answer,) = ask(make_desk(), "EiEvent", body)
    assert (answer.status, codes(answer)) == (200, ["454"])


def test_an_unpinned_certificate_is_refused_before_anything_is_parsed(here, monkeypatch):
    pump = device(here.distributor)
    desk = make_desk(is_open=False)
    monkeypatch.setattr(desk_module, "admit", lambda **_: pytest.fail("parsed"))
    assert [answered(desk, pump.poll(), each).status for each in ("0" * 64, None)] == [403, 403]


@pytest.mark.parametrize("nasty", ["<b>&\"'", "\ue001\ue004", "a\nb", "ñ\U0001f50c", "]]>"])
def test_no_text_breaks_a_message(here, ven, nasty):
    event = make_announced(make_program(here.distributor))
    Event.objects.filter(pk=event.pk).update(note=nasty)
    answer = polled(make_desk(), ven)
    assert told(answer) == [(event_ref(event.pk), "0", "far")]
    assert len(texts(answer.body, ".//ei:vtnComment")) == 1
    assert texts(answer.body, ".//ei:eiTarget/ei:venID") == [ven.ven_id]


def test_a_running_event_is_active(event, desk, ven):
    now = timezone.now()
    EventDelivery.objects.filter(ven=ven).update(start=now - HOUR, end=now + HOUR, modification_number=1)
    announce_changes([ven.pk])
    assert told(polled(fresh(desk), ven)) == [(event_ref(event.pk), "1", "active")]


def test_a_request_id_that_cannot_be_kept_is_refused_by_a_code(event, desk, ven):
    (answer,) = ask(desk, "EiEvent", created(ven, (event_ref(event.pk), 0, "optIn"), request_id="a\u200eb"))
    assert (answer.status, codes(answer)) == (200, ["454"])
