"""What many VENs send at once (acknowledgements, reports), written in few transactions; and read for them in few."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)
# How long the first of a batch waits for others unless told otherwise, and how many go together.
WAIT_SECONDS = 0.02
MOST = 500

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass
class _Waiting(Generic[Item, Outcome]):
    """One message's items, and who waits for their commit."""

    items: Sequence[Item]
    done: "asyncio.Future[Sequence[Outcome]]"


class Collector(Generic[Item, Outcome]):
    """Gathers items for a moment and has them written together; each message awaits the commit of its own.

    Args:
        write: writes a batch in one transaction and returns an outcome for each item, in their order.
        wait_seconds: how long the first one waits for others; without, a batch is what came during the last one.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]], *, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._write, self._wait_seconds = write, wait_seconds
        self._waiting: list[_Waiting[Item, Outcome]] = []
        self._task: asyncio.Task[None] | None = None
        self._full: asyncio.Event | None = None

    async def take(self, items: Sequence[Item]) -> Sequence[Outcome]:
        """What became of a message's items, after they are committed.

        Raises:
            DatabaseError: they are not.
        """
        if not items:
            return ()
        waiting = _Waiting[Item, Outcome](items, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._full is not None and self._is_full():
            self._full.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await waiting.done

    async def _work(self) -> None:
        """Writes batch after batch until nobody waits: what comes while one is written goes into the next."""
        try:
            while self._waiting:
                self._full = asyncio.Event()
                if self._wait_seconds and not self._is_full():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._full.wait(), self._wait_seconds)
                batch, self._waiting = self._cut()
                await self._write_batch(batch)
        finally:
            self._task = self._full = None

    def _is_full(self) -> bool:
        return sum(len(each.items) for each in self._waiting) >= MOST

    def _cut(self) -> tuple[list[_Waiting[Item, Outcome]], list[_Waiting[Item, Outcome]]]:
        count = 0
        for number, each in enumerate(self._waiting):
            count += len(each.items)
            if count > MOST and number:
                return self._waiting[:number], self._waiting[number:]
        return self._waiting, []

    async def _write_batch(self, batch: list[_Waiting[Item, Outcome]]) -> None:
        """One transaction for all; where it fails, one for each, so that nobody suffers for another."""
        try:
            outcomes = list(await self._write([item for each in batch for item in each.items]))
        except Exception as problem:
            if len(batch) == 1:
                _fail(batch[0], problem)
                return
            logger.warning("%d messages could not be dealt with together: %s", len(batch), problem)
            for each in batch:
                await self._write_batch([each])
            return
        for each in batch:
            own, outcomes = outcomes[: len(each.items)], outcomes[len(each.items) :]
            if not each.done.done():
                each.done.set_result(own)


def _fail(waiting: _Waiting[Item, Outcome], problem: Exception) -> None:
    # Whoever hung up does not wait any more.
    if not waiting.done.done():
        waiting.done.set_exception(problem)
