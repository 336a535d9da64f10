"""Names of those who hold meters."""

from collections.abc import Collection

from accounts.models import User
from organizations.models import Organization


def holder_names(ids: Collection[int]) -> dict[int, str]:
    """Entity id -> the organization's name, or the resident's (the address where none is known). Two queries."""
    names = dict(Organization.objects.filter(pk__in=ids).values_list("pk", "name"))
    return names | {user.pk: user.get_full_name() or user.email for user in User.objects.filter(pk__in=ids)}
