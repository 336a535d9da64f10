"""From the bytes of one message to the bytes of its answer."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

from openadr.errors import AnsweredError, Busy, MessageError, NotKnown, TooOften
from openadr.selectors import Told
from openadr.services import telemetry
from openadr.services.deliveries import Ack, AckOutcome, acknowledge
from openadr.services.telemetry import SentReport, Taken
from openadr.vtn20b import events, opts, registration, render, reports
from openadr.vtn20b.codec import signed_object, wrap
from openadr.vtn20b.collector import Collector
from openadr.vtn20b.exchange import COMPLIANCE_ERROR, OK, Caller, Handler, Message, Reply
from openadr.vtn20b.gate import Admitted, admit, look_at_certificate
from openadr.vtn20b.limits import Buckets, Room, place_of
from openadr.vtn20b.messages import Notes
from openadr.vtn20b.pending import next_message
from openadr.vtn20b.safe import Unusual
from openadr.vtn20b.second_look import SecondLook
from openadr.vtn20b.snapshot import Entry, Snapshot
from openadr.vtn20b.words import response

logger = logging.getLogger(__name__)
HANDLERS: dict[str, Handler] = {**registration.HANDLERS, **reports.HANDLERS, **opts.HANDLERS}
# What is served where; an oadrResponse ends an exchange, and gets an empty answer anywhere.
SERVICE_OF = {
    **dict.fromkeys(registration.HANDLERS, "EiRegisterParty"),
    **dict.fromkeys(reports.HANDLERS, "EiReport"),
    **dict.fromkeys(opts.HANDLERS, "EiOpt"),
    "oadrRequestEvent": "EiEvent",
    "oadrCreatedEvent": "EiEvent",
    "oadrPoll": "OadrPoll",
}
# While the database is away polls are answered from what is known, so long.
STALE_SECONDS = 30
# A larger message is read by a thread, so that others need not wait for it.
LARGE_BYTES = 4_096
# So many messages may wait to be read by a thread, and so many to be served: acknowledgements of a large event come
# together, and are written by the hundred.
MOST_READ, MOST_SERVED = 1_000, 5_000
# How long a poll finds nothing where a message waits for its repetition.
ASK_AGAIN_SECONDS = 5

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class Answer:
    """What goes back: XML where the status is 200, else one sentence."""

    status: int
    body: bytes = b""
    kind: str = ""
    code: int = OK
    note: str = ""
    wait_seconds: int = 0


class Desk:
    """Answers messages with what the process knows, and asks the database in threads where that is not enough.

    Args:
        pool: for what asks the database.
        reading: for what reads large and signed messages, so that these keep nobody's acknowledgement waiting.
        is_open: only the demonstration: nobody needs a certificate.
    """

    def __init__(
        self, snapshot: Snapshot, notes: Notes, pool: ThreadPoolExecutor, reading: ThreadPoolExecutor, *, is_open: bool
    ) -> None:
        self.snapshot, self._notes, self._is_open = snapshot, notes, is_open
        self._pool, self._reading_pool = pool, reading
        self._handling, self._reading = Room(MOST_SERVED), Room(MOST_READ)
        self._buckets = Buckets(settings.VTN_RATE)
        self._second_look = SecondLook(snapshot, self._in_thread)
        self._acks = Collector[Ack, AckOutcome](lambda acks: self._in_thread(acknowledge, acks))
        self._reports = Collector[SentReport, Taken](lambda sent: self._in_thread(telemetry.take_reports, sent))
        # VENs whose own messages changed them are read again together, too.
        self._anew = Collector[int, None](lambda pks: self._in_thread(snapshot.refresh_these, pks), wait_seconds=0)

    def turned_away(self, fingerprint: str | None, address: str) -> Answer | None:
        """What is answered before a message is read, as its sender sent too many; else None, and it is counted.

        The sender is the VEN of the certificate, else the certificate, else the address. In the open demonstration
        nobody knows it before the message is read.
        """
        if self._is_open:
            return None
        entry = self.snapshot.of_fingerprint(fingerprint) if fingerprint is not None else None
        try:
            self._buckets.take(entry.pk if entry is not None else fingerprint or place_of(address))
        except TooOften as problem:
            return self._too_often(problem, fingerprint, address)
        return None

    def _too_often(self, problem: TooOften, fingerprint: str | None, address: str) -> Answer:
        caller, note = None, str(problem)
        try:
            entry = look_at_certificate(self.snapshot, fingerprint)
            caller = Caller(entry.pk, entry.ven_id, entry.distributor_id)
        except NotKnown as first:
            note = first.reason
        answer = _refused(problem, note)
        self._note(caller, None, b"", address, answer)
        return answer

    async def answer(self, service: str, body: bytes, fingerprint: str | None, address: str) -> Answer:
        """The answer to one message; what goes wrong is one, too."""
        message: Admitted | None = None
        try:
            message = await self._known(body, fingerprint, address)
            if self._is_open and message.caller is not None:
                self._buckets.take(message.caller.pk)
            answer = await self._answer(service, message, fingerprint, len(body))
        except MessageError as problem:
            answer = self._refused(problem, message, address)
        except (DatabaseError, InterfaceError) as problem:
            logger.error("The database does not answer: %s", problem)
            answer = Answer(
                503, b"Come again in a moment.", code=503, note="the database did not answer", wait_seconds=5
            )
        except Exception:
            logger.exception("A message could not be answered.")
            answer = Answer(500, b"This is a fault of the portal.", code=500, note="a fault of the portal")
        self._note(message.caller if message is not None else None, message, body, address, answer)
        return answer

    def _refused(self, problem: MessageError, message: Admitted | None, address: str) -> Answer:
        """An answer of HTTP; strangers of the open demonstration who are refused too often hear nothing else."""
        note = problem.reason if isinstance(problem, NotKnown) else str(problem)
        if message is None and self._is_open and not isinstance(problem, Busy):
            try:
                self._buckets.take(place_of(address))
            except TooOften as too_often:
                problem = too_often
        return _refused(problem, note)

    async def _known(self, body: bytes, fingerprint: str | None, address: str) -> Admitted:
        """The message of a proven sender, whom another process may have enrolled a moment ago."""
        try:
            return await self._open(body, fingerprint)
        except NotKnown as problem:
            if fingerprint is None and not self._is_open:
                raise
            again = partial(self._open, body, fingerprint)
            return await self._second_look.at_sender(again, problem, body, fingerprint, address)

    async def _open(self, body: bytes, fingerprint: str | None) -> Admitted:
        """The message, read and its sender proven; by a thread where that takes long or asks for used nonces."""
        if not self._is_open:
            look_at_certificate(self.snapshot, fingerprint)
        if len(body) <= LARGE_BYTES and b"Signature" not in body:
            with suppress(Unusual):
                return self._admit(body, fingerprint, may_wait=False)
        with self._reading.place(len(body)):
            return await _in_pool(self._reading_pool, self._admit, body, fingerprint, may_wait=True)

    def _admit(self, body: bytes, fingerprint: str | None, *, may_wait: bool) -> Admitted:
        return admit(
            snapshot=self.snapshot, body=body, fingerprint=fingerprint, is_open=self._is_open, may_wait=may_wait
        )

    async def _answer(self, service: str, message: Admitted, fingerprint: str | None, size: int) -> Answer:
        caller, kind = message.caller, message.kind
        entry = self.snapshot.find(caller.ven_id) if caller is not None else None
        if kind == "oadrPoll" and service == "OadrPoll" and entry is not None:
            return await self._poll(entry, message)
        if kind == "oadrResponse":
            return Answer(200)
        if SERVICE_OF.get(kind) != service:
            words = f"{kind} is not served here"
            return self._reply(_refusal(message, COMPLIANCE_ERROR, words), message, entry)
        with self._handling.place(size):
            if service == "EiRegisterParty":
                return await self._serve(message, entry, fingerprint)
            if entry is None:
                raise NotKnown("not proven")
            return await self._of_registered(message, entry, fingerprint)

    async def _of_registered(self, message: Admitted, entry: Entry, fingerprint: str | None) -> Answer:
        if not entry.is_registered:
            # It may have registered with another process a moment ago.
            await self._anew.take([entry.pk])
            entry = self.snapshot.of_pk(entry.pk) or entry
        if not entry.is_registered:
            return self._sent("oadrRequestReregistration", render.reregister(entry.ven_id), message, entry)
        return await self._serve(message, entry, fingerprint)

    async def _serve(self, message: Admitted, entry: Entry | None, fingerprint: str | None) -> Answer:
        try:
            if entry is not None and message.kind == "oadrRequestEvent":
                return self._requested(entry, message)
            if entry is not None and message.kind == "oadrCreatedEvent":
                return await self._created(entry, message)
            asked = Message(message.kind, message.element, message.caller, fingerprint)
            if message.kind == "oadrUpdateReport":
                taken = await self._reports.take(reports.read_update(asked))
                return self._reply(reports.updated(asked, taken), message, entry)
            reply = await self._in_thread(HANDLERS[message.kind], asked)
        except AnsweredError as problem:
            reply = _refusal(message, problem.code, str(problem))
        # Who registers in the open demonstration is nobody yet: what changed says who it was.
        await (self._anew.take([entry.pk]) if entry else self._in_thread(self.snapshot.refresh))
        return self._reply(reply, message, entry)

    async def _poll(self, entry: Entry, message: Admitted) -> Answer:
        """What waits for the VEN; events and other messages take turns, so that none keeps the others back."""
        if self.snapshot.age > STALE_SECONDS:
            return _away("the database did not answer for long")
        if not entry.is_registered and not entry.has_messages:
            entry = await self._second_look.at_ven(entry)
        told = entry.told
        if not told and entry.is_registered and not entry.has_messages:
            return self._sent("oadrResponse", render.nothing(entry.ven_id), message, entry)
        now = datetime.now(UTC)
        is_pending = entry.is_registered and events.is_pending(entry, now)
        if entry.has_messages and self._has_turn(entry, is_pending):
            with self._handling.place(0):
                reply = await self._in_thread(self._next_message, entry)
            if reply is not None:
                await self._anew.take([entry.pk])
                return self._reply(reply, message, entry)
        if not entry.is_registered:
            return self._sent("oadrRequestReregistration", render.reregister(entry.ven_id), message, entry)
        if not is_pending:
            return self._sent("oadrResponse", render.nothing(entry.ven_id), message, entry)
        told = tuple(events.open_events(entry, now))
        return self._distribute(render.distribute(entry.ven_id, told, now), told, message, entry)

    def _has_turn(self, entry: Entry, is_pending: bool) -> bool:
        """Whether a message goes before the events that are pending."""
        if time.monotonic() < entry.ask_after:
            return False
        if not is_pending:
            return True
        entry.turn += 1
        return entry.turn % 2 == (1 if entry.must_reregister else 0)

    def _next_message(self, entry: Entry) -> Reply | None:
        reply = next_message(ven_pk=entry.pk)
        if reply is None:
            entry.ask_after = time.monotonic() + ASK_AGAIN_SECONDS
        return reply

    def _requested(self, entry: Entry, message: Admitted) -> Answer:
        signed, told = events.answer_request(entry, message.element, datetime.now(UTC))
        return self._distribute(signed, tuple(told), message, entry)

    async def _created(self, entry: Entry, message: Admitted) -> Answer:
        created = events.read_created(entry.pk, message.element)
        outcomes = await self._acks.take(created.acks)
        for outcome in outcomes:
            if outcome.code == OK:
                ack = outcome.ack
                self.snapshot.note_acknowledged(ack.ven_pk, ack.event_pk, ack.modification_number)
        reply = events.created_reply(entry.ven_id, message.element, created, outcomes)
        return self._reply(reply, message, entry)

    def _distribute(self, signed: str, told: tuple[Told, ...], message: Admitted, entry: Entry) -> Answer:
        given = {(each.event_pk, each.modification_number) for each in told}
        for event_pk, modification in given - entry.marked:
            self._notes.delivered(entry.pk, event_pk, modification)
        entry.marked = frozenset(given)
        return self._sent("oadrDistributeEvent", signed, message, entry)

    def _reply(self, reply: Reply, message: Admitted, entry: Entry | None) -> Answer:
        answer = self._sent(reply.kind, signed_object(reply), message, entry)
        inner = reply.fields.get("response") or {}
        answer.code, answer.note = int(inner.get("response_code", OK)), str(inner.get("response_description", ""))
        return answer

    def _sent(self, kind: str, signed: str, message: Admitted, entry: Entry | None) -> Answer:
        sign = message.is_signed or (entry is not None and entry.must_sign)
        return Answer(200, wrap(signed, sign=sign), kind)

    async def _in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await _in_pool(self._pool, work, *args, **kwargs)

    def _note(self, caller: Caller | None, message: Admitted | None, body: bytes, address: str, answer: Answer) -> None:
        kind, fault = (message.kind, message.fault) if message is not None else ("", "")
        if caller is not None:
            self._notes.heard(caller.pk, address)
            if kind == "oadrPoll" and answer.kind == "oadrResponse" and not fault:
                return
        self._notes.message(
            ven_pk=caller.pk if caller else None,
            distributor_id=caller.distributor_id if caller else None,
            address=address,
            kind=kind,
            code=answer.code,
            answer_kind=answer.kind,
            note=f"{fault} Taken all the same. {answer.note}" if fault else answer.note,
            body=body,
            answer=answer.body,
        )


async def _in_pool(pool: ThreadPoolExecutor, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    def run() -> R:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(pool, run)


def _refused(problem: MessageError, note: str) -> Answer:
    return Answer(
        problem.status, str(problem).encode(), code=problem.status, note=note, wait_seconds=problem.wait_seconds
    )


def _away(note: str) -> Answer:
    return Answer(503, b"Come again in a moment.", code=503, note=note, wait_seconds=5)


def _refusal(message: Admitted, code: int, words: str) -> Reply:
    """An oadrResponse that says what is wrong."""
    ven_id = message.caller.ven_id if message.caller is not None else ""
    try:
        answer = response(message.element, code, words)
    except AnsweredError:
        # Its requestID is what is wrong.
        answer = {"response_code": code, "response_description": words, "request_id": ""}
    return Reply("oadrResponse", {"response": answer, "ven_id": ven_id})
