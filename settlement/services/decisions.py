"""What people decide on a settlement: approve, refuse, open again."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.services import lock_for_settlement
from settlement.errors import EstimateNotPosted, NotApproved, NotPosted, ReasonMissing, StaleRun
from settlement.models import DecisionKind, LedgerBatch, RunDecision, RunKind, SettlementRun

REASON_LENGTH = 300


def approve_run(*, run: SettlementRun, by: User, reason: str = "") -> RunDecision:
    """The approval of a final run, by somebody other than who had it made; the one that stands, if it is approved.

    Raises:
        NotApproved: Who approves had it made.
        EstimateNotPosted: Only final runs that are whole are approved.
        StaleRun: It is posted already, or a newer run replaces it.
    """
    if by.pk == run.created_by_id:
        raise NotApproved(_("Somebody else than who had it worked out approves a settlement."))
    return _decide(run, DecisionKind.APPROVED, by, reason.strip())


def refuse_run(*, run: SettlementRun, by: User, reason: str) -> RunDecision:
    """The refusal of a final run: it is not posted, until somebody approves it after all.

    Raises:
        ReasonMissing: A refusal says why.
        EstimateNotPosted: Only final runs that are whole are refused.
        StaleRun: It is posted already, or a newer run replaces it.
    """
    return _decide(run, DecisionKind.REFUSED, by, _said(reason))


@transaction.atomic
def reopen_run(*, run: SettlementRun, by: User, reason: str) -> RunDecision:
    """Opens a posted settlement again: a new run may be made, and its posting will be the difference.

    Raises:
        ReasonMissing: Opening again says why.
        NotPosted: The run is not posted, so it needs no opening.
        WrongState: The event is closed.
    """
    why = _said(reason)
    lock_for_settlement(event=run.event)
    if not LedgerBatch.objects.filter(run=run).exists():
        raise NotPosted(_("This settlement is not posted yet; settle again instead."))
    return _newest_or_new(run, DecisionKind.REOPENED, by, why)


@transaction.atomic
def _decide(run: SettlementRun, kind: DecisionKind, by: User, reason: str) -> RunDecision:
    lock_for_settlement(event=run.event)
    if run.kind != RunKind.FINAL or run.sealed_at is None:
        raise EstimateNotPosted(_("Only a final settlement is decided on."))
    if LedgerBatch.objects.filter(run=run).exists():
        raise StaleRun(_("This settlement is posted already."))
    if SettlementRun.objects.sealed().filter(event=run.event, kind=RunKind.FINAL, number__gt=run.number).exists():
        raise StaleRun(_("A newer run of this event replaces this one; decide on that."))
    return _newest_or_new(run, kind, by, reason)


def _newest_or_new(run: SettlementRun, kind: DecisionKind, by: User, reason: str) -> RunDecision:
    newest = run.decisions.order_by("pk").last()
    if newest is not None and newest.kind == kind:
        return newest
    with deed(f"run.{kind.value}", by=by, reason=reason):
        return RunDecision.objects.create(run=run, kind=kind, decided_by=by, reason=reason)


def _said(reason: str) -> str:
    why = reason.strip()
    if not why:
        raise ReasonMissing(_("Say why: the reason stays with the settlement."))
    if len(why) > REASON_LENGTH:
        raise ReasonMissing(_("The reason is too long: %(most)d letters at most.") % {"most": REASON_LENGTH})
    return why
