"""Events close by themselves, once nobody can object any more and nothing of them is under way.

A settled event closes after the terms' days to object, which begin with its last posting; a test, for which nothing is
paid, after as many days from its end. Whatever is open holds it: a dispute, an adjustment, a correction, a run that is
being worked out.
"""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from common.errors import PortalError
from common.intervals import local_day
from events.models import Event, EventState
from events.services import close_event
from settlement.models import STOPPED, Adjustment, AdjustmentState, DecisionKind, Dispute, DisputeState, RunKind
from settlement.services.decisions import decided
from settlement.services.disputes import lacks_remedy

ENDED = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED)
log = logging.getLogger(__name__)


def close_events(*, now: datetime | None = None) -> list[Event]:
    """The events that were due and are closed. Safe to call often; one that refuses does not keep the others."""
    moment = now or timezone.now()
    found = []
    for event in due_events(moment):
        try:
            found += _close(event, moment)
        except PortalError:
            # Somebody did something with it meanwhile.
            continue
        except Exception:
            log.exception("Event %s was not closed", event.pk)
    return found


@transaction.atomic
def _close(event: Event, now: datetime) -> list[Event]:
    """The event, closed if it is still due: a posting, an objection or an opening that came first is seen."""
    Event.objects.select_for_update().get(pk=event.pk)
    return [close_event(event=one, now=now) for one in due_events(now, pk=event.pk)]


def due_events(now: datetime, **only: int) -> Iterator[Event]:
    """Those whose days to object are over, and of which nothing is under way; all, or those with these values."""
    ended = Event.objects.filter(**only).select_related("program__distributor", "version").order_by("end", "pk")
    # What was left as it is without a posting counts from that decision on.
    last = Coalesce(Max("runs__batch__posted_at"), Max("runs__decisions__decided_at"), F("end"))
    settled: QuerySet[Any] = ended.filter(state=EventState.SETTLED, is_test=False).annotate(since=last)
    tests: QuerySet[Any] = ended.filter(state__in=ENDED, is_test=True, end__lte=now).annotate(since=F("end"))
    for event in chain(settled, tests):
        if _last_day(event, event.since) < local_day(now, event.program.zone) and not is_under_way(event):
            yield event


def _last_day(event: Event, since: datetime) -> date:
    return local_day(since, event.program.zone) + timedelta(days=event.version.dispute_days)


def is_under_way(event: Event) -> bool:
    """Whether somebody still has a word to say on the event, or it is being worked out."""
    disputes = Dispute.objects.filter(participation__event=event)
    if disputes.undecided().exists() or any(lacks_remedy(row) for row in disputes.filter(state=DisputeState.IN_FAVOR)):
        return True
    about = Q(event=event) | Q(line__run__event=event) | Q(dispute__participation__event=event)
    if Adjustment.objects.filter(about, state=AdjustmentState.ASKED).exists():
        return True
    return _is_correcting(event)


def _is_correcting(event: Event) -> bool:
    """Whether a run is open, waits for its approval or posting, or what is posted was opened again."""
    finals = event.runs.filter(kind=RunKind.FINAL)
    if finals.filter(sealed_at__isnull=True).exists():
        return True
    newest = finals.filter(sealed_at__isnull=False).order_by("number").last()
    if newest is None or event.is_test:
        return False
    word = decided(newest)
    if hasattr(newest, "batch"):
        return word is not None and word.kind == DecisionKind.REOPENED
    return word is None or word.kind not in STOPPED
