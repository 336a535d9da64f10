"""Who lives and works in Larkfield, and how they log in."""

import csv
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from accounts.mfa.services import give_app
from accounts.models import ApprovalStatus, Entity, StaffRole, User
from meters.models import Meter
from meters.services import map_meter
from organizations.models import Distributor, Membership, Organization

DOMAIN = "larkfield.example"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Login:
    """One account that the demonstration prints."""

    role: str
    name: str
    address: str
    staff_role: str = ""
    organization: bool = False
    is_waiting: bool = False

    @property
    def has_factor(self) -> bool:
        """Whether the log-in asks for a code."""
        return self.staff_role == StaffRole.ADMIN or self.role == "Platform operator"

    @property
    def email(self) -> str:
        """The whole address."""
        return f"{self.address}@{DOMAIN}"


LOGINS = (
    Login("Resident", "Dana Whitfield", "dana.whitfield"),
    Login("Resident with devices", "Hana Gallagher", "hana.gallagher"),
    Login("Organization admin", "Morgan Reyes", "principal", organization=True),
    Login("Organization member", "Sam Okafor", "teacher", organization=True),
    Login("Waiting for approval", "Noa Lindqvist", "newcomer", organization=True, is_waiting=True),
    Login("Distributor admin", "Alex Moreau", "operator", staff_role=StaffRole.ADMIN),
    Login("Second distributor admin", "Riley Chen", "approver", staff_role=StaffRole.ADMIN),
    Login("Distributor staff", "Jordan Pike", "staff", staff_role=StaffRole.STAFF),
    Login("Auditor", "Robin Castellane", "auditor", staff_role=StaffRole.AUDITOR),
    Login("Platform operator", "", "platform"),
)


def password(folder: Path) -> str:
    """The demonstration's one password: made at random the first time, kept in a private file."""
    file = folder / "password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"larkfield-{secrets.token_hex(4)}")
    return file.read_text()


def equip(secret: str) -> None:
    """Gives an authenticator app with this secret to those whose log-in asks for a code and who have none."""
    emails = [login.email for login in LOGINS if login.has_factor]
    for user in User.objects.filter(email__in=emails):
        if not Authenticator.objects.filter(user_id=user.pk).exists():
            give_app(user=user, secret=secret)


def settle_in(distributor: Distributor, people: Path, secret: str) -> None:
    """Accounts, organizations and meter maps of the town's list of owners (meter, owner_kind, owner_name)."""
    meters = {meter.number: meter for meter in Meter.objects.filter(distributor=distributor)}
    organizations: dict[str, Organization] = {}
    for number, kind, owner in _owners(people):
        meter = meters[number]
        if kind == "organization":
            organization = organizations.get(owner) or Organization.objects.create(
                distributor=distributor, name=owner, latitude=meter.latitude, longitude=meter.longitude
            )
            organizations[owner] = organization
            _hold(meter, organization)
        elif kind == "resident":
            first, _, last = owner.partition(" ")
            address = f"{first}.{last}".lower().replace(" ", "").replace("’", "")
            _hold(meter, _user(distributor, owner, f"{address}@{DOMAIN}", None))
    _hire(distributor, next(iter(organizations.values())), secret)


def move_in(distributor: Distributor, number: str, since: datetime) -> None:
    """Somebody moves into a home that nobody had."""
    meter = Meter.objects.get(distributor=distributor, number=number)
    newcomer = _user(distributor, "Noor Adeyemi", f"noor.adeyemi@{DOMAIN}", None)
    map_meter(meter=meter, holder=newcomer, valid_from=since)


def newcomer(distributor: Distributor, name: str) -> User:
    """Somebody of that name without a meter yet: a printed account, or another of the same name."""
    plain = name.lower().replace(" ", ".").replace("’", "")
    for email in (f"{plain}@{DOMAIN}", f"{plain}.the.younger@{DOMAIN}"):
        known = User.objects.filter(email=email).first()
        if known is None or not known.meter_maps.exists():
            return known or _user(distributor, name, email, None)
    raise ValueError(f"a third person named {name}")


def somebody(address: str) -> User:
    """The person of an address before the @."""
    user: User = User.objects.get(email=f"{address}@{DOMAIN}")
    return user


def _owners(people: Path) -> Iterator[tuple[str, str, str]]:
    with people.open(newline="") as stream:
        for row in csv.DictReader(stream):
            yield row["meter"], row["owner_kind"], row["owner_name"]


def _hold(meter: Meter, holder: Entity) -> None:
    map_meter(meter=meter, holder=holder, valid_from=LONG_AGO)


def _user(distributor: Distributor, name: str, email: str, secret: str | None, **fields: object) -> User:
    first, _, last = name.partition(" ")
    fields = {"approval_status": ApprovalStatus.APPROVED, **fields}
    user = User.objects.create_user(email, secret, first_name=first, last_name=last, tenant_id=distributor.pk, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _hire(distributor: Distributor, organization: Organization, secret: str) -> None:
    """The accounts that are printed; the resident among them has a meter already."""
    for login in LOGINS:
        if login.role == "Platform operator":
            platform = User.objects.create_superuser(login.email, secret)
            EmailAddress.objects.create(user=platform, email=platform.email, verified=True, primary=True)
            continue
        user = User.objects.filter(email=login.email).first() or _user(
            distributor, login.name, login.email, None, staff_role=login.staff_role
        )
        user.set_password(secret)
        if login.is_waiting:
            user.approval_status = ApprovalStatus.PENDING
        user.save()
        if login.organization:
            Membership.objects.create(user=user, organization=organization)
