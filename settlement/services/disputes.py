"""Disputes: opened within the stated days, answered within ten working days, decided once.

What was paid stays meanwhile. In the holder's favor an event is settled again, which is approved and posted as any
correction is, or an adjustment is asked for, which a second person agrees to.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.intervals import day_bounds, local_day
from common.speech import day_words
from events.holiday_calendar import holiday_days
from events.models import Event, Participation
from events.services import mark_disputed, mark_resolved
from settlement.dispute_notices import News, tell_distributor, tell_holder
from settlement.errors import BadDispute, DisputeDecided, ReasonMissing, TooLate
from settlement.models import (
    Adjustment,
    AdjustmentState,
    DecisionKind,
    Dispute,
    DisputeCategory,
    DisputeMessage,
    DisputeState,
    LedgerBatch,
    RunKind,
    SettlementLine,
    SettlementRun,
    Unit,
)
from settlement.services.adjustments import ask_adjustment
from settlement.services.decisions import reopen_run
from settlement.services.runs import settle
from settlement.working_days import working_day_after

ANSWER_DAYS = 10
# Enough to find ten working days, holidays included.
FAR = timedelta(days=60)
MOST_WORDS = 2000
MOST_OUTCOME = 300


def last_day_to_object(line: SettlementLine) -> date | None:
    """The last local day on which a figure can be questioned; None as long as it is not final, so open-ended."""
    batch = LedgerBatch.objects.filter(run=line.run_id).first()
    if batch is None:
        return None
    event = line.run.event
    return local_day(batch.posted_at, event.program.zone) + timedelta(days=event.version.dispute_days)


def check_can_open(line: SettlementLine) -> None:
    """Passes a figure that may be questioned now. Whether the reader may do it, callers check.

    Raises:
        TooLate: The days to object are over.
        BadDispute: The figure is nobody's, was replaced, is of a trial, or was decided on before.
    """
    if line.holder_id is None or line.run.sealed_at is None or line.run.kind == RunKind.TRIAL:
        raise BadDispute(_("This amount is nobody’s reward."))
    last = last_day_to_object(line)
    if last is not None and local_day(timezone.now(), line.run.event.program.zone) > last:
        raise TooLate(_("You could object until %(day)s; that time is over.") % {"day": day_words(last, "date")})
    decided = Dispute.objects.exclude(state=DisputeState.WITHDRAWN).filter(decided_at__isnull=False)
    if decided.filter(line__run=line.run_id, line__meter=line.meter_id).exists():
        raise BadDispute(_("You objected to this figure before, and it was decided."))
    newer = SettlementLine.objects.filter(
        run__event=line.run.event_id, meter=line.meter_id, run__kind=RunKind.FINAL, run__number__gt=line.run.number
    )
    if newer.filter(run__sealed_at__isnull=False, run__batch__isnull=False).exists():
        raise BadDispute(_("A newer figure replaces this one; open that, and say what is wrong with it."))


@transaction.atomic
def open_dispute(*, line: SettlementLine, category: str, by: User, words: str = "") -> Dispute:
    """A dispute about what an event came to for a meter; the one under way if there is one already.

    Raises:
        TooLate: The days to object are over.
        BadDispute: The figure cannot be questioned, the category is none, or the words are too long.
    """
    if category not in DisputeCategory.values:
        raise BadDispute(_("Say what is wrong."))
    said = _said(words) if words.strip() else ""
    with deed("dispute.open", by=by):
        participation = mark_disputed(event=line.run.event, meter_id=line.meter_id)
        under_way = Dispute.objects.undecided().filter(participation=participation).first()
        if under_way is not None:
            return under_way
        check_can_open(line)
        assert line.holder_id is not None
        dispute = Dispute.objects.create(
            distributor_id=line.run.event.program.distributor_id,
            participation=participation,
            holder_id=line.holder_id,
            line=line,
            category=category,
            opened_by=by,
            due_at=_due(participation, timezone.now()),
        )
        if said:
            _write(dispute, said, by, is_from_distributor=False)
        tell_holder(dispute=dispute, news=News.OPENED)
        tell_distributor(dispute=dispute, news=News.OPENED)
    return dispute


@transaction.atomic
def write_in_dispute(*, dispute: Dispute, words: str, by: User) -> DisputeMessage:
    """A further word of the holder; after an answer the distributor's days begin anew.

    Raises:
        DisputeDecided: It is over.
        BadDispute: There are no words, or too many.
    """
    said, row = _said(words), _locked(dispute)
    with deed("dispute.write", by=by):
        if row.state == DisputeState.ANSWERED:
            row.state, row.due_at = DisputeState.OPEN, _due(row.participation, timezone.now())
            row.save(update_fields=["state", "due_at"])
        message = _write(row, said, by, is_from_distributor=False)
        tell_distributor(dispute=row, news=News.WRITTEN, number=message.pk)
    return message


@transaction.atomic
def answer_dispute(*, dispute: Dispute, words: str, by: User) -> DisputeMessage:
    """A word of the distributor, which stops the clock; nothing is decided by it.

    Raises:
        DisputeDecided: It is over.
        BadDispute: There are no words, or too many.
    """
    said, row = _said(words), _locked(dispute)
    with deed("dispute.answer", by=by):
        if row.state == DisputeState.OPEN:
            row.state = DisputeState.ANSWERED
            row.save(update_fields=["state"])
        message = _write(row, said, by, is_from_distributor=True)
        tell_holder(dispute=row, news=News.ANSWERED, number=message.pk)
    return message


@transaction.atomic
def withdraw_dispute(*, dispute: Dispute, by: User) -> Dispute:
    """The dispute taken back by its holder; the amount stays, and may be questioned again in time.

    Raises:
        DisputeDecided: It is over.
    """
    row = _locked(dispute)
    with deed("dispute.withdraw", by=by):
        row.state, row.decided_at = DisputeState.WITHDRAWN, timezone.now()
        row.save(update_fields=["state", "decided_at"])
        mark_resolved(participation=row.participation)
        tell_distributor(dispute=row, news=News.WITHDRAWN)
    return row


@transaction.atomic
def resolve_against(*, dispute: Dispute, outcome: str, by: User) -> Dispute:
    """The dispute decided: the amount stays as it is.

    Raises:
        DisputeDecided: It is over.
        ReasonMissing: A decision says why.
    """
    why, row = _reason(outcome), _locked(dispute)
    with deed("dispute.resolve_against", by=by, reason=why):
        return _decided(row, DisputeState.AGAINST, why, by)


def resolve_by_settling(*, dispute: Dispute, outcome: str, by: User) -> Dispute:
    """The dispute decided in favor, and the event settled again: somebody else approves that run, then it is posted.

    Raises:
        DisputeDecided: It is over.
        ReasonMissing: A decision says why.
        BadDispute: Settling again changes nothing.
        PortalError: The event cannot be settled.
    """
    why = _reason(outcome)
    _check_undecided(Dispute.objects.get(pk=dispute.pk))
    # In transactions of its own: an event of many meters would hold the dispute for long.
    run = _settled_again(dispute, why, by)
    with deed("dispute.resolve_in_favor", by=by, reason=why), transaction.atomic():
        row = _locked(dispute)
        row.run = run
        return _decided(row, DisputeState.IN_FAVOR, why, by)


@transaction.atomic
def resolve_by_adjusting(
    *, dispute: Dispute, outcome: str, amount: Decimal, by: User, unit: Unit = Unit.MONEY
) -> Adjustment:
    """The dispute decided in favor, and an adjustment asked for; a second person agrees before it is posted.

    Raises:
        DisputeDecided: It is over, and not by an adjustment that was refused.
        ReasonMissing: A decision says why.
        BadAdjustment: The amount cannot be.
    """
    why = _reason(outcome)
    row = Dispute.objects.select_for_update().get(pk=dispute.pk)
    if not lacks_remedy(row):
        _check_undecided(row)
    with deed("dispute.resolve_in_favor", by=by, reason=why):
        adjustment = ask_adjustment(
            distributor=row.distributor,
            holder=row.holder,
            amount=amount,
            unit=unit,
            reason=why,
            by=by,
            line=row.line,
            dispute=row,
        )
        if row.is_undecided:
            _decided(row, DisputeState.IN_FAVOR, why, by)
    return adjustment


def lacks_remedy(dispute: Dispute) -> bool:
    """Whether it was decided in favor, and every adjustment asked for since was refused."""
    if dispute.state != DisputeState.IN_FAVOR or dispute.run_id is not None:
        return False
    return not dispute.adjustments.exclude(state=AdjustmentState.REFUSED).exists()


def withdraw_all_of(*, holder: User) -> None:
    """Ends the disputes of somebody who closes the account."""
    for dispute in Dispute.objects.undecided().filter(holder=holder.pk).order_by("pk"):
        withdraw_dispute(dispute=dispute, by=holder)


def erase_words_of(*, holder: User) -> None:
    """Takes out what was said in the disputes of somebody whose account is closed: it may name the person."""
    DisputeMessage.objects.filter(dispute__holder=holder.pk).update(words="")


def _settled_again(dispute: Dispute, why: str, by: User) -> SettlementRun:
    event = Event.objects.get(pk=dispute.participation.event_id)
    finals = SettlementRun.objects.sealed().filter(event=event, kind=RunKind.FINAL).order_by("number")
    newest, questioned = finals.last(), dispute.line.run if dispute.line is not None else None
    kind = RunKind.FINAL if newest is not None or questioned is None else RunKind(questioned.kind)
    run = settle(event=event, kind=kind, by=by)
    if questioned is not None and run.pk == questioned.pk:
        raise BadDispute(
            _(
                "The same readings and terms give the same amount. Correct the readings, or the days that count, "
                "first; or ask for an adjustment."
            )
        )
    last = newest.decisions.order_by("pk").last() if newest is not None else None
    is_open = last is not None and last.kind == DecisionKind.REOPENED
    if newest is not None and newest.pk != run.pk and not is_open and LedgerBatch.objects.filter(run=newest).exists():
        reopen_run(run=newest, by=by, reason=why)
    return run


def _decided(row: Dispute, state: DisputeState, why: str, by: User) -> Dispute:
    row.state, row.outcome, row.decided_by, row.decided_at = state, why, by, timezone.now()
    row.save(update_fields=["state", "outcome", "decided_by", "decided_at", "run"])
    mark_resolved(participation=row.participation)
    tell_holder(dispute=row, news=News.IN_FAVOR if state == DisputeState.IN_FAVOR else News.AGAINST)
    return row


def _locked(dispute: Dispute) -> Dispute:
    row = Dispute.objects.select_for_update().get(pk=dispute.pk)
    _check_undecided(row)
    return row


def _check_undecided(row: Dispute) -> None:
    if not row.is_undecided:
        raise DisputeDecided(_("This dispute is over: %(state)s.") % {"state": row.get_state_display()})


def _due(participation: Participation, now: datetime) -> datetime:
    """The end of the tenth working day from now on, on the program's clock."""
    event = participation.event
    today = local_day(now, event.program.zone)
    holidays = holiday_days(event.version, today, today + FAR)
    return day_bounds(working_day_after(today, ANSWER_DAYS, holidays), event.program.zone)[1]


def _write(dispute: Dispute, words: str, by: User, *, is_from_distributor: bool) -> DisputeMessage:
    return DisputeMessage.objects.create(
        dispute=dispute, author=by, words=words, is_from_distributor=is_from_distributor
    )


def _said(words: str) -> str:
    said = words.strip()
    if not said:
        raise BadDispute(_("Write a few words."))
    if len(said) > MOST_WORDS:
        raise BadDispute(_("The text is too long: %(most)d letters at most.") % {"most": MOST_WORDS})
    return said


def _reason(outcome: str) -> str:
    why = outcome.strip()
    if not why:
        raise ReasonMissing(_("Say why: the decision is read by whoever objected."))
    if len(why) > MOST_OUTCOME:
        raise ReasonMissing(_("The reason is too long: %(most)d letters at most.") % {"most": MOST_OUTCOME})
    return why
