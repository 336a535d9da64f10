"""What people decide on a settlement: approve, refuse, open again, leave as it is."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.models import Event
from events.services import lock_for_settlement, mark_settled
from settlement.errors import EstimateNotPosted, NotApproved, NotOpen, NotPosted, ReasonMissing, StaleRun
from settlement.models import STOPPED, DecisionKind, LedgerBatch, RunDecision, RunKind, SettlementRun
from settlement.services.lines import unmeasured_of

REASON_LENGTH = 300


def decided(run: SettlementRun) -> RunDecision | None:
    """The decision that counts."""
    return run.decisions.order_by("pk").last()


def authors_of(run: SettlementRun) -> set[int]:
    """Everybody who had the run made: who began it, and who went on with it."""
    return {*run.common.get("also_by", ()), *filter(None, [run.created_by_id])}


def check_open(*, event: Event) -> None:
    """Passes an event that a person may settle anew: its newest final run is not posted, or opened again.

    Raises:
        NotOpen: What is posted is opened first, with a reason.
    """
    newest = SettlementRun.objects.sealed().filter(event=event, kind=RunKind.FINAL).order_by("number").last()
    if newest is None or not LedgerBatch.objects.filter(run=newest).exists():
        return
    last = decided(newest)
    if last is None or last.kind != DecisionKind.REOPENED:
        raise NotOpen(_("This settlement is in the ledger; open it again first and say why."))


def approve_run(*, run: SettlementRun, by: User, reason: str = "") -> RunDecision:
    """The approval of a final run, by somebody other than who had it made; the one that stands, if it is approved.

    Raises:
        NotApproved: Who approves had it made.
        EstimateNotPosted: Only final runs that are whole are approved.
        StaleRun: It is posted already, or a newer run replaces it.
    """
    if by.pk in authors_of(run):
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
        StaleRun: A newer run is posted; that is opened.
        WrongState: The event is closed.
    """
    why = _said(reason)
    lock_for_settlement(event=run.event)
    if not LedgerBatch.objects.filter(run=run).exists():
        raise NotPosted(_("This settlement is not posted yet; settle again instead."))
    later = LedgerBatch.objects.filter(run__event=run.event_id, run__number__gt=run.number)
    if later.exists():
        raise StaleRun(_("A newer run of this event replaces this one; open that."))
    return _newest_or_new(run, DecisionKind.REOPENED, by, why)


@transaction.atomic
def close_run(*, run: SettlementRun, by: User, reason: str) -> RunDecision:
    """Leaves the newest final run as it is: ends an opening that changes nothing, or a refusal for good.

    What is posted stays. Of an event of which nothing is posted nothing will be, so that its month can be settled;
    that takes two people, as paying does. It can still be settled again until the event closes.

    Raises:
        ReasonMissing: It says why.
        NotOpen: It is neither opened again nor refused.
        NotApproved: Nothing is posted, and the same person had the run made or refused it.
        StaleRun: A newer run replaces it.
        WrongState: The event is closed.
    """
    why = _said(reason)
    event = lock_for_settlement(event=run.event)
    _check_newest(run)
    last = decided(run)
    if last is None or last.kind not in (DecisionKind.REOPENED, *STOPPED):
        raise NotOpen(_("Only what is opened again or refused is left as it is."))
    if not LedgerBatch.objects.filter(run__event=event).exists():
        if by.pk in {last.decided_by_id, *authors_of(run)}:
            raise NotApproved(
                _("Nothing is paid for this event yet, so somebody who neither made nor refused it leaves it.")
            )
        mark_settled(event=event, unmeasured=unmeasured_of(run))
    return _newest_or_new(run, DecisionKind.CLOSED, by, why)


@transaction.atomic
def _decide(run: SettlementRun, kind: DecisionKind, by: User, reason: str) -> RunDecision:
    lock_for_settlement(event=run.event)
    if run.kind != RunKind.FINAL or run.sealed_at is None:
        raise EstimateNotPosted(_("Only a final settlement is decided on."))
    if LedgerBatch.objects.filter(run=run).exists():
        raise StaleRun(_("This settlement is posted already."))
    _check_newest(run)
    return _newest_or_new(run, kind, by, reason)


def _check_newest(run: SettlementRun) -> None:
    if SettlementRun.objects.sealed().filter(event=run.event, kind=RunKind.FINAL, number__gt=run.number).exists():
        raise StaleRun(_("A newer run of this event replaces this one; decide on that."))


def _newest_or_new(run: SettlementRun, kind: DecisionKind, by: User, reason: str) -> RunDecision:
    newest = decided(run)
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
