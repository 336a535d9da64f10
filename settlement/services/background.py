"""Large settlements: begun by a person’s click, finished by a worker, so that nobody waits for an answer."""

import logging

from django.core.cache import cache

from accounts.models import User
from common.errors import PortalError
from events.models import Event
from settlement.baselines import BaselineError
from settlement.errors import StillArriving
from settlement.models import RunKind, SettlementRun
from settlement.services.decisions import check_open
from settlement.services.measuring.participants import count_participants
from settlement.services.runs import begin_run, drop_open_run, settle

# Participants up to which a page waits for the run; about a second’s work.
MOST_AT_ONCE = 2_000
# One worker at a time finishes runs; another goes on if it is gone for so long. Two at once would only be slower.
GUARD, GUARD_SECONDS = "settlement.finish", 300
log = logging.getLogger(__name__)


def settle_or_begin(*, event: Event, by: User) -> SettlementRun | None:
    """The run that a person asks for; None where it is too large to wait for, and a worker finishes it.

    Raises:
        NotOpen: What is posted is opened again first.
        PortalError: As in `settle`.
    """
    check_open(event=event)
    return made_or_begun(event=event, by=by)


def made_or_begun(*, event: Event, by: User) -> SettlementRun | None:
    """The event's final run, or None where it is too large to wait for: it is open then, and a worker finishes it.

    Raises:
        PortalError: As in `settle`.
    """
    if not is_large(event):
        return settle(event=event, by=by)
    begin_run(event=event, by=by)
    return None


def is_large(event: Event) -> bool:
    """Whether nobody should wait for the event's run."""
    return count_participants(event) > MOST_AT_ONCE


def finish_runs() -> list[SettlementRun]:
    """The final runs that were open and are sealed now: those that pages began, or whose process was killed."""
    if not cache.add(GUARD, True, GUARD_SECONDS):
        return []
    try:
        waiting = SettlementRun.objects.filter(sealed_at__isnull=True, kind=RunKind.FINAL).order_by("pk")
        found = [_finished(run) for run in waiting.select_related("event", "created_by")]
        return [run for run in found if run is not None]
    finally:
        cache.delete(GUARD)


def _finished(run: SettlementRun) -> SettlementRun | None:
    try:
        done = settle(event=run.event, by=run.created_by)
    except StillArriving:
        # What is written is kept; the next round goes on.
        return None
    except (PortalError, BaselineError) as refusal:
        log.warning("Settlement of event %s given up: %s", run.event_id, refusal)
        drop_open_run(event=run.event)
        return None
    except Exception:
        # Whatever is wrong with one event must not stop the others’; the run stays open for the next round.
        log.exception("Settlement of event %s stopped", run.event_id)
        return None
    if done.pk != run.pk:
        # Nothing has changed since the newest run.
        drop_open_run(event=run.event)
    return done
