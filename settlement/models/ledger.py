"""Money owed: double-entry, append-only, chained by hashes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import AppendOnly, TriggerConstraint
from organizations.access import Role, holder_id_of, role_of
from organizations.models import Distributor
from settlement.models.run import SettlementLine, SettlementRun


class Account(models.TextChoices):
    """The two sides of a reward."""

    PROGRAM_COST = "program_cost", _("cost of the program")
    OWED = "owed", _("owed to the participant")


class Unit(models.TextChoices):
    """What an amount counts."""

    MONEY = "money", _("money")
    POINTS = "points", _("points")


class BatchKind(models.TextChoices):
    """What a posting is."""

    RUN = "run", _("settlement of an event")
    MONTH = "month", _("standing by for a month")
    ADJUSTMENT = "adjustment", _("adjustment")
    REVERSAL = "reversal", _("reversal")


class LedgerBatch(models.Model):
    """One posting of a distributor: one link of its chain. Written by `settlement.services.ledger` only."""

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="ledger_batches")
    number = models.PositiveIntegerField()
    run = models.OneToOneField(SettlementRun, models.PROTECT, null=True, related_name="batch")
    kind = models.CharField(max_length=10, choices=BatchKind, default=BatchKind.RUN)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    posted_at = models.DateTimeField(default=timezone.now)
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["distributor", "number"]
        constraints = [
            models.UniqueConstraint(fields=["distributor", "number"], name="ledger_batch_number"),
            models.CheckConstraint(condition=Q(kind__in=BatchKind.values), name="ledger_batch_kind_known"),
            AppendOnly(name="ledger_batch_append_only"),
            TriggerConstraint(
                name="ledger_batch_same_distributor",
                on=("INSERT",),
                refuse=(
                    "NEW.run_id IS NOT NULL AND NEW.distributor_id <> "
                    "(SELECT p.distributor_id FROM settlement_settlementrun r JOIN events_event v ON v.id = r.event_id "
                    "JOIN events_program p ON p.id = v.program_id WHERE r.id = NEW.run_id)"
                ),
                violation_error_message=_("The run is of another distributor’s event."),
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.number}"


class EntryQuerySet(models.QuerySet["LedgerEntry"]):
    """Entries by who may see them."""

    def visible_to(self, user: User) -> "EntryQuerySet":
        """The distributor's for its people; else what is owed to oneself or one's organization."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(batch__distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(holder_id=holder_id_of(user), account=Account.OWED)


_BATCHES = "(SELECT b.distributor_id FROM settlement_ledgerbatch b WHERE b.id = NEW.batch_id)"


class LedgerEntry(models.Model):
    """One side of one amount, of money or of points; the entries of a batch sum to zero in each. Never changed.

    `key` makes paying twice impossible: (run's event, meter, line kind, version, account).
    """

    batch = models.ForeignKey(LedgerBatch, models.PROTECT, related_name="entries")
    account = models.CharField(max_length=14, choices=Account)
    holder = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="ledger_entries")
    line = models.ForeignKey(SettlementLine, models.PROTECT, null=True, related_name="entries")
    unit = models.CharField(max_length=6, choices=Unit, default=Unit.MONEY)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    key = models.CharField(max_length=120, unique=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(account__in=Account.values), name="ledger_entry_account_known"),
            models.CheckConstraint(condition=Q(unit__in=Unit.values), name="ledger_entry_unit_known"),
            AppendOnly(name="ledger_entry_append_only"),
            TriggerConstraint(
                name="ledger_entry_same_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id "  # noqa: S608  # our own
                    f"AND COALESCE(h.tenant_id, h.id) <> {_BATCHES}) OR "
                    "EXISTS (SELECT 1 FROM settlement_settlementline l "
                    "JOIN settlement_settlementrun r ON r.id = l.run_id JOIN events_event v ON v.id = r.event_id "
                    "JOIN events_program p ON p.id = v.program_id "
                    f"WHERE l.id = NEW.line_id AND p.distributor_id <> {_BATCHES})"
                ),
                violation_error_message=_("Batch, holder and line belong to different distributors."),
            ),
        ]
