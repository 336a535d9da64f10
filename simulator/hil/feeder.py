"""A feeder: several hundred kW whose load can be shed in part, and comes back with a rebound.

What it would draw without any shed is a pure function of seed and second (`unshed_watts`). What was shed, how far
the shed has ramped and how much is still to come back is state, moved on by `Feeder.advance`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from simulator.town.calendar import local_times
from simulator.town.chance import Floats, Ints, drifting

_NUMBER = np.array([0], dtype=np.int64)
_CHUNK = 3600
_HOUR = 3600.0


@dataclass(frozen=True)
class FeederTraits:
    """What a feeder is like. Powers in W, three phases together.

    Attributes:
        seed: another seed is another feeder.
        fixed_watts: mean of the load that nobody can shed.
        controllable_watts: rating of what can be shed; how much of it runs changes with the hour.
        ramp_watts: how fast a shed follows its set-point, W per second.
        rebound_share: share of the energy shed that is drawn later.
        rebound_seconds: time constant of that.
        rebound_limit: most that is drawn on top, as a share of the rating.
        volts: phase to neutral at the head of the feeder without load.
        short_circuit_va: stiffness; the greater, the less the voltage falls with load.
        tangent: reactive power per active power.
        hertz: nominal frequency.
    """

    seed: int = 2026
    fixed_watts: float = 210_000.0
    controllable_watts: float = 180_000.0
    ramp_watts: float = 6_000.0
    rebound_share: float = 0.6
    rebound_seconds: float = 900.0
    rebound_limit: float = 0.35
    volts: float = 284.0
    short_circuit_va: float = 9_000_000.0
    tangent: float = 0.3
    hertz: float = 60.0


@dataclass
class Feeder:
    """A feeder at one instant; only `advance` moves it on.

    Attributes:
        now: seconds since 1970 up to which it has run.
        setpoint_watts: what it is asked to shed.
        shed_watts: what it sheds: the set-point, ramped, and never more than there is to shed.
        owed_wh: energy that will still come back.
        energy_wh: what it has drawn since it began.
    """

    traits: FeederTraits
    now: float
    setpoint_watts: float = 0.0
    shed_watts: float = 0.0
    rebound_watts: float = 0.0
    owed_wh: float = 0.0
    energy_wh: float = 0.0
    _first: int = 0
    _fixed: Floats = field(default_factory=lambda: np.zeros(0))
    _open: Floats = field(default_factory=lambda: np.zeros(0))

    def advance(self, until: float) -> None:
        """Runs on to `until`, in seconds since 1970. A clock that was set back leaves it where it is."""
        for begin, end in _pieces(self.now, until):
            self._step(int(begin), end - begin)
            self.now = end

    @property
    def watts(self) -> float:
        """Active power drawn from the grid now."""
        fixed, controllable = self._loads(int(self.now))
        return fixed + controllable - min(self.shed_watts, controllable) + self.rebound_watts

    @property
    def achieved_watts(self) -> float:
        """What is shed now: the load may have fallen below it since the last step."""
        return min(self.shed_watts, self.available_watts)

    @property
    def available_watts(self) -> float:
        """What could be shed now."""
        return self._loads(int(self.now))[1]

    def volts(self) -> tuple[float, float, float]:
        """Phase to neutral; it falls with the load, a little more on the phases that carry more."""
        traits, active = self.traits, self.watts
        drop = active * (1.0 + traits.tangent) / traits.short_circuit_va
        shares = (1.03, 1.0, 0.97)
        first, second, third = (traits.volts * (1.0 - share * drop) for share in shares)
        return first, second, third

    @property
    def vars(self) -> float:
        """Reactive power."""
        return self.watts * self.traits.tangent

    @property
    def hertz(self) -> float:
        """Frequency: the nominal one, drifting."""
        second = np.array([int(self.now)], dtype=np.int64)
        drift = float(drifting(self.traits.seed, "hil/hertz", _NUMBER, second, 60)[0, 0])
        return self.traits.hertz + 0.01 * drift

    def _step(self, second: int, seconds: float) -> None:
        """Moves on within one second, in which the unshed load stays the same."""
        traits = self.traits
        fixed, controllable = self._loads(second)
        wanted, most = min(self.setpoint_watts, controllable), traits.ramp_watts * seconds
        self.shed_watts = min(self.shed_watts + max(-most, min(most, wanted - self.shed_watts)), controllable)
        self.owed_wh += traits.rebound_share * self.shed_watts * seconds / _HOUR
        self.rebound_watts = self._rebound(seconds, most)
        self.owed_wh = max(0.0, self.owed_wh - self.rebound_watts * seconds / _HOUR)
        self.energy_wh += (fixed + controllable - self.shed_watts + self.rebound_watts) * seconds / _HOUR

    def _rebound(self, seconds: float, most: float) -> float:
        """Nothing comes back while something is asked for; then it fades with its time constant."""
        if self.setpoint_watts > 0.0 or self.owed_wh <= 0.0:
            return 0.0
        wanted = self.owed_wh * _HOUR / self.traits.rebound_seconds
        limit = self.traits.rebound_limit * self.traits.controllable_watts
        return min(wanted, limit, self.rebound_watts + most, self.owed_wh * _HOUR / seconds)

    def _loads(self, second: int) -> tuple[float, float]:
        at = second - self._first
        if not 0 <= at < len(self._fixed):
            self._first, at = second, 0
            seconds = np.arange(second, second + _CHUNK, dtype=np.int64)
            self._fixed, self._open = unshed_watts(self.traits, seconds)
        return float(self._fixed[at]), float(self._open[at])


def unshed_watts(traits: FeederTraits, seconds: Ints) -> tuple[Floats, Floats]:
    """What a feeder would draw if nobody ever asked: the fixed and the controllable part, each `(n_times,)` in W."""
    times = local_times(seconds)
    evening = np.exp(-(((times.hour - 18.5) / 3.0) ** 2))
    daytime = np.exp(-(((times.hour - 11.0) / 4.0) ** 2))
    rest = np.where(times.works, 1.0, 0.9)
    slow, quick = (drifting(traits.seed, f"hil/{knot}", _NUMBER, seconds, knot)[0] for knot in (3600, 60))
    fixed = traits.fixed_watts * rest * (0.8 + 0.35 * evening + 0.25 * daytime) * (1.0 + 0.02 * slow + 0.006 * quick)
    runs = 0.68 + 0.22 * evening + 0.15 * daytime + 0.02 * slow
    return np.maximum(fixed, 0.0), traits.controllable_watts * np.clip(runs, 0.0, 1.0)


def unshed_wh(traits: FeederTraits, start: int, end: int, seconds: int) -> list[int]:
    """Energy of each slot of `seconds` within [start, end) without any shed, in Wh; every 15 s of it are looked at."""
    step = math.gcd(15, seconds)
    slots = max(0, (end - start) // seconds)
    energies: list[int] = []
    for at in range(0, slots, _CHUNK):
        many = min(_CHUNK, slots - at)
        first = start + at * seconds
        times = np.arange(first, first + many * seconds, step, dtype=np.int64)
        fixed, controllable = unshed_watts(traits, times)
        watts = (fixed + controllable).reshape(many, -1).mean(axis=1)
        energies.extend(int(wh) for wh in np.rint(watts * seconds / _HOUR))
    return energies


def _pieces(begin: float, end: float) -> Iterator[tuple[float, float]]:
    """The whole seconds between, with what is left of one at either end."""
    while begin < end:
        stop = min(end, math.floor(begin) + 1.0)
        yield begin, stop
        begin = stop
