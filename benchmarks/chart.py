"""One meter's chart and page as the server makes them, against the bare SQL read of what they show."""

import gzip
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test import Client
from django.urls import reverse

from benchmarks import world
from benchmarks.clock import Took, interleaved
from benchmarks.database import PREDICTIONS, READINGS, fill, insert_predictions
from benchmarks.report import Goal, Of, Row, times
from meters.models import Meter
from tests.builder import make_admin, make_distributor

METERS = {"small": 4, "full": 100}
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = {"week": 7, "year": 365}
TIMES = 20
GOALS = {"week": (), "year": (Goal("≤", 1.5),)}
SECONDS = "TIMESTAMPDIFF(SECOND, '1970-01-01', start)"
SIZE_GOAL = Goal("≤", 30, Of.OURS)


def measure(scale: str) -> Iterator[Row]:
    """Half-hour meters with a year of readings and predictions; requests go through all of the middleware."""
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, METERS[scale])
    for number, meter in enumerate(meters):
        energies = world.make_energies(1, DAYS["year"] * world.SLOTS_PER_DAY, seed=number)
        readings = world.make_readings([meter], FIRST, energies)
        fill(readings)
        insert_predictions(readings)
    # No static files are collected here, and none is asked for.
    warnings.filterwarnings("ignore", "No directory at", UserWarning)
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_admin(distributor))
    for name, days in DAYS.items():
        yield from _rows(client, meters, name, days)


def _rows(client: Client, meters: Sequence[Meter], name: str, days: int) -> Iterator[Row]:
    start = FIRST + timedelta(days=DAYS["year"] - days)
    last = FIRST + timedelta(days=DAYS["year"] - 1)
    query = f"?start={start:%Y-%m-%d}&end={last:%Y-%m-%d}"

    def get(route: str) -> Callable[[int], bytes]:
        def answer(number: int) -> bytes:
            response = client.get(reverse(route, args=[meters[number % len(meters)].pk]) + query)
            assert response.status_code == 200, response.status_code
            return response.content

        return answer

    data, page = get("chart_meter"), get("meter_detail")
    for warm in (data, page):
        warm(0)
    took = interleaved(
        TIMES,
        {
            "data": data,
            "page": page,
            "bare": lambda number: _fetch(meters[number % len(meters)].pk, start, "start"),
            "lean": lambda number: _fetch(meters[number % len(meters)].pk, start, SECONDS),
        },
    )
    yield from _times(f"chart data of a {name} / bare SQL read", took["data"], took["bare"], GOALS[name])
    # Ours asks for seconds too: against the plain read alone it would look better than it is.
    yield from _times(f"chart data of a {name} / bare read of seconds", took["data"], took["lean"], ())
    yield from _times(f"page of a {name} / bare SQL read", took["page"], took["bare"], ())
    for what, body in (("chart data", data(0)), ("page", page(0))):
        yield Row(f"{what} of a {name}, gzip", "kB", [len(gzip.compress(body)) / 1_000], goals=[SIZE_GOAL])


def _times(what: str, ours: Sequence[Took], bare: Sequence[Took], goals: Sequence[Goal]) -> Iterator[Row]:
    yield times(what, ours, bare)
    yield Row("  the slowest in twenty of each (p95)", "ms", [_p95(ours)], [_p95(bare)], goals)


def _p95(took: Sequence[Took]) -> float:
    return statistics.quantiles((each.wall * 1_000 for each in took), n=20)[-1]


def _fetch(meter_id: int, since: datetime, moment: str) -> None:
    """Readings and predictions of the range, as rows of the driver; `moment` is the SQL of their start."""
    columns = {READINGS: "energy_wh, predicted_wh, quality", PREDICTIONS: "wh, lower_wh, upper_wh"}
    with connection.cursor() as cursor:
        for table, names in columns.items():
            cursor.execute(
                f"SELECT {moment}, {names} FROM {table} WHERE meter_id = %s AND start >= %s ORDER BY start",
                [meter_id, since],
            )
            assert cursor.fetchall()
