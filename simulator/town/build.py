"""Who lives in Larkfield: homes, organizations, streets, feeders and contracts, from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.town.calendar import local_times
from simulator.town.chance import Floats, Ints
from simulator.town.load import Slots, energy_wh
from simulator.town.meters import Home, Meter, Site
from simulator.town.places import FEEDERS, FIRST_NAMES, LAST_NAMES, PLACES, STREETS, Place

N_HOMES, N_ENROLLED, N_VACANT = 60, 35, 7
SOLAR_EVERY, CAR_EVERY = 7, 11
DEMO_RESIDENT = "Dana Whitfield"
_DEMO_HOME = Home(
    occupants=4,
    base_w=310.0,
    activity_w=1150.0,
    at_home=0.45,
    shift_hours=0.0,
    heat_w=42.0,
    cool_w=90.0,
    car_w=0.0,
    solar_w=0.0,
    noise=0.12,
)


@dataclass(frozen=True)
class Town:
    """The town of one seed. `meters` are homes first, then organizations."""

    seed: int
    meters: tuple[Meter, ...]

    def enrolled(self) -> tuple[Meter, ...]:
        """The meters with a contract."""
        return tuple(meter for meter in self.meters if meter.contracted_kw)


def build_town(seed: int = 2026) -> Town:
    """The town of `seed`, with contracts.

    The first home (the demonstration resident's) and the first organization's main meter report every five
    minutes, all others every thirty. Thirty-five homes and every organization meter have a contract: about
    what they can be expected to give up between 16 and 19 o'clock of a workday.

    Raises:
        ValueError: a negative seed.
    """
    if seed < 0:
        raise ValueError("The seed must be 0 or greater.")
    rng = np.random.default_rng(seed)
    homes = [_home_meter(rng, number) for number in range(1, N_HOMES + 1)]
    sites = [_site_meter(rng, 100 + number, place) for number, place in enumerate(PLACES, start=1)]
    meters = [*_with_owners(rng, homes), *sites]
    return Town(seed, tuple(_with_contracts(seed, meters, rng)))


def _home_meter(rng: np.random.Generator, number: int) -> Meter:
    street = STREETS[(number - 1) % len(STREETS)]
    feeder = FEEDERS[street.feeder]
    along = 0.0011 * ((number - 1) // len(STREETS) - 2.5) + rng.normal(0, 0.00018)
    load, response, rebound = _household(rng, number), _home_response(rng), rng.uniform(0.3, 0.6)
    if number == 1:
        load, response = _DEMO_HOME, 0.27
    return Meter(
        name=f"L-{number:04d}",
        number=number,
        kind="home",
        label=f"{2 * number + 3} {street.name}",
        lat=round(feeder.lat + street.north + along * street.slope, 6),
        lon=round(feeder.lon + street.east + along * 1.35, 6),
        feeder=street.feeder,
        interval_minutes=5 if number == 1 else 30,
        owner_kind="none",
        owner_name="",
        load=load,
        response=response,
        rebound=rebound,
    )


def _household(rng: np.random.Generator, number: int) -> Home:
    solar = number % SOLAR_EVERY == 3  # on the roofs of families who heat with electricity
    occupants = int(rng.choice([1, 2, 3, 4, 5], p=[0.17, 0.33, 0.22, 0.2, 0.08])) if not solar else 5
    heat_pump = solar or rng.random() < 0.35
    cooled = rng.random() < 0.75
    return Home(
        occupants=occupants,
        base_w=float(rng.uniform(170, 330)),
        activity_w=float((330 + 190 * occupants) * rng.uniform(0.8, 1.25)),
        at_home=float(0.1 if solar else rng.beta(0.9, 1.2)),
        shift_hours=float(rng.uniform(-0.9, 0.9)),
        heat_w=float(rng.uniform(40, 75) if heat_pump else rng.uniform(5, 18)),
        cool_w=float(rng.uniform(70, 150) if cooled else 0.0),
        car_w=float(rng.uniform(1400, 1900) if number % CAR_EVERY == 5 else 0.0),
        solar_w=float(rng.uniform(2600, 3200) if solar else 0.0),
        noise=float(rng.uniform(0.05, 0.09) if solar else rng.uniform(0.07, 0.18)),
    )


def _home_response(rng: np.random.Generator) -> float:
    """One home in eight signs up and does nothing; the others give up a sixth to a third of their load."""
    return 0.0 if rng.random() < 0.125 else float(rng.uniform(0.16, 0.34))


def _site_meter(rng: np.random.Generator, number: int, place: Place) -> Meter:
    feeder = FEEDERS[place.feeder]
    return Meter(
        name=f"L-{number:04d}",
        number=number,
        kind=place.kind,
        label=f"{place.organization}, {place.part}",
        lat=round(feeder.lat + place.north + rng.normal(0, 0.0001), 6),
        lon=round(feeder.lon + place.east + rng.normal(0, 0.0001), 6),
        feeder=place.feeder,
        interval_minutes=5 if number == 101 else 30,
        owner_kind="organization",
        owner_name=place.organization,
        load=Site(place.profile, place.peak_kw, place.heat_kw, place.cool_kw, place.noise),
        response=place.response,
        rebound=place.rebound,
    )


def _with_owners(rng: np.random.Generator, homes: Sequence[Meter]) -> list[Meter]:
    """The homes with their residents; a few are nobody's yet, the first is the demonstration resident's."""
    pairs = [f"{first} {last}" for first in FIRST_NAMES.split() for last in LAST_NAMES.split()]
    names = [DEMO_RESIDENT, *(str(name) for name in rng.permutation(pairs)[: len(homes) - 1])]
    vacant = set(rng.choice(np.arange(1, len(homes)), size=N_VACANT, replace=False).tolist())
    return [
        home if at in vacant else replace(home, owner_kind="resident", owner_name=names[at])
        for at, home in enumerate(homes)
    ]


def _with_contracts(seed: int, meters: Sequence[Meter], rng: np.random.Generator) -> list[Meter]:
    """The meters, with kW promised by all organizations and by the homes that have most to give."""
    usual = _afternoon_kw(seed, meters)
    promise = rng.uniform(0.75, 1.25, size=len(meters))
    owned = [at for at, meter in enumerate(meters) if meter.owner_kind == "resident"]
    others = sorted((at for at in owned if at), key=lambda at: -usual[at])
    chosen = {0, *others[: N_ENROLLED - 1]}
    return [
        replace(meter, contracted_kw=_contract(meter, float(usual[at]), float(promise[at])))
        if at in chosen or meter.owner_kind == "organization"
        else meter
        for at, meter in enumerate(meters)
    ]


def _contract(meter: Meter, usual_kw: float, promise: float) -> float:
    """A round figure near what the meter can give up; who does nothing promised as much as the others."""
    given_up = usual_kw * (meter.response or 0.22)
    if meter.owner_kind == "organization":
        return max(5.0, 5.0 * round(given_up * promise / 5.0))
    return min(2.0, max(0.5, round(given_up * promise, 1)))


def _afternoon_kw(seed: int, meters: Sequence[Meter]) -> Floats:
    """Mean power from 16 to 19 o'clock on the workdays of one fixed year, `(n_meters,)`."""
    hours: Ints = np.arange(1735689600, 1735689600 + 365 * 86_400, 3600, dtype=np.int64)
    times = local_times(hours)
    asked = hours[times.works & (times.hour >= 16) & (times.hour < 19)][::2]
    used = energy_wh(seed, meters, Slots(asked, 3600))
    result: Floats = used.mean(axis=1) / 1000.0
    return result
