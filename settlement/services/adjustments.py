"""Amounts that no computation says: one person asks and says why, another one agrees, and both stand in the ledger.

A resident's balance never falls below zero by an adjustment. What names a line says that this line paid wrongly: when
the event is worked out anew for that meter, it counts as part of what was paid (`differences.py`).
"""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import Entity, Kind, User
from events.models import Event
from organizations.models import Distributor
from settlement.errors import BadAdjustment, NotApproved, ReasonMissing
from settlement.exact import CENT
from settlement.models import (
    Adjustment,
    AdjustmentState,
    BatchKind,
    Dispute,
    LedgerBatch,
    SettlementLine,
    Unit,
)
from settlement.notices import tell_amounts
from settlement.services.differences import is_replaced
from settlement.services.ledger_check import balance
from settlement.services.posting import add_batch, lock_books, pair

REASON_LENGTH = 300
MOST = Decimal(10**9)


def ask_adjustment(
    *,
    distributor: Distributor,
    holder: Entity,
    amount: Decimal,
    reason: str,
    by: User,
    unit: Unit = Unit.MONEY,
    line: SettlementLine | None = None,
    event: Event | None = None,
    dispute: Dispute | None = None,
) -> Adjustment:
    """An adjustment that waits for a second person; nothing is posted yet.

    Args:
        amount: signed; positive is owed to the holder.
        line: what was paid wrongly, if it is about a reward; its event is taken from it.
        dispute: the holder's objection that it settles.

    Raises:
        ReasonMissing: It says why.
        BadAdjustment: The amount is none, or would leave a resident below zero; the line is another holder's, not
            posted, or replaced.
    """
    why = _said(reason)
    _check_amount(amount, unit)
    if line is not None:
        _check_line(line, holder)
    adjustment = Adjustment(
        distributor=distributor,
        holder=holder,
        line=line,
        event=event if line is None else line.run.event,
        dispute=dispute,
        unit=unit,
        amount=amount,
        reason=why,
        asked_by=by,
    )
    _check_balance(adjustment)
    with deed("adjustment.ask", by=by, reason=why):
        adjustment.save(force_insert=True)
    return adjustment


def approve_adjustment(*, adjustment: Adjustment, by: User) -> Adjustment:
    """The adjustment in the ledger: a batch of its own with two entries; the same if it was posted before.

    Raises:
        NotApproved: Who asked does not agree to it, too.
        BadAdjustment: It was refused, or would leave a resident below zero by now; the reward was worked out anew.
    """
    with deed("adjustment.approve", by=by), transaction.atomic():
        lock_books(distributor_id=adjustment.distributor_id)
        row = _locked(adjustment)
        if row.state == AdjustmentState.APPROVED:
            return row
        _check_decider(row, by)
        if row.line is not None:
            _check_line(row.line, row.holder)
        _check_balance(row)
        entries = pair(
            key=f"adjustment/{row.pk}",
            holder_id=row.holder_id,
            amount=row.amount,
            unit=Unit(row.unit),
            line_id=row.line_id,
        )
        row.batch = add_batch(
            distributor_id=row.distributor_id,
            kind=BatchKind.ADJUSTMENT,
            entries=entries,
            reason=row.reason,
            by=by,
        )
        tell_amounts(batch=row.batch, entries=entries)
        return _decided(row, AdjustmentState.APPROVED, by)


@transaction.atomic
def refuse_adjustment(*, adjustment: Adjustment, by: User, reason: str) -> Adjustment:
    """The adjustment refused; nothing was posted.

    Raises:
        ReasonMissing: A refusal says why.
        NotApproved: Who asked does not decide.
        BadAdjustment: It was posted meanwhile.
    """
    why = _said(reason)
    row = _locked(adjustment)
    if row.state == AdjustmentState.REFUSED:
        return row
    _check_decider(row, by)
    row.answer = why
    with deed("adjustment.refuse", by=by, reason=why):
        return _decided(row, AdjustmentState.REFUSED, by)


def _locked(adjustment: Adjustment) -> Adjustment:
    return Adjustment.objects.select_for_update().get(pk=adjustment.pk)


def _decided(row: Adjustment, state: AdjustmentState, by: User) -> Adjustment:
    row.state, row.decided_by, row.decided_at = state, by, timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at", "answer", "batch"])
    return row


def _check_decider(row: Adjustment, by: User) -> None:
    if row.state == AdjustmentState.APPROVED:
        raise BadAdjustment(_("This adjustment is posted already."))
    if row.state == AdjustmentState.REFUSED:
        raise BadAdjustment(_("This adjustment was refused; ask for a new one."))
    if by.pk == row.asked_by_id:
        raise NotApproved(_("Somebody else than who asked decides on an adjustment."))


def _check_amount(amount: Decimal, unit: Unit) -> None:
    if not amount.is_finite() or not amount or abs(amount) >= MOST:
        raise BadAdjustment(_("Say an amount other than zero."))
    step = CENT if unit == Unit.MONEY else Decimal(1)
    if amount % step:
        raise BadAdjustment(_("Money has at most two decimals; points are whole."))


def _check_line(line: SettlementLine, holder: Entity) -> None:
    if line.holder_id != holder.pk:
        raise BadAdjustment(_("This reward is somebody else’s."))
    if not LedgerBatch.objects.filter(run=line.run_id).exists():
        raise BadAdjustment(
            _("This reward is not in the ledger, so there is nothing to adjust: settle the event again.")
        )
    if is_replaced(line):
        raise BadAdjustment(
            _("This reward was worked out anew since, and what it paid was put right; look at the new one.")
        )


def _check_balance(row: Adjustment) -> None:
    """Whether taking the amount back leaves a resident at zero or above."""
    if row.amount > 0 or row.holder.kind == Kind.ORGANIZATION:
        return
    room = max(balance(holder=row.holder_id, unit=Unit(row.unit)), Decimal(0))
    if -row.amount > room:
        raise BadAdjustment(
            _("At most %(most)s can be taken back: a resident’s balance stays at zero or above.") % {"most": room}
        )


def _said(reason: str) -> str:
    why = reason.strip()
    if not why:
        raise ReasonMissing(_("Say why: the reason stays with the amount."))
    if len(why) > REASON_LENGTH:
        raise ReasonMissing(_("The reason is too long: %(most)d letters at most.") % {"most": REASON_LENGTH})
    return why
