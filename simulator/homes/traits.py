"""Who the thermal homes are: buildings, devices and habits, from a seed."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.town.chance import Floats, Ints, uniforms
from simulator.town.meters import Home

Flags = NDArray[np.bool_]
COLD_C, MIXED_C = 10.0, 40.0  # water from the main, water from the tap
_DESIGN_C = -15.0
_ONCE: Ints = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True)
class Traits:
    """Traits of homes, every array `(n_homes,)`. Powers in W, heat capacities in J/K, losses in W/K, °C."""

    numbers: Ints
    occupants: Ints
    # The building: air and furniture, and behind them walls and floors.
    loss: Floats
    air_capacity: Floats
    mass_capacity: Floats
    air_to_mass: Floats
    window_w: Floats  # heat through windows under full sun
    # Heating and cooling. A furnace burns gas: its heat is not electric, its fan is.
    has_heat_pump: Flags
    heating_w: Ints
    furnace_heat: Floats
    cooling_w: Ints
    heat_set: Floats
    cool_set: Floats
    night_less: Floats
    band: Floats
    # Hot water; the heat of an electric heater is its power times `water_cop`.
    water_w: Ints
    water_cop: Floats
    water_gas_heat: Floats
    water_capacity: Floats
    water_loss: Floats
    water_set: Floats
    # The car.
    charger_w: Ints
    arrives: Floats
    leaves: Floats
    need_wh: Floats
    solar_w: Floats
    # How the household takes an event.
    setback: Floats  # °C for level 1
    reacts: Flags
    base_w: Floats
    activity_w: Floats
    at_home: Floats
    shift_hours: Floats
    noise: Floats

    def __len__(self) -> int:
        return len(self.numbers)

    def households(self) -> list[Home]:
        """What the town's own model of base load and occupants takes."""
        return [
            Home(
                occupants=int(self.occupants[at]),
                base_w=float(self.base_w[at]),
                activity_w=float(self.activity_w[at]),
                at_home=float(self.at_home[at]),
                shift_hours=float(self.shift_hours[at]),
                heat_w=0.0,
                cool_w=0.0,
                car_w=0.0,
                solar_w=0.0,
                noise=float(self.noise[at]),
            )
            for at in range(len(self))
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Traits) and all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]


def build_homes(seed: int, numbers: Ints) -> Traits:
    """The homes of these numbers; each is what it is, whoever else is asked for."""
    chance = _Chance(seed, numbers)
    area = chance.between("area", 80.0, 220.0)
    loss = area * chance.between("loss", 0.8, 1.4)
    return Traits(
        numbers=numbers,
        **_building(chance, area, loss),
        **_climate(chance, area, loss),
        **_water(chance),
        **_car(chance),
        **_people(chance),
    )


class _Chance:
    """Draws for these homes; another name is another draw."""

    def __init__(self, seed: int, numbers: Ints) -> None:
        self.seed, self.numbers = seed, numbers

    def draw(self, name: str) -> Floats:
        result: Floats = uniforms(self.seed, f"homes/{name}", self.numbers, _ONCE)[:, 0]
        return result

    def between(self, name: str, low: float, high: float) -> Floats:
        return low + (high - low) * self.draw(name)

    def has(self, name: str, share: float) -> Flags:
        result: Flags = self.draw(name) < share
        return result


def _building(chance: _Chance, area: Floats, loss: Floats) -> dict[str, Any]:
    return {
        "loss": loss,
        "air_capacity": 3600.0 * area * chance.between("air", 9.0, 14.0),
        "mass_capacity": 3600.0 * area * chance.between("mass", 45.0, 80.0),
        "air_to_mass": area * chance.between("surface", 7.0, 11.0),
        "window_w": area * chance.between("windows", 7.0, 15.0),
    }


def _climate(chance: _Chance, area: Floats, loss: Floats) -> dict[str, Any]:
    pump = chance.has("heat pump", 0.7)
    needed = loss * (21.0 - _DESIGN_C) * chance.between("reserve", 1.1, 1.3)
    heating = np.where(pump, needed / heating_cop(_DESIGN_C), 350.0)
    cooled = pump | chance.has("cooling", 0.6)
    return {
        "has_heat_pump": pump,
        "heating_w": _watts(heating),
        "furnace_heat": np.where(pump, 0.0, 1.5 * needed),
        "cooling_w": _watts(np.where(cooled, 600.0 + 11.0 * area, 0.0)),
        "heat_set": chance.between("heat set", 19.8, 21.6),
        "cool_set": chance.between("cool set", 24.0, 26.0),
        "night_less": np.where(chance.has("night", 0.6), chance.between("night less", 0.5, 1.5), 0.0),
        "band": chance.between("band", 0.35, 0.6),
    }


def _water(chance: _Chance) -> dict[str, Any]:
    kind = chance.draw("water")
    gas, pump = kind < 0.2, kind > 0.8
    litres = chance.between("litres", 150.0, 300.0)
    return {
        "water_w": _watts(np.where(gas, 0.0, np.where(pump, 900.0, chance.between("element", 2800.0, 4500.0)))),
        "water_cop": np.where(pump, 3.0, 1.0),
        "water_gas_heat": np.where(gas, 9000.0, 0.0),
        "water_capacity": 4186.0 * litres,
        "water_loss": 0.8 + 0.004 * litres,
        "water_set": chance.between("water set", 50.0, 55.0),
    }


def _car(chance: _Chance) -> dict[str, Any]:
    has_car = chance.has("car", 0.35)
    charger = np.where(chance.has("big charger", 0.3), 7200.0, 3600.0)
    return {
        "charger_w": _watts(np.where(has_car, charger, 0.0)),
        "arrives": chance.between("arrives", 16.5, 19.5),
        "leaves": chance.between("leaves", 6.5, 8.5),
        "need_wh": chance.between("miles", 4000.0, 12_000.0),
    }


def _people(chance: _Chance) -> dict[str, Any]:
    occupants = np.digitize(chance.draw("occupants"), [0.17, 0.5, 0.72, 0.92]).astype(np.int64) + 1
    return {
        "occupants": occupants,
        "solar_w": np.where(chance.has("solar", 0.25), chance.between("roof", 3000.0, 6000.0), 0.0),
        "setback": chance.between("setback", 1.8, 2.6),
        "reacts": ~chance.has("sleeper", 0.05),
        "base_w": chance.between("base", 90.0, 240.0),
        "activity_w": (140.0 + 90.0 * occupants) * chance.between("activity", 0.8, 1.25),
        "at_home": chance.draw("at home") ** 1.5,
        "shift_hours": chance.between("shift", -0.9, 0.9),
        "noise": chance.between("noise", 0.07, 0.18),
    }


def heating_cop(outdoors: float) -> float:
    """Heat from a heat pump per electricity, at °C outdoors."""
    return float(np.clip(3.3 + 0.07 * outdoors, 1.6, 4.8))


def cooling_cop(outdoors: float) -> float:
    """Heat taken out per electricity, at °C outdoors."""
    return float(np.clip(3.4 - 0.05 * (outdoors - 30.0), 2.2, 4.5))


def _watts(values: Floats) -> Ints:
    return np.rint(values).astype(np.int64)
