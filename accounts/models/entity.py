"""One id space for whoever can hold a meter."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.constraints import TriggerConstraint


class Kind(models.TextChoices):
    """What an entity is."""

    USER = "user", _("user")
    ORGANIZATION = "organization", _("organization")
    DISTRIBUTOR = "distributor", _("distributor")


class Entity(models.Model):
    """One holder of meters: a user, an organization or a distributor, which inherit their id from here.

    Written only through those three. `tenant` is the distributor's entity: NULL for a distributor itself and
    for platform operators, and fixed once set, so that a same-tenant rule that held once holds for ever.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=Kind, editable=False)
    tenant = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("distributor"),
        limit_choices_to={"kind": Kind.DISTRIBUTOR},
    )

    class Meta:
        verbose_name_plural = _("entities")
        constraints = [
            models.UniqueConstraint(fields=["id", "kind"], name="entity_id_kind"),
            models.UniqueConstraint(fields=["id", "tenant"], name="entity_id_tenant"),
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values),
                name="entity_kind_known",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind=Kind.DISTRIBUTOR, tenant__isnull=True)
                    | Q(kind=Kind.ORGANIZATION, tenant__isnull=False)
                    | Q(kind=Kind.USER)
                ),
                name="entity_tenant_by_kind",
                violation_error_message=_("An organization belongs to a distributor; a distributor to none."),
            ),
            TriggerConstraint(
                name="entity_tenant_is_distributor",
                refuse=(
                    "NEW.tenant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts_entity e "
                    "WHERE e.id = NEW.tenant_id AND e.kind = 'distributor')"
                ),
                violation_error_message=_("Choose a distributor."),
            ),
            TriggerConstraint(
                name="entity_tenant_fixed",
                on=("UPDATE",),
                refuse=(
                    "NEW.kind <> OLD.kind OR (OLD.tenant_id IS NOT NULL AND "
                    "(NEW.tenant_id IS NULL OR NEW.tenant_id <> OLD.tenant_id))"
                ),
                violation_error_message=_("An account stays with its distributor. Open a new one instead."),
            ),
        ]

    def __str__(self) -> str:
        profile = getattr(self, f"as_{self.kind}", None)
        return f"{profile} ({self.get_kind_display()})" if profile is not None else f"{self.kind} {self.pk}"
