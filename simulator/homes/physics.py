"""Physics of all homes at once: two heat stores for each building, a tank, a car, and a meter that loses nothing.

Between two decisions every power is constant, so temperatures follow exponentials exactly and it does not matter how
a stretch of time is cut. Thermostats decide at each full minute and when a call begins or ends. Powers are whole
watts, times whole seconds: the energy of intervals adds up to the watt-second.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from simulator.errors import SimulatorError
from simulator.homes.sheds import Sheds
from simulator.homes.surroundings import MINUTE, Surroundings, minutes_at_once, surroundings
from simulator.homes.traits import COLD_C, MIXED_C, Flags, Traits, build_homes, cooling_cop, heating_cop
from simulator.town.chance import Floats, Ints

INTERVAL = 300
WARM_UP = 3 * 86_400
LOW_C, HIGH_C = 17.0, 28.0  # comfort: no event takes a home beyond
_TANK_ROOM_C, _TANK_LOW_C, _TANK_BAND = 18.0, 42.0, 4.0
_STATE = ("air", "mass", "tank", "heats", "cools", "boils", "owed", "energy_ws", "carry_ws")


@dataclass
class State:
    """Everything that the next second depends on, each `(n_homes,)`. Temperatures in °C."""

    air: Floats
    mass: Floats
    tank: Floats
    heats: Flags
    cools: Flags
    boils: Flags
    owed: Ints  # Ws that the car still wants
    energy_ws: Ints  # of the open interval
    carry_ws: Ints  # what rounding to Wh has left over
    # What was decided last; follows from the rest.
    power: Ints = field(init=False)
    charging: Ints = field(init=False)
    hvac: Ints = field(init=False)
    boiling: Ints = field(init=False)
    heat: Floats = field(init=False)
    tank_heat: Floats = field(init=False)

    @classmethod
    def at_rest(cls, traits: Traits) -> "State":
        """A home somebody has just moved into."""
        n = len(traits)
        off, none = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64)
        return cls(
            traits.heat_set + 0.5, traits.heat_set + 0.5, traits.water_set - 2.0, off, off, off, none, none, none
        )


class Homes:
    """Homes at the moment `at` (seconds since 1970), moved on by `advance`.

    Args:
        seed: the town's.
        numbers: of the homes.
        at: where they begin, after three days of warming up; a multiple of five minutes.
        sheds: who is asked for less, and when.
    """

    def __init__(self, seed: int, numbers: Ints, at: int, sheds: Sheds | None = None) -> None:
        self._prepare(seed, numbers, sheds)
        self.at = at // INTERVAL * INTERVAL - WARM_UP
        self.state = State.at_rest(self.traits)
        for _ in self.advance(at // INTERVAL * INTERVAL):
            pass

    def _prepare(self, seed: int, numbers: Ints, sheds: Sheds | None) -> None:
        self.seed, self.traits = seed, build_homes(seed, numbers)
        self.sheds = sheds or Sheds(len(numbers))
        self._around: Surroundings | None = None
        self._spreads: dict[int, tuple[Floats, ...]] = {}
        self._decided, self._came, self._levels = -1, -1, np.zeros(0, dtype=np.int64)

    def dump(self) -> bytes:
        """The homes as they are; made at the border of two intervals."""
        file = io.BytesIO()
        arrays = {name: getattr(self.state, name) for name in _STATE}
        np.savez(file, at=self.at, came=self._came, seed=self.seed, numbers=self.traits.numbers, **arrays)
        return file.getvalue()

    @classmethod
    def load(cls, content: bytes, seed: int, numbers: Ints) -> "Homes":
        """Those of the homes that `dump` wrote.

        Raises:
            SimulatorError: it wrote those of another town, or not these.
        """
        with np.load(io.BytesIO(content)) as kept:
            if int(kept["seed"]) != seed or not np.isin(numbers, kept["numbers"]).all():
                raise SimulatorError("The state was kept for other homes; make history and state anew.")
            which = np.searchsorted(kept["numbers"], numbers)
            homes = cls.__new__(cls)
            homes._prepare(seed, numbers, None)
            homes.at, homes._came = int(kept["at"]), int(kept["came"])
            homes.state = State(*(kept[name][which] for name in _STATE))
        return homes

    def advance(self, until: int) -> Iterator[tuple[int, Ints]]:
        """Moves on to `until`; yields the start and the Wh `(n_homes,)` of each interval that closes on the way.

        Must be run to its end. Afterwards `power` is what is drawn from `until` on.
        """
        while self.at < until:
            self._decide()
            stop = min(until, (self.at // MINUTE + 1) * MINUTE, self.sheds.next_change(self.at))
            self._flow(stop - self.at)
            self.at = stop
            if stop % INTERVAL == 0:
                yield stop - INTERVAL, self._close()
        self._decide()

    @property
    def power(self) -> Ints:
        """W from the grid now; negative where a roof gives more than is used."""
        self._decide()
        return self.state.power

    @property
    def flexible(self) -> Ints:
        """The part of it that an event can ask for: heating and cooling, hot water, car."""
        self._decide()
        return self.state.hvac + self.state.boiling + self.state.charging

    def _now(self) -> tuple[Surroundings, int]:
        around = self._around
        if around is None or not around.start <= self.at < around.end:
            n_minutes = minutes_at_once(len(self.traits))
            span = n_minutes * MINUTE
            around = surroundings(self.seed, self.traits, self.at // span * span, n_minutes)
            self._around = around
        return around, (self.at - around.start) // MINUTE

    def _decide(self) -> None:
        """Thermostats and chargers look once a minute, and when a call begins or ends."""
        minute, levels = self.at // MINUTE, self.sheds.levels(self.at)
        if minute == self._decided and levels is self._levels:
            return
        around, row = self._now()
        if minute > self._came:  # cars come home once
            self.state.owed = self.state.owed + around.comes[row]
        self._decided, self._levels, self._came = minute, levels, minute
        called = np.where(self.traits.reacts, levels, 0)
        self._climate(around, row, called)
        self._water(around, row, called)
        self._charge(around, row, called)
        state = self.state
        state.power = around.other_w[row] + state.hvac + state.boiling + state.charging

    def _climate(self, around: Surroundings, row: int, called: Ints) -> None:
        state, traits = self.state, self.traits
        less = np.where(called > 0, traits.setback + called - 1.0, 0.0)
        heat_to = np.maximum(around.heat_set[row] - less, LOW_C + traits.band)
        cool_to = np.minimum(around.cool_set[row] + less, HIGH_C - traits.band)
        state.heats = (state.air < heat_to - traits.band) | (state.heats & (state.air < heat_to + traits.band))
        can_cool = (traits.cooling_w > 0) & ~state.heats
        state.cools = can_cool & (
            (state.air > cool_to + traits.band) | (state.cools & (state.air > cool_to - traits.band))
        )
        outdoors = float(around.outdoors[row])
        state.hvac = state.heats * traits.heating_w + state.cools * traits.cooling_w
        warmth = np.where(traits.has_heat_pump, traits.heating_w * heating_cop(outdoors), traits.furnace_heat)
        cold = traits.cooling_w * cooling_cop(outdoors)
        state.heat = around.gains[row] + state.heats * warmth - state.cools * cold + traits.loss * outdoors

    def _water(self, around: Surroundings, row: int, called: Ints) -> None:
        state, traits = self.state, self.traits
        wanted = np.where(called > 0, _TANK_LOW_C, traits.water_set)
        state.boils = (state.tank < wanted - _TANK_BAND) | (state.boils & (state.tank < wanted))
        state.boiling = state.boils * traits.water_w
        warm = np.clip((state.tank - COLD_C) / (MIXED_C - COLD_C), 0.0, 1.0)  # a cold tank gives little
        heat = state.boiling * traits.water_cop + state.boils * traits.water_gas_heat
        state.tank_heat = heat - around.draws[row] * warm

    def _charge(self, around: Surroundings, row: int, called: Ints) -> None:
        """Whole watts for the rest of the minute; who would not be ready in time charges through an event."""
        state, traits = self.state, self.traits
        rest = MINUTE - self.at % MINUTE
        is_late = state.owed > traits.charger_w * np.maximum(0.0, around.left_s[row] - 900.0)
        wants = around.plugged[row] & ((called == 0) | is_late)
        state.charging = np.where(wants, np.minimum(traits.charger_w, state.owed // rest), 0)

    def _flow(self, seconds: int) -> None:
        """Lets everything run as decided."""
        state, traits = self.state, self.traits
        air_air, air_mass, mass_air, mass_mass, cooling = self._spread(seconds)
        rest = state.heat / traits.loss  # where both stores would come to rest
        air, mass = state.air - rest, state.mass - rest
        state.air = rest + air_air * air + air_mass * mass
        state.mass = rest + mass_air * air + mass_mass * mass
        tank_rest = _TANK_ROOM_C + state.tank_heat / traits.water_loss
        state.tank = tank_rest + (state.tank - tank_rest) * cooling
        state.owed = state.owed - state.charging * seconds
        state.energy_ws = state.energy_ws + state.power * seconds

    def _spread(self, seconds: int) -> tuple[Floats, ...]:
        """How much of each store's distance from rest is left where: the exponential of the 2 by 2 system."""
        if seconds not in self._spreads:
            traits = self.traits
            a = -(traits.loss + traits.air_to_mass) / traits.air_capacity
            b, c = traits.air_to_mass / traits.air_capacity, traits.air_to_mass / traits.mass_capacity
            middle, half = (a - c) / 2.0, np.sqrt(((a + c) / 2.0) ** 2 + b * c)
            grown = np.exp(middle * seconds)
            even, odd = grown * np.cosh(half * seconds), grown * np.sinh(half * seconds) / half
            tank = np.exp(-traits.water_loss * seconds / traits.water_capacity)
            self._spreads[seconds] = (even + odd * (a - middle), odd * b, odd * c, even + odd * (-c - middle), tank)
        return self._spreads[seconds]

    def _close(self) -> Ints:
        """The interval's Wh; what rounding leaves over goes to the next."""
        state = self.state
        total = state.carry_ws + state.energy_ws
        wh = (total + 1800) // 3600
        state.carry_ws, state.energy_ws = total - wh * 3600, np.zeros_like(total)
        return wh
