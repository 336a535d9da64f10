"""Who did what: the portal's change history."""

from typing import Any

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.audit import Deed, current_deed, name_of, scope_of, told_changes
from accounts.models.entity import Entity
from accounts.models.user import User
from common.constraints import AppendOnly


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Entries by who may read them."""

    def visible_to(self, user: User) -> "AuditQuerySet":
        """The distributor's for its people; all of them for a platform operator; none for customers.

        What an organization's admins may read of their own is said by `of_organization`.
        """
        if not user.is_approved:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(tenant_id=user.tenant_id) if user.staff_role else self.none()

    def of_organization(self, organization_id: int) -> "AuditQuerySet":
        """What happened to one organization and its people, the newest first."""
        return self.filter(organization_id=organization_id).order_by("-timestamp", "-id")


class AuditManager(LogEntryManager.from_queryset(AuditQuerySet)):  # type: ignore[misc]  # made at run time
    """Writes entries with the tenant of what changed, and the deed it was part of."""

    def log_create(self, instance: models.Model, force_log: bool = False, **kwargs: Any) -> "AuditEntry | None":
        """The entry of one change; None where nothing changed."""
        tenant_id, organization_id = scope_of(instance)
        deed = current_deed() or Deed()
        given = {
            "object_repr": name_of(instance),
            "tenant_id": tenant_id,
            "organization_id": deed.organization_id or organization_id,
            "act": deed.act,
            "reason": deed.reason,
            "acting_as_id": deed.acting_as_id,
        }
        if deed.by_id:
            given["actor_id"] = deed.by_id
        if kwargs.get("changes"):
            kwargs["changes"] = told_changes(instance, kwargs["changes"])
        entry: AuditEntry | None = super().log_create(instance, force_log, **(given | kwargs))
        return entry


class AuditEntry(AbstractLogEntry):
    """One change of one row, or one deed. Written by django-auditlog and `accounts.audit`, never changed.

    It names people by their id only, so that closing an account leaves no name behind here. Its keys are not
    enforced: the history outlives what it speaks of.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("who"),
    )
    # auditlog would copy the address of who did it; it is looked up by the id instead.
    actor_email = None
    acting_as = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("acting as"),
    )
    tenant = models.ForeignKey(
        Entity, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, verbose_name=_("distributor")
    )
    organization = models.ForeignKey(
        Entity, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, verbose_name=_("organization")
    )
    act = models.CharField(_("what"), max_length=40, blank=True)
    reason = models.TextField(_("reason"), blank=True)

    objects = AuditManager()

    class Meta(AbstractLogEntry.Meta):
        abstract = False
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["tenant", "timestamp"], name="audit_of_tenant"),
            models.Index(fields=["organization", "timestamp"], name="audit_of_organization"),
        ]
        constraints = [AppendOnly(name="audit_unchanged")]

    def __str__(self) -> str:
        return f"{self.timestamp:%Y-%m-%d %H:%M} {self.act or self.get_action_display()}: {self.object_repr}"
