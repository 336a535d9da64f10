"""A desk inside the test's own thread, and what VENs say to it."""

import asyncio

import pytest

from openadr.models import Ven
from openadr.tests.wire import ask, poll
from openadr.vtn20b import desk as desk_module
from openadr.vtn20b.desk import Answer, Desk


def work_inline(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """Has what threads do elsewhere done inside the loop, at any rate of messages."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setattr(desk_module, "close_old_connections", lambda: None)
    settings.VTN_RATE = 0


def polled(desk: Desk, ven: Ven) -> Answer:
    """The answer to one poll."""
    return ask(desk, "OadrPoll", poll(ven))[0]


def answered(desk: Desk, body: bytes, fingerprint: str | None = None, address: str = "192.0.2.7") -> Answer:
    """The answer to a message at the service of polls, whoever sends it."""
    return asyncio.run(desk.answer("OadrPoll", body, fingerprint, address))


def fresh(desk: Desk) -> Desk:
    """The desk, after a look at what changed."""
    desk.snapshot.refresh()
    return desk
