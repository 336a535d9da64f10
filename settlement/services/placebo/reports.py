"""Reports that are kept: ordered by a person, computed by a worker."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.errors import PortalError
from events.models import Program
from settlement.baselines import BaselineError
from settlement.models import PlaceboReport, ReportState
from settlement.services.placebo.case import check_asked, open_audit
from settlement.services.placebo.compute import run_audit

# A worker that was silent for so long is dead; another one begins again.
SILENT = timedelta(minutes=5)


@transaction.atomic
def order_report(
    *, program: Program, first: date, last: date, hours: Sequence[int], presets: Sequence[str] = (), by: User | None
) -> PlaceboReport:
    """A report that waits for a worker; the one that is under way already, if it asks for the same.

    Raises:
        NothingToAudit: The days or hours make no sense.
    """
    check_asked(first=first, last=last, hours=hours)
    Program.objects.select_for_update().get(pk=program.pk)
    asked = {"first_day": first, "last_day": last, "hours": sorted(set(hours)), "presets": list(presets)}
    for row in PlaceboReport.objects.filter(program=program, state__in=(ReportState.WAITING, ReportState.WORKING)):
        if all(getattr(row, name) == value for name, value in asked.items()):
            return row
    with deed("placebo.order", by=by):
        return PlaceboReport.objects.create(program=program, made_by=by, **asked)


def work_reports() -> int:
    """How many reports were computed: those that wait, and those whose worker died."""
    done = 0
    for pk in list(_due().order_by("created_at", "pk").values_list("pk", flat=True)):
        done += work_report(pk=pk)
    return done


def work_report(*, pk: int) -> bool:
    """Whether this call computed the report; False if somebody else does or did.

    Outside of a transaction, so that its progress shows and nobody waits for it.
    """
    now = timezone.now()
    taken = _due().filter(pk=pk).update(state=ReportState.WORKING, percent=0, touched_at=now)
    if not taken:
        return False
    report = PlaceboReport.objects.select_related("program__distributor").get(pk=pk)
    try:
        _finish(report)
    except (PortalError, BaselineError) as refusal:
        _fail(report, str(refusal))
    except Exception:
        _fail(report, _("Something went wrong; the operators of the portal find it in the log. Try again later."))
        raise
    return True


def _due() -> QuerySet[PlaceboReport]:
    silent = Q(state=ReportState.WORKING, touched_at__lt=timezone.now() - SILENT)
    return PlaceboReport.objects.filter(Q(state=ReportState.WAITING) | silent)


def _finish(report: PlaceboReport) -> None:
    case = open_audit(
        program=report.program,
        first=report.first_day,
        last=report.last_day,
        hours=report.hours,
        presets=report.presets,
    )
    outcome = run_audit(case, lambda percent: _show(report, percent))
    working = PlaceboReport.objects.filter(pk=report.pk, state=ReportState.WORKING)
    working.update(
        state=ReportState.DONE,
        percent=100,
        result=outcome.data,
        inputs_sha256=outcome.sha256,
        finished_at=timezone.now(),
    )


def _show(report: PlaceboReport, percent: int) -> None:
    working = PlaceboReport.objects.filter(pk=report.pk, state=ReportState.WORKING)
    working.update(percent=min(percent, 99), touched_at=timezone.now())


def _fail(report: PlaceboReport, problem: str) -> None:
    working = PlaceboReport.objects.filter(pk=report.pk, state=ReportState.WORKING)
    working.update(state=ReportState.FAILED, problem=problem[:300], finished_at=timezone.now())
