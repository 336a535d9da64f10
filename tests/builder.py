"""A small world for tests: two distributors, two organizations each, residents, an admin each, a token each."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from accounts.mfa.services import give_app
from accounts.models import ApiToken, ApprovalStatus, Scope, StaffRole, User
from accounts.services import issue_token
from meters.models import Feeder, Meter, MeterMap
from organizations.models import Distributor, Membership, Organization

PASSWORD = "correct horse battery staple"
# Of the authenticator apps of all who must have one.
FACTOR = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = count(1)


def make_distributor(name: str | None = None, **fields: Any) -> Distributor:
    """A distributor in New York's zone."""
    fields = {"timezone": "America/New_York"} | fields
    return Distributor.objects.create(name=name or f"Distributor {next(_numbers)}", **fields)


def make_user(
    distributor: Distributor | None, email: str | None = None, has_factor: bool = True, **fields: Any
) -> User:
    """An approved user with a verified address; a resident unless `fields` or a membership say otherwise.

    An admin has the second factor that is needed, unless `has_factor` says otherwise.
    """
    fields = {"approval_status": ApprovalStatus.APPROVED} | fields
    email = email or f"user{next(_numbers)}@example.com"
    user = User.objects.create_user(
        email, fields.pop("password", None), tenant_id=distributor and distributor.pk, **fields
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if user.staff_role == StaffRole.ADMIN and has_factor:
        give_app(user=user, secret=FACTOR)
    return user


def code_of_now() -> str:
    """The code that the authenticator apps of all who have one show now."""
    return format_hotp_value(hotp_value(FACTOR, int(time.time()) // 30))


def make_platform(email: str | None = None) -> User:
    """A platform operator with the second factor that is needed."""
    user = User.objects.create_superuser(email or f"platform{next(_numbers)}@example.com", PASSWORD)
    give_app(user=user, secret=FACTOR)
    return user


def make_admin(distributor: Distributor, **fields: Any) -> User:
    """A distributor admin."""
    return make_user(distributor, staff_role=StaffRole.ADMIN, **fields)


def make_organization(distributor: Distributor, name: str | None = None, **fields: Any) -> Organization:
    """An organization without members."""
    return Organization.objects.create(distributor=distributor, name=name or f"Organization {next(_numbers)}", **fields)


def make_member(organization: Organization, **fields: Any) -> User:
    """A member; the first one of an organization becomes its admin by rule."""
    user = make_user(organization.distributor, **fields)
    Membership.objects.create(user=user, organization=organization)
    return user


def make_meter(distributor: Distributor, number: str | None = None, **fields: Any) -> Meter:
    """A half-hour meter."""
    return Meter.objects.create(distributor=distributor, number=number or f"M{next(_numbers):05}", **fields)


def map_meter(meter: Meter, holder: Any, valid_from: datetime = EPOCH, **fields: Any) -> MeterMap:
    """The holder's row of a meter map."""
    return MeterMap.objects.create(meter=meter, entity_id=holder.pk, valid_from=valid_from, **fields)


def make_token(user: User, *scopes: str) -> tuple[ApiToken, str]:
    """A token with these scopes, or with all of them."""
    return issue_token(user=user, name="test", scopes=scopes or Scope.values)


@dataclass
class Side:
    """One distributor with everybody in it."""

    distributor: Distributor
    admin: User
    staff: User
    auditor: User
    organization: Organization
    organization_admin: User
    member: User
    pending: User
    other_organization: Organization
    other_organization_admin: User
    resident: User
    neighbor: User
    home: Meter
    neighbor_home: Meter
    school: Meter
    token_key: str


@dataclass
class World:
    """Two distributors, alike."""

    here: Side
    there: Side
    platform: User = field(default=None)  # type: ignore[assignment]  # set before it is read


def make_side(name: str) -> Side:
    """One distributor with an admin, staff, an auditor, two organizations, two residents and three meters."""
    distributor = make_distributor(name)
    organization = make_organization(distributor, f"{name} Schools")
    other = make_organization(distributor, f"{name} Water")
    admin = make_admin(distributor)
    resident, neighbor = make_user(distributor, first_name=f"{name}-Rita"), make_user(distributor)
    feeder = Feeder.objects.create(distributor=distributor, name=f"{name} North")
    home = make_meter(distributor, f"{name}-home", usage_kind="home", feeder=feeder, contracted_kw=Decimal(1))
    neighbor_home = make_meter(distributor, f"{name}-next", usage_kind="home", feeder=feeder)
    school = make_meter(distributor, f"{name}-school", usage_kind="school", contracted_kw=Decimal(50))
    for meter, holder in ((home, resident), (neighbor_home, neighbor), (school, organization)):
        map_meter(meter, holder)
    return Side(
        distributor=distributor,
        admin=admin,
        staff=make_user(distributor, staff_role=StaffRole.STAFF),
        auditor=make_user(distributor, staff_role=StaffRole.AUDITOR),
        organization=organization,
        organization_admin=make_member(organization),
        member=make_member(organization),
        pending=make_member(organization, approval_status=ApprovalStatus.PENDING),
        other_organization=other,
        other_organization_admin=make_member(other),
        resident=resident,
        neighbor=neighbor,
        home=home,
        neighbor_home=neighbor_home,
        school=school,
        token_key=make_token(admin)[1],
    )


def make_world() -> World:
    """Two distributors whose names are marker strings, and a platform operator."""
    return World(here=make_side("Hither"), there=make_side("Thither"), platform=make_platform())
