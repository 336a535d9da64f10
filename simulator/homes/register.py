"""The homes as meters of a distributor: numbers, places, contracts, residents."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from simulator.files import METER_COLUMNS, PEOPLE_COLUMNS
from simulator.homes.physics import INTERVAL, Homes
from simulator.homes.traits import Traits
from simulator.town.calendar import local_times
from simulator.town.chance import Floats, Ints, normals, uniforms
from simulator.town.places import FEEDERS, FIRST_NAMES, LAST_NAMES

MAX_HOMES = 5000
_NAME = re.compile(r"D-([0-9]{4})")
_STREETS = ("Kiln Lane", "Tannery Row", "Weir Street", "Quarry Road", "Hopfield Close", "Saddler Street")
_ONCE: Ints = np.zeros(1, dtype=np.int64)
_TYPICAL = (datetime(2026, 1, 21, 5, tzinfo=UTC), datetime(2026, 7, 15, 5, tzinfo=UTC))  # a winter's and a summer's day


def meter_name(number: int) -> str:
    """The number on the meter.

    >>> meter_name(7)
    'D-0007'
    """
    return f"D-{number:04d}"


def number_in(texts: Iterable[str]) -> int | None:
    """The home that one of the texts names as its meter does.

    >>> number_in(["gateway", "D-0007"])
    7
    """
    found = next((match for text in texts if (match := _NAME.search(text))), None)
    return int(found[1]) if found else None


def write_meters(seed: int, homes: Traits, path: Path) -> None:
    """A row per home, as `manage.py import_meters` reads it."""
    rows = zip(homes.numbers.tolist(), _promises(seed, homes).tolist(), _places(seed, homes), strict=True)
    exports = (homes.solar_w > 0).tolist()
    _write(
        path,
        METER_COLUMNS,
        [
            [meter_name(number), "home", f"{promise:g}", *place, str(INTERVAL // 60), str(gives).lower()]
            for (number, promise, place), gives in zip(rows, exports, strict=True)
        ],
    )


def write_people(seed: int, homes: Traits, path: Path) -> None:
    """A row per home: its resident."""
    pairs = [f"{first} {last}" for last in LAST_NAMES.split() for first in FIRST_NAMES.split()]
    order = np.random.default_rng([seed, 4]).permutation(len(pairs)).tolist()
    people = [pairs[order[number % len(pairs)]] for number in homes.numbers.tolist()]
    rows = [[meter_name(number), "resident", name] for number, name in zip(homes.numbers.tolist(), people, strict=True)]
    _write(path, PEOPLE_COLUMNS, rows)


def _promises(seed: int, homes: Traits) -> Floats:
    """kW that a home can usually give up from 16 to 19 o'clock, in steps of 0.1, none below 0.3."""
    usual = np.mean([_flexible_kw(seed, homes.numbers, int(day.timestamp())) for day in _TYPICAL], axis=0)
    careful = 0.6 + 0.4 * uniforms(seed, "homes/promise", homes.numbers, _ONCE)[:, 0]
    result: Floats = np.clip(np.round(usual * careful, 1), 0.3, 4.0)
    return result


def _flexible_kw(seed: int, numbers: Ints, start: int) -> Floats:
    homes = Homes(seed, numbers, start)
    total, n = np.zeros(len(numbers)), 0
    for at, _ in homes.advance(start + 86_400):
        if 16 <= local_times(np.array([at], dtype=np.int64)).hour[0] < 19:
            total, n = total + homes.flexible, n + 1
    return total / n / 1000.0


def _places(seed: int, homes: Traits) -> list[list[str]]:
    """Label, latitude, longitude and feeder of each home."""
    north = normals(seed, "homes/north", homes.numbers, _ONCE)[:, 0]
    east = normals(seed, "homes/east", homes.numbers, _ONCE)[:, 0]
    names = list(FEEDERS)
    return [
        _place(number, names[number % len(names)], float(north[at]), float(east[at]))
        for at, number in enumerate(homes.numbers.tolist())
    ]


def _place(number: int, feeder: str, north: float, east: float) -> list[str]:
    middle = FEEDERS[feeder]
    label = f"{number // len(_STREETS) + 1} {_STREETS[number % len(_STREETS)]}"
    return [label, f"{middle.lat + 0.0022 * north:.6f}", f"{middle.lon + 0.003 * east:.6f}", feeder]


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
