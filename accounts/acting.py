"""Acting as another user: support sees what a customer sees, and changes nothing.

While it lasts, the session stays the admin's; `accounts.acting_middleware` shows each page as the person. All of
it is in the change history, with both identities.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import acting_as, record
from accounts.errors import MayNotActAs
from accounts.models import ApprovalStatus, StaffRole, User
from accounts.models.user import UserQuerySet

SESSION_KEY = "acting_as"
LASTS = timedelta(minutes=30)
REASON_LENGTH = 10


@dataclass(frozen=True)
class Acting:
    """One admin acts as one person until a moment."""

    admin: User
    person: User
    until: datetime

    @property
    def minutes_left(self) -> int:
        """Full minutes, rounded up."""
        return max(0, -(-int((self.until - timezone.now()).total_seconds()) // 60))


def people_for(admin: User) -> UserQuerySet:
    """Whom the admin may act as: approved customers, never anybody who works for a distributor or the platform."""
    people: UserQuerySet = User.objects.managed_by(admin)
    return people.filter(
        staff_role=StaffRole.NONE, is_superuser=False, is_active=True, approval_status=ApprovalStatus.APPROVED
    )


def start(*, session: SessionBase, admin: User, person: User, reason: str) -> Acting:
    """From the next request on the session sees what the person sees.

    Raises:
        MayNotActAs: The person is none whom the admin may act as, or the reason is too short.
    """
    if not people_for(admin).filter(pk=person.pk).exists():
        raise MayNotActAs(_("You may act only as an approved customer of your distributor."))
    if len(reason.strip()) < REASON_LENGTH:
        raise MayNotActAs(_("Write in a few words why: the history keeps it."))
    acting = Acting(admin, person, timezone.now() + LASTS)
    with acting_as(person.pk):
        record("acting.start", target=person, by=admin, reason=reason.strip())
    session[SESSION_KEY] = {"admin": admin.pk, "person": person.pk, "until": acting.until.isoformat()}
    return acting


def current(*, session: SessionBase, user: object) -> Acting | None:
    """Who acts as whom in this session; None where nobody does, or where it is over.

    It is looked up at every request, so that a lost right ends it at once.
    """
    kept = session.get(SESSION_KEY)
    if not kept or not isinstance(user, User) or user.pk != kept["admin"]:
        return None
    until = datetime.fromisoformat(kept["until"])
    if timezone.now() >= until:
        return None
    person = people_for(user).select_related("membership__organization").filter(pk=kept["person"]).first()
    return Acting(user, person, until) if person else None


def stop(*, session: SessionBase, why: str) -> None:
    """Ends it, and keeps in the history why: "stopped", "signed out" or "over"."""
    kept = session.pop(SESSION_KEY, None)
    if not kept:
        return
    people = User.objects.in_bulk([kept["admin"], kept["person"]])
    if person := people.get(kept["person"]):
        with acting_as(person.pk):
            record("acting.stop", target=person, by=people.get(kept["admin"]), details={"why": why})


def record_page(*, acting: Acting, path: str) -> None:
    """Keeps in the history that the admin saw a page as the person."""
    with acting_as(acting.person.pk):
        record("acting.see", target=acting.person, by=acting.admin, details={"path": path})
