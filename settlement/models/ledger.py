"""Money owed: double-entry, append-only, chained by hashes."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import AppendOnly
from organizations.access import Role, holder_id_of, role_of
from organizations.models import Distributor
from settlement.models.run import SettlementLine, SettlementRun


class Account(models.TextChoices):
    """The two sides of a reward."""

    PROGRAM_COST = "program_cost", _("cost of the program")
    OWED = "owed", _("owed to the participant")


class LedgerBatch(models.Model):
    """One posting of a distributor: one link of its chain. Written by `settlement.services.post_run` only."""

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="ledger_batches")
    number = models.PositiveIntegerField()
    run = models.OneToOneField(SettlementRun, models.PROTECT, null=True, related_name="batch")
    posted_at = models.DateTimeField(default=timezone.now)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["distributor", "number"]
        constraints = [
            models.UniqueConstraint(fields=["distributor", "number"], name="ledger_batch_number"),
            AppendOnly(name="ledger_batch_append_only"),
        ]


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


class LedgerEntry(models.Model):
    """One side of one amount; the entries of a batch sum to zero. Never changed.

    `key` makes paying twice impossible: (run's event, meter, line kind, version, account).
    """

    batch = models.ForeignKey(LedgerBatch, models.PROTECT, related_name="entries")
    account = models.CharField(max_length=14, choices=Account)
    holder = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="ledger_entries")
    line = models.ForeignKey(SettlementLine, models.PROTECT, null=True, related_name="entries")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    key = models.CharField(max_length=120, unique=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(account__in=Account.values), name="ledger_entry_account_known"),
            AppendOnly(name="ledger_entry_append_only"),
        ]
