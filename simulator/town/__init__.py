"""Larkfield: an invented town whose load is a pure function of seed, meter, slot and events."""

from simulator.town.build import Town, build_town
from simulator.town.events import Event
from simulator.town.load import Slots, energy_wh, missing, slots_between
from simulator.town.meters import Meter

__all__ = ["Event", "Meter", "Slots", "Town", "build_town", "energy_wh", "missing", "slots_between"]
