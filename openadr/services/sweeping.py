"""What of the devices' talk is kept only for a while."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from openadr.models import VenMessage
from openadr.services.changes import sweep_changes

BATCH = 5_000


def sweep_messages() -> int:
    """How many rows were removed: messages older than VTN_LOG_DAYS, and changes that every process has seen.

    In small transactions, so that nobody waits long for the locks of one.
    """
    rows = VenMessage.objects.filter(at__lt=timezone.now() - timedelta(days=settings.VTN_LOG_DAYS))
    count = sweep_changes()
    while keys := list(rows.order_by("at").values_list("pk", flat=True)[:BATCH]):
        count += VenMessage.objects.filter(pk__in=keys).delete()[0]
    return count
