"""What needs somebody: each room says it for its own rows, the administration shows all of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import ngettext

from accounts.models import ApprovalStatus, StaffRole, User


@dataclass(frozen=True)
class Part:
    """One line below a need: whose it is, how many, since when."""

    label: str
    count: int
    since: datetime | None = None


@dataclass(frozen=True)
class Need:
    """One thing to look at: how many, since when, and the list that shows exactly those."""

    title: str
    url: str
    count: int
    oldest: datetime | None = None
    text: str = ""
    parts: list[Part] = field(default_factory=list)


Source = Callable[[User], Iterable[Need]]
_sources: list[tuple[int, Source]] = []


def needs(order: int) -> Callable[[Source], Source]:
    """Decorator: the function says what needs somebody among the rows that the user may see; few queries."""

    def remember(source: Source) -> Source:
        _sources.append((order, source))
        return source

    return remember


def needs_of(user: User) -> list[Need]:
    """Everything that needs the user, the most pressing first; empty when all is well."""
    return [
        need for _order, source in sorted(_sources, key=lambda pair: pair[0]) for need in source(user) if need.count
    ]


@needs(80)
def admins_without_second_factor(user: User) -> list[Need]:
    """Admins whose account opens with a password alone."""
    has_factor = Exists(Authenticator.objects.filter(user_id=OuterRef("pk")).exclude(type="recovery_codes"))
    admins = User.objects.visible_to(user).filter(
        staff_role=StaffRole.ADMIN, is_active=True, approval_status=ApprovalStatus.APPROVED
    )
    bare = [row for row in admins.annotate(has_factor=has_factor).order_by("date_joined") if not row.has_factor]
    words = ngettext("%(count)d admin without a second factor", "%(count)d admins without a second factor", len(bare))
    url = f"{reverse('admin:accounts_user_changelist')}?second_factor=no&staff_role__exact=admin"
    return [Need(words % {"count": len(bare)}, url, len(bare), bare[0].date_joined if bare else None)]
