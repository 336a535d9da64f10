"""Charts of many meters together, out of hourly sums: through all of the middleware, against the bare SQL read."""

import gzip
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from django.db import connection
from django.test import Client
from django.urls import reverse

from benchmarks import world
from benchmarks.clock import Took, interleaved
from benchmarks.database import READINGS, fill
from benchmarks.report import Goal, Of, Row, times
from common.cache import keeping_cache
from meters.models import MeterMap, ScopeHour, ScopeKind, ScopeState
from meters.services.rollups import mark_spans, refresh_rollups
from organizations.models import Distributor
from tests.builder import make_admin, make_distributor

METERS = {"small": 100, "full": 2_000}
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 35
TIMES = 20
MONTH, DAY = "period=month&day=2025-01-01", "period=day&day=2025-01-20"
SPANS = {MONTH: (FIRST, FIRST + timedelta(days=31)), DAY: (FIRST + timedelta(days=19), FIRST + timedelta(days=20))}
_versions = count(1_000)


def measure(scale: str) -> Iterator[Row]:
    """Half-hour meters of one organization with five weeks of readings, added up."""
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, METERS[scale])
    # An organization with a tenth of the fleet.
    organization = MeterMap.objects.filter(holder_kind="organization").latest("pk").entity_id
    MeterMap.objects.filter(entity_id=organization, meter__in=meters[len(meters) // 10 :]).delete()
    for number, meter in enumerate(meters):
        energies = world.make_energies(1, DAYS * world.SLOTS_PER_DAY, seed=number)
        fill(world.make_readings([meter], FIRST, energies))
    _add_up(distributor, [meter.pk for meter in meters])
    # No static files are collected here, and none is asked for.
    warnings.filterwarnings("ignore", "No directory at", UserWarning)
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_admin(distributor))
    yield from _rows(client, "organization month", ScopeKind.ORGANIZATION, organization, MONTH, 20)
    yield from _rows(client, "fleet day", ScopeKind.DISTRIBUTOR, distributor.pk, DAY, 150)


def _add_up(distributor: Distributor, ids: Sequence[int]) -> None:
    first = int(FIRST.timestamp())
    end = first + DAYS * 86_400
    mark_spans(distributor_id=distributor.pk, spans=[(pk, first, end) for pk in ids])
    refresh_rollups(distributor=distributor)
    assert ScopeHour.objects.filter(kind=ScopeKind.DISTRIBUTOR, scope_id=distributor.pk).count() == DAYS * 24


def _rows(client: Client, what: str, kind: ScopeKind, pk: int, query: str, most_ms: float) -> Iterator[Row]:
    name = kind.name.lower()
    data = f"{reverse(f'chart_load_{name}', args=[pk])}?{query}"
    page = f"{reverse('load_fleet' if kind == ScopeKind.DISTRIBUTOR else f'load_{name}', args=_args(kind, pk))}?{query}"
    tag = client.get(data)["ETag"]
    works: dict[str, Callable[[int], object]] = {
        "cold": lambda _number: _cold(client, kind, pk, data),
        "page": lambda _number: _got(client, page),
        "same": lambda _number: client.get(data, headers={"If-None-Match": tag}),
        "bare": lambda _number: _fetch(kind, pk, query),
        "raw": lambda _number: _add_raw(kind, pk, query),
    }
    for work in works.values():
        work(0)
    took = interleaved(TIMES, works)
    goals = [Goal("≤", most_ms, Of.OURS)]
    yield from _times(f"{what}, data, cold / bare read of its hours", took["cold"], took["bare"], goals)
    yield times("  the same / sum of its readings by SQL", took["cold"], took["raw"])
    yield from _kept(client, what, data, took["bare"])
    yield from _times(f"{what}, page / bare read of its hours", took["page"], took["bare"], ())
    yield Row(f"{what}, data, gzip", "kB", [len(gzip.compress(_got(client, data))) / 1_000])


def _args(kind: ScopeKind, pk: int) -> list[int]:
    return [] if kind == ScopeKind.DISTRIBUTOR else [pk]


def _kept(client: Client, what: str, data: str, bare: Sequence[Took]) -> Iterator[Row]:
    """What Redis has already, where there is one, and what the browser has."""
    if keeping_cache() is not None:
        _got(client, data)
        kept = interleaved(TIMES, {"kept": lambda _number: _got(client, data)})["kept"]
        yield from _times(f"{what}, data, kept in Redis / bare read", kept, bare, ())
    tag = client.get(data)["ETag"]
    same = interleaved(TIMES, {"same": lambda _number: client.get(data, headers={"If-None-Match": tag})})["same"]
    yield from _times(f"{what}, data, browser has it (304) / bare read", same, bare, ())


def _cold(client: Client, kind: ScopeKind, pk: int, address: str) -> None:
    """As after a refresh: nothing that is kept is of this version."""
    ScopeState.objects.filter(kind=kind, scope_id=pk).update(version=next(_versions))
    _got(client, address)


def _got(client: Client, address: str) -> bytes:
    response = client.get(address)
    assert response.status_code == 200, response.status_code
    return response.content


def _times(what: str, ours: Sequence[Took], bare: Sequence[Took], goals: Sequence[Goal]) -> Iterator[Row]:
    yield times(what, ours, bare)
    yield Row("  the slowest in twenty of each (p95)", "ms", [_p95(ours)], [_p95(bare)], goals)


def _p95(took: Sequence[Took]) -> float:
    return statistics.quantiles((each.wall * 1_000 for each in took), n=20)[-1]


def _fetch(kind: ScopeKind, pk: int, query: str) -> None:
    _read(
        "SELECT start, energy_wh, predicted_wh, compared_wh, meters, slots FROM meters_scopehour "
        "WHERE kind = %s AND scope_id = %s AND start >= %s AND start < %s ORDER BY start",
        [int(kind), pk, *SPANS[query]],
    )


def _add_raw(kind: ScopeKind, pk: int, query: str) -> None:
    """The same sums out of readings: what a chart would cost without sums by hour."""
    ids = "SELECT meter_id FROM meters_metermap WHERE entity_id = %s"
    _read(
        f"SELECT FLOOR(TIMESTAMPDIFF(SECOND, '1970-01-01', start) / 3600) AS hour, SUM(energy_wh), COUNT(*) "
        f"FROM {READINGS} WHERE meter_id IN ({ids}) AND start >= %s AND start < %s GROUP BY hour",
        [pk, *SPANS[query]],
    )


def _read(query: str, values: Sequence[int | datetime]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        assert cursor.fetchall()
