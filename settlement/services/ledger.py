"""What is owed, in double entry: one batch per posted run, each chained to the distributor's last one."""

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import Entity, User
from events.models import Event
from events.services import lock_for_settlement, mark_settled
from organizations.models import Distributor
from settlement.baselines import correction
from settlement.canonical import digest
from settlement.errors import EstimateNotPosted, StaleRun
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, LedgerBatch, LedgerEntry, RunKind, SettlementLine, SettlementRun
from settlement.notices import tell_holders

BATCH = 500
LEDGER_FORMAT = 1
NOTHING = Decimal("0.00")

# Whom an amount is for, and for what: meter, kind of line, holder.
Owed = tuple[int, str, int | None]


@dataclass(frozen=True)
class _Side:
    """An amount and the line it rests on."""

    amount: Decimal
    line_id: int


def post_run(*, run: SettlementRun, by: User | None = None) -> LedgerBatch:
    """The batch that brings the ledger to what this run says; the one that exists if it was posted before.

    The first run of an event posts its credits, a later one only the differences. Each amount has two entries
    that sum to zero: what is owed to the participant, and the cost of the program.

    Raises:
        EstimateNotPosted: The run follows another rule than the event.
        StaleRun: A newer run of the event replaces it.
        WrongState: The event is closed.
    """
    if run.kind != RunKind.FINAL:
        raise EstimateNotPosted(_("This run is an estimate under another rule; only the event’s own rule pays."))
    posted = LedgerBatch.objects.filter(run=run).first()
    if posted is not None:
        return posted
    with deed("ledger.post", by=by):
        return _post(run)


@transaction.atomic
def _post(run: SettlementRun) -> LedgerBatch:
    # The event first, then the distributor's row, which makes its batches one chain.
    event = lock_for_settlement(event=run.event)
    distributor_id = event.program.distributor_id
    Entity.objects.select_for_update().get(pk=distributor_id)
    posted = LedgerBatch.objects.filter(run=run).first()
    if posted is not None:
        return posted
    if SettlementRun.objects.filter(event=event, kind=RunKind.FINAL, number__gt=run.number).exists():
        raise StaleRun(_("A newer run of this event replaces this one; post that."))
    last = LedgerBatch.objects.filter(distributor=distributor_id).order_by("number").last()
    batch = LedgerBatch(
        distributor_id=distributor_id,
        number=1 if last is None else last.number + 1,
        run=run,
        posted_at=timezone.now(),
        previous_sha256="" if last is None else last.sha256,
    )
    entries = _entries(run, event)
    batch.sha256 = digest(_content(batch, run, entries))
    batch.save(force_insert=True)
    for entry in entries:
        entry.batch = batch
    LedgerEntry.objects.bulk_create(entries, batch_size=BATCH)
    mark_settled(event=event)
    tell_holders(batch=batch, event=event, entries=entries)
    return batch


def _entries(run: SettlementRun, event: Event) -> list[LedgerEntry]:
    """Two entries for each amount that is not yet what it should be, without their batch."""
    due = _due(run)
    paid = _paid(event)
    entries = []
    for owed in sorted(due.keys() | paid.keys(), key=str):
        rest = correction(_amount(paid, owed), _amount(due, owed))
        if rest:
            line_id = (due.get(owed) or paid[owed]).line_id
            entries += _pair(run, owed, line_id, rest)
    return entries


def _due(run: SettlementRun) -> dict[Owed, _Side]:
    lines = SettlementLine.objects.filter(run=run).exclude(credit=0)
    rows = lines.order_by("pk").values_list("meter_id", "kind", "holder_id", "credit", "pk")
    return {(meter, kind, holder): _Side(credit, pk) for meter, kind, holder, credit, pk in rows}


def _paid(event: Event) -> dict[Owed, _Side]:
    """What the event's earlier runs posted, with the newest line of each."""
    entries = LedgerEntry.objects.filter(account=Account.OWED, line__run__event=event).order_by()
    rows = entries.values_list("line__meter_id", "line__kind", "holder_id")
    sums = rows.annotate(cents=sum_of_cents("amount"), newest=Max("line_id"))
    return {(meter, kind, holder): _Side(from_cents(cents), newest) for meter, kind, holder, cents, newest in sums}


def _amount(sides: dict[Owed, _Side], owed: Owed) -> Decimal:
    return sides[owed].amount if owed in sides else NOTHING


def _pair(run: SettlementRun, owed: Owed, line_id: int, amount: Decimal) -> list[LedgerEntry]:
    meter_id, kind, holder_id = owed
    key = f"{run.event_id}/{meter_id}/{kind}/{holder_id or '-'}/{run.number}"
    return [
        LedgerEntry(account=Account.OWED, holder_id=holder_id, line_id=line_id, amount=amount, key=f"{key}/owed"),
        LedgerEntry(account=Account.PROGRAM_COST, holder=None, line_id=line_id, amount=-amount, key=f"{key}/cost"),
    ]


def _content(batch: LedgerBatch, run: SettlementRun | None, entries: list[LedgerEntry]) -> dict[str, Any]:
    """What a batch's hash is taken over."""
    return {
        "format": LEDGER_FORMAT,
        "distributor": batch.distributor_id,
        "number": batch.number,
        "previous_sha256": batch.previous_sha256,
        "posted_at": batch.posted_at.astimezone(UTC).isoformat(),
        "inputs_sha256": None if run is None else run.inputs_sha256,
        "entries": [
            {
                "account": str(entry.account),
                "holder": entry.holder_id,
                "amount": f"{entry.amount:.2f}",
                "key": entry.key,
            }
            for entry in sorted(entries, key=lambda entry: entry.key)
        ],
    }


def check_chain(*, distributor: Distributor) -> int | None:
    """The number of the first batch that is not what its hash says, or does not follow its forerunner.

    None if the whole chain holds.
    """
    batches = LedgerBatch.objects.filter(distributor=distributor).order_by("number")
    previous = ""
    for number, batch in enumerate(batches.select_related("run").prefetch_related("entries"), start=1):
        content = _content(batch, batch.run, list(batch.entries.all()))
        if (batch.number, batch.previous_sha256, batch.sha256) != (number, previous, digest(content)):
            return batch.number
        previous = batch.sha256
    return None
