"""How many messages one sender may send, a bucket for each, which fills up again; and how many may wait together."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from openadr.errors import Busy, TooOften

# More senders than this at once: the one that was heard longest ago is forgotten, which only ever helps it.
MOST = 200_000
# What waits may have so many bytes; read it takes some times as much.
MOST_BYTES = 16_000_000


class Buckets:
    """What each sender may still send, in this process; memory is bounded.

    Args:
        per_minute: how many messages; 0 for as many as one likes.
        burst: how many at once; None for a minute's worth.
        most: how many senders are remembered.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        burst: int | None = None,
        most: int = MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = float(per_minute if burst is None else burst)
        self._rate = per_minute / 60
        self._most = most
        self._clock = clock
        # By when it was heard last: what is left, and when that was.
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, sender: object) -> None:
        """Takes one message from the sender's bucket.

        Raises:
            TooOften: It is empty; the error says after how many seconds it is not.
        """
        if not self._rate:
            return
        now = self._clock()
        left, at = self._left.get(sender, (self._size, now))
        left = min(self._size, left + (now - at) * self._rate)
        if left < 1:
            self._left[sender] = (left, now)
            self._left.move_to_end(sender)
            raise TooOften(max(1, math.ceil((1 - left) / self._rate)))
        self._left[sender] = (left - 1, now)
        self._left.move_to_end(sender)
        if len(self._left) > self._most:
            self._left.popitem(last=False)


class Room:
    """Messages that are worked at or wait for it; who comes beyond is sent away. Used inside the event loop only.

    Args:
        most: how many messages.
        most_bytes: how many bytes they may have together.
    """

    def __init__(self, most: int, *, most_bytes: int = MOST_BYTES) -> None:
        self._messages, self._bytes = most, most_bytes

    @contextmanager
    def place(self, size: int) -> Iterator[None]:
        """A place for one message, until it is done.

        Raises:
            Busy: There is none.
        """
        if self._messages < 1 or self._bytes < size:
            raise Busy
        self._messages, self._bytes = self._messages - 1, self._bytes - size
        try:
            yield
        finally:
            self._messages, self._bytes = self._messages + 1, self._bytes + size


def place_of(address: str) -> str:
    """What counts as one sender among strangers: an IPv4 address, or a /64 of IPv6.

    >>> place_of("192.0.2.7"), place_of("2001:db8:1:2:3::4"), place_of("2001:db8:1:2::9")
    ('192.0.2.7', '2001:db8:1:2::/64', '2001:db8:1:2::/64')
    """
    if ":" not in address:
        return address
    from ipaddress import IPv6Network  # only where it is needed: most are IPv4

    return str(IPv6Network((address.partition("%")[0], 64), strict=False))
