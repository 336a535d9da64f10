"""Reports that are kept: ordered by a person, computed by a worker.

An audit takes minutes, so one worker of the installation computes at a time and the others do what must not wait. A
distributor has a few reports in the queue, and a report whose workers died is not begun for ever.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import uuid4

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.errors import PortalError
from events.models import Program
from settlement.baselines import BaselineError
from settlement.errors import TooManyReports
from settlement.models import PlaceboReport, ReportState
from settlement.services.placebo.case import check_asked, open_audit
from settlement.services.placebo.compute import run_audit

# A worker that was silent for so long is dead; another one begins again.
SILENT = timedelta(minutes=5)
# A report whose workers died so often takes too much for them.
MOST_ATTEMPTS = 2
# Reports of one distributor that wait or are being computed.
MOST_WAITING = 3
GUARD = "settlement.placebo"
UNDER_WAY = (ReportState.WAITING, ReportState.WORKING)


class _TakenOver(Exception):
    """Another worker has the report: this one was given up for dead."""


@transaction.atomic
def order_report(
    *, program: Program, first: date, last: date, hours: Sequence[int], presets: Sequence[str] = (), by: User | None
) -> PlaceboReport:
    """A report that waits for a worker; the one that is under way already, if it asks for the same.

    Raises:
        NothingToAudit: The days or hours make no sense.
        TooManyReports: As many of the distributor's wait as may.
    """
    check_asked(first=first, last=last, hours=hours)
    # All programs of the distributor, by id: orders for two of them are counted one after the other.
    list(Program.objects.select_for_update().filter(distributor=program.distributor_id).order_by("pk"))
    asked = {"first_day": first, "last_day": last, "hours": sorted(set(hours)), "presets": list(presets)}
    under_way = PlaceboReport.objects.filter(program__distributor=program.distributor_id, state__in=UNDER_WAY)
    for row in under_way.filter(program=program):
        if all(getattr(row, name) == value for name, value in asked.items()):
            return row
    if (count := under_way.count()) >= MOST_WAITING:
        words = _("%(count)d reports wait or are being computed. Order another one when one of them is done.")
        raise TooManyReports(words % {"count": count})
    with deed("placebo.order", by=by):
        return PlaceboReport.objects.create(program=program, made_by=by, **asked)


def work_reports() -> int:
    """How many reports were computed: those that wait, and those whose worker died. One worker at a time does it."""
    mine = uuid4().hex
    if not cache.add(GUARD, mine, SILENT.total_seconds()):
        return 0
    try:
        _give_up()
        return sum(work_report(pk=pk) for pk in list(_due().order_by("created_at", "pk").values_list("pk", flat=True)))
    finally:
        if cache.get(GUARD) == mine:
            cache.delete(GUARD)


def work_report(*, pk: int) -> bool:
    """Whether this call computed the report; False if somebody else does or did.

    Outside of a transaction, so that its progress shows and nobody waits for it.
    """
    taken = _due().filter(pk=pk)
    if not taken.update(state=ReportState.WORKING, percent=0, touched_at=timezone.now(), attempts=F("attempts") + 1):
        return False
    report = PlaceboReport.objects.select_related("program__distributor").get(pk=pk)
    try:
        _finish(report)
    except _TakenOver:
        return False
    except (PortalError, BaselineError) as refusal:
        _fail(report, str(refusal))
    except Exception:
        _fail(report, _("Something went wrong; the operators of the portal find it in the log. Try again later."))
        raise
    return True


def _silent() -> Q:
    return Q(state=ReportState.WORKING, touched_at__lt=timezone.now() - SILENT)


def _due() -> QuerySet[PlaceboReport]:
    again = _silent() & Q(attempts__lt=MOST_ATTEMPTS)
    return PlaceboReport.objects.filter(Q(state=ReportState.WAITING) | again)


def _give_up() -> None:
    """Ends the reports whose workers died as often as they may."""
    PlaceboReport.objects.filter(_silent(), attempts__gte=MOST_ATTEMPTS).update(
        state=ReportState.FAILED,
        problem=_("This took more than a worker has. Order it for a shorter time or for fewer hours."),
        finished_at=timezone.now(),
    )


def _mine(report: PlaceboReport) -> QuerySet[PlaceboReport]:
    """The report as long as this worker has it: taking it over counts an attempt more."""
    return PlaceboReport.objects.filter(pk=report.pk, state=ReportState.WORKING, attempts=report.attempts)


def _finish(report: PlaceboReport) -> None:
    case = open_audit(
        program=report.program,
        first=report.first_day,
        last=report.last_day,
        hours=report.hours,
        presets=report.presets,
    )
    outcome = run_audit(case, lambda percent: _show(report, percent))
    stored = _mine(report).update(
        state=ReportState.DONE,
        percent=100,
        result=outcome.data,
        inputs_sha256=outcome.sha256,
        finished_at=timezone.now(),
    )
    if not stored:
        raise _TakenOver


def _show(report: PlaceboReport, percent: int) -> None:
    if not _mine(report).update(percent=min(percent, 99), touched_at=timezone.now()):
        raise _TakenOver
    cache.touch(GUARD, SILENT.total_seconds())


def _fail(report: PlaceboReport, problem: str) -> None:
    _mine(report).update(state=ReportState.FAILED, problem=problem[:300], finished_at=timezone.now())
