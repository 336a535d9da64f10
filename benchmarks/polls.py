"""A generator of polls: raw sockets that stay open, each with one poll under way, from a process of its own."""

import argparse
import asyncio
import json
import statistics
import sys
import time

HEAD = (
    "POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\n"
    "Content-Length: {}\r\n\r\n"
)
BODY = (
    '<?xml version="1.0" encoding="utf-8"?>\n<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07">'
    '<oadr:oadrSignedObject oadr:Id="oadrSignedObject"><oadr:oadrPoll ei:schemaVersion="2.0b" '
    'xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"><ei:venID>{}</ei:venID></oadr:oadrPoll>'
    "</oadr:oadrSignedObject></oadr:oadrPayload>"
)


def request_of(ven_id: str) -> bytes:
    """One whole request."""
    body = BODY.format(ven_id).encode()
    return HEAD.format(len(body)).encode() + body


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
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._done


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + 15
    return int(head[at:].split(b"\r\n", 1)[0])


async def flood(ports: list[int], requests: list[bytes], seconds: float, links: int) -> dict[str, float]:
    """As many polls as the VTNs answer, over some connections, each VEN in its turn."""
    loop = asyncio.get_running_loop()
    end, counts, errors, queue = time.monotonic() + seconds, [0], [0], _rounds(requests)

    async def one(number: int) -> None:
        _, link = await loop.create_connection(Link, "127.0.0.1", ports[number % len(ports)])
        while time.monotonic() < end:
            answer = await link.ask(next(queue))
            counts[0] += 1
            errors[0] += not answer.startswith(b"HTTP/1.1 200")
        link.transport.close()

    await asyncio.gather(*(one(number) for number in range(links)))
    return {"polls": counts[0], "errors": errors[0]}


def _rounds(requests: list[bytes]):
    while True:
        yield from requests


async def pace(ports: list[int], requests: list[bytes], seconds: float, every: float, links: int) -> dict[str, float]:
    """Each VEN polls once in `every` seconds, spread evenly; latency counts from when the poll was due."""
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Link] = asyncio.Queue()
    for number in range(links):
        free.put_nowait((await loop.create_connection(Link, "127.0.0.1", ports[number % len(ports)]))[1])
    took: list[float] = []
    errors = [0]
    began, step, queue, number, tasks = time.monotonic(), every / len(requests), _rounds(requests), 0, set()

    async def one(due: float) -> None:
        link = await free.get()
        try:
            answer = await link.ask(next(queue))
            errors[0] += not answer.startswith(b"HTTP/1.1 200")
        except OSError:
            errors[0] += 1
        took.append(time.monotonic() - due)
        free.put_nowait(link)

    while (now := time.monotonic()) < began + seconds:
        while began + number * step <= now:
            task = loop.create_task(one(began + number * step))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.sleep(0.001)
    await asyncio.gather(*tasks)
    cuts = statistics.quantiles(took, n=100)
    return {"polls": len(took), "errors": errors[0], "p50": cuts[49], "p99": cuts[98], "max": max(took)}


def main() -> None:
    """Reads what to do from the command line, and writes the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ports", type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--vens", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--every", type=float, default=0)
    parser.add_argument("--links", type=int, default=16)
    asked = parser.parse_args()
    requests = [request_of(f"ven-{number}") for number in range(asked.vens)]
    work = (
        pace(asked.ports, requests, asked.seconds, asked.every, asked.links)
        if asked.every
        else flood(asked.ports, requests, asked.seconds, asked.links)
    )
    sys.stdout.write(json.dumps(asyncio.run(work)))


if __name__ == "__main__":
    main()
