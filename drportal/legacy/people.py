"""Entities, organizations and people of the first system."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError

from accounts.fields import normalize_email
from accounts.models import ApprovalStatus, Entity, User
from drportal.legacy.dump import Row
from drportal.legacy.ids import Ids
from drportal.legacy.places import Point
from drportal.legacy.report import Report
from organizations.models import Distributor, Membership, MembershipRole, Organization

DISTRIBUTOR_ID = "1"
# Whoever runs an organization comes first: the first member is its admin by rule.
_ORDER = {"Admin": 0, "Approved": 1, "Pending": 2, "Rejected": 3}
_STATUS = {
    "Admin": ApprovalStatus.APPROVED,
    "Approved": ApprovalStatus.APPROVED,
    "Pending": ApprovalStatus.PENDING,
    "Rejected": ApprovalStatus.REJECTED,
}


@dataclass
class Holders:
    """Ids of the first system and whom they mean here; `fresh` are the people made now who may sign in."""

    by_id: dict[str, Entity] = field(default_factory=dict)
    fresh: list[User] = field(default_factory=list)


class People:
    """Brings the holders of meters over, each with the id it had where that is free."""

    def __init__(self, distributor: Distributor, ids: Ids, report: Report) -> None:
        self.distributor, self.ids, self.report = distributor, ids, report
        self.holders = Holders({DISTRIBUTOR_ID: distributor})

    def add_organizations(self, rows: Iterable[Row], points: dict[str, Point]) -> None:
        """Makes those that are not there yet, told by their name."""
        for row in rows:
            count, old, name = self.report.count("organizations"), row["org_id"] or "", (row["org_name"] or "").strip()
            count.rows += 1
            known = Organization.objects.filter(distributor=self.distributor, name=name).first()
            if not name or len(name) > 50:
                self.report.refuse("organizations", old, "it has no name, or one of more than 50 characters")
                continue
            if known is None:
                known = self._new_organization(old, name, points.get(old))
                count.made += 1
            else:
                count.known += 1
            self.holders.by_id[old] = known

    def _new_organization(self, old: str, name: str, point: Point | None) -> Organization:
        latitude, longitude = point or (None, None)
        made = Organization(
            id=self.ids.of(old), distributor=self.distributor, name=name, latitude=latitude, longitude=longitude
        )
        made.save()
        self._note_id("organizations", old, made.pk)
        return made

    def add_users(self, rows: Iterable[Row]) -> None:
        """Makes those that are not there yet, told by their address; admins of organizations first."""
        ordered = sorted(rows, key=lambda row: (_ORDER.get(row["approval_status"] or "Pending", 9), _number(row)))
        for row in ordered:
            self.report.count("users").rows += 1
            reason = self._add_user(row)
            if reason:
                self.report.refuse("users", row["account_id"] or "", reason)

    def _add_user(self, row: Row) -> str:
        """Why the person does not come over; empty if they do."""
        old, status = row["account_id"] or "", row["approval_status"] or "Pending"
        email = normalize_email(row["email"] or "")
        organization = self.holders.by_id.get(row["org_id"] or "") if row["org_id"] else None
        if status not in _STATUS:
            return f"there is no approval “{status[:20]}”"
        if row["org_id"] and not isinstance(organization, Organization):
            return "its organization did not come over"
        known = User.objects.filter(email=email).first()
        if known is not None:
            if known.tenant_id != self.distributor.pk:
                return "the address has an account of another distributor"
            self.holders.by_id[old] = known
            self.report.count("users").known += 1
            return ""
        joined = organization if isinstance(organization, Organization) else None
        if joined and _STATUS[status] != ApprovalStatus.APPROVED and not joined.memberships.exists():
            return "its organization has nobody who was approved; the first one in would become its admin"
        return self._new_user(row, email, status, joined)

    def _new_user(self, row: Row, email: str, status: str, organization: Organization | None) -> str:
        old = row["account_id"] or ""
        user = User(
            id=self.ids.of(old),
            email=email,
            first_name=row["first_name"] or "",
            last_name=row["last_name"] or "",
            approval_status=_STATUS[status],
            tenant_id=self.distributor.pk,
        )
        # The first system's hashes are of another kind: everybody chooses a new password.
        user.set_unusable_password()
        try:
            user.clean_fields(exclude=["entity", "kind", "fixed_kind", "tenant"])
        except ValidationError as error:
            return " ".join(f"{name}: {messages[0]}" for name, messages in error.message_dict.items())
        user.save()
        # Nobody signs in before they followed a link sent to this address.
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        if organization is not None:
            self._join(user, organization, status)
        elif status == "Admin":
            self.report.notes.append(f"{email} was an admin without an organization: make them staff by hand.")
        self._note_id("users", old, user.pk)
        self.holders.by_id[old] = user
        self.report.count("users").made += 1
        if user.is_approved:
            self.holders.fresh.append(user)
        return ""

    def _join(self, user: User, organization: Organization, status: str) -> None:
        membership = Membership.objects.create(user=user, organization=organization)
        if membership.role == MembershipRole.ADMIN and status == "Approved":
            self.report.notes.append(f"{organization} had no admin: {user.email} is it now.")
        elif membership.role != MembershipRole.ADMIN and status == "Admin":
            membership.role = MembershipRole.ADMIN
            membership.save(update_fields=["role"])

    def _note_id(self, table: str, old: str, new: int) -> None:
        if old != str(new):
            self.report.move(table, old, new)


def _number(row: Row) -> tuple[int, str]:
    old = row["account_id"] or ""
    return (int(old) if old.isascii() and old.isdigit() else 2**62, old)
