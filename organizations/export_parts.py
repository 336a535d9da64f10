"""What a copy of the own data has from this room."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import User
from organizations.models import Distributor, Membership, OrganizationRequest

Rows = Iterator[dict[str, Any]]


def _memberships(user: User) -> Rows:
    for row in Membership.objects.filter(user=user).select_related("organization"):
        yield {"organization": row.organization.name, "role": row.role, "since": row.created_at}


def _requests(user: User) -> Rows:
    names = ("name", "message", "state", "asked_at", "decided_at", "reason")
    yield from OrganizationRequest.objects.filter(person=user).order_by("id").values(*names)


def _distributors(user: User) -> Rows:
    for row in Distributor.objects.filter(pk=user.distributor_id):
        yield {"name": row.name, "timezone": row.timezone, "currency": row.currency, "contact": row.contact_email}


register_part("membership", _memberships, title=_("the organization that you belong to"))
register_part("organization-requests", _requests, title=_("organizations that you asked to register"))
register_part("distributor", _distributors, title=_("your electricity distributor"))
