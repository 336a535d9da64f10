"""Files of readings on their way into the portal, and what each of them put there."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from common.constraints import TriggerConstraint
from common.fields import SecondField
from meters.models.meter import Meter
from organizations.access import Role, organization_id_of, role_of
from organizations.models import Distributor, Organization


class BatchSource(models.TextChoices):
    """By which door the file came."""

    PAGE = "page", _("upload page")
    COMMAND = "command", _("command line")
    API = "api", _("API")
    LEGACY = "legacy", _("first system")


class BatchState(models.TextChoices):
    """How far it is."""

    UPLOADED = "uploaded", _("waits to be checked")
    CHECKING = "checking", _("is being checked")
    CHECKED = "checked", _("checked, not stored yet")
    WAITING = "waiting", _("waits to be stored")
    STORING = "storing", _("is being stored")
    STORED = "stored", _("stored")
    FAILED = "failed", pgettext_lazy("import", "failed")
    DROPPED = "dropped", _("dropped")
    UNDO_ASKED = "undo_asked", _("undo waits for a second person")
    UNDOING = "undoing", _("is being undone")
    UNDONE = "undone", _("undone")


# From which state a batch goes to which; staying is always allowed.
STEPS = {
    BatchState.UPLOADED: (BatchState.CHECKING, BatchState.WAITING, BatchState.DROPPED, BatchState.FAILED),
    BatchState.CHECKING: (BatchState.UPLOADED, BatchState.CHECKED, BatchState.FAILED),
    BatchState.CHECKED: (BatchState.WAITING, BatchState.DROPPED),
    BatchState.WAITING: (BatchState.STORING, BatchState.DROPPED, BatchState.FAILED),
    BatchState.STORING: (BatchState.WAITING, BatchState.STORED, BatchState.FAILED),
    BatchState.STORED: (BatchState.UNDO_ASKED, BatchState.UNDOING),
    BatchState.UNDO_ASKED: (BatchState.STORED, BatchState.UNDOING),
    BatchState.UNDOING: (BatchState.STORED, BatchState.UNDONE),
    BatchState.FAILED: (BatchState.WAITING, BatchState.DROPPED),
    BatchState.DROPPED: (),
    BatchState.UNDONE: (),
}


def _no_step() -> str:
    """SQL that is true where a state is left for one that does not follow it."""
    allowed = " OR ".join(
        f"(OLD.state = '{old}' AND NEW.state IN ({', '.join(repr(str(new)) for new in (old, *following))}))"
        for old, following in STEPS.items()
    )
    return f"NOT ({allowed})"


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    """Batches by who may see them."""

    def visible_to(self, user: User) -> "ImportBatchQuerySet":
        """All of the distributor for its people; an organization's admin sees what the organization uploaded."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(distributor_id=user.distributor_id)
        if role is Role.ORGANIZATION_ADMIN:
            return self.filter(organization=organization_id_of(user))
        return self.none()

    def managed_by(self, user: User) -> "ImportBatchQuerySet":
        """What the user may store, drop or undo."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN, Role.ORGANIZATION_ADMIN)
        return self.visible_to(user) if may else self.none()


class ImportBatch(models.Model):
    """One file of readings of one distributor: who sent it, how far it is, what it brought. Never deleted.

    Changed only by `meters.services.batches`. Where an organization is named, only readings of its meters, of
    the time in which it held them, are taken. `options` say how to read the file (unit, zone, meter); `totals`
    what it holds, of the check and later of the storing; `done` of `size_bytes` are read. `beat_at` is the last
    sign of life of the process that works on it.
    """

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="import_batches")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="import_batches")
    source = models.CharField(_("came by"), max_length=8, choices=BatchSource)
    file_name = models.CharField(_("file"), max_length=120)
    size_bytes = models.PositiveBigIntegerField(_("size"), default=0)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(_("format"), max_length=20, blank=True)
    options = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=BatchState, default=BatchState.UPLOADED)
    done = models.PositiveBigIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    totals = models.JSONField(default=dict)
    failure = models.CharField(_("what went wrong"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    stored_at = models.DateTimeField(_("stored at"), null=True)
    stored_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undo_asked_at = models.DateTimeField(null=True)
    undo_asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undo_reason = models.CharField(max_length=200, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["distributor", "sha256"], name="batch_distributor_sha256")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BatchState.values), name="batch_state_known"),
            models.CheckConstraint(condition=Q(source__in=BatchSource.values), name="batch_source_known"),
            TriggerConstraint(
                name="batch_state_step",
                on=("UPDATE",),
                refuse=_no_step(),
                violation_error_message=_("An import cannot go from this state to that one."),
            ),
            TriggerConstraint(
                name="batch_organization_same_distributor",
                refuse=(
                    "NEW.organization_id IS NOT NULL AND NEW.distributor_id <> (SELECT o.distributor_id "
                    "FROM organizations_organization o WHERE o.entity_id = NEW.organization_id)"
                ),
                violation_error_message=_("The organization belongs to another distributor."),
            ),
            TriggerConstraint(
                name="batch_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message=_("An import stays with its distributor."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.pk})"


class BatchSpan(models.Model):
    """One meter over [start, end) whose readings there, without a hole, were new with one batch.

    Written by `ingest_readings` with them; what a batch corrected is in its revisions. `after_revision` is the
    last revision there was at that moment: later ones of these intervals are somebody else's, and undo keeps them.
    """

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="spans")
    meter = models.ForeignKey(Meter, models.PROTECT, db_constraint=False, related_name="+")
    start = SecondField()
    end = SecondField()
    after_revision = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="batchspan_ends_after_start"),
            models.UniqueConstraint(fields=["batch", "meter", "start"], name="batchspan_once"),
        ]
