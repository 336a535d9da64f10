"""What the tests of operator pages share."""

from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from dashboards.tests.story import add_readings, lower, make_program, past_event, settled
from events.models import Event
from meters.models import Feeder, Meter
from tests.builder import Side, World, make_meter, make_organization, map_meter

READERS = ("admin", "staff", "auditor")
CUSTOMERS = ("resident", "member", "organization_admin")


def browser(user: User) -> Client:
    """Somebody's browser, signed in."""
    client = Client()
    client.force_login(user)
    return client


def page(user: User, address: str) -> str:
    """The page, which must be there."""
    answer = browser(user).get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def statuses(world: World, address: str) -> dict[str, int]:
    """What everybody here gets: role -> status."""
    people = {name: getattr(world.here, name) for name in (*READERS, *CUSTOMERS)}
    return {
        name: browser(user).get(address).status_code for name, user in {**people, "platform": world.platform}.items()
    }


def readers_only(world: World, address: str) -> bool:
    """Whether the distributor's people and the platform's get the page, and customers a 403."""
    found = statuses(world, address)
    allowed = {**dict.fromkeys(READERS, 200), **dict.fromkeys(CUSTOMERS, 403), "platform": 200}
    assert found == allowed
    return True


def query_count(user: User, address: str) -> int:
    """How many queries one page needs, after a first visit has warmed what is cached."""
    client = browser(user)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def more_meters(side: Side, count: int, *, days: int = 2) -> list[Meter]:
    """Meters with readings, each of an organization of its own, on a feeder, with coordinates."""
    feeder = Feeder.objects.filter(distributor=side.distributor).first()
    made = []
    for _ in range(count):
        place: dict[str, Any] = {"latitude": Decimal("44.3"), "longitude": Decimal("-121.2"), "feeder": feeder}
        meter = make_meter(side.distributor, usage_kind="shop", contracted_kw=Decimal(2), **place)
        map_meter(meter, make_organization(side.distributor))
        add_readings(meter, days=days)
        made.append(meter)
    return made


def settled_event(side: Side, *, used_wh: int = 300) -> Event:
    """A settled event in which the home alone took part: usually 400 Wh in each of two half hours, then less."""
    event = past_event(make_program(side, side.home))
    add_readings(side.home)
    lower(side.home, event, used_wh)
    settled(event)
    return event
