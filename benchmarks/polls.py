"""A generator of polls: raw sockets that stay open, each with one poll under way, from a process of its own."""

import argparse
import asyncio
import itertools
import json
import os
import random
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

HEAD = (
    "POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\n"
    "Content-Length: {}\r\n\r\n"
)
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
BODY = (
    '<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07">'
    '<oadr:oadrSignedObject oadr:Id="oadrSignedObject"><oadr:oadrPoll ei:schemaVersion="2.0b" '
    'xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"><ei:venID>{}</ei:venID></oadr:oadrPoll>'
    "</oadr:oadrSignedObject></oadr:oadrPayload>"
)
# How long the last answers are waited for.
END_SECONDS = 30


def request_of(body: bytes) -> bytes:
    """One whole request."""
    return HEAD.format(len(body)).encode() + body


@dataclass
class Tally:
    """What became of the polls; each that was sent is answered or lost, and `errors` of the answers say no success."""

    sent: int = 0
    answered: int = 0
    errors: int = 0
    lost: int = 0
    took: list[float] = field(default_factory=list)

    def note(self, answer: bytes) -> None:
        """Counts an answer."""
        self.answered += 1
        is_good = b"responseCode>200<" in answer or b"oadrDistributeEvent" in answer
        self.errors += not (is_good and answer.startswith(b"HTTP/1.1 200"))

    def figures(self) -> dict[str, float]:
        """All counts, and the seconds of latency where they were taken."""
        counts = {"sent": self.sent, "answered": self.answered, "errors": self.errors, "lost": self.lost}
        took = sorted(self.took)
        if took:
            counts |= {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100], "max": took[-1]}
        return counts | {"own": time.process_time()}


class Link(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._answer = b""
        self._done: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head) and self._done is not None:
            answer, self._answer = self._answer, b""
            self._done.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed"))

    async def ask(self, request: bytes) -> bytes:
        """The answer to one request."""
        if self.transport.is_closing():
            raise ConnectionError("closed")
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._done


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + 15
    return int(head[at:].split(b"\r\n", 1)[0])


class Crowd:
    """VENs "ven-0" and so on without certificates, who poll in turn, in an order by chance."""

    def __init__(self, count: int) -> None:
        bodies = [(DECLARATION + BODY.format(f"ven-{number}")).encode() for number in range(count)]
        random.Random(1).shuffle(bodies)
        self._turns = itertools.cycle([request_of(body) for body in bodies])

    def turns(self, _number: int) -> Iterator[bytes]:
        """The requests of one connection."""
        return self._turns

    def context(self, _number: int) -> ssl.SSLContext | None:
        """How one connection speaks TLS."""
        return None


class Devices:
    """VENs with a certificate each, one to a connection."""

    def __init__(self, folder: Path, *, has_tls: bool, signs: bool) -> None:
        self._folder, self._has_tls, self._signs = folder, has_tls, signs
        self._ids = sorted(path.stem for path in folder.glob("*.key"))

    def turns(self, number: int) -> Iterator[bytes]:
        """The requests of one connection; signed ones are made one by one, as each has its own nonce."""
        ven_id = self._ids[number % len(self._ids)]
        text = BODY.format(ven_id)
        if not self._signs:
            return itertools.repeat(request_of((DECLARATION + text).encode()))
        from openadr.vtn20b.signing import Signer  # not loaded by those who do not sign

        own = self._folder / ven_id
        signer = Signer(own.with_suffix(".crt").read_bytes(), own.with_suffix(".key").read_bytes())
        return (request_of(signer.sign(text)) for _ in itertools.count())

    def context(self, number: int) -> ssl.SSLContext | None:
        """TLS with the VEN's certificate."""
        if not self._has_tls:
            return None
        own = self._folder / self._ids[number % len(self._ids)]
        context = ssl.create_default_context(cafile=str(self._folder / "ca.pem"))
        context.load_cert_chain(own.with_suffix(".crt"), own.with_suffix(".key"))
        return context


class Load:
    """Polls of some VENs to the ports of a VTN."""

    def __init__(self, ports: list[int], vens: Crowd | Devices, links: int) -> None:
        self._ports, self._vens, self._links, self.tally = ports, vens, links, Tally()

    async def _link(self, number: int) -> Link:
        context = self._vens.context(number)
        host = "localhost" if context else None
        port = self._ports[number % len(self._ports)]
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Link, "127.0.0.1", port, ssl=context, server_hostname=host))[1]

    async def flood(self, seconds: float) -> None:
        """As many polls as the VTNs answer, over all connections."""
        links = [await self._link(number) for number in range(self._links)]
        end = time.monotonic() + seconds
        await asyncio.gather(*(self._poll(link, self._vens.turns(at), end) for at, link in enumerate(links)))

    async def _poll(self, link: Link, turns: Iterator[bytes], end: float) -> None:
        while time.monotonic() < end:
            request = next(turns)
            self.tally.sent += 1
            try:
                self.tally.note(await link.ask(request))
            except OSError:
                self.tally.lost += 1
                return
        link.transport.close()

    async def pace(self, seconds: float, every: float, count: int) -> None:
        """Each of `count` VENs polls once in `every` seconds, spread evenly; latency counts from when it was due."""
        free: asyncio.Queue[tuple[int, Link]] = asyncio.Queue()
        for number in range(self._links):
            free.put_nowait((number, await self._link(number)))
        tasks: set[asyncio.Task[None]] = set()
        loop, number, step, began = asyncio.get_running_loop(), 0, every / count, time.monotonic()
        total = round(seconds / step)
        while number < total:
            now = time.monotonic()
            while number < total and began + number * step <= now:
                task = loop.create_task(self._due(free, began + number * step))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                number += 1
            await asyncio.sleep(0.001)
        if tasks:
            await asyncio.wait(tasks, timeout=END_SECONDS)
        # Whoever still waits has neither answer nor error.
        self.tally.sent = total
        self.tally.lost = total - self.tally.answered

    async def _due(self, free: "asyncio.Queue[tuple[int, Link]]", due: float) -> None:
        number, link = await free.get()
        try:
            self.tally.note(await link.ask(next(self._vens.turns(number))))
            self.tally.took.append(time.monotonic() - due)
        except OSError:
            with suppress(OSError):
                link = await self._link(number)
        finally:
            free.put_nowait((number, link))


def main() -> None:
    """Reads what to do from the command line, and writes the figures as JSON."""
    asked = _arguments()
    if asked.core >= 0:
        os.sched_setaffinity(0, {asked.core})
    vens: Crowd | Devices = Crowd(asked.vens)
    if asked.devices:
        vens = Devices(asked.devices, has_tls=asked.tls, signs=asked.sign)
    load = Load(asked.ports, vens, asked.links)
    work = load.pace(asked.seconds, asked.every, asked.vens) if asked.every else load.flood(asked.seconds)
    asyncio.run(work)
    sys.stdout.write(json.dumps(load.tally.figures()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ports", type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--vens", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--every", type=float, default=0)
    parser.add_argument("--links", type=int, default=16)
    parser.add_argument("--core", type=int, default=-1)
    parser.add_argument("--devices", type=Path, help="folder with a certificate and key for each VEN, and ca.pem")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--sign", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
