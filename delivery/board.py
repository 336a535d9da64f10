"""The notices in the portal: written, counted, read."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from delivery.models import Notice

BATCH = 500
TITLE_LENGTH: int = Notice._meta.get_field("title").max_length or 0


def put_notices(rows: Sequence[Notice]) -> None:
    """Writes notices in the caller's transaction; those of a known `dedupe_key` not again."""
    for first in range(0, len(rows), BATCH):
        _put_batch(rows[first : first + BATCH])


def _put_batch(rows: Sequence[Notice]) -> None:
    keys = [row.dedupe_key for row in rows if row.dedupe_key is not None]
    known = set(Notice.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    fresh: dict[Any, Notice] = {}
    for number, row in enumerate(rows):
        row.title = row.title[:TITLE_LENGTH]
        if row.dedupe_key not in known:
            fresh.setdefault(row.dedupe_key or number, row)
    try:
        with transaction.atomic():
            Notice.objects.bulk_create(fresh.values())
    except IntegrityError:
        # Somebody else wrote one of the keys meanwhile: one by one each finds out for itself.
        for row in fresh.values():
            _put(row)


def _put(row: Notice) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        if not Notice.objects.filter(dedupe_key=row.dedupe_key).exists():
            raise


def unread_count(user: User) -> int:
    """How many notices of the person are unread."""
    return Notice.objects.visible_to(user).unread().count()


def mark_read(*, user: User, notice: Notice | None = None) -> int:
    """How many of the person's notices are read now that were not: the one, or all."""
    unread = Notice.objects.visible_to(user).unread()
    if notice is not None:
        unread = unread.filter(pk=notice.pk)
    return unread.update(read_at=timezone.now())
