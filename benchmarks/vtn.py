"""Polls: the VTN with its state in the database against openleadr's own server with all of it in memory."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from benchmarks.report import Goal, Of, Row
from benchmarks.vtn_homes import measure_homes
from benchmarks.vtn_systems import Polls, Round, allow_connections, alternate, ours, places, stock
from benchmarks.vtn_world import make_devices, make_pending, make_vens
from benchmarks.world import make_meters
from events.tests.world import make_announced, make_program
from openadr.models import EventDelivery
from openadr.services.changes import announce_changes
from openadr.tests.running import shared_database
from organizations.models import Distributor
from tests.builder import make_distributor

VENS = 1_000
POLL_SECONDS = 10
# VENs with a certificate each; as many connections.
DEVICES = 16
WITHIN, NOTHING = Goal("≤", 250, Of.OURS), Goal("≤", 0, Of.OURS)


@dataclass(frozen=True)
class Scale:
    """How much is measured: rounds of so many seconds, VENs registered, and the load by the clock."""

    times: int
    seconds: float
    sizes: tuple[int, ...]
    paced: int
    paced_seconds: int
    links: int
    homes: int
    homes_seconds: int


SCALES = {
    "small": Scale(3, 1.0, (100, 1_000, 10_000), 2_000, 12, 200, 200, 12),
    "full": Scale(7, 2.5, (100, 1_000, 10_000, 100_000), 20_000, 600, 1_000, 2_000, 60),
}


@dataclass(frozen=True)
class World:
    """What all parts share."""

    scale: Scale
    distributor: Distributor
    url: str
    folder: Path


def measure(scale: str) -> Iterator[Row]:
    """Few VENs first, then more; each system in a process, the load in another."""
    print(places().words(), flush=True)
    allow_connections()
    distributor = make_distributor(timezone="UTC")
    make_meters(distributor, 1)
    with tempfile.TemporaryDirectory() as name, shared_database(Path(name)) as url:
        world = World(SCALES[scale], distributor, url, Path(name))
        yield from _sizes(world)
        yield from _paced(world)
        yield from measure_homes(distributor, url, Path(name), world.scale.homes, world.scale.homes_seconds)


def _sizes(world: World) -> Iterator[Row]:
    """The cost of a poll by how many VENs are registered; what else needs few is measured where there are few."""
    costs, before = [], 0
    for size in world.scale.sizes:
        make_vens(world.distributor, before, size)
        before = size
        with ours(world.url, world.folder) as one, stock(size) as other:
            mine, reference = _rounds(world, Polls(one, size), Polls(other, size))
            memory = [one.rss], [other.rss]
        what = f"idle, {size:,} VENs registered / stock openleadr"
        yield from _against(what, mine, reference, [Goal("≥", 2.5)] if size == VENS else [])
        yield Row("  memory of the process, RSS", "MB", *memory)
        costs.append([100 * theirs.rate / own.rate for own, theirs in zip(mine, reference, strict=True)])
        if size == VENS:
            yield from _few(world)
    # In costs of the stock server, which ran beside each: what slowed the machine meanwhile slowed both.
    what = f"cost of a poll, {world.scale.sizes[-1]:,} VENs / {world.scale.sizes[0]:,}"
    yield Row(what, "% stock", costs[-1], costs[0], [Goal("≤", 1.1)])


def _few(world: World) -> Iterator[Row]:
    yield from _two(world)
    event = make_announced(make_program(world.distributor))
    make_pending(event, VENS // 10)
    with ours(world.url, world.folder) as one, stock(VENS, VENS // 10) as other:
        mine, reference = _rounds(world, Polls(one, VENS), Polls(other, VENS))
    yield from _against("10 % with an event pending / stock openleadr", mine, reference, [Goal("≥", 1.5)])
    EventDelivery.objects.all().delete()
    announce_changes(None)
    yield from _secured(world)


def _two(world: World) -> Iterator[Row]:
    with ours(world.url, world.folder, 2) as two, ours(world.url, world.folder) as one:
        both, single = _rounds(world, Polls(two, VENS), Polls(one, VENS))
    twice = [2 * each.rate for each in both]
    yield Row("two processes, twice their rate / one", "/CPU s", twice, _rates(single), [Goal("≥", 1.7)])


def _secured(world: World) -> Iterator[Row]:
    """Polls with TLS, with signatures and with both, beside plain ones, by VENs with certificates."""
    plain, signing, var = world.folder / "plain", world.folder / "signing", world.folder / "var"
    make_devices(world.distributor, plain, var, DEVICES, must_sign=False)
    make_devices(world.distributor, signing, var, DEVICES, must_sign=True)
    redis = os.environ.get("REDIS_URL", "")
    where = "Redis" if redis else "the database"
    with (
        ours(world.url, world.folder, REDIS_URL=redis) as open_,
        ours(world.url, world.folder, arguments=(), REDIS_URL=redis) as closed,
    ):
        reference, *others = _rounds(
            world,
            Polls(open_, VENS),
            Polls(closed, devices=plain, has_tls=True),
            Polls(open_, devices=signing, signs=True),
            Polls(closed, devices=signing, has_tls=True, signs=True),
        )
    names = ("TLS, kept alive", f"signed both ways, nonces in {where}", "TLS and signed both ways")
    for name, rounds in zip(names, others, strict=True):
        yield from _against(f"{name} / plain", rounds, reference)


def _paced(world: World) -> Iterator[Row]:
    scale = world.scale
    # Each VEN may send as many as the portal lets it by itself.
    with ours(world.url, world.folder, VTN_RATE=str(settings.VTN_RATE)) as one:
        load, times = Polls(one, scale.paced), scale.paced_seconds
        load.run(1.0)
        done = load.run(times, every=POLL_SECONDS, links=scale.links)
        memory = one.rss
    found = done.found
    what = f"{scale.paced:,} VENs, a poll in {POLL_SECONDS} s, {times} s"
    yield Row(f"{what}: p99", "ms", [found["p99"] * 1_000], goals=[WITHIN])
    yield Row(f"  p50, {scale.links:,} connections", "ms", [found["p50"] * 1_000])
    yield Row("  slowest", "ms", [found["max"] * 1_000])
    yield Row("  polls sent", "", [found["sent"]])
    yield Row("  polls answered", "", [found["answered"]])
    yield Row("  answers without success, and polls lost", "", [found["errors"] + found["lost"]], goals=[NOTHING])
    yield Row("  VTN, of its core", "%", [100 * done.own / times])
    yield Row("  VTN, its processor", "µs/poll", [1e6 * done.own / found["answered"]])
    yield Row("  database server, of a core", "%", [100 * done.server / times])
    yield Row("  load generator, of its core", "%", [100 * found["own"] / times])
    yield Row(f"  memory of the VTN, RSS, {scale.sizes[-1]:,} registered", "MB", [memory])


def _rounds(world: World, *loads: Polls) -> list[list[Round]]:
    return alternate(loads, world.scale.times, world.scale.seconds)


def _against(what: str, mine: Sequence[Round], reference: Sequence[Round], goals: Sequence[Goal] = ()) -> Iterator[Row]:
    """Polls per second of the VTN's processor, the same as a cost, and what the database server did meanwhile."""
    yield Row(what, "/CPU s", _rates(mine), _rates(reference), goals)
    costs = [[1e6 / each for each in _rates(rounds)] for rounds in (mine, reference)]
    yield Row("  of the VTN's processor", "µs/poll", *costs)
    yield Row("  of the database server's beside it", "µs/poll", [_beside(each) for each in mine])


def _rates(rounds: Sequence[Round]) -> list[float]:
    return [each.rate for each in rounds]


def _beside(done: Round) -> float:
    return 1e6 * done.server / done.found["answered"]
