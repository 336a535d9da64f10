"""What is owed, in double entry: one batch per posted run, each chained to the distributor's last one."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.models import Event
from events.services import lock_for_settlement, mark_settled
from settlement.errors import EstimateNotPosted, NotApproved, StaleRun
from settlement.models import STOPPED, BatchKind, DecisionKind, LedgerBatch, LedgerEntry, RunKind, SettlementRun, Unit
from settlement.notices import tell_holders
from settlement.services.decisions import decided
from settlement.services.differences import Owed, differences
from settlement.services.lines import unmeasured_of
from settlement.services.posting import add_batch, lock_books, pair
from settlement.services.season import check_season


def post_run(*, run: SettlementRun, by: User | None = None) -> LedgerBatch:
    """The batch that brings the ledger to what this run says; the one that exists if it was posted before.

    The first run of an event posts its credits and points, a later one only the differences to what the ledger has for
    it, adjustments that name its lines among them; a resident’s balance never falls below zero by one. Each amount has
    two entries that sum to zero: what is owed to the participant, and the cost of the program. A run that a person had
    made, or that a person posts, needs the approval of somebody other than its author (`approve_run`); what the
    command line makes and posts at once needs none.

    Raises:
        EstimateNotPosted: The run follows another rule than the event, is an estimate, or is not whole; or the event
            was only a test.
        NotApproved: It was refused, or nobody has approved it yet.
        StaleRun: A newer run of the event replaces it.
        SeasonFull: Other events have used the season's cap since it was worked out.
        WrongState: The event is closed.
    """
    _check_payable(run)
    posted = LedgerBatch.objects.filter(run=run).first()
    if posted is not None:
        return posted
    with deed("ledger.post", by=by):
        return _post(run, by)


def _check_payable(run: SettlementRun) -> None:
    if run.kind == RunKind.TRIAL:
        raise EstimateNotPosted(_("This run is an estimate under another rule; only the event’s own rule pays."))
    if run.kind != RunKind.FINAL:
        raise EstimateNotPosted(_("This is an estimate; only the final settlement pays."))
    if run.sealed_at is None:
        raise EstimateNotPosted(_("This run is still being written; settle again, then post it."))
    if run.event.is_test:
        raise EstimateNotPosted(_("This event was only a test; nothing is paid for it."))


@transaction.atomic
def _post(run: SettlementRun, by: User | None) -> LedgerBatch:
    # The event first, then the distributor's row, which makes its batches one chain.
    event = lock_for_settlement(event=run.event)
    distributor_id = event.program.distributor_id
    lock_books(distributor_id=distributor_id)
    posted = LedgerBatch.objects.filter(run=run).first()
    if posted is not None:
        return posted
    newer = SettlementRun.objects.sealed().filter(event=event, kind=RunKind.FINAL, number__gt=run.number)
    if newer.exists():
        raise StaleRun(_("A newer run of this event replaces this one; post that."))
    _check_approved(run, by)
    check_season(run=run)
    entries = _entries(run, event)
    batch = add_batch(
        distributor_id=distributor_id,
        kind=BatchKind.RUN,
        entries=entries,
        run=run,
        source_sha256=run.inputs_sha256,
        by=by,
    )
    mark_settled(event=event, unmeasured=unmeasured_of(run))
    tell_holders(batch=batch, event=event, entries=entries)
    return batch


def _check_approved(run: SettlementRun, by: User | None) -> None:
    decision = decided(run)
    if decision is not None and decision.kind in STOPPED:
        raise NotApproved(_("This settlement was refused: %(why)s") % {"why": decision.reason})
    approved = decision is not None and decision.kind == DecisionKind.APPROVED
    if not approved and (run.created_by_id is not None or by is not None):
        raise NotApproved(_("Somebody else than who had it worked out approves this settlement first."))


def _entries(run: SettlementRun, event: Event) -> list[LedgerEntry]:
    """Two entries for each amount that is not yet what it should be, without their batch."""
    changes = differences(run=run, event=event)
    return [entry for owed, side in changes for entry in _pair(run, owed, side.line_id, side.amount)]


def _pair(run: SettlementRun, owed: Owed, line_id: int, amount: Decimal) -> list[LedgerEntry]:
    meter_id, kind, holder_id, unit = owed
    key = f"{run.event_id}/{meter_id}/{kind}/{holder_id or '-'}/{run.number}"
    if unit == Unit.POINTS:
        key += "/points"
    return pair(key=key, holder_id=holder_id, amount=amount, unit=Unit(unit), line_id=line_id)
