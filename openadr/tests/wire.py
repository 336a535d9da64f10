"""A VEN of few words for tests: raw messages to the desk of a VTN or over a socket, read with lxml."""

import asyncio
import http.client
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connections
from lxml import etree
from openleadr.messaging import create_message

from meters.models import Meter
from openadr.models import Ven, VenState
from openadr.services.changes import announce_changes
from openadr.tests.delivery_world import make_ven
from openadr.vtn20b.codec import check
from openadr.vtn20b.desk import Answer, Desk
from openadr.vtn20b.messages import Notes
from openadr.vtn20b.names import NS, PATH
from openadr.vtn20b.snapshot import Snapshot
from organizations.models import Distributor


class Here(ThreadPoolExecutor):
    """Works at once and with the test's own connection, which holds its transaction."""

    def __init__(self) -> None:
        super().__init__()
        self._own = connections["default"]

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        # A running loop has connections of its own.
        connections["default"] = self._own
        try:
            done.set_result(work(*args, **kwargs))
        except Exception as problem:
            done.set_exception(problem)
        return done


def make_desk(*, is_open: bool = True) -> Desk:
    """The desk of a VTN, open unless told otherwise, that knows all VENs."""
    snapshot = Snapshot()
    snapshot.refresh()
    return Desk(snapshot, Notes(), Here(), Here(), is_open=is_open)


def make_registered(distributor: Distributor, *meters: Meter, **own: Any) -> Ven:
    """A registered VEN for which nothing waits."""
    ven = make_ven(distributor, *meters, state=VenState.REGISTERED, knows_our_reports=True, **own)
    Ven.objects.filter(pk=ven.pk).update(registration_id=f"registration-{ven.pk}")
    announce_changes([ven.pk])
    ven.refresh_from_db()
    return ven


def message(kind: str, **fields: Any) -> bytes:
    """A message as openleadr's client writes it."""
    return create_message(kind, **fields).encode()


def poll(ven: Ven) -> bytes:
    """An oadrPoll."""
    return message("oadrPoll", ven_id=ven.ven_id)


def created(ven: Ven, *answers: tuple[str, int, str], request_id: str = "r1", code: int = 200) -> bytes:
    """An oadrCreatedEvent: eventID, modification number, optType."""
    responses = [
        {
            "response_code": code, "response_description": "OK", "request_id": request_id, "event_id": event,
            "modification_number": number, "opt_type": opt,
        }
        for event, number, opt in answers
    ]  # fmt: skip
    own = {"response_code": 200, "response_description": "OK", "request_id": request_id}
    return message("oadrCreatedEvent", response=own, event_responses=responses, ven_id=ven.ven_id)


def ask(desk: Desk, service: str, *bodies: bytes) -> list[Answer]:
    """What the desk answers to messages that come at the same time; each answer is held against the schema."""

    async def all_at_once() -> list[Answer]:
        return await asyncio.gather(*(desk.answer(service, body, None, "192.0.2.7") for body in bodies))

    answers = asyncio.run(all_at_once())
    for answer in answers:
        if answer.status == 200 and answer.body:
            check(answer.body)
    return answers


def post(port: int, service: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    """Status and body of an answer over a connection of its own."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        link.request("POST", f"{PATH}/{service}", body, {"Content-Type": "application/xml", **headers})
        answer = link.getresponse()
        return answer.status, answer.read()
    finally:
        link.close()


def kind(body: bytes) -> str:
    """Which message it is."""
    return str(etree.QName(etree.fromstring(body)[-1][0]).localname)


def texts(body: bytes, path: str) -> list[str]:
    """The texts at a path of a message."""
    return [each.text or "" for each in etree.fromstring(body).iterfind(path, NS)]


def codes(answer: Answer) -> list[str]:
    """The response codes of an answer."""
    return texts(answer.body, ".//ei:responseCode")


def told(answer: Answer) -> list[tuple[str, str, str]]:
    """eventID, modification number and status of each event in an answer."""
    found = etree.fromstring(answer.body).iterfind(".//ei:eventDescriptor", NS)
    names: Sequence[str] = ("ei:eventID", "ei:modificationNumber", "ei:eventStatus")
    return [tuple(each.findtext(name, namespaces=NS) for name in names) for each in found]
