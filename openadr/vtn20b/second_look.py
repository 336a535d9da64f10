"""A look at the database before a refusal: the VEN may have been enrolled or registered elsewhere a moment ago."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError

from openadr.errors import MessageError, NotKnown, TooOften
from openadr.vtn20b import safe
from openadr.vtn20b.gate import said_ven_id
from openadr.vtn20b.limits import Buckets, place_of
from openadr.vtn20b.snapshot import Entry, Snapshot

logger = logging.getLogger(__name__)
# Looks a second: of this process, for one address, for one certificate or VEN.
OF_ALL, OF_PLACE, OF_ONE = 20, 5, 1
# A refusal after a look comes not before this, so that its time says nothing about what was found.
REFUSED_AFTER = 0.05
# The database did not answer for so long: it is not asked here.
AWAY_SECONDS = 5

Run = Callable[[Callable[[], object]], Awaitable[object]]
R = TypeVar("R")


class SecondLook:
    """Looks, as often as strangers may cause them; whoever comes beyond that is answered from what is known.

    Args:
        run: does something in a thread that may ask the database.
    """

    def __init__(self, snapshot: Snapshot, run: Run) -> None:
        self._snapshot, self._run = snapshot, run
        self._all = Buckets(60 * OF_ALL, burst=OF_ALL)
        self._places = Buckets(60 * OF_PLACE, burst=2 * OF_PLACE)
        self._ones = Buckets(60 * OF_ONE, burst=2 * OF_ONE)

    async def at_sender(
        self, admit: Callable[[], Awaitable[R]], refusal: NotKnown, body: bytes, fingerprint: str | None, address: str
    ) -> R:
        """What `admit` says when it is asked again after a look for the sender.

        Which VEN the message names decides nothing where there are certificates: who has none that was ever pinned
        learns nothing about others.

        Raises:
            NotKnown: Refused all the same.
        """
        began = time.monotonic()
        if not self._may(address, fingerprint):
            raise refusal
        ven_id = _said(body) if fingerprint is None else None
        if not await self._look(lambda: self._snapshot.look_up(ven_id=ven_id, fingerprint=fingerprint)):
            raise refusal
        try:
            return await admit()
        except NotKnown:
            await asyncio.sleep(began + REFUSED_AFTER - time.monotonic())
            raise

    async def at_ven(self, entry: Entry) -> Entry:
        """The VEN, which is not registered as far as is known, as it is now."""
        if self._may(None, entry.pk):
            await self._look(lambda: self._snapshot.refresh_these([entry.pk]))
        return self._snapshot.of_pk(entry.pk) or entry

    def _may(self, address: str | None, one: object) -> bool:
        if self._snapshot.age > AWAY_SECONDS:
            return False
        try:
            if one is not None:
                self._ones.take(one)
            if address is not None:
                self._places.take(place_of(address))
            self._all.take(None)
        except TooOften:
            return False
        return True

    async def _look(self, work: Callable[[], object]) -> bool:
        """Whether the database answered."""
        try:
            await self._run(work)
        except (DatabaseError, InterfaceError) as problem:
            logger.error("The database does not answer: %s", problem)
            return False
        return True


def _said(body: bytes) -> str | None:
    """The venID that a message says, where anybody can say any."""
    try:
        return said_ven_id(safe.kind_of(safe.parse(body))[1])
    except MessageError:
        return None
