"""Which programs meters took part in at some moment, whatever became of it since."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from accounts.models import AuditEntry
from events.models import Enrollment, EnrollmentState

_FIELDS = ("state", "enrolled_at", "ended_at")


def programs_at(moment: datetime, meter_ids: Collection[int], *, besides: int) -> dict[int, list[str]]:
    """Meter id -> names of the other programs it took part in then, by name; those in none are left out. Two queries.

    Who left, paused or joined again since is found by the history of changes.

    Args:
        besides: the id of the program that is asked about.
    """
    rows = Enrollment.objects.filter(meter__in=meter_ids).exclude(program=besides).select_related("program")
    then = {row.pk: {name: getattr(row, name) for name in _FIELDS} for row in rows}
    for pk, changes in _changed_since(moment, list(then)):
        for name in _FIELDS:
            if name in changes:
                then[pk][name] = _read(name, changes[name][0])
    names: dict[int, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: each.program.name):
        if _took_part(moment, **then[row.pk]):
            names[row.meter_id].append(row.program.name)
    return dict(names)


def _changed_since(moment: datetime, ids: list[int]) -> list[tuple[int, dict[str, Any]]]:
    """(id, field -> before and after) of each later change, the newest first: the oldest is undone last."""
    if not ids:
        return []
    kind = ContentType.objects.get_for_model(Enrollment)
    entries = AuditEntry.objects.filter(content_type=kind, object_id__in=ids, timestamp__gt=moment)
    updates = entries.filter(action=LogEntry.Action.UPDATE).order_by("-timestamp", "-pk")
    return [(pk, changes or {}) for pk, changes in updates.values_list("object_id", "changes")]


def _read(name: str, text: str) -> Any:
    """A value as the history writes it."""
    if name == "state":
        return text
    return None if text == "None" else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _took_part(moment: datetime, *, state: str, enrolled_at: datetime, ended_at: datetime | None) -> bool:
    lasts = enrolled_at <= moment and (ended_at is None or ended_at > moment)
    return lasts and state == EnrollmentState.ACTIVE
