"""One request for reports being served: which values wait, when they are due, and what is on its way."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.ven.reports import Request, Value

MAX_VALUES = 500
_MAX_WAITING = 120


@dataclass
class Feed:
    """Values of one request, but for energies, which the VEN keeps for all of them.

    Attributes:
        has_energy: whether the VEN's waiting energies go out by this request.
        delay: seconds this VEN waits after a value, so that not all come at once.
    """

    request: Request
    has_energy: bool
    delay: float = 0.0
    waiting: deque[Value] = field(default_factory=lambda: deque(maxlen=_MAX_WAITING))
    in_flight: tuple[bytes, Sequence[Value]] | None = None
    retry_at: float = 0.0
    _failures: int = 0
    _sent_at: float = 0.0
    _since: float | None = None
    _last: dict[str, int] = field(default_factory=dict)

    def put(self, value: Value) -> None:
        """Takes a value unless it comes too soon after the one before."""
        if value.r_id not in self.request.r_ids:
            return
        if value.start - self._last.get(value.r_id, 0) >= max(1, self.request.granularity):
            self._last[value.r_id] = value.start
            self.waiting.append(value)

    def due_at(self, now: float, n_energies: int) -> float:
        """When the next report is due; infinite with nothing to say."""
        if self.in_flight:
            return self.retry_at
        if not self.waiting and not (self.has_energy and n_energies):
            self._since = None
            return float("inf")
        if self._since is None:
            self._since = now
        return max(self._since + self.delay, self._sent_at + self.request.report_back)

    def sent(self, now: float) -> None:
        """The report on its way has been acknowledged."""
        self.in_flight, self._sent_at, self._since = None, now, None
        self._failures, self.retry_at = 0, 0.0

    def failed(self, now: float) -> None:
        """The report on its way was not taken; it waits longer and longer."""
        self._failures += 1
        self.retry_at = now + min(30.0, 2.0 ** (self._failures - 1))

    def is_past(self, now: float) -> bool:
        """Whether the time that was asked for is over."""
        return self.request.until is not None and now >= self.request.until
