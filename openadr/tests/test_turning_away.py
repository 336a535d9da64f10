"""Who is sent away before there is work: by the clock, by the bucket, by a full room."""

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from openadr.errors import Busy
from openadr.models import Ven, VenMessage, VenSeen, VenState
from openadr.services.enrolling import GRACE, rotate_certificate
from openadr.tests.delivery_world import make_ven
from openadr.tests.signed import Device, device
from openadr.tests.wire import Here, make_desk, make_registered, message, poll
from openadr.vtn20b import desk as desk_module
from openadr.vtn20b import snapshot as snapshot_module
from openadr.vtn20b.desk import Answer, Desk
from openadr.vtn20b.limits import Room

pytestmark = pytest.mark.django_db
REFUSED = (403, b"Not registered or not authorized.")
HERE = "192.0.2.7"


@pytest.fixture(autouse=True)
def _inline(monkeypatch, settings, tmp_path):
    """Work that threads do elsewhere is done inside the loop here."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setattr(desk_module, "close_old_connections", lambda: None)
    settings.VAR_DIR, settings.REDIS_URL, settings.VTN_RATE = tmp_path, "", 3


@pytest.fixture
def pump(here) -> Device:
    found = device(here.distributor)
    Ven.objects.filter(pk=found.ven.pk).update(state=VenState.REGISTERED, registration_id="r", knows_our_reports=True)
    return found


def asked(desk: Desk, body: bytes, fingerprint: str | None, address: str = HERE) -> Answer:
    """As the server does: first whether to read at all."""
    turned_away = desk.turned_away(fingerprint, address)
    return turned_away or asyncio.run(desk.answer("OadrPoll", body, fingerprint, address))


def statuses(desk: Desk, times: int, body: bytes, fingerprint: str | None, address: str = HERE) -> list[int]:
    return [asked(desk, body, fingerprint, address).status for _ in range(times)]


def unread(monkeypatch) -> None:
    monkeypatch.setattr(desk_module, "admit", lambda **_: pytest.fail("read"))


# By the clock.


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_replaced_certificate_ends_though_nobody_says_so(pump, settings, monkeypatch, is_signed):
    settings.VTN_RATE = 0
    rotate_certificate(ven=pump.ven)
    newest = pump.ven.certificates.exclude(fingerprint=pump.fingerprint).get().fingerprint
    desk, ends = make_desk(is_open=False), time.time() + GRACE.total_seconds()
    assert asked(desk, pump.poll(is_signed=is_signed), pump.fingerprint).status == 200
    monkeypatch.setattr(snapshot_module, "now", lambda: ends - 60)
    assert asked(desk, pump.poll(is_signed=is_signed), pump.fingerprint).status == 200
    monkeypatch.setattr(snapshot_module, "now", lambda: ends + 1)
    answer = asked(desk, pump.poll(is_signed=is_signed), pump.fingerprint)
    assert (answer.status, answer.body) == REFUSED
    assert asked(desk, pump.poll(), newest).status == 200


def test_an_ended_certificate_signs_nothing_over_the_connection_of_the_new_one(pump, settings, monkeypatch):
    settings.VTN_RATE = 0
    rotate_certificate(ven=pump.ven)
    newest = pump.ven.certificates.exclude(fingerprint=pump.fingerprint).get().fingerprint
    desk, ends = make_desk(is_open=False), time.time() + GRACE.total_seconds()
    assert asked(desk, pump.poll(is_signed=True), newest).status == 200
    monkeypatch.setattr(snapshot_module, "now", lambda: ends + 1)
    assert asked(desk, pump.poll(is_signed=True), newest).status == 403


# By the bucket.


def test_beyond_its_rate_nothing_of_a_ven_is_read(pump, monkeypatch):
    desk = make_desk(is_open=False)
    assert statuses(desk, 3, pump.poll(), pump.fingerprint) == [200] * 3
    unread(monkeypatch)
    answer = asked(desk, pump.poll(), pump.fingerprint)
    assert (answer.status, answer.wait_seconds) == (429, 20)
    desk._notes.flush()
    row = VenMessage.objects.get(ven=pump.ven, code=429)
    assert (row.distributor_id, row.body) == (pump.ven.distributor_id, "")
    assert VenSeen.objects.get(ven=pump.ven).messages == 4


def test_refused_messages_of_a_ven_count_too(pump, here):
    other = device(here.distributor, "Other")
    desk = make_desk(is_open=False)
    assert statuses(desk, 4, other.poll(), pump.fingerprint) == [403, 403, 403, 429]
    assert statuses(desk, 4, b"<x", other.fingerprint) == [400, 400, 400, 429]


def test_a_bucket_is_a_certificate_where_there_is_one(pump):
    desk = make_desk(is_open=False)
    assert statuses(desk, 4, pump.poll(), "0" * 64) == [403, 403, 403, 429]
    assert statuses(desk, 4, pump.poll(), "1" * 64) == [403, 403, 403, 429]
    assert statuses(desk, 4, pump.poll(), None) == [403, 403, 403, 429]
    assert statuses(desk, 3, pump.poll(), pump.fingerprint) == [200] * 3


def test_a_nonce_is_not_used_up_by_what_is_turned_away(pump):
    desk = make_desk(is_open=False)
    statuses(desk, 3, pump.poll(), pump.fingerprint)
    body = pump.poll(is_signed=True)
    assert asked(desk, body, pump.fingerprint).status == 429
    assert asked(make_desk(is_open=False), body, pump.fingerprint).status == 200


def test_in_the_open_demonstration_a_stranger_takes_nothing_from_its_neighbours(here):
    ven, desk = make_registered(here.distributor), make_desk()
    assert statuses(desk, 5, message("oadrPoll", ven_id="nobody"), None) == [403, 403, 403, 429, 429]
    assert statuses(desk, 4, poll(ven), None) == [200, 200, 200, 429]


@pytest.mark.parametrize("is_open", [False, True])
def test_the_first_reason_is_kept_though_the_bucket_is_empty(here, is_open):
    desk = make_desk(is_open=is_open)
    assert statuses(desk, 5, message("oadrPoll", ven_id="nobody"), None)[-1] == 429
    desk._notes.flush()
    notes = VenMessage.objects.filter(ven=None).values_list("code", "note")
    assert set(notes) == {(code, "no VEN with this venID and certificate") for code in (403, 429)}


# By a full room.


class Later(ThreadPoolExecutor):
    """Threads that are all busy: nothing is begun before `go`."""

    def __init__(self) -> None:
        super().__init__()
        self._here, self._jobs = Here(), []

    def submit(self, work, /, *args, **kwargs):
        done: Future = Future()
        self._jobs.append((done, work, args, kwargs))
        return done

    def go(self) -> None:
        while self._jobs:
            done, work, args, kwargs = self._jobs.pop(0)
            done.set_result(self._here.submit(work, *args, **kwargs).result())


def overrun(desk: Desk, pool: Later, service: str, bodies: list[bytes], fingerprint: str | None) -> list[int]:
    async def all_at_once() -> list[Answer]:
        tasks = [asyncio.ensure_future(desk.answer(service, each, fingerprint, HERE)) for each in bodies]
        while pool._jobs or not all(task.done() for task in tasks):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            pool.go()
        return [task.result() for task in tasks]

    answers = asyncio.run(all_at_once())
    assert all(answer.wait_seconds for answer in answers if answer.status == 503)
    return [answer.status for answer in answers]


def test_who_comes_while_too_many_are_served_comes_again(here, monkeypatch):
    vens = [make_ven(here.distributor) for _ in range(5)]
    desk, pool = make_desk(), Later()
    desk._pool, desk._handling = pool, Room(3)
    bodies = [message("oadrQueryRegistration", request_id="q", ven_id=ven.ven_id) for ven in vens]
    assert overrun(desk, pool, "EiRegisterParty", bodies, None) == [200, 200, 200, 503, 503]
    assert overrun(desk, pool, "EiRegisterParty", bodies[3:], None) == [200, 200]
    # Polls that find nothing need no thread.
    ven = make_registered(here.distributor)
    desk.snapshot.refresh()
    desk._handling = Room(0)
    assert asked(desk, poll(ven), None).status == 200


def test_reading_has_threads_and_a_room_of_its_own(pump, settings):
    settings.VTN_RATE = 0
    desk, reading = make_desk(is_open=False), Later()
    desk._reading_pool, desk._reading = reading, Room(2)
    bodies = [pump.poll(is_signed=True) for _ in range(3)]
    assert overrun(desk, reading, "OadrPoll", bodies, pump.fingerprint) == [200, 200, 503]
    # The handlers' threads took none of it.
    desk._pool = None
    assert overrun(desk, reading, "OadrPoll", [pump.poll(is_signed=True)], pump.fingerprint) == [200]
    assert asked(desk, pump.poll(), pump.fingerprint).status == 200


def test_a_large_message_is_not_read_inside_the_loop(pump, settings):
    settings.VTN_RATE = 0
    desk, reading = make_desk(is_open=False), Later()
    desk._reading_pool = reading
    small, large = pump.poll(), pump.poll() + b" " * desk_module.LARGE_BYTES
    assert asked(desk, small, pump.fingerprint).status == 200
    assert overrun(desk, reading, "OadrPoll", [large], pump.fingerprint) == [200]


def test_room_is_of_messages_and_of_bytes_and_is_given_back():
    room = Room(2, most_bytes=100)
    with room.place(60):
        with pytest.raises(Busy), room.place(50):
            pass
        with room.place(40), pytest.raises(Busy), room.place(0):
            pass
        with pytest.raises(ZeroDivisionError), room.place(10):
            raise ZeroDivisionError
        with room.place(40):
            pass
