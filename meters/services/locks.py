"""The meters of one write, locked: every writer takes them in the order of their ids."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from meters.services.columns import Integers, integers
from organizations.models import Distributor

_IDS_PER_STATEMENT = 500


@dataclass(frozen=True)
class LockedMeters:
    """Columns over the locked meters, sorted by id: minutes of an interval, exports as 0 or 1."""

    ids: Integers
    minutes: Integers
    exports: Integers
    distributor_ids: Integers
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
        distributor_ids=integers([row[5] for row in rows]),
        numbers={row[0]: row[3] for row in rows},
        zones={row[0]: row[4] for row in rows},
    )


def _locked(ids: list[int], distributor: Distributor | None) -> list[tuple[int, int, bool, str, str, int]]:
    # By hand: through the ORM these few statements would cost a single reading as much as all others.
    with connection.cursor() as cursor:
        # Nothing of a stranger is locked, and the key alone chooses the rows, so that they lock in its order.
        own = "" if distributor is None else f" AND distributor_id = {int(distributor.pk)}"
        cursor.execute(f"SELECT id FROM meters_meter WHERE id IN ({_listed(ids)}){own}")  # noqa: S608  # numbers
        chosen = sorted(row[0] for row in cursor.fetchall())
        if not chosen:
            return []
        lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
        cursor.execute(
            "SELECT id, interval_minutes, exports, number, zone_name, distributor_id FROM meters_meter "  # noqa: S608
            f"WHERE id IN ({_listed(chosen)}) ORDER BY id{lock}"
        )
        return list(cursor.fetchall())


def raise_versions(ids: Iterable[int]) -> None:
    """Marks the meters as changed, so that whatever was cached of them is made anew."""
    changed = sorted(ids)
    with connection.cursor() as cursor:
        for at in range(0, len(changed), _IDS_PER_STATEMENT):
            listed = _listed(changed[at : at + _IDS_PER_STATEMENT])
            sql = f"UPDATE meters_meter SET data_version = data_version + 1 WHERE id IN ({listed})"  # noqa: S608  # numbers
            cursor.execute(sql)


def _listed(ids: Iterable[int]) -> str:
    return ",".join(str(int(meter_id)) for meter_id in ids)


def zone_of(name: str, distributor: Distributor) -> zoneinfo.ZoneInfo:
    """A meter's zone; an empty name is the distributor's."""
    return zoneinfo.ZoneInfo(name or distributor.timezone)
