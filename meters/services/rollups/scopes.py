"""Organizations, groups, feeders and distributors as scopes of sums: who may see which."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from meters.errors import NoSuchScope
from meters.models import Feeder, ScopeKind
from organizations.access import Role, role_of
from organizations.models import Distributor, Organization, OrganizationGroup

Scope = tuple[int, int]
"""Kind and id."""


def _distributors(user: User) -> QuerySet[Distributor]:
    # Residents may see their distributor, but not what all its meters used together.
    role = role_of(user)
    may = role is Role.PLATFORM or role.is_staff
    return Distributor.objects.visible_to(user) if may else Distributor.objects.none()


_VISIBLE: dict[ScopeKind, Callable[[User], QuerySet[Any]]] = {
    ScopeKind.ORGANIZATION: lambda user: Organization.objects.visible_to(user),
    ScopeKind.GROUP: lambda user: OrganizationGroup.objects.visible_to(user),
    ScopeKind.FEEDER: lambda user: Feeder.objects.visible_to(user),
    ScopeKind.DISTRIBUTOR: _distributors,
}


def visible_scopes(*, user: User, kind: ScopeKind) -> QuerySet[Any]:
    """The organizations, groups, feeders or distributors whose sums the user may see.

    All of the distributor for its people, the own organization for its members, none for residents.
    """
    return _VISIBLE[kind](user)


def require_visible(*, user: User, kind: ScopeKind, scope_id: int) -> None:
    """Nothing, if the user may see the sums of this scope.

    Raises:
        NoSuchScope: There is none, or it is a stranger's.
    """
    if not visible_scopes(user=user, kind=kind).filter(pk=scope_id).exists():
        raise NoSuchScope
