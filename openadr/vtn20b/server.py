"""The VTN as an HTTP service: one process of any number, with nothing of its own but what it can read again."""

import asyncio
import hashlib
import logging
import signal
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler
from django.db import close_old_connections, connections

from openadr.errors import MessageError, TooLarge, WrongType
from openadr.vtn20b import tls
from openadr.vtn20b.desk import Answer, Desk
from openadr.vtn20b.messages import Notes
from openadr.vtn20b.names import PATH, SERVICES
from openadr.vtn20b.safe import MAX_BYTES
from openadr.vtn20b.snapshot import Snapshot

logger = logging.getLogger(__name__)
SERVICE_AT = {f"{PATH}/{service}": service for service in SERVICES}
# Less than a second, so that with the reading itself a change binds within one.
REFRESH_SECONDS = 0.7
FLUSH_SECONDS = 3.0
# How long a client may take to send what it began, and stay without sending.
BODY_SECONDS = 10
IDLE_SECONDS = 75
# How long what is under way may take at the end.
END_SECONDS = 15
# Of those that ask the database, and of those that read what is large or signed.
THREADS, READERS = 4, 2

FingerprintOf = Callable[[web.BaseRequest], str | None]


class _Connection(RequestHandler):
    """One connection; its certificate is looked at once."""

    fingerprint: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the SHA-256 of the certificate that the client has shown, which TLS has checked."""
        super().connection_made(transport)
        channel = transport.get_extra_info("ssl_object")
        shown = channel.getpeercert(binary_form=True) if channel is not None else None
        self.fingerprint = hashlib.sha256(shown).hexdigest() if shown else None


class _Server(web.Server):
    """aiohttp's server without routes: five addresses need none."""

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class Vtn:
    """One process of the VTN.

    Args:
        fingerprint_of: how the certificate of a request's sender is known; None is taken from TLS.
        is_open: only the demonstration: nobody needs a certificate.
    """

    def __init__(self, *, is_open: bool, fingerprint_of: FingerprintOf | None = None) -> None:
        self.snapshot, self.notes = Snapshot(), Notes()
        self._pool, self._readers = ThreadPoolExecutor(THREADS, "handler"), ThreadPoolExecutor(READERS, "reader")
        self._own = ThreadPoolExecutor(2, "upkeep")
        self.desk = Desk(self.snapshot, self.notes, self._pool, self._readers, is_open=is_open)
        self._is_open = is_open
        self._fingerprint_of = fingerprint_of or _of_connection
        self._closing = asyncio.Event()

    async def run(self, host: str, port: int, context: ssl.SSLContext | None, ready: Callable[[int], None]) -> None:
        """Serves until a signal comes; what is under way then is finished, and what is noted written down.

        Args:
            port: 0 for any that is free; `ready` is told which.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._closing.set)
        await self._in_own(self.snapshot.refresh)
        upkeep = [
            asyncio.create_task(self._repeat(self.snapshot.refresh, REFRESH_SECONDS)),
            asyncio.create_task(self._repeat(self.notes.flush, FLUSH_SECONDS)),
        ]
        http = _Server(
            self.handle,
            request_factory=_request,
            access_log=None,
            keepalive_timeout=IDLE_SECONDS,
            auto_decompress=False,
            lingering_time=2.0,
        )
        # Several processes may share the port: the kernel spreads the connections.
        socket = await loop.create_server(
            http, host, port, ssl=context, reuse_port=True, backlog=2048,
            ssl_handshake_timeout=10.0 if context else None,
        )  # fmt: skip
        ready(socket.sockets[0].getsockname()[1])
        await self._closing.wait()
        socket.close()
        http.pre_shutdown()
        await http.shutdown(END_SECONDS)
        for task in upkeep:
            task.cancel()
        with suppress(Exception):
            await self._in_own(partial(self.notes.flush, is_last=True))
        self._readers.shutdown()
        self._pool.shutdown()
        self._own.shutdown()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request."""
        service = SERVICE_AT.get(request.path)
        if service is None:
            return self._other(request)
        if request.method != "POST":
            return _words(405, "Send messages by POST.", {"Allow": "POST"})
        if self._is_open and not tls.is_own_name(request.headers.get("Host", "")):
            return _words(421, "The demonstration answers to localhost and 127.0.0.1 only.")
        fingerprint, address = self._fingerprint_of(request), request.remote or ""
        turned_away = self.desk.turned_away(fingerprint, address)
        if turned_away is not None:
            return _unread(request, turned_away)
        try:
            _check_head(request.headers)
            body = await _body(request)
        except MessageError as problem:
            response = _words(problem.status, str(problem))
            response.force_close()
            return response
        return _response(await self.desk.answer(service, body, fingerprint, address))

    def _other(self, request: web.BaseRequest) -> web.Response:
        if request.path != "/healthz":
            return _words(404, "There is nothing here.")
        is_fresh = self.snapshot.age < 30
        return _words(200, "ok") if is_fresh else _words(503, "the database does not answer")

    async def _repeat(self, work: Callable[[], object], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self._in_own(work)
            except Exception as problem:  # the database is away, or worse: it goes on, and polls know the age
                logger.error("%s: %s", getattr(work, "__qualname__", work), problem)

    async def _in_own(self, work: Callable[[], object]) -> None:
        def run() -> None:
            close_old_connections()
            try:
                work()
            except Exception:
                # Even one that only seems to live: the next time begins anew.
                connections.close_all()
                raise

        await asyncio.get_running_loop().run_in_executor(self._own, run)


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    return web.BaseRequest(message, payload, protocol, writer, task, protocol._loop, client_max_size=MAX_BYTES)


def _of_connection(request: web.BaseRequest) -> str | None:
    found: str | None = request.protocol.fingerprint  # type: ignore[attr-defined]
    return found


def _check_head(headers: Mapping[str, str]) -> None:
    """Raises WrongType or TooLarge by what a request says of its body."""
    kind = headers.get("Content-Type", "")
    if kind != "application/xml":
        name, _, parameters = kind.partition(";")
        charset = parameters.lower().replace(" ", "").replace('"', "")
        if name.strip().lower() not in ("application/xml", "text/xml") or charset not in ("", "charset=utf-8"):
            raise WrongType("Send XML in UTF-8 with the Content-Type application/xml.")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongType("Send messages as they are, not compressed.")
    length = headers.get("Content-Length", "0")
    if len(length) > 9 or int(length) > MAX_BYTES:
        raise TooLarge(f"A message may have {MAX_BYTES // 1024} kB.")


async def _body(request: web.BaseRequest) -> bytes:
    """The body; whoever sends it too slowly is cut off."""
    try:
        if request.content.is_eof():
            return await request.read()
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"A message may have {MAX_BYTES // 1024} kB.") from None
    except TimeoutError:
        raise SlowSender("The message did not come in time.") from None


class SlowSender(MessageError):
    """A body that does not come to its end."""

    status = 408


def _response(answer: Answer) -> web.Response:
    if answer.status == 200:
        return web.Response(body=answer.body, headers=_XML)
    headers = {"Retry-After": str(answer.wait_seconds)} if answer.wait_seconds else {}
    return _words(answer.status, answer.body.decode(), headers)


def _unread(request: web.BaseRequest, answer: Answer) -> web.Response:
    """An answer to what is not read; the connection stays where nothing more of it is to come."""
    response = _response(answer)
    if not request.content.is_eof():
        response.force_close()
    return response


def _words(status: int, words: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=f"{words}\n", headers=headers)


_XML: dict[str, Any] = {"Content-Type": "application/xml"}
