"""Jobs of settlement."""

from celery import shared_task

from settlement.services.background import finish_runs as finish_open_runs
from settlement.services.clock import settle_by_clock as settle_due
from settlement.services.closing import close_events as close_due_events
from settlement.services.flags import check_due_runs
from settlement.services.months.clock import settle_months as settle_due_months
from settlement.services.placebo import work_reports


@shared_task
def settle_by_clock() -> None:
    """Estimates and final runs that are due; beat calls it often, and a second call finds them made."""
    settle_due()


@shared_task
def settle_months() -> None:
    """Months of standing by that are due; beat calls it every hour, and a second call finds them made."""
    settle_due_months()


@shared_task
def close_events() -> None:
    """Events to which nobody can object any more; beat calls it every hour, and a second call finds them closed."""
    close_due_events()


@shared_task
def finish_runs() -> None:
    """Settlements that a page began, or whose process died; beat calls it often, and one worker does it at a time."""
    finish_open_runs()


@shared_task
def work_placebo() -> None:
    """Computes the placebo reports that wait, and those whose worker died; beat calls it often."""
    work_reports()


@shared_task
def check_flags() -> None:
    """Looks for what is odd in new runs; a second call finds them looked at."""
    check_due_runs()
