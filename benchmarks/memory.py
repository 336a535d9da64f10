"""What the processes of the portal take, as smaps_rollup says: web workers at work, and one that takes readings in.

The workers fork from a process that has loaded everything, so most of their RSS is shared. The goal bounds what one
more worker adds: its USS; PSS and RSS stand beside it.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from http.client import HTTPMessage

from accounts.models import Scope
from benchmarks import database, world
from benchmarks.ingest import START, WEEK
from benchmarks.ingest_http import csv_body
from benchmarks.portal import Memory, Portal, memory_of, served
from benchmarks.report import Goal, Of, Row
from meters.models import Meter
from tests.builder import PASSWORD, make_admin, make_distributor, make_token, make_user, map_meter

WEB_GOAL, INGEST_GOAL = Goal("≤", 60, Of.OURS), Goal("≤", 256, Of.OURS)
METERS = 600
BODIES = {"200k rows": 1, "1M rows": 5}
ROUNDS = {"small": 20, "full": 200}
_NAME = f"{database.NAME}_memory"


def measure(scale: str) -> Iterator[Row]:
    """Megabytes per worker after it has worked."""
    with database.another(_NAME, keep=False):
        distributor = make_distributor(timezone="UTC")
        admin = make_admin(distributor)
        meters = world.make_meters(distributor, METERS)
        resident = make_user(distributor, password=PASSWORD)
        home = Meter.objects.create(distributor=distributor, number="HOME")
        map_meter(home, resident)
        database.fill(world.make_readings([home], START, world.make_energies(1, 60 * world.SLOTS_PER_DAY)))
        with served(WEB_WORKERS="2") as portal:
            yield from _rows("web worker, started", portal.memory())
            yield Row("process that they fork from, RSS", "MB", [memory_of(portal.process.pid).rss])
            _browse(portal, resident.email, home, ROUNDS[scale])
            yield from _rows("web worker, after pages, charts and log-in", portal.memory(), WEB_GOAL)
        token = make_token(admin, Scope.READINGS_WRITE)[1]
        yield from _ingest(token, meters)


def _ingest(token: str, meters: list[Meter]) -> Iterator[Row]:
    names = {meter.pk: meter.number for meter in meters}
    with served(WEB_WORKERS="1", WEB_THREADS="1", WEB_TIMEOUT="600") as portal:
        first = 0
        for name, weeks in BODIES.items():
            energies = world.make_energies(METERS, weeks * WEEK)
            readings = world.make_readings(meters, START + timedelta(days=7 * first), energies)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
            status, answer, _headers = portal.call("POST", "/api/v1/readings", csv_body(readings, names), headers)
            assert (status, json.loads(answer)["new"]) == (200, len(readings)), answer[:500]
            first += weeks
            (pid,) = portal.workers()
            peak = _peak(pid)
            yield Row(f"ingest worker, highest RSS during a body of {name}", "MB", [peak], goals=[INGEST_GOAL])
            yield from _rows(f"ingest worker, after a body of {name}", portal.memory())


def _rows(what: str, found: Sequence[Memory], goal: Goal | None = None) -> Iterator[Row]:
    yield Row(f"{what}, USS", "MB", [each.uss for each in found], goals=[goal] if goal else [])
    yield Row(f"{what}, PSS", "MB", [each.pss for each in found])
    yield Row(f"{what}, RSS", "MB", [each.rss for each in found])


def _peak(pid: int) -> float:
    """The highest RSS since the process began."""
    with open(f"/proc/{pid}/status") as lines:
        found = next(line for line in lines if line.startswith("VmHWM:"))
    return int(found.split()[1]) / 1024


def _browse(portal: Portal, address: str, home: Meter, rounds: int) -> None:
    """What visitors and a resident look at; both workers get their share."""
    cookies = _log_in(portal, address)
    pages = ["/", "/programs", "/help", "/accounts/login/", "/accounts/signup/"]
    own = ["/home", f"/meters/{home.pk}", f"/charts/meters/{home.pk}", "/rewards", "/account", "/charts/figures/meter"]
    for _round in range(rounds):
        for path in pages:
            assert portal.call("GET", path)[0] == 200, path
        for path in own:
            assert portal.call("GET", path, headers={"Cookie": cookies})[0] == 200, path


def _log_in(portal: Portal, address: str) -> str:
    _status, _page, headers = portal.call("GET", "/accounts/login/")
    csrf = _cookie(headers, "csrftoken")
    body = f"csrfmiddlewaretoken={csrf}&login={address}&password={PASSWORD.replace(' ', '+')}"
    status, _page, headers = portal.call(
        "POST",
        "/accounts/login/",
        body.encode(),
        {
            "Cookie": f"csrftoken={csrf}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://localhost:{portal.port}",
        },
    )
    assert status == 302, status
    return f"sessionid={_cookie(headers, 'sessionid')}"


def _cookie(headers: HTTPMessage, name: str) -> str:
    found = next(text for text in headers.get_all("Set-Cookie", []) if text.startswith(f"{name}="))
    return found.partition("=")[2].partition(";")[0]
