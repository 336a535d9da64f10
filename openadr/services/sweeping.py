"""What of the devices' talk is kept only for a while."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from openadr.models import Report, VenMessage, VenOpt
from openadr.services.changes import sweep_changes

BATCH = 5_000


def sweep_messages() -> int:
    """How many rows were removed: what is older than VTN_LOG_DAYS, and changes that every process has seen.

    Messages; opts that were taken back, or whose event is over, so long ago; reports that are offered no longer. In
    small transactions, so that nobody waits long for the locks of one.
    """
    since = timezone.now() - timedelta(days=settings.VTN_LOG_DAYS)
    opts = VenOpt.objects.filter(Q(ended_at__lt=since) | Q(delivery__event__end__lt=since))
    return (
        sweep_changes()
        + _swept(VenMessage.objects.filter(at__lt=since).order_by("at"), BATCH)
        + _swept(opts.order_by("pk"), BATCH)
        # Each may have thousands of points.
        + _swept(Report.objects.filter(ended_at__lt=since).order_by("pk"), 10)
    )


def _swept(rows: QuerySet[Any], most: int) -> int:
    count = 0
    while keys := list(rows.values_list("pk", flat=True)[:most]):
        rows.filter(pk__in=keys).delete()  # unless a report is offered again meanwhile
        count += len(keys)
    return count
