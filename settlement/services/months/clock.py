"""Months of standing by, worked out by the clock: each once it is due, and again when a posting may have changed it."""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.utils import timezone

from common.errors import PortalError
from common.intervals import local_day
from events.models import Program, ProgramVersion
from settlement.errors import MonthOpen
from settlement.models import LedgerBatch, MonthRun
from settlement.services.months.work import month_bounds, settle_month

# What ended earlier is history that somebody settles by hand.
LOOK_BACK = timedelta(days=400)
log = logging.getLogger(__name__)


def settle_months(*, now: datetime | None = None) -> list[MonthRun]:
    """The months that were due, worked out, and not posted: they wait for approval. Safe to call often.

    A month that cannot be worked out is left for people; the others go on.
    """
    moment = now or timezone.now()
    found = []
    for program, first in due_months(moment):
        run = _settled(program, first, moment)
        if run is not None and run.batch_id is None:
            found.append(run)
    return found


def due_months(now: datetime) -> Iterator[tuple[Program, date]]:
    """Program and first day of the months that are over and may say something new, the earliest first."""
    paying = ProgramVersion.objects.published().filter(capacity_per_kw_month__gt=0)
    for program in Program.objects.filter(pk__in=paying.values("program")).select_related("distributor").order_by("pk"):
        since = paying.filter(program=program).earliest("published_at").published_at
        assert since is not None
        # Events that are recorded afterwards may be older than the terms.
        oldest = program.events.filter(is_test=False).order_by("start").values_list("start", flat=True).first()
        first = local_day(max(now - LOOK_BACK, min(since, oldest or since)), program.zone).replace(day=1)
        while month_bounds(program, first)[1] <= now:
            if _may_be_news(program, first):
                yield program, first
            first = (first + timedelta(days=32)).replace(day=1)


def _may_be_news(program: Program, first: date) -> bool:
    """Whether it has no run, or one of its events was posted since."""
    newest = MonthRun.objects.filter(program=program, month=first).order_by("number").last()
    if newest is None:
        return True
    start, end = month_bounds(program, first)
    events = program.events.filter(start__gte=start, start__lt=end, is_test=False)
    return LedgerBatch.objects.filter(run__event__in=events, posted_at__gte=newest.created_at).exists()


def _settled(program: Program, first: date, now: datetime) -> MonthRun | None:
    try:
        return settle_month(program=program, month=first, now=now)
    except MonthOpen:
        return None
    except PortalError as refusal:
        log.warning("Month %s of program %s was not worked out: %s", first, program.pk, refusal)
    except Exception:
        # One broken month must not keep the others from their pay.
        log.exception("Month %s of program %s was not worked out", first, program.pk)
    return None
