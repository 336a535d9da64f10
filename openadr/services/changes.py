"""Telling the processes of the VTN that something changed, in the order in which changes commit."""

from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from openadr.models import ChangeCounter, VenChange

# More VENs at once are one line for all: every process then reads its VENs anew.
MANY = 2000
KEPT = timedelta(hours=1)


def announce_changes(ven_ids: Collection[int] | None) -> None:
    """Notes that these VENs, or all, are to be read anew; the last step of a transaction, as others then wait for it.

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
        VenChange.objects.bulk_create([VenChange(number=number, ven_id=each) for each in ids], batch_size=500)


def sweep_changes() -> int:
    """How many old lines were removed; whoever slept longer than they are kept reads everything anew."""
    return VenChange.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]


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
