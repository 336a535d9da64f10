"""A device on a real socket, with a clock of its own."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simulator.hil.device import Device, new_device, serve
from simulator.hil.feeder import FeederTraits

NOON = 1_795_453_200  # 2026-11-23T17:00:00Z
TRAITS = FeederTraits()


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: float = float(NOON)

    def __call__(self) -> float:
        return self.now


@dataclass
class Loop:
    """An event loop in a thread of its own."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


@contextmanager
def running_loop() -> Iterator[Loop]:
    loop = Loop()
    thread = threading.Thread(target=loop.loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.loop.call_soon_threadsafe(loop.loop.stop)
        thread.join()
        loop.loop.close()


@dataclass
class Rig:
    """A device, its clock and where it listens."""

    device: Device
    clock: Clock
    port: int


@contextmanager
def rig(*, watchdog_seconds: int = 30, traits: FeederTraits = TRAITS) -> Iterator[Rig]:
    clock = Clock()
    device = new_device(traits, watchdog_seconds=watchdog_seconds, clock=clock)
    with running_loop() as loop:
        port = free_port()
        server = loop.run(serve(device, "127.0.0.1", port))
        try:
            yield Rig(device, clock, port)
        finally:
            loop.run(server.shutdown())


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
