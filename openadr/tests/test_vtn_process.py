"""Processes of the VTN over one database: what changes binds all of them, and one that dies loses nothing."""

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from events.services import change_event
from events.tests.world import make_announced, make_program
from openadr.ids import event_ref
from openadr.models import Ven, VenMessage, VenSeen, VenState
from openadr.services.changes import announce_changes
from openadr.tests.delivery_world import delivery_of
from openadr.tests.running import Running, running_vtn, shared_database
from openadr.tests.wire import created, kind, make_registered, message, poll, post
from openadr.vtn20b.names import PATH
from tests.builder import Side, make_world

HOUR = timedelta(hours=1)
# A busy machine can only delay: the least of some tries is what the processes need.
TRIES = 3

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def here() -> Side:
    return make_world().here


@pytest.fixture
def ven(here: Side) -> Ven:
    return make_registered(here.distributor, here.home, owner=here.resident)


@pytest.fixture
def start(ven: Ven, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts processes over the test's database, which is shared from now on."""
    with shared_database(tmp_path) as url, ExitStack() as stack:
        yield lambda **own: stack.enter_context(running_vtn(url, tmp_path, **own))


def polled(vtn: Running, ven: Ven) -> str:
    status, body = post(vtn.port, "OadrPoll", poll(ven))
    return kind(body) if status == 200 else str(status)


def seconds_until(asked: Callable[[], str], answer: str) -> float:
    """How long until the answer comes, at most three seconds."""
    began = time.monotonic()
    while asked() != answer:
        assert time.monotonic() - began < 3
    return time.monotonic() - began


def test_changes_and_acknowledgements_bind_every_process_within_a_second(here, ven, start):
    one, other = start(), start()
    assert [polled(vtn, ven) for vtn in (one, other)] == ["oadrResponse"] * 2
    event = make_announced(make_program(here.distributor))
    told, acknowledged = [], []
    for modification in range(TRIES):
        if modification:
            event = change_event(event=event, start=event.start + HOUR, end=event.end + HOUR)
        told.append(sum(seconds_until(lambda v=vtn: polled(v, ven), "oadrDistributeEvent") for vtn in (one, other)))
        assert post(one.port, "EiEvent", created(ven, (event_ref(event.pk), modification, "optIn")))[0] == 200
        assert polled(one, ven) == "oadrResponse"
        acknowledged.append(seconds_until(lambda: polled(other, ven), "oadrResponse"))
    assert min(told) < 1
    assert min(acknowledged) < 1


def test_a_revocation_binds_every_process_within_a_second(here, ven, start):
    both = [start(), start()]
    took = []
    for each in [ven, *(make_registered(here.distributor) for _more in range(TRIES - 1))]:
        assert [polled(vtn, each) for vtn in both] == ["oadrResponse"] * 2
        Ven.objects.filter(pk=each.pk).update(state=VenState.REVOKED)
        announce_changes([each.pk])
        took.append(sum(seconds_until(lambda v=vtn, e=each: polled(v, e), "403") for vtn in both))
    assert min(took) < 1


def test_a_revocation_during_a_change_of_very_many_binds_within_a_second(here, ven, start):
    own = {"distributor": here.distributor, "state": VenState.REGISTERED, "knows_our_reports": True}
    rows = [Ven(name=f"n{n}", ven_id=f"v{n}", registration_id=f"r{n}", **own) for n in range(20_000)]
    Ven.objects.bulk_create(rows, batch_size=1000)
    announce_changes(None)
    # Read last if it were by turns.
    last = list(Ven.objects.order_by("-pk")[: 2 * TRIES])
    vtn = start()
    assert [polled(vtn, each) for each in (ven, *last)] == ["oadrResponse"] * (1 + 2 * TRIES)
    everybody = list(Ven.objects.values_list("pk", flat=True))
    for everyone, some in ((everybody, last[:TRIES]), (None, last[TRIES:])):
        took = []
        for lost in some:
            announce_changes(everyone)
            Ven.objects.filter(pk=lost.pk).update(state=VenState.REVOKED)
            announce_changes([lost.pk])
            took.append(seconds_until(lambda each=lost: polled(vtn, each), "403"))
        assert min(took) < 1
        assert polled(vtn, ven) == "oadrResponse"


def test_who_is_enrolled_at_another_process_is_known_at_once(here, ven, start):
    vtn = start()
    for _again in range(3):
        assert polled(vtn, make_registered(here.distributor)) == "oadrResponse"


def test_killed_between_poll_and_acknowledgement_the_event_is_sent_again(here, ven, start):
    event = make_announced(make_program(here.distributor))
    first = start()
    assert polled(first, ven) == "oadrDistributeEvent"
    first.kill()
    second = start()
    assert polled(second, ven) == "oadrDistributeEvent"
    assert post(second.port, "EiEvent", created(ven, (event_ref(event.pk), 0, "optIn")))[0] == 200
    second.kill()
    assert not delivery_of(ven, event).is_pending
    assert polled(start(), ven) == "oadrResponse"


def test_asked_to_end_it_writes_down_what_it_noted(here, ven, start):
    make_announced(make_program(here.distributor))
    vtn = start()
    assert polled(vtn, ven) == "oadrDistributeEvent"
    assert vtn.end() == 0
    assert VenSeen.objects.get(ven=ven).messages == 1
    assert VenMessage.objects.filter(ven=ven).count() == 1


def test_http_is_held_to_its_rules(ven, start):
    vtn, good = start(), poll(ven)
    assert post(vtn.port, "OadrPoll", good, **{"Content-Type": 'text/xml; charset="UTF-8"'})[0] == 200
    assert post(vtn.port, "OadrPoll", good, **{"Content-Type": "application/json"})[0] == 415
    assert post(vtn.port, "OadrPoll", good, **{"Content-Type": "application/xml; charset=utf-16"})[0] == 415
    assert post(vtn.port, "OadrPoll", good, **{"Content-Encoding": "gzip"})[0] == 415
    assert post(vtn.port, "OadrPoll", b"no xml")[0] == 400
    assert post(vtn.port, "OadrPoll", b"<a/>")[0] == 400
    assert post(vtn.port, "OadrPoll", b"")[0] == 400
    assert post(vtn.port, "Nothing", good)[0] == 404
    assert post(vtn.port, "OadrPoll", b"<" + b"a" * 300_000)[0] == 413
    assert post(vtn.port, "OadrPoll", message("oadrPoll", ven_id="nobody"))[0] == 403
    assert post(vtn.port, "OadrPoll", good, Host="localhost:8080")[0] == 200
    # A page of the web whose name points here.
    assert post(vtn.port, "OadrPoll", good, Host=f"evil.example:{vtn.port}")[0] == 421
    assert _asked(vtn, "GET", f"{PATH}/OadrPoll") == 405
    assert _asked(vtn, "GET", "/healthz") == 200


def test_a_body_in_pieces_beyond_the_limit_is_refused(ven, start):
    vtn = start()
    with socket.create_connection(("127.0.0.1", vtn.port), timeout=20) as link:
        head = f"POST {PATH}/OadrPoll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\n"
        link.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        try:
            for _ in range(8):
                link.sendall(piece)
            link.sendall(b"0\r\n\r\n")
        except ConnectionError:
            pass  # it has heard enough
        assert link.recv(64).startswith(b"HTTP/1.1 413")


def _asked(vtn: Running, method: str, path: str) -> int:
    link = http.client.HTTPConnection("127.0.0.1", vtn.port, timeout=20)
    link.request(method, path)
    status = link.getresponse().status
    link.close()
    return status
