"""One posting: a batch with its entries, chained to the distributor's last one."""

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Entity, User
from settlement.canonical import digest
from settlement.models import Account, BatchKind, LedgerBatch, LedgerEntry, SettlementRun, Unit
from settlement.services.store import insert_rows

# What a batch of an event's money alone is hashed as, and any other: earlier postings keep their hash.
PLAIN_FORMAT = 1
LEDGER_FORMAT = 2


def add_batch(
    *,
    distributor_id: int,
    kind: BatchKind,
    entries: Sequence[LedgerEntry],
    run: SettlementRun | None = None,
    source_sha256: str | None = None,
    reason: str = "",
    by: User | None = None,
) -> LedgerBatch:
    """A new last link of the distributor's chain, with these entries; in the caller's transaction.

    Args:
        entries: without their batch; they sum to zero in each unit.
        source_sha256: the hash of what the amounts were computed from.

    Raises:
        ValueError: The entries do not sum to zero.
    """
    _check_sums(entries)
    lock_books(distributor_id=distributor_id)
    last = LedgerBatch.objects.filter(distributor=distributor_id).order_by("number").last()
    batch = LedgerBatch(
        distributor_id=distributor_id,
        number=1 if last is None else last.number + 1,
        run=run,
        kind=kind,
        reason=reason,
        posted_at=timezone.now(),
        posted_by=by,
        previous_sha256="" if last is None else last.sha256,
    )
    batch.sha256 = digest(batch_content(batch, entries, source_sha256))
    batch.save(force_insert=True)
    for entry in entries:
        entry.batch = batch
    insert_rows(entries)
    return batch


def lock_books(*, distributor_id: int) -> None:
    """Makes postings of a distributor wait for one another until the transaction ends."""
    Entity.objects.select_for_update().get(pk=distributor_id)


def pair(
    *, key: str, holder_id: int | None, amount: Decimal, unit: Unit = Unit.MONEY, line_id: int | None = None
) -> list[LedgerEntry]:
    """The two entries of one amount: what is owed to the holder, and the cost of the program."""
    shared: dict[str, Any] = {"line_id": line_id, "unit": unit}
    return [
        LedgerEntry(account=Account.OWED, holder_id=holder_id, amount=amount, key=f"{key}/owed", **shared),
        LedgerEntry(account=Account.PROGRAM_COST, holder=None, amount=-amount, key=f"{key}/cost", **shared),
    ]


def batch_content(batch: LedgerBatch, entries: Sequence[LedgerEntry], source_sha256: str | None) -> dict[str, Any]:
    """What a batch's hash is taken over."""
    is_plain = batch.kind == BatchKind.RUN and not batch.reason and batch.posted_by_id is None
    is_plain = is_plain and all(entry.unit == Unit.MONEY for entry in entries)
    content = {
        "format": PLAIN_FORMAT if is_plain else LEDGER_FORMAT,
        "distributor": batch.distributor_id,
        "number": batch.number,
        "previous_sha256": batch.previous_sha256,
        "posted_at": batch.posted_at.astimezone(UTC).isoformat(),
        "inputs_sha256": source_sha256,
        "entries": [_entry(entry, is_plain) for entry in sorted(entries, key=lambda entry: entry.key)],
    }
    if not is_plain:
        content |= {"kind": str(batch.kind), "reason": batch.reason, "posted_by": batch.posted_by_id}
    return content


def sums_by_unit(entries: Sequence[LedgerEntry]) -> dict[str, Decimal]:
    """Unit -> the sum of these entries; all of them are zero in a batch that holds."""
    sums: dict[str, Decimal] = {}
    for entry in entries:
        sums[str(entry.unit)] = sums.get(str(entry.unit), Decimal(0)) + entry.amount
    return sums


def _entry(entry: LedgerEntry, is_plain: bool) -> dict[str, Any]:
    content = {
        "account": str(entry.account),
        "holder": entry.holder_id,
        "amount": f"{entry.amount:.2f}",
        "key": entry.key,
    }
    return content if is_plain else content | {"unit": str(entry.unit)}


def _check_sums(entries: Sequence[LedgerEntry]) -> None:
    if any(sums_by_unit(entries).values()):
        raise ValueError("The entries of a batch sum to zero in each unit.")
