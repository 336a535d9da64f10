"""Energies that were reported before their end, by clocks that run ahead: stored when their end has come."""

import logging
from collections.abc import Collection
from decimal import Decimal

from django.db import DatabaseError, transaction
from django.utils import timezone

from common.errors import PortalError
from common.retry import retried
from openadr.errors import InvalidData
from openadr.models import EnergyPart, Resource
from openadr.services.energy import UNCERTAIN, Amount, store_energy
from openadr.services.points import Point, sources_of
from openadr.services.telemetry import SentValue, Taken

__all__ = ["store_held"]

_log = logging.getLogger(__name__)
_CHUNK = 200


def store_held() -> int:
    """How many energies that waited for their end were stored now; those that are refused are logged.

    Where something stands against one resource in the database, the others are stored all the same, and it is tried
    again at the next call.
    """
    due = EnergyPart.objects.filter(due_at__lte=timezone.now()).order_by("resource_id")
    resources = list(due.values_list("resource_id", flat=True).distinct())
    return sum(_stored(resources[first : first + _CHUNK]) for first in range(0, len(resources), _CHUNK))


def _stored(resources: Collection[int]) -> int:
    try:
        return _store(resources)
    except (DatabaseError, PortalError):
        if len(resources) > 1:
            return sum(_stored([each]) for each in resources)
        _log.exception("Energies of resource %s wait on.", *resources)
        return 0


@retried
@transaction.atomic
def _store(resources: Collection[int]) -> int:
    # In the order in which reports take them.
    list(Resource.objects.select_for_update().filter(pk__in=resources).order_by("pk"))
    now = timezone.now()
    rows = list(EnergyPart.objects.select_for_update().filter(resource__in=resources, due_at__lte=now).order_by("pk"))
    sources, taken = sources_of(resources), Taken(is_known=True)
    amounts = []
    for row in rows:
        amount = _amount(row, sources.get(row.resource_id), taken)
        try:
            if amount is None:
                raise InvalidData("is not from the source of a meter’s readings any more")
            amount.check(int(now.timestamp()))
        except InvalidData as problem:
            taken.refused.append(f"resource {row.resource_id} {row.at:%Y-%m-%dT%H:%M:%SZ} {problem}")
        else:
            amounts.append(amount)
    store_energy(amounts, now=int(now.timestamp()))
    # Parts wait for nothing now; whole intervals are readings, or are refused for good.
    EnergyPart.objects.filter(pk__in=[row.pk for row in rows], due_at__isnull=False).delete()
    for reason in taken.refused:
        _log.warning("An energy that waited for its end is refused: %s", reason)
    return len(rows) - len(taken.refused)


def _amount(row: EnergyPart, point: Point | None, taken: Taken) -> Amount | None:
    if point is None:
        return None
    quality = f"{UNCERTAIN} - Non Specific" if row.is_estimated else ""
    value = SentValue(f"resource {row.resource_id}", row.at, row.seconds, quality=quality)
    return Amount(point, row.at, row.seconds, Decimal(row.energy_mwh).scaleb(-3), value, taken)
