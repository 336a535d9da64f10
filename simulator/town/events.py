"""How the town answers an event: less during it, some of it back in the hour after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from simulator.town.chance import Floats, Ints, uniforms
from simulator.town.meters import Meter

REBOUND_SECONDS = 3600


@dataclass(frozen=True)
class Event:
    """A call for less load in [start, end), seconds since 1970 in UTC."""

    start: int
    end: int

    @classmethod
    def between(cls, start: datetime, end: datetime) -> "Event":
        """The event between two aware times.

        Raises:
            ValueError: a time without a zone, or an end that is not after the start.
        """
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("An event's times need a zone, for example 2026-11-20T22:00:00Z.")
        if end <= start:
            raise ValueError(f"The event of {start.isoformat()} ends before it starts.")
        return cls(int(start.timestamp()), int(end.timestamp()))


def shares_given_up(seed: int, meters: Sequence[Meter], event: Event) -> Floats:
    """The share of its load each meter gives up in this event, `(n_meters, 1)`; nothing without a contract.

    On one event in ten a home or site forgets; else it does its usual, a fifth more or less.
    """
    numbers, at = _numbers(meters), np.array([event.start], dtype=np.int64)
    takes_part = uniforms(seed, "event/takes-part", numbers, at) > 0.1
    effort = 0.8 + 0.4 * uniforms(seed, "event/effort", numbers, at)
    usual = np.array([[meter.response if meter.contracted_kw else 0.0] for meter in meters])
    return np.where(takes_part, usual * effort, 0.0)


def overlap(starts: Ints, seconds: int, event: Event) -> Floats:
    """The share of each slot that lies in the event, `(n_slots,)`."""
    inside = np.minimum(starts + seconds, event.end) - np.maximum(starts, event.start)
    result: Floats = np.maximum(0, inside) / seconds
    return result


def rebound_share(starts: Ints, seconds: int, event: Event) -> Floats:
    """The share of the returning energy in each slot, `(n_slots,)`: 60 % in the first half hour."""

    def returned_by(instants: Ints) -> Floats:
        gone = np.clip((instants - event.end) / REBOUND_SECONDS, 0.0, 1.0)
        result: Floats = 1.4 * gone - 0.4 * gone**2
        return result

    return returned_by(starts + seconds) - returned_by(starts)


def _numbers(meters: Sequence[Meter]) -> Ints:
    return np.array([meter.number for meter in meters], dtype=np.int64)
