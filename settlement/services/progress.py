"""How far a run is that is being written, and up to when an estimate knows readings."""

from datetime import datetime
from typing import NamedTuple

from events.models import Event
from settlement.models import RunKind, SettlementRun
from settlement.services.measuring.participants import count_participants

# Open runs are numbered from here on; sealed ones from 1, without a gap.
OPEN = 1_000_000_000
# Readings of this share of participants are in up to the time that an estimate names.
MOST_OF = (95, 100)


class Progress(NamedTuple):
    """Participants settled so far, and all of them; `kind` of the run."""

    done: int
    total: int
    kind: RunKind


def run_progress(*, event: Event) -> Progress | None:
    """How far the event's open run is; None if none is being written. Two queries, which wait for nobody."""
    run = SettlementRun.objects.filter(event=event, sealed_at__isnull=True).order_by("number").last()
    if run is None:
        return None
    done = sum(part["count"] for part in run.common.get("parts", ()) if part["state"])
    return Progress(done, max(done, count_participants(event)), RunKind(run.kind))


def data_through(run: SettlementRun) -> datetime | None:
    """Up to when the event's readings of at least 95 of 100 participants are in; None if not even the first are."""
    lines = run.lines.order_by()
    total = lines.values("meter").distinct().count()
    missing = lines.filter(event_wh__isnull=True, trace__has_key="pending_from")
    since = sorted(missing.values_list("trace__pending_from", flat=True))
    may_miss = total * (MOST_OF[1] - MOST_OF[0]) // MOST_OF[1]
    if len(since) <= may_miss:
        return run.event.end
    through = datetime.fromisoformat(since[may_miss])
    return through if through > run.event.start else None
