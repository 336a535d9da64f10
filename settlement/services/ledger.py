"""What is owed, in double entry: one batch per posted run, each chained to the distributor's last one."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.models import Event
from events.services import lock_for_settlement, mark_settled
from settlement.baselines import correction
from settlement.errors import EstimateNotPosted, NotApproved, StaleRun
from settlement.exact import from_cents, sum_of_cents
from settlement.models import (
    Account,
    BatchKind,
    DecisionKind,
    LedgerBatch,
    LedgerEntry,
    RunKind,
    SettlementLine,
    SettlementRun,
    Unit,
)
from settlement.notices import tell_holders
from settlement.services.posting import add_batch, lock_books, pair
from settlement.services.season import check_season

NOTHING = Decimal("0.00")

# Whom an amount is for, and for what: meter, kind of line, holder, unit.
Owed = tuple[int, str, int | None, str]


@dataclass(frozen=True)
class _Side:
    """An amount and the line it rests on."""

    amount: Decimal
    line_id: int


def post_run(*, run: SettlementRun, by: User | None = None) -> LedgerBatch:
    """The batch that brings the ledger to what this run says; the one that exists if it was posted before.

    The first run of an event posts its credits and points, a later one only the differences. Each amount has two
    entries that sum to zero: what is owed to the participant, and the cost of the program. A run that a person had
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
    mark_settled(event=event)
    tell_holders(batch=batch, event=event, entries=entries)
    return batch


def _check_approved(run: SettlementRun, by: User | None) -> None:
    decision = run.decisions.order_by("pk").last()
    if decision is not None and decision.kind == DecisionKind.REFUSED:
        raise NotApproved(_("This settlement was refused: %(why)s") % {"why": decision.reason})
    approved = decision is not None and decision.kind == DecisionKind.APPROVED
    if not approved and (run.created_by_id is not None or by is not None):
        raise NotApproved(_("Somebody else than who had it worked out approves this settlement first."))


def _entries(run: SettlementRun, event: Event) -> list[LedgerEntry]:
    """Two entries for each amount that is not yet what it should be, without their batch."""
    due = _due(run)
    paid = _paid(event)
    entries = []
    for owed in sorted(due.keys() | paid.keys(), key=str):
        rest = correction(_amount(paid, owed), _amount(due, owed))
        if rest:
            entries += _pair(run, owed, (due.get(owed) or paid[owed]).line_id, rest)
    return entries


def _due(run: SettlementRun) -> dict[Owed, _Side]:
    lines = SettlementLine.objects.filter(run=run).exclude(Q(credit=0) & Q(points=0))
    rows = lines.order_by("pk").values_list("meter_id", "kind", "holder_id", "credit", "points", "pk")
    due: dict[Owed, _Side] = {}
    for meter, kind, holder, credit, points, pk in rows:
        if credit:
            due[meter, kind, holder, Unit.MONEY.value] = _Side(credit, pk)
        if points:
            due[meter, kind, holder, Unit.POINTS.value] = _Side(Decimal(points), pk)
    return due


def _paid(event: Event) -> dict[Owed, _Side]:
    """What the event's earlier runs posted, with the newest line of each. Adjustments are beside it."""
    entries = LedgerEntry.objects.filter(
        account=Account.OWED, line__run__event=event, batch__kind=BatchKind.RUN
    ).order_by()
    rows = entries.values_list("line__meter_id", "line__kind", "holder_id", "unit")
    sums = rows.annotate(cents=sum_of_cents("amount"), newest=Max("line_id"))
    return {tuple(owed): _Side(from_cents(cents), newest) for *owed, cents, newest in sums}


def _amount(sides: dict[Owed, _Side], owed: Owed) -> Decimal:
    return sides[owed].amount if owed in sides else NOTHING


def _pair(run: SettlementRun, owed: Owed, line_id: int, amount: Decimal) -> list[LedgerEntry]:
    meter_id, kind, holder_id, unit = owed
    key = f"{run.event_id}/{meter_id}/{kind}/{holder_id or '-'}/{run.number}"
    if unit == Unit.POINTS:
        key += "/points"
    return pair(key=key, holder_id=holder_id, amount=amount, unit=Unit(unit), line_id=line_id)
