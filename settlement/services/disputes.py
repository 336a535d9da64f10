"""Disputes: opened within the stated days, answered within ten working days, decided once.

What was paid stays meanwhile. In the holder's favor an event is settled again, which is approved and posted as any
correction is, or an adjustment is asked for, which a second person agrees to.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.limits import allow
from accounts.models import User
from common.intervals import day_bounds, local_day
from events.holiday_calendar import holiday_days
from events.models import Event, Participation
from events.services import lock_for_settlement, mark_disputed, mark_resolved
from settlement.dispute_notices import News, tell_distributor, tell_holder
from settlement.errors import BadDispute, DisputeDecided, ReasonMissing, TooOften
from settlement.exact import from_cents, sum_of_cents
from settlement.models import (
    STOPPED,
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
from settlement.services.background import is_large, made_or_begun
from settlement.services.decisions import decided, reopen_run
from settlement.services.differences import is_replaced, newest_posted
from settlement.services.objections import check_can_open
from settlement.services.runs import settle
from settlement.working_days import working_day_after

ANSWER_DAYS = 10
# Enough to find ten working days, holidays included.
FAR = timedelta(days=60)
MOST_WORDS = 2000
# What one person may say in an hour, openings included.
MOST_SAID, WITHIN = 10, 3600
MOST_OUTCOME = 300


@transaction.atomic
def open_dispute(*, line: SettlementLine, category: str, by: User, words: str = "") -> Dispute:
    """A dispute about what an event came to for a meter; the one under way if there is one already.

    Raises:
        TooLate: The days to object are over.
        BadDispute: The figure cannot be questioned, the category is none, or the words are too long.
        TooOften: The person said much within the hour.
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
        _count(by)
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
        TooOften: The person said much within the hour.
    """
    said, row = _said(words), _locked(dispute)
    _count(by)
    with deed("dispute.write", by=by):
        message = _write(row, said, by, is_from_distributor=False)
        if row.state == DisputeState.ANSWERED:
            row.state, row.due_at = DisputeState.OPEN, _due(row.participation, timezone.now())
            row.save(update_fields=["state", "due_at"])
            # Of one that waits for an answer the admins were told already.
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
        BadDispute: Settling again does not bring its holder more; or the event is so large that a worker does it first.
        PortalError: The event cannot be settled.
    """
    why = _reason(outcome)
    _check_undecided(Dispute.objects.get(pk=dispute.pk))
    # In transactions of its own: an event of many meters would hold the dispute for long.
    run = _settled_again(dispute, why, by)
    with deed("dispute.resolve_in_favor", by=by, reason=why), transaction.atomic():
        # The event first, as everywhere.
        lock_for_settlement(event=run.event)
        row = _locked(dispute)
        row.run = run
        return _decided(row, DisputeState.IN_FAVOR, why, by)


@transaction.atomic
def resolve_by_adjusting(
    *, dispute: Dispute, outcome: str, amount: Decimal, by: User, unit: Unit = Unit.MONEY
) -> Adjustment:
    """The dispute decided in favor, and an adjustment asked for; a second person agrees before it is posted.

    Raises:
        DisputeDecided: It is over, and its remedy was not refused.
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
            line=_posted_line(row),
            dispute=row,
        )
        if row.is_undecided:
            _decided(row, DisputeState.IN_FAVOR, why, by)
    return adjustment


def lacks_remedy(dispute: Dispute) -> bool:
    """Whether it was decided in favor, and all that was to follow was refused: the new run, and every adjustment."""
    if dispute.state != DisputeState.IN_FAVOR or not _is_run_refused(dispute):
        return False
    return not dispute.adjustments.exclude(state=AdjustmentState.REFUSED).exists()


def _is_run_refused(dispute: Dispute) -> bool:
    """Whether the event was settled again for it in vain; also where it was not settled again."""
    if dispute.run is None:
        return True
    runs = SettlementRun.objects.sealed().filter(event=dispute.run.event_id, kind=RunKind.FINAL)
    later = runs.filter(number__gte=dispute.run.number)
    newest = later.order_by("number").last()
    # An estimate that says more: the final run is still to come.
    last = decided(newest) if newest is not None else None
    return last is not None and last.kind in STOPPED and not later.filter(batch__isnull=False).exists()


def _posted_line(dispute: Dispute) -> SettlementLine | None:
    """The line in the ledger that the questioned one, which may be an estimate's, has become; None if it has none."""
    line = dispute.line
    run = newest_posted(line.run.event) if line is not None else None
    if line is None or run is None:
        return line
    if LedgerBatch.objects.filter(run=line.run_id).exists() and not is_replaced(line):
        return line
    mine = SettlementLine.objects.filter(run=run, meter=line.meter_id, holder=line.holder_id)
    return mine.order_by("pk").first()


