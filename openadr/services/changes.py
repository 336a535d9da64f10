"""Telling the processes of the VTN that something changed, in the order in which changes commit."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from openadr.models import ChangeCounter, VenChange

# More VENs at once are one line for all: every process then reads its VENs anew, as that takes no longer.
MANY = 50_000
KEPT = timedelta(hours=1)


def announce_changes(ven_ids: Collection[int] | None) -> None:
    """Notes that these VENs, or all, are to be read anew; the last step of a short transaction, as others wait for it.

    Each process of the VTN asks for the newest number once a second, so that what is noted here binds all of them
    within that second after the commit.

    Args:
        ven_ids: keys of `Ven`; None for all of them.
    """
    if ven_ids is not None and not ven_ids:
        return
    with transaction.atomic():
        number = _next_number()
        ids = [None] if ven_ids is None or len(ven_ids) > MANY else sorted(ven_ids)
        _write(number, ids)


def announce_later(ven_ids: Collection[int]) -> None:
    """The same after the commit, as a transaction of its own: for what may take long, while others announce.

    What goes wrong then is logged only, as the change itself has been made. That, and a process that ends in between,
    delays it: `deliveries.announce_missed` makes up for events within a minute, and each process of the VTN reads
    everything anew within ten (`vtn20b.snapshot`).
    """
    if not ven_ids:
        return
    vens = frozenset(ven_ids)

    def announce() -> None:
        announce_changes(vens)

    transaction.on_commit(announce, robust=True)


def sweep_changes() -> int:
    """How many old lines were removed; whoever slept longer than they are kept reads everything anew."""
    return VenChange.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]


def _write(number: int, ids: Sequence[int | None]) -> None:
    """By the driver, in a quarter of the time that the ORM takes: everybody who has something to announce waits."""
    table, at = VenChange._meta.db_table, connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        rows = [(number, each, at) for each in ids]
        cursor.executemany(f"INSERT INTO {table} (number, ven_id, at) VALUES (%s, %s, %s)", rows)  # noqa: S608


def _next_number() -> int:
    """The next number. The row stays locked until the commit, so that nobody sees a later number before this one."""
    if not ChangeCounter.objects.filter(pk=1).update(number=F("number") + 1):
        try:
            with transaction.atomic():
                ChangeCounter.objects.create(pk=1, number=0)
        except IntegrityError:
            pass  # somebody else was quicker
        ChangeCounter.objects.filter(pk=1).update(number=F("number") + 1)
    return ChangeCounter.objects.values_list("number", flat=True).get(pk=1)
