"""Both sides with a full life, and everybody who visits them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, User
from tests.access.world.calls import call_events
from tests.access.world.devices import enroll_device
from tests.access.world.imports import connect_upstream, import_files, leave_doubt, note_outage
from tests.access.world.life import Life
from tests.access.world.mail import tell
from tests.access.world.people import describe, name_everybody, put_on_map, spare_rows
from tests.access.world.visitors import Visitor, make_roles
from tests.builder import PASSWORD, Side, World, make_world


def live(side: Side) -> Life:
    """A program, events in each state, rewards, a forecast, mail, and rows that nothing depends on."""
    life, name = Life(side), side.distributor.name
    life.rows |= spare_rows(side, name)
    call_events(life, name)
    tell(life, name)
    import_files(life, name)
    leave_doubt(life)
    note_outage(life, name)
    connect_upstream(life, name)
    enroll_device(life, name)
    describe(life)
    name_everybody(side, name)
    put_on_map(side, name)
    life.rows["accounts/auditentry"] = AuditEntry.objects.filter(tenant=side.distributor.pk).latest("pk").pk
    return life


@dataclass
class AccessWorld:
    """Everything that a case needs."""

    world: World
    here: Life
    there: Life
    roles: dict[str, Visitor]
    # What the forms of the admin show, by address.
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What came of the cases that write.
    outcomes: dict[Any, Any] = field(default_factory=dict)


def build() -> AccessWorld:
    """Two distributors alike, "Hither" and "Thither", and everybody of docs/access.md."""
    world = make_world()
    EmailAddress.objects.create(user=world.platform, email=world.platform.email, verified=True, primary=True)
    here, there = live(world.here), live(world.there)
    User.objects.update(password=make_password(PASSWORD))
    access = AccessWorld(world, here, there, make_roles(world))
    # Reading changes nothing; that a token was used is noted only now and then, so not in these tests.
    ApiToken.objects.update(last_used_at=timezone.now() + timedelta(days=1))
    return access
