"""Who may see what belongs to a VEN: every row of the room leads to one distributor."""

from typing import Any, Self

from django.db import models

from accounts.models import User
from organizations.access import Role, role_of


class TenantQuerySet(models.QuerySet[Any]):
    """Rows of one distributor, for its people; customers see nothing of the devices' machinery.

    A model names the way to its distributor in `tenant`, a class attribute.
    """

    def visible_to(self, user: User) -> Self:
        """The distributor's for its people, auditors too; all for the platform."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if not role.is_staff:
            return self.none()
        return self.filter(**{self.model.tenant: user.distributor_id})

    def managed_by(self, user: User) -> Self:
        """What the user may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()
