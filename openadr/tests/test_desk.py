"""What VENs are answered, without a process around it."""

import asyncio
import time
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
from openadr.services import changes
from openadr.services.changes import announce_changes
from openadr.services.enrolling import rotate_certificate
from openadr.tests.delivery_world import delivery_of, make_ven, steps_of
from openadr.tests.signed import device
from openadr.tests.wire import ask, codes, created, kind, make_desk, make_registered, message, poll, texts, told
from openadr.vtn20b import desk as desk_module
from openadr.vtn20b import events, messages
from openadr.vtn20b import snapshot as snapshot_module
from openadr.vtn20b.render import distribute
from openadr.vtn20b.second_look import REFUSED_AFTER
from openadr.vtn20b.snapshot import Snapshot

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _inline(monkeypatch, settings):
    """Work that threads do elsewhere is done inside the loop here."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setattr(desk_module, "close_old_connections", lambda: None)
    settings.VTN_RATE = 0


@pytest.fixture
def ven(here):
    return make_registered(here.distributor, here.home, owner=here.resident)


@pytest.fixture
def event(here, ven):
    return make_announced(make_program(here.distributor))


@pytest.fixture
def desk(ven):
    return make_desk()


def polled(desk, ven):
    return ask(desk, "OadrPoll", poll(ven))[0]


def answered(desk, body, fingerprint=None, address="192.0.2.7"):
    return asyncio.run(desk.answer("OadrPoll", body, fingerprint, address))


def fresh(desk):
    desk.snapshot.refresh()
    return desk


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
    assert [(row.kind, row.answer_kind, row.code) for row in VenMessage.objects.all()] == [
        ("oadrPoll", "oadrDistributeEvent", 200)
    ]
    polled(desk, ven)
    desk._notes.flush()
    assert VenSeen.objects.get(ven=ven).messages == 3


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


# What happened at another process a moment ago.


def test_who_was_enrolled_and_registered_elsewhere_is_served_at_once(desk, here):
    assert kind(polled(desk, make_registered(here.distributor)).body) == "oadrResponse"


def test_who_registered_elsewhere_is_not_asked_to_register(here):
    late = make_ven(here.distributor)
    desk = make_desk()
    Ven.objects.filter(pk=late.pk).update(state=VenState.REGISTERED, registration_id="r", knows_our_reports=True)
    assert kind(polled(desk, late).body) == "oadrResponse"


def test_a_certificate_pinned_elsewhere_is_good_at_once(here):
    pump = device(here.distributor)
    desk = make_desk(is_open=False)
    rotate_certificate(ven=pump.ven)
    fresh_one = pump.ven.certificates.exclude(fingerprint=pump.fingerprint).get().fingerprint
    answers = [answered(desk, pump.poll(), each) for each in (pump.fingerprint, fresh_one, "0" * 64, None)]
    assert [answer.status for answer in answers] == [200, 200, 403, 403]


def test_strangers_cannot_make_us_ask_the_database_at_will(desk, ven, settings):
    bodies = [message("oadrPoll", ven_id=f"nobody-{number}") for number in range(200)]
    with CaptureQueriesContext(connection) as asked:
        began = time.monotonic()
        answers = [answered(desk, body, None, f"192.0.2.{number}") for number, body in enumerate(bodies)]
        seconds = time.monotonic() - began
    assert {(answer.status, answer.body) for answer in answers} == {(403, b"Not registered or not authorized.")}
    looks = sum(
        '"openadr_ven"."ven_id" =' in each["sql"] or "`openadr_ven`.`ven_id` =" in each["sql"] for each in asked
    )
    assert 1 <= looks <= 20 + 20 * seconds


def test_one_address_cannot_use_up_the_looks_of_others(desk, ven, here):
    late = make_registered(here.distributor)
    for number in range(100):
        answered(desk, message("oadrPoll", ven_id=f"nobody-{number}"), None, "192.0.2.1")
    assert answered(desk, poll(late), None, "192.0.2.2").status == 200


def test_unknown_and_revoked_are_looked_up_alike(ven, here):
    revoked = make_registered(here.distributor)
    Ven.objects.filter(pk=revoked.pk).update(state=VenState.REVOKED)
    counts, took = [], []
    for ven_id in ("nobody", revoked.ven_id):
        desk = make_desk()
        with CaptureQueriesContext(connection) as asked:
            began = time.monotonic()
            assert answered(desk, message("oadrPoll", ven_id=ven_id)).status == 403
        counts.append(len(asked))
        took.append(time.monotonic() - began)
    assert counts[0] == counts[1] > 0
    assert min(took) >= REFUSED_AFTER


def test_while_the_database_is_away_a_stranger_is_refused_as_ever(desk, ven, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(desk.snapshot, "fresh_at", desk.snapshot.fresh_at - 6)
    with django_assert_num_queries(0):
        assert answered(desk, message("oadrPoll", ven_id="nobody")).status == 403


# Changes of many VENs.


def test_a_revocation_goes_before_what_is_left_of_a_mass_change(ven, here, monkeypatch):
    last = [make_registered(here.distributor) for _ in range(9)][-1]
    monkeypatch.setattr(snapshot_module, "CHUNK", 2)
    monkeypatch.setattr(snapshot_module, "FEW", 3)
    snapshot, pieces, read = Snapshot(), [], snapshot_module._entries
    snapshot.refresh()

    def noted(pks):
        pieces.append(list(pks))
        if len(pieces) == 1:
            Ven.objects.filter(pk=last.pk).update(state=VenState.REVOKED)
            announce_changes([last.pk])
        return read(pks)

    monkeypatch.setattr(snapshot_module, "_entries", noted)
    announce_changes(Ven.objects.values_list("pk", flat=True))
    assert snapshot.refresh() == 10
    assert last.pk in pieces[1]
    assert [len(piece) for piece in pieces] == [2] * 5
    assert not snapshot.find(last.ven_id).is_allowed


def test_what_could_not_be_read_is_read_the_next_time(ven, here, monkeypatch):
    vens = [make_registered(here.distributor) for _ in range(5)]
    monkeypatch.setattr(snapshot_module, "CHUNK", 2)
    snapshot, read, calls = Snapshot(), snapshot_module._entries, []

    def failing(pks):
        calls.append(pks)
        if len(calls) == 2:
            raise DatabaseError("gone")
        return read(pks)

    monkeypatch.setattr(snapshot_module, "_entries", failing)
    with pytest.raises(DatabaseError):
        snapshot.refresh()
    snapshot.refresh()
    assert all(snapshot.find(each.ven_id) for each in vens)


@pytest.mark.parametrize("many", [1, 50_000])
def test_who_is_gone_is_forgotten_however_many_changed(ven, here, monkeypatch, many):
    monkeypatch.setattr(changes, "MANY", many)
    other, gone = make_registered(here.distributor), make_ven(here.distributor)
    snapshot = Snapshot()
    snapshot.refresh()
    key, name = gone.pk, gone.ven_id
    gone.delete()
    announce_changes([other.pk, key])
    snapshot.refresh()
    assert (snapshot.find(name), snapshot.of_pk(key), len(snapshot)) == (None, None, 2)
