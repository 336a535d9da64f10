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
from settlement.models import BatchKind, LedgerBatch, LedgerEntry, MonthDecision, MonthRun, MonthWord
from settlement.notices import tell_amounts
from settlement.services.decisions import REASON_LENGTH
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

    The first run of a month that is posted posts its amounts, a later one only the differences.

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
    due = amounts_of(run)
    entries = _entries(run, due, paid_before(run))
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
    """What the ledger has for the month without this run: what the run before it that was posted said."""
    earlier = posted_runs(run.program, run.month).filter(number__lt=run.number).order_by("number").last()
    return {} if earlier is None else amounts_of(earlier)


def posted_runs(program: Program, first: date) -> QuerySet[MonthRun]:
    """The runs of a month that are in the ledger."""
    return MonthRun.objects.filter(program=program, month=first, batch__isnull=False)


def _entries(run: MonthRun, due: dict[Whose, Decimal], paid: dict[Whose, Decimal]) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    for meter_id, holder_id in sorted(due.keys() | paid.keys(), key=str):
        whose = meter_id, holder_id
        rest = due.get(whose, NOTHING) - paid.get(whose, NOTHING)
        if rest:
            key = f"month/{run.program_id}/{run.month:%Y-%m}/{meter_id}/{holder_id or '-'}/{run.number}"
            entries += pair(key=key, holder_id=holder_id, amount=rest)
    return entries
