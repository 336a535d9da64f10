"""The ledger computed again: whether its chain holds, what it says each is owed, and its heads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import Entity
from common.intervals import local_day
from organizations.models import Distributor
from settlement.canonical import digest
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, LedgerBatch, LedgerEntry, Unit
from settlement.services.posting import batch_content, sums_by_unit

CHUNK = 50


@dataclass(frozen=True)
class LedgerCheck:
    """What computing a distributor's ledger again found.

    Attributes:
        broken: number of the first batch that does not hold, None if all do.
        why: what is wrong with it, in words.
        head: the hash of the last batch that holds, empty without any.
    """

    batches: int
    entries: int
    broken: int | None
    why: str
    head: str

    @property
    def holds(self) -> bool:
        """Whether every batch is what its hash says."""
        return self.broken is None


@dataclass(frozen=True)
class DailyHead:
    """The last posting of a local day, whose hash stands for everything up to then."""

    day: date
    number: int
    sha256: str
    batches: int


def check_ledger(*, distributor: Distributor) -> LedgerCheck:
    """Every batch hashed again, in order, its entries summed; stops at the first one that does not hold."""
    previous, number, entries = "", 0, 0
    for number, batch in enumerate(_batches(distributor), start=1):
        why = _fault(batch, number, previous)
        if why:
            return LedgerCheck(number, entries, batch.number, why, previous)
        previous, entries = batch.sha256, entries + len(batch.entries.all())
    return LedgerCheck(number, entries, None, "", previous)


def check_chain(*, distributor: Distributor) -> int | None:
    """The number of the first batch that is not what its hash says, or does not follow its forerunner.

    None if the whole chain holds.
    """
    return check_ledger(distributor=distributor).broken


def _batches(distributor: Distributor) -> Iterator[LedgerBatch]:
    rows = LedgerBatch.objects.filter(distributor=distributor).order_by("number")
    return rows.select_related("run", "month_run").prefetch_related("entries").iterator(chunk_size=CHUNK)


def _fault(batch: LedgerBatch, number: int, previous: str) -> str:
    if batch.number != number:
        return _("A posting before it is missing.")
    if batch.previous_sha256 != previous:
        return _("It does not follow the posting before it.")
    entries = list(batch.entries.all())
    if digest(batch_content(batch, entries, source_of(batch))) != batch.sha256:
        return _("Its entries are not those that were posted.")
    return _("Its entries do not sum to zero.") if any(sums_by_unit(entries).values()) else ""


def source_of(batch: LedgerBatch) -> str | None:
    """The hash of what the batch's amounts were computed from."""
    if batch.run is not None:
        return batch.run.inputs_sha256
    month = getattr(batch, "month_run", None)
    return None if month is None else month.inputs_sha256


def balance(*, holder: Entity | int, unit: Unit = Unit.MONEY) -> Decimal:
    """What the ledger says is owed to a resident or an organization; the sum of its entries."""
    holder_id = holder if isinstance(holder, int) else holder.pk
    mine = LedgerEntry.objects.filter(holder=holder_id, account=Account.OWED, unit=unit).order_by()
    return from_cents(mine.aggregate(cents=sum_of_cents("amount"))["cents"])


def balances(*, distributor: Distributor) -> dict[str, dict[str, Decimal]]:
    """Account -> unit -> the sum of a distributor's entries. One query."""
    entries = LedgerEntry.objects.filter(batch__distributor=distributor).order_by()
    found: dict[str, dict[str, Decimal]] = {}
    for account, unit, cents in entries.values_list("account", "unit").annotate(cents=sum_of_cents("amount")):
        found.setdefault(account, {})[unit] = from_cents(cents)
    return found


def daily_heads(distributor: Distributor, *, most: int | None = None) -> list[DailyHead]:
    """The head of each local day with a posting, the newest first; all of them, or the `most` newest."""
    rows = LedgerBatch.objects.filter(distributor=distributor).order_by("-number")
    heads: list[DailyHead] = []
    for number, posted_at, sha256 in rows.values_list("number", "posted_at", "sha256").iterator():
        day = local_day(posted_at, distributor.zone)
        if heads and heads[-1].day == day:
            last = heads[-1]
            heads[-1] = DailyHead(day, last.number, last.sha256, last.batches + 1)
        elif most is not None and len(heads) == most:
            break
        else:
            heads.append(DailyHead(day, number, sha256, 1))
    return heads
