"""Until when and about which figure somebody may object."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from common.intervals import local_day
from common.speech import day_words
from events.models import Event, EventState
from settlement.errors import BadDispute, TooLate
from settlement.models import STOPPED, DecisionKind, Dispute, DisputeState, LedgerBatch, RunKind, SettlementLine
from settlement.services.decisions import decided
from settlement.services.differences import newest_posted

# How often a figure may be questioned, withdrawn disputes included.
MOST_OPENINGS = 3


def last_day_to_object(line: SettlementLine) -> date | None:
    """The last local day on which a figure can be questioned; None as long as it is not final, so open-ended."""
    since, event = _final_since(line), line.run.event
    if since is None:
        return None
    return local_day(since, event.program.zone) + timedelta(days=event.version.dispute_days)


def _final_since(line: SettlementLine) -> datetime | None:
    """When the figure was posted; of one that never will be, when what counts instead was, or was left as it is."""
    own = LedgerBatch.objects.filter(run=line.run_id).first()
    if own is not None:
        return own.posted_at
    last = decided(line.run)
    if line.run.kind == RunKind.FINAL and (last is None or last.kind not in STOPPED):
        return None
    posted = newest_posted(line.run.event)
    if posted is not None:
        return posted.batch.posted_at
    return last.decided_at if last is not None and last.kind == DecisionKind.CLOSED else None


def check_can_open(line: SettlementLine) -> None:
    """Passes a figure that may be questioned now. Whether the reader may do it, callers check.

    Raises:
        TooLate: The days to object are over.
        BadDispute: The figure is nobody's, was replaced, is of a trial, or was decided on before.
    """
    if line.holder_id is None or line.run.sealed_at is None or line.run.kind == RunKind.TRIAL:
        raise BadDispute(_("This amount is nobody’s reward."))
    if Event.objects.filter(pk=line.run.event_id, state=EventState.CLOSED).exists():
        raise TooLate(_("The event is closed: the days to object are over."))
    last = last_day_to_object(line)
    if last is not None and local_day(timezone.now(), line.run.event.program.zone) > last:
        raise TooLate(_("You could object until %(day)s; that time is over.") % {"day": day_words(last, "date")})
    decided = Dispute.objects.exclude(state=DisputeState.WITHDRAWN).filter(decided_at__isnull=False)
    if decided.filter(line__run=line.run_id, line__meter=line.meter_id).exists():
        raise BadDispute(_("You objected to this figure before, and it was decided."))
    if Dispute.objects.filter(line__run=line.run_id, line__meter=line.meter_id).count() >= MOST_OPENINGS:
        raise BadDispute(
            _("You objected to this figure %(most)d times and took it back. Ask your distributor by other means.")
            % {"most": MOST_OPENINGS}
        )
    newer = SettlementLine.objects.filter(
        run__event=line.run.event_id, meter=line.meter_id, run__kind=RunKind.FINAL, run__number__gt=line.run.number
    )
    if newer.filter(run__sealed_at__isnull=False, run__batch__isnull=False).exists():
        raise BadDispute(_("A newer figure replaces this one; open that, and say what is wrong with it."))
