"""What people decide on a month of standing by, and its posting: the same four eyes as for an event."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.models import Program
from settlement.errors import NotApproved, ReasonMissing, StaleRun
from settlement.models import (
    Account,
    BatchKind,
    LedgerBatch,
    LedgerEntry,
    MonthDecision,
    MonthRun,
    MonthWord,
    Unit,
)
from settlement.notices import tell_amounts
from settlement.services.decisions import REASON_LENGTH
from settlement.services.differences import Owed, held_at_zero
from settlement.services.months.work import Whose, month_shares, says
from settlement.services.posting import add_batch, lock_books, pair

NOTHING = Decimal("0.00")


def approve_month(*, run: MonthRun, by: User, reason: str = "") -> MonthDecision:
    """The approval of a month, by somebody other than who had it worked out; the one that stands, if it is approved.

    Raises:
        NotApproved: Who approves had it worked out.
        StaleRun: It is posted already, or a newer run replaces it.
    """
    if by.pk == run.created_by_id:
        raise NotApproved(_("Somebody else than who had it worked out approves a month."))
    return _decide(run, MonthWord.APPROVED, by, reason.strip())


def refuse_month(*, run: MonthRun, by: User, reason: str) -> MonthDecision:
    """The refusal of a month: it is not posted, until somebody approves it after all, or a newer run replaces it.

    Raises:
        ReasonMissing: A refusal says why.
        StaleRun: It is posted already, or a newer run replaces it.
    """
    why = reason.strip()
    if not why or len(why) > REASON_LENGTH:
        raise ReasonMissing(_("Say why, in at most %(most)d letters.") % {"most": REASON_LENGTH})
    return _decide(run, MonthWord.REFUSED, by, why)


def last_word(run: MonthRun) -> MonthDecision | None:
    """The decision that counts."""
    return run.decisions.order_by("pk").last()


def post_month(*, run: MonthRun, by: User | None = None) -> LedgerBatch:
    """The batch that brings the ledger to what this run says; the one that exists if it was posted before.

    The first run of a month that is posted posts its amounts, a later one only the differences; nothing is taken from a
    resident that would bring the balance below zero.

    Raises:
        NotApproved: It was refused, or nobody has approved it yet.
        StaleRun: A newer run replaces it, or events were posted since, and it would say something else now.
    """
    with deed("month.post", by=by), transaction.atomic():
        locked = _locked(run)
        if locked.batch is not None:
            return locked.batch
        _check_newest(locked)
        _check_approved(locked)
        if says(locked) != {share.said for share in month_shares(program=locked.program, first=locked.month)}:
            raise StaleRun(_("What the month rests on has changed since; work it out again."))
        return _posted(locked, by)


@transaction.atomic
def _decide(run: MonthRun, kind: MonthWord, by: User, reason: str) -> MonthDecision:
    locked = _locked(run)
    if locked.batch_id is not None:
        raise StaleRun(_("This month is posted already."))
    _check_newest(locked)
    newest = last_word(locked)
    if newest is not None and newest.kind == kind:
        return newest
    with deed(f"month.{kind.value}", by=by, reason=reason):
        return MonthDecision.objects.create(run=locked, kind=kind, decided_by=by, reason=reason)


def _locked(run: MonthRun) -> MonthRun:
    lock_books(distributor_id=run.program.distributor_id)
    return MonthRun.objects.select_related("program__distributor", "batch").get(pk=run.pk)


def _check_newest(run: MonthRun) -> None:
    if MonthRun.objects.filter(program=run.program_id, month=run.month, number__gt=run.number).exists():
        raise StaleRun(_("A newer run of this month replaces this one; decide on that."))


def _check_approved(run: MonthRun) -> None:
    word = last_word(run)
    if word is not None and word.kind == MonthWord.REFUSED:
        raise NotApproved(_("This month was refused: %(why)s") % {"why": word.reason})
    if word is None:
        raise NotApproved(_("Somebody else than who had it worked out approves this month first."))


def _posted(run: MonthRun, by: User | None) -> LedgerBatch:
    entries = _entries(run)
    batch = add_batch(
        distributor_id=run.program.distributor_id,
        kind=BatchKind.MONTH,
        entries=entries,
        source_sha256=run.inputs_sha256,
        reason=f"{run.program.name} {run.month:%Y-%m}",
        by=by,
    )
    run.batch = batch
    run.save(update_fields=["batch"])
    tell_amounts(batch=batch, entries=entries)
    return batch


def amounts_of(run: MonthRun) -> dict[Whose, Decimal]:
    """What a run says is due, by meter and holder."""
    return {(meter, holder): credit for meter, holder, credit in run.lines.values_list("meter", "holder", "credit")}


def paid_before(run: MonthRun) -> dict[Whose, Decimal]:
    """What the ledger has for the month without this run, by meter and holder."""
    batches = LedgerBatch.objects.filter(month_run__in=_posted_before(run))
    entries = LedgerEntry.objects.filter(batch__in=batches, account=Account.OWED).order_by()
    paid: dict[Whose, Decimal] = {}
    for key, holder_id, amount in entries.values_list("key", "holder_id", "amount"):
        whose = _meter_of(key), holder_id
        paid[whose] = paid.get(whose, NOTHING) + amount
    return paid


def _posted_before(run: MonthRun) -> QuerySet[MonthRun]:
    return posted_runs(run.program, run.month).filter(number__lt=run.number)


def posted_runs(program: Program, first: date) -> QuerySet[MonthRun]:
    """The runs of a month that are in the ledger."""
    return MonthRun.objects.filter(program=program, month=first, batch__isnull=False)


def _entries(run: MonthRun) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    for (meter_id, _kind, holder_id, _unit), amount in held_at_zero(_differences(run)).items():
        entries += pair(key=_key(run, meter_id, holder_id), holder_id=holder_id, amount=amount)
    return entries


def _differences(run: MonthRun) -> dict[Owed, Decimal]:
    """What is due less what the ledger has; what was left with a resident stays while the same is due."""
    due, paid = amounts_of(run), paid_before(run)
    newest = _posted_before(run).order_by("number").last()
    before = {} if newest is None else amounts_of(newest)
    found: dict[Owed, Decimal] = {}
    for whose in sorted(due.keys() | paid.keys(), key=str):
        is_changed = due.get(whose, NOTHING) != before.get(whose, NOTHING)
        rest = due.get(whose, NOTHING) - paid.get(whose, NOTHING)
        if rest and is_changed:
            found[whose[0], BatchKind.MONTH.value, whose[1], Unit.MONEY.value] = rest
    return found


def _key(run: MonthRun, meter_id: int, holder_id: int | None) -> str:
    return f"month/{run.program_id}/{run.month:%Y-%m}/{meter_id}/{holder_id or '-'}/{run.number}"


def _meter_of(key: str) -> int:
    """The meter in the key of a month's entry, which names no line."""
    return int(key.split("/")[3])
