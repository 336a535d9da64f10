"""Energy of each meter interval, from an energy counter that is read at odd moments.

The counter at a bound is interpolated between the looks before and after it and rounded down to the Wh once; both
intervals that meet there use that one number. So the energies of a run of intervals add up to exactly what the counter
moved, however many looks there were, and however often the bridge was started again in between. Over a silence longer
than `EXACT_SECONDS` the sum still holds, but how it is spread over the intervals is a straight line:
`is_estimated`.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

EXACT_SECONDS = 60.0
HOLD_SECONDS = 3.0
# A clock set back by more was wrong before.
BACK_SECONDS = 7200.0


@dataclass(frozen=True)
class Look:
    """The counter at one moment; `counter` is another number when it began anew."""

    at: float
    energy_wh: int
    counter: int


@dataclass(frozen=True)
class Bound:
    """The counter at the start of the interval that is still open."""

    at: int
    energy_wh: int
    is_estimated: bool


@dataclass(frozen=True)
class IntervalEnergy:
    """What was drawn in [start, start + seconds)."""

    start: int
    seconds: int
    wh: int
    is_estimated: bool = False


@dataclass
class Intervals:
    """Turns looks at a counter into intervals of `seconds`, aligned to the UTC clock.

    Attributes:
        last: the look before; None at the very beginning.
        bound: where the open interval began; None while its start was not seen, so that it will not be reported.
        held: closed intervals that ended less than `HOLD_SECONDS` ago: the VTN's clock may be a little behind, and it
            refuses what has not ended for it.
    """

    seconds: int
    last: Look | None = None
    bound: Bound | None = None
    held: list[IntervalEnergy] = field(default_factory=list)

    def add(self, look: Look, *, most_watts: float = math.inf) -> list[IntervalEnergy]:
        """The intervals that are due with this look, oldest first.

        A look that is not later than the one before tells nothing (a clock set back): the next later one catches up.
        A counter that began anew, fell, or rose faster than by `most_watts` ends the run: the interval it happened
        in is not known and not reported.
        """
        self._take(look, most_watts)
        due = [each for each in self.held if each.start + each.seconds + HOLD_SECONDS <= look.at]
        self.held = [each for each in self.held if each not in due]
        return due

    def _take(self, look: Look, most_watts: float) -> None:
        last = self.last
        if last is not None and last.counter == look.counter and last.at - BACK_SECONDS < look.at <= last.at:
            return
        if last is None or last.counter != look.counter or not _can_be(last, look, most_watts):
            self.bound = self._exact_bound(look)
        else:
            self.held += [interval for bound in self._bounds(last, look) if (interval := self._closed(bound))]
        self.last = look

    def dumped(self) -> bytes:
        """All of it, for `loaded`."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def loaded(cls, content: bytes | None, seconds: int) -> "Intervals":
        """What was dumped; a fresh beginning where nothing was, or was for intervals of another length."""
        said = json.loads(content) if content else {}
        if said.get("seconds") != seconds:
            return cls(seconds)
        last, bound = said["last"], said["bound"]
        held = [IntervalEnergy(**row) for row in said["held"]]
        return cls(seconds, Look(**last) if last else None, Bound(**bound) if bound else None, held)

    def _bounds(self, last: Look, look: Look) -> Iterator[Bound]:
        """The bounds after the last look, up to this one."""
        is_estimated = look.at - last.at > EXACT_SECONDS
        first = math.floor(last.at) // self.seconds + 1
        for number in range(first, math.floor(look.at) // self.seconds + 1):
            at = number * self.seconds
            share = (at - last.at) / (look.at - last.at)
            moved = math.floor(share * (look.energy_wh - last.energy_wh))
            yield Bound(at, min(last.energy_wh + moved, look.energy_wh), is_estimated)

    def _closed(self, bound: Bound) -> IntervalEnergy | None:
        before, self.bound = self.bound, bound
        if before is None:
            return None
        is_estimated = before.is_estimated or bound.is_estimated
        return IntervalEnergy(before.at, self.seconds, bound.energy_wh - before.energy_wh, is_estimated)

    def _exact_bound(self, look: Look) -> Bound | None:
        at = math.floor(look.at)
        return Bound(at, look.energy_wh, False) if look.at == at and at % self.seconds == 0 else None


def _can_be(last: Look, look: Look, most_watts: float) -> bool:
    """Whether the counter can have moved so; two seconds are left for what the clocks do not agree on."""
    if look.at <= last.at:
        return False
    return 0 <= look.energy_wh - last.energy_wh <= most_watts * (look.at - last.at + 2.0) / 3600 + 1
