"""All that one VEN has to report: the requests that it serves, and the energies that no VTN has acknowledged yet."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from simulator.ven.feed import MAX_VALUES, Feed
from simulator.ven.reports import Point, Quantity, Request, Value
from simulator.ven.store import Store


class Feeds:
    """The feeds of one VEN, by request. Energies are the VEN's, not a feed's: they outlive requests and restarts.

    Args:
        ven: its name in the store.
        rows: the requests that `rows` gave before a restart.
        delay: seconds that energies wait, so that not all VENs report at once.
    """

    def __init__(
        self, ven: str, points: Sequence[Point], store: Store, rows: Sequence[dict[str, Any]], delay: float
    ) -> None:
        self._ven, self._points, self._store, self._delay = ven, points, store, delay
        self._quantities = {point.r_id: point.quantity for point in points}
        self._feeds: dict[str, Feed] = {}
        self.serve([Request(**{**row, "r_ids": tuple(row["r_ids"])}) for row in rows])
        self._energies = {(value.start, value.r_id): value for value in store.waiting(ven)}

    def __iter__(self) -> Iterator[str]:
        """The numbers of the requests that are served."""
        return iter(list(self._feeds))

    @property
    def served(self) -> list[Feed]:
        """The feeds, in the order in which they were asked for."""
        return list(self._feeds.values())

    @property
    def n_waiting(self) -> int:
        """How many energies no VTN has acknowledged yet."""
        return len(self._energies)

    def rows(self) -> list[dict[str, Any]]:
        """The requests, for the store."""
        return [asdict(feed.request) for feed in self._feeds.values()]

    def put(self, value: Value) -> None:
        """Takes what a point says. The energy of an interval is said once and for all."""
        if self._quantities[value.r_id] is Quantity.ENERGY:
            self._store.keep(self._ven, value)
            self._energies.setdefault((value.start, value.r_id), value)
            return
        for feed in self._feeds.values():
            feed.put(value)

    def can_serve(self, request: Request) -> bool:
        """Whether it asks for what some point says."""
        return request.specifier_id in self._quantities.values()

    def serve(self, requests: Sequence[Request]) -> None:
        """Starts feeds; of several for the same energy only the newest carries it."""
        for request in requests:
            r_ids = tuple(name for name in request.r_ids if name in self._quantities) or tuple(
                point.r_id for point in self._points if point.specifier_id == request.specifier_id
            )
            has_energy = request.specifier_id == Quantity.ENERGY
            if has_energy:
                for feed in self._feeds.values():
                    feed.has_energy = False
            delay = self._delay if has_energy else 0.0
            self._feeds[request.request_id] = Feed(replace(request, r_ids=r_ids), has_energy, delay)

    def stop(self, request_ids: Sequence[str]) -> None:
        """Ends feeds; of those that are left the newest for energy carries it."""
        for name in request_ids:
            self._feeds.pop(name, None)
        energies = [feed for feed in self._feeds.values() if feed.request.specifier_id == Quantity.ENERGY]
        if energies:
            energies[-1].has_energy = True

    def clear(self) -> None:
        """Ends all feeds; energies stay."""
        self._feeds.clear()

    def due_at(self, feed: Feed, now: float) -> float:
        """When its next report is due; infinite with nothing to say."""
        wanted = sum(key[1] in feed.request.r_ids for key in self._energies) if feed.has_energy else 0
        return feed.due_at(now, wanted)

    def take(self, feed: Feed) -> Sequence[Value]:
        """What its next report says; energies stay until `done`."""
        if feed.has_energy:
            wanted = set(feed.request.r_ids)
            return [self._energies[key] for key in sorted(self._energies) if key[1] in wanted][:MAX_VALUES]
        values = list(feed.waiting)
        feed.waiting.clear()
        return values

    def done(self, feed: Feed, values: Sequence[Value], now: float) -> None:
        """Forgets what the VTN has acknowledged."""
        feed.sent(now)
        if feed.request.specifier_id == Quantity.ENERGY:
            self._store.drop(self._ven, values)
            for value in values:
                self._energies.pop((value.start, value.r_id), None)
