"""What is offered: programs, and who may see them. Their terms stand in versions."""

import zoneinfo
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from organizations.access import Role, role_of
from organizations.models import Distributor
from organizations.models.profiles import validate_zone

if TYPE_CHECKING:
    from events.models.version import ProgramVersion


class ProgramQuerySet(models.QuerySet["Program"]):
    """Programs by who may see them."""

    def visible_to(self, user: User) -> "ProgramQuerySet":
        """The distributor's programs, for everyone of the distributor: what is offered is no secret."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(distributor_id=user.distributor_id)

    def managed_by(self, user: User) -> "ProgramQuerySet":
        """What the user may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class Program(models.Model):
    """One program of a distributor. Its terms stand in its versions; the newest is the one in force."""

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="programs", verbose_name=_("distributor"))
    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(_("in plain words"), blank=True)
    zone_name = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_zone],
        help_text=_("Empty: the distributor’s."),
    )
    is_open = models.BooleanField(_("takes part in events"), default=True)
    is_exclusive = models.BooleanField(
        _("the only one of its kind for a meter"),
        default=False,
        help_text=_("A meter takes part in one exclusive program at a time. Fixed once a meter is enrolled."),
    )

    objects = ProgramQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="program_name_in_distributor",
                violation_error_message=_("There is a program of this name already."),
            ),
            models.UniqueConstraint(fields=["id", "is_exclusive"], name="program_id_exclusive"),
            TriggerConstraint(
                name="program_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message=_("A program stays with its distributor."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone whose local days the rule counts."""
        return zoneinfo.ZoneInfo(self.zone_name or self.distributor.timezone)

    @property
    def current(self) -> "ProgramVersion":
        """The version in force: the newest that is published."""
        return self.versions.filter(published_at__isnull=False).order_by("-number")[:1].get()