def withdraw_all_of(*, holder: User) -> None:
    """Ends the disputes of somebody who closes the account."""
    for dispute in Dispute.objects.undecided().filter(holder=holder.pk).order_by("pk"):
        withdraw_dispute(dispute=dispute, by=holder)


def erase_words_of(*, holder: User) -> None:
    """Takes out what was said in the disputes of somebody whose account is closed: it may name the person.

    Of the disputes of an organization these are the person's own words; what the distributor's people wrote stays.
    """
    DisputeMessage.objects.filter(dispute__holder=holder.pk).update(words="")
    DisputeMessage.objects.filter(author=holder.pk, is_from_distributor=False).update(words="")


def _settled_again(dispute: Dispute, why: str, by: User) -> SettlementRun:
    """A run that brings the holder more than the questioned one, and was not refused.

    A newer run than what is posted opens that, with the reason, whatever becomes of the dispute.
    """
    line, event = dispute.line, Event.objects.get(pk=dispute.participation.event_id)
    run = _run_of_now(event, line, by)
    made = SettlementRun.objects.filter(event=event, kind=RunKind.FINAL).order_by("number").last()
    if made is not None:
        _reopen(event, made, why, by)
    if run is None:
        raise BadDispute(_("This event is worked out anew in the background. Decide once that is done."))
    if line is not None and not _is_better(run, line):
        raise BadDispute(
            _(
                "The readings and terms of now do not give this participant more. Correct the readings, or the days "
                "that count, first; or ask for an adjustment."
            )
        )
    last = decided(run)
    if last is not None and last.kind in STOPPED and not hasattr(run, "batch"):
        raise BadDispute(_("The settlement that gives this participant more was refused; ask for an adjustment."))
    return run


def _run_of_now(event: Event, line: SettlementLine | None, by: User) -> SettlementRun | None:
    """The run of what is known now, of the kind that the event has; None where a worker makes it."""
    finals = SettlementRun.objects.sealed().filter(event=event, kind=RunKind.FINAL)
    newest = finals.order_by("number").last()
    if newest is None and line is not None and line.run.kind != RunKind.FINAL:
        return settle(event=event, kind=RunKind(line.run.kind), by=by)
    if newest is not None and line is not None and is_large(event) and _is_better(newest, line):
        # What a worker has made of it by now.
        return newest
    return made_or_begun(event=event, by=by)


def _is_better(run: SettlementRun, line: SettlementLine) -> bool:
    """Whether the run gives the line's holder more for the meter than the line's run, and less of nothing."""
    mine = SettlementLine.objects.filter(meter=line.meter_id, holder=line.holder_id).order_by()
    sums = {"cents": sum_of_cents("credit"), "points": Sum("points")}
    now, before = (mine.filter(run=each).aggregate(**sums) for each in (run.pk, line.run_id))
    more = [from_cents(now["cents"]) - from_cents(before["cents"]), (now["points"] or 0) - (before["points"] or 0)]
    return min(more) >= 0 and max(more) > 0


def _reopen(event: Event, run: SettlementRun, why: str, by: User) -> None:
    """Opens what is posted of the event, where the run replaces it."""
    posted = newest_posted(event)
    if posted is None or posted.number >= run.number:
        return
    last = decided(posted)
    if last is None or last.kind != DecisionKind.REOPENED:
        reopen_run(run=posted, by=by, reason=why)


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


def _count(by: User) -> None:
    if not allow("dispute", str(by.pk), amount=MOST_SAID, seconds=WITHIN):
        raise TooOften(_("You wrote a lot within an hour. Wait a while; everything so far has arrived."))


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
