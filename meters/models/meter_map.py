"""Who holds which meter, and from when to when."""

from datetime import datetime

from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, Kind, User
from common.constraints import CompositeForeignKey, TriggerConstraint, UniqueColumns
from meters.models.meter import Meter
from organizations.access import Role, holder_id_of, role_of


class MeterMapQuerySet(models.QuerySet["MeterMap"]):
    """Maps by who may see them."""

    def visible_to(self, user: User) -> "MeterMapQuerySet":
        """The distributor's for its people, else one's own."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(meter__distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(entity_id=holder_id_of(user))

    def managed_by(self, user: User) -> "MeterMapQuerySet":
        """What the user may end: never the distributor's own row."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        visible = self.visible_to(user) if may else self.none()
        return visible.exclude(holder_kind=Kind.DISTRIBUTOR)

    def open(self) -> "MeterMapQuerySet":
        """Those without an end."""
        return self.filter(valid_to__isnull=True)

    def in_force(self, at: datetime) -> "MeterMapQuerySet":
        """Those at a moment, also where their end is set already."""
        return self.ending_after(at).filter(valid_from__lte=at)

    def ending_after(self, at: datetime) -> "MeterMapQuerySet":
        """Those in force at a moment or later."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at))


# A resident's row that is in force: the columns are NULL in every other row, which unique keys ignore.
_OPEN_OF_RESIDENT = Q(holder_kind=Kind.USER, valid_to__isnull=True)

_OVERLAP = (
    "NEW.holder_kind = 'user' AND EXISTS (SELECT 1 FROM meters_metermap o WHERE o.holder_kind = 'user' "
    "AND {same} AND o.id <> COALESCE(NEW.id, 0) "
    "AND (o.valid_to IS NULL OR o.valid_to > NEW.valid_from) "
    "AND (NEW.valid_to IS NULL OR NEW.valid_to > o.valid_from))"
)

_DISTRIBUTORS_IN_SERVICE = (
    "OLD.holder_kind = 'distributor' AND EXISTS (SELECT 1 FROM meters_meter m "
    "WHERE m.id = OLD.meter_id AND m.retired_at IS NULL)"
)


class MeterMap(models.Model):
    """One holder of one meter over [valid_from, valid_to). Ended by a date, not deleted, once readings exist.

    `holder_kind` is the entity's kind, copied by a receiver and tied to it by a composite key.
    """

    entity = models.ForeignKey(Entity, models.PROTECT, related_name="meter_maps", verbose_name=_("holder"))
    meter = models.ForeignKey(Meter, models.CASCADE, related_name="maps", verbose_name=_("meter"))
    holder_kind = models.CharField(_("kind of holder"), max_length=12, choices=Kind, editable=False)
    valid_from = models.DateTimeField(_("from"))
    valid_to = models.DateTimeField(_("until"), null=True, blank=True)
    current_resident = models.GeneratedField(
        expression=Case(When(_OPEN_OF_RESIDENT, then=F("entity"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )
    resident_meter = models.GeneratedField(
        expression=Case(When(_OPEN_OF_RESIDENT, then=F("meter"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = MeterMapQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "meter", "valid_from"],
                name="metermap_once",
                violation_error_message=_("This holder has the meter from that moment already."),
            ),
            CompositeForeignKey(
                name="metermap_holder_kind",
                fields=["entity", "holder_kind"],
                to="accounts.Entity",
                to_fields=["id", "kind"],
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="metermap_ends_after_start",
                violation_error_message=_("The end must be after the start."),
            ),
            # Rule "limit residential associations".
            UniqueColumns(
                fields=["current_resident"],
                name="metermap_one_meter_per_resident",
                violation_error_message=_("This resident has a meter already."),
            ),
            UniqueColumns(
                fields=["resident_meter"],
                name="metermap_one_resident_per_meter",
                violation_error_message=_("This meter has a resident already."),
            ),
            TriggerConstraint(
                name="metermap_meter_no_overlap",
                # The distributor's row, not the meter's: MariaDB refuses to lock a row of the table whose own
                # trigger (a new meter's map) led here, and maps change rarely.
                lock=(
                    "accounts_entity WHERE id = (SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)"
                ),
                refuse=_OVERLAP.format(same="o.meter_id = NEW.meter_id"),
                violation_error_message=_("Another resident holds this meter in that time."),
            ),
            TriggerConstraint(
                name="metermap_resident_no_overlap",
                lock="accounts_entity WHERE id = NEW.entity_id",
                refuse=_OVERLAP.format(same="o.entity_id = NEW.entity_id"),
                violation_error_message=_("This resident holds another meter in that time."),
            ),
            TriggerConstraint(
                name="metermap_same_distributor",
                refuse=(
                    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id) <> "
                    "(SELECT CASE WHEN e.kind = 'distributor' THEN e.id ELSE COALESCE(e.tenant_id, 0) END "
                    "FROM accounts_entity e WHERE e.id = NEW.entity_id)"
                ),
                violation_error_message=_("Holder and meter belong to different distributors."),
            ),
            # Rule "disallow org user map", from this side.
            TriggerConstraint(
                name="metermap_not_for_organization_user",
                lock="accounts_entity WHERE id = NEW.entity_id",
                refuse=(
                    "NEW.valid_to IS NULL AND EXISTS (SELECT 1 FROM organizations_membership m "
                    "WHERE m.user_id = NEW.entity_id)"
                ),
                violation_error_message=_(
                    "Members of an organization see its meters; they cannot have one of their own."
                ),
            ),
            # Rule "assign distributor meters": the row stays as long as the meter is in service.
            TriggerConstraint(
                name="metermap_distributor_stays",
                on=("UPDATE",),
                refuse=(
                    f"{_DISTRIBUTORS_IN_SERVICE} AND (NEW.entity_id <> OLD.entity_id OR "
                    "NEW.meter_id <> OLD.meter_id OR NEW.valid_from <> OLD.valid_from OR NEW.valid_to IS NOT NULL)"
                ),
                violation_error_message=_("A meter in service always belongs to its distributor too."),
            ),
            TriggerConstraint(
                name="metermap_distributor_not_deleted",
                on=("DELETE",),
                refuse=_DISTRIBUTORS_IN_SERVICE,
                violation_error_message=_("A meter in service always belongs to its distributor too."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} of {self.entity_id}"

    @property
    def audit_scope(self) -> tuple[int, int | None]:
        """The distributor, and the organization that holds it, whose history it belongs to."""
        organization = self.entity_id if self.holder_kind == Kind.ORGANIZATION else None
        return self.meter.distributor_id, organization

    def copy_holder_kind(self) -> None:
        """Says what the holder is; without a holder nothing changes."""
        kind = Entity.objects.filter(pk=self.entity_id).values_list("kind", flat=True).first()
        self.holder_kind = kind or self.holder_kind

    def clean(self) -> None:
        """Fills `holder_kind`, so that a form can be told what the constraints say of it."""
        self.copy_holder_kind()
