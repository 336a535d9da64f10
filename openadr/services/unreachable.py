"""VENs that did not acknowledge in time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from common.retry import retried
from openadr.models import DeliveryRecord, DeliveryStep, EventDelivery
from openadr.selectors import allowed
from openadr.services.aligning import BATCH

# What was over so long ago was reported, unless no event was started by the clock either.
OVER = timedelta(days=1)
UNACKNOWLEDGED = Q(acknowledged_modification=None) | ~Q(acknowledged_modification=F("modification_number"))


def mark_unreachable(*, now: datetime | None = None) -> int:
    """How many deliveries are reported from now on: due, and not acknowledged. Safe to run twice.

    A VEN that never registered counts as any other; one that is cut off is not expected to answer.
    """
    now = now or timezone.now()
    keys = list(_late(now).order_by("pk").values_list("pk", flat=True))
    return sum(_mark(keys[first : first + BATCH], now) for first in range(0, len(keys), BATCH))


def _late(now: datetime) -> QuerySet[EventDelivery]:
    rows = EventDelivery.objects.filter(allowed("ven__"), UNACKNOWLEDGED, end__gt=now - OVER)
    late: QuerySet[EventDelivery] = rows.filter(due_at__lte=now, unreachable_at=None)
    return late


@retried
@transaction.atomic
def _mark(keys: list[int], now: datetime) -> int:
    # The VEN's own row is not locked: conditions of this table alone are read again behind the lock.
    late = EventDelivery.objects.filter(UNACKNOWLEDGED, pk__in=keys, due_at__lte=now, unreachable_at=None)
    rows = list(late.select_for_update().order_by("pk"))
    EventDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(unreachable_at=now)
    records = [
        DeliveryRecord(delivery=row, step=DeliveryStep.UNREACHABLE, modification_number=row.modification_number, at=now)
        for row in rows
    ]
    DeliveryRecord.objects.bulk_create(records)
    return len(rows)
