"""The meters of one write, locked: every writer takes them in the order of their ids."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F

from meters.models import Meter
from meters.services.columns import Integers, integers
from organizations.models import Distributor

_IDS_PER_STATEMENT = 500


@dataclass(frozen=True)
class LockedMeters:
    """Columns over the locked meters, sorted by id: minutes of an interval, exports as 0 or 1."""

    ids: Integers
    minutes: Integers
    exports: Integers
    numbers: dict[int, str]
    zones: dict[int, str]


def lock_meters(ids: Iterable[int], *, distributor: Distributor | None = None) -> LockedMeters:
    """Those of the meters that exist (and are the distributor's), locked until the transaction ends."""
    wanted = sorted({int(meter_id) for meter_id in ids})
    rows: list[tuple[int, int, bool, str, str, int]] = []
    for at in range(0, len(wanted), _IDS_PER_STATEMENT):
        rows.extend(_locked(wanted[at : at + _IDS_PER_STATEMENT], distributor))
    return LockedMeters(
        ids=integers([row[0] for row in rows]),
        minutes=integers([row[1] for row in rows]),
        exports=integers([int(row[2]) for row in rows]),
        numbers={row[0]: row[3] for row in rows},
        zones={row[0]: row[4] for row in rows},
    )


def _locked(ids: list[int], distributor: Distributor | None) -> list[tuple[int, int, bool, str, str, int]]:
    # Nothing of a stranger is locked, and the key alone chooses the rows, so that they lock in its order.
    own = Meter.objects.filter(pk__in=ids)
    if distributor is not None:
        own = own.filter(distributor_id=distributor.pk)
    chosen = list(own.order_by("pk").values_list("pk", flat=True))
    locked = Meter.objects.filter(pk__in=chosen).order_by("pk").select_for_update()
    names = ("pk", "interval_minutes", "exports", "number", "zone_name", "distributor_id")
    return list(locked.values_list(*names))


def raise_versions(ids: Iterable[int]) -> None:
    """Marks the meters as changed, so that whatever was cached of them is made anew."""
    changed = sorted(ids)
    for at in range(0, len(changed), _IDS_PER_STATEMENT):
        part = changed[at : at + _IDS_PER_STATEMENT]
        Meter.objects.filter(pk__in=part).update(data_version=F("data_version") + 1)


def zone_of(name: str, distributor: Distributor) -> zoneinfo.ZoneInfo:
    """A meter's zone; an empty name is the distributor's."""
    return zoneinfo.ZoneInfo(name or distributor.timezone)
