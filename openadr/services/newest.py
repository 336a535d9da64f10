"""The newest of what VENs say: power for the live view, states of devices, last values of points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from openadr.models import DeviceStatus, PowerSample, ReportPoint

MOST_VALUES = 40


@dataclass(frozen=True)
class Statement:
    """What a resource says of itself: "online", "overridden", and other values by name."""

    resource_id: int
    at: datetime
    values: dict[str, object]


def store_samples(powers: Mapping[tuple[int, datetime], int]) -> None:
    """Writes the power of resources at moments, over what they said of the same moment before."""
    rows = [PowerSample(resource_id=key[0], at=key[1], power_w=powers[key]) for key in sorted(powers)]
    write_over(PowerSample, rows, key=["resource", "at"], fields=["power_w"])


def write_over(model: type, rows: Sequence[object], *, key: list[str], fields: list[str]) -> None:
    """Inserts rows, or updates the fields of those whose key is there; nothing else is passed over."""
    if not rows:
        return
    # MariaDB finds the key by itself and takes no name of it.
    target = key if connection.features.supports_update_conflicts_with_target else None
    model._default_manager.bulk_create(  # type: ignore[attr-defined]
        rows, update_conflicts=True, update_fields=fields, unique_fields=target, batch_size=500
    )


def store_statements(statements: Sequence[Statement]) -> None:
    """Keeps each resource's newest state, and its newest other values by name."""
    if not statements:
        return
    ids = {statement.resource_id for statement in statements}
    rows = DeviceStatus.objects.select_for_update().filter(resource__in=ids).order_by("resource")
    known = {row.resource_id: row for row in rows}
    for statement in sorted(statements, key=lambda each: each.at):
        row = known.setdefault(statement.resource_id, DeviceStatus(resource_id=statement.resource_id))
        _merge(row, statement)
    fields = ["at", "is_online", "is_overridden", "values"]
    write_over(DeviceStatus, [known[pk] for pk in sorted(known)], key=["resource"], fields=fields)


def _merge(row: DeviceStatus, statement: Statement) -> None:
    is_newer = row.at is None or row.at <= statement.at
    for name, value in statement.values.items():
        if name in ("online", "overridden"):
            if is_newer and isinstance(value, bool):
                setattr(row, f"is_{name}", value)
        elif (is_newer or name not in row.values) and (name in row.values or len(row.values) < MOST_VALUES):
            row.values[name] = value
    row.at = statement.at if is_newer else row.at


def store_newest(newest: Mapping[int, tuple[datetime, float]]) -> None:
    """Keeps the last value of each point, unless a later one is known."""
    # Locked, as another process may be about to write a later one.
    rows = ReportPoint.objects.select_for_update().filter(pk__in=newest).order_by("pk")
    rows = rows.only("pk", "last_at", "last_value")
    changed = [row for row in rows if row.last_at is None or row.last_at <= newest[row.pk][0]]
    for row in changed:
        row.last_at, row.last_value = newest[row.pk]
    ReportPoint.objects.bulk_update(changed, ["last_at", "last_value"], batch_size=500)
