"""When a meter was whose: looked up with every chart and list, so kept for a short time in Redis.

The key holds the meter's `data_version`, which is raised in the transaction of every change of its maps: the next
request reads another key. What goes past the portal's code (SQL by hand) binds after `TIMEOUT_SECONDS`.
"""

from datetime import datetime
from typing import NamedTuple

from common.cache import CONNECTION, keeping_cache
from meters.models import Meter, MeterMap

TIMEOUT_SECONDS = 60


class Held(NamedTuple):
    """[start, end) in which a meter was somebody's; no end: it still is."""

    start: datetime
    end: datetime | None


def holdings(*, holder_id: int, meter: Meter) -> list[Held]:
    """The times in which an entity had the meter, oldest first.

    Args:
        meter: read from the database in this request, as its version says whether what is kept still holds.
    """
    store = keeping_cache()
    if store is None:
        return _read(holder_id, meter)
    key = f"{CONNECTION}{meter.pk}:{meter.data_version}:{holder_id}"
    kept = store.get(key)
    if isinstance(kept, list):
        return [Held(*row) for row in kept]
    found = _read(holder_id, meter)
    store.set(key, [tuple(row) for row in found], TIMEOUT_SECONDS)
    return found


def _read(holder_id: int, meter: Meter) -> list[Held]:
    rows = MeterMap.objects.filter(entity_id=holder_id, meter=meter).order_by("valid_from")
    return [Held(*row) for row in rows.values_list("valid_from", "valid_to")]
