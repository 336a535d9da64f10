"""Takes back what one import brought."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from django.db import transaction
from django.db.models import Count, F
from django.utils.translation import gettext

from accounts.models import User
from common.retry import retried
from meters.errors import ImportRefused
from meters.models import BatchSpan, ImportBatch, ReadingRevision, RegisterRead
from meters.services.archive.removed import removed_spans
from meters.services.cells import Mask
from meters.services.columns import Integers, Readings, RegisterReads, integers
from meters.services.locks import LockedMeters, lock_meters
from meters.services.pile import GROUP_ROWS
from meters.services.register_reads import divide_again
from meters.services.slots import READINGS, Slots, chunks_of, keys_of, parts_of, places_of, read_slots
from meters.services.undone import Undone
from meters.services.writer import REVISIONS, Cause, Writer, as_given


@dataclass(frozen=True)
class UndoResult:
    """How many readings were taken away, got their former value back, and were left because somebody changed them.

    `meter_ids` are the meters with something taken away or restored.
    """

    removed: int = 0
    restored: int = 0
    kept: int = 0
    meter_ids: tuple[int, ...] = ()
    start: datetime | None = None
    end: datetime | None = None


@retried
@transaction.atomic
def undo_batch_readings(*, batch: ImportBatch, by: User | None = None) -> UndoResult:
    """What the import brought newly is taken away, what it corrected says again what it said before.

    Both leave revisions, in the name of who undoes. An interval that was changed since then by somebody else is
    left as it is and counted; imports that are undone themselves count as if they had never been. Twice is once:
    the second time everything has been changed since.

    Raises:
        ImportRefused: Some of it is of a month that is in files alone, so that it cannot be taken back now.
    """
    sizes = _sizes(batch)
    meters = lock_meters(sizes, distributor=batch.distributor)
    _refuse_archived(batch)
    source = gettext("undo of %(file)s") % {"file": batch.file_name}
    writer = Writer(batch.distributor, meters, Cause(source, by=by, reason=batch.undo_reason))
    kept = 0
    for group in _groups(sizes):
        brought = _Brought.of(batch, group, meters)
        kept += _undo(writer, brought, Undone.of(batch, group, brought.keys))
    divide_again(writer, _undo_register(batch))
    writer.finish()
    touched = [extent for extent in (writer.stored_at, writer.removed_at) if extent.meter_ids]
    return UndoResult(
        removed=writer.removed,
        restored=writer.corrected,
        kept=kept,
        meter_ids=tuple(sorted(set[int]().union(*(extent.meter_ids for extent in touched)))),
        start=min((extent.start for extent in touched if extent.start), default=None),
        end=max((extent.end for extent in touched if extent.end), default=None),
    )


def _refuse_archived(batch: ImportBatch) -> None:
    """Under the locks: what is being archived meanwhile finds its readings changed."""
    for span in removed_spans(distributor_id=batch.distributor_id):
        low, high = datetime.fromtimestamp(span.start, UTC), datetime.fromtimestamp(span.end, UTC)
        new = batch.spans.filter(start__lt=high, end__gt=low)
        if new.exists() or batch.revisions.filter(start__gte=low, start__lt=high).exists():
            raise ImportRefused(
                gettext("Its readings of %(month)s are archived. That month has to be restored before.")
                % {"month": f"{low:%Y-%m}"}
            )


def _sizes(batch: ImportBatch) -> dict[int, int]:
    """About how many intervals of each meter the import touched."""
    sizes: dict[int, int] = {}
    spans = batch.spans.order_by().values_list("meter_id", "start", "end", "meter__interval_minutes")
    for meter_id, start, end, minutes in spans.iterator(chunk_size=10_000):
        sizes[meter_id] = sizes.get(meter_id, 0) + int((end - start).total_seconds()) // 60 // minutes
    counted = batch.revisions.order_by().values_list("meter_id").annotate(Count("pk"))
    for meter_id, count in counted:
        sizes[meter_id] = sizes.get(meter_id, 0) + count
    for meter_id in batch.register_reads.order_by().values_list("meter_id", flat=True).distinct():
        sizes.setdefault(meter_id, 0)
    return sizes


def _groups(sizes: dict[int, int]) -> Iterator[list[int]]:
    """Whole meters in the order of their ids, so many that their intervals fit into memory."""
    group: list[int] = []
    rows = 0
    for meter_id in sorted(sizes):
        if group and rows + sizes[meter_id] > GROUP_ROWS:
            yield group
            group, rows = [], 0
        group.append(meter_id)
        rows += sizes[meter_id]
    if group:
        yield group


@dataclass(frozen=True)
class _Brought:
    """The intervals of some meters that an import brought, sorted: `is_new`, or what they said before it.

    Later revisions of an interval than `since` are by others, except the import's own.
    """

    batch_id: int
    keys: Integers
    since: Integers
    is_new: Mask
    energies: Integers
    qualities: Integers

    @classmethod
    def of(cls, batch: ImportBatch, meter_ids: list[int], meters: LockedMeters) -> "_Brought":
        """Reads it from spans and revisions of the import."""
        new_keys, new_since = _new(batch, meter_ids, meters)
        numbers, keys, energies, qualities = _corrected(batch, meter_ids)
        # Of an interval that it corrected twice the first revision tells; one that it brought has no former value.
        keys, firsts = np.unique(keys, return_index=True)
        firsts = firsts[places_of(keys, new_keys) < 0]
        keys = keys[places_of(keys, new_keys) < 0]
        zeros = np.zeros(len(new_keys), np.int64)
        every = np.append(new_keys, keys)
        order = np.argsort(every)
        return cls(
            batch_id=batch.pk,
            keys=every[order],
            since=np.append(new_since, numbers[firsts])[order],
            is_new=np.append(np.ones(len(new_keys), np.bool_), np.zeros(len(keys), np.bool_))[order],
            energies=np.append(zeros, energies[firsts])[order],
            qualities=np.append(zeros, qualities[firsts])[order],
        )


def _new(batch: ImportBatch, meter_ids: list[int], meters: LockedMeters) -> tuple[Integers, Integers]:
    """Sorted keys of what was new, and the last revision there was then."""
    rows = BatchSpan.objects.filter(batch=batch, meter_id__in=meter_ids).order_by()
    spans = [(row[0], int(row[1].timestamp()), int(row[2].timestamp()), row[3]) for row in rows.values_list(*_SPAN)]
    owners, starts, ends, since = integers(spans).reshape(len(spans), 4).T
    steps = meters.minutes[np.searchsorted(meters.ids, owners)] * 60
    counts = -((starts - ends) // steps)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = keys_of(np.repeat(owners, counts), np.repeat(starts, counts) + within * np.repeat(steps, counts))
    order = np.argsort(keys)
    return keys[order], np.repeat(since, counts)[order]


_SPAN = ("meter_id", "start", "end", "after_revision")


def _corrected(batch: ImportBatch, meter_ids: list[int]) -> tuple[Integers, Integers, Integers, Integers]:
    """Number, key, energy and quality of the import's own revisions, in their order."""
    rows = ReadingRevision.objects.filter(batch=batch, meter_id__in=meter_ids).order_by("pk")
    values = rows.values_list("pk", "meter_id", "start", "energy_wh", "quality").iterator(chunk_size=10_000)
    found = integers([(row[0], row[1], int(row[2].timestamp()), row[3], row[4]) for row in values])
    numbers, owners, starts, energies, qualities = found.reshape(len(found), 5).T
    return numbers, keys_of(owners, starts), energies, qualities


def _undo(writer: Writer, brought: _Brought, undone: Undone | None) -> int:
    """How many of the intervals were left, because somebody changed them since."""
    meter_ids, starts = parts_of(brought.keys)
    free = np.ones(len(brought.keys), np.bool_)
    for chunk in chunks_of(meter_ids):
        slots = writer.slots(meter_ids[chunk], starts[chunk])
        free[chunk] = ~_changed_since(slots, brought, chunk)
        if undone is not None:
            free[chunk] |= _as_left(slots, brought, chunk, undone)
    if undone is not None:
        brought = _look_past(brought, undone)
    gone, back = brought.is_new & free, ~brought.is_new & free
    writer.remove(meter_ids[gone], starts[gone])
    former = Readings(
        meter_ids=meter_ids[back],
        starts=starts[back],
        energies_wh=brought.energies[back],
        qualities=brought.qualities[back],
    )
    writer.store(former, as_given)
    return int((~free).sum())


def _changed_since(slots: Slots, brought: _Brought, chunk: slice) -> Mask:
    """Which of the intervals have a later revision by somebody else."""
    since = brought.since[chunk]
    others = f"id > {int(since.min())} AND (batch_id IS NULL OR batch_id <> {brought.batch_id})"
    keys, numbers = read_slots(REVISIONS, ["id"], slots, where=others)
    latest = np.zeros(len(since), np.int64)
    places = places_of(keys, brought.keys[chunk])
    np.maximum.at(latest, places[places >= 0], numbers[places >= 0])
    return latest > since


def _as_left(slots: Slots, brought: _Brought, chunk: slice, undone: Undone) -> Mask:
    """Which of the intervals hold what the import left, though another one that is undone changed them."""
    keys, since = brought.keys[chunk].tolist(), brought.since[chunk].tolist()
    stored, energies, qualities = read_slots(READINGS, ["energy_wh", "quality"], slots)
    values = zip(energies.tolist(), qualities.tolist(), strict=True)
    now = dict(zip(stored.tolist(), values, strict=True))
    left = [undone.is_as_left(key, number, now.get(key)) for key, number in zip(keys, since, strict=True)]
    return np.array(left, np.bool_)


def _look_past(brought: _Brought, undone: Undone) -> _Brought:
    """The same with former values of which nothing is from imports that are undone."""
    is_new, energies, qualities = brought.is_new.copy(), brought.energies.copy(), brought.qualities.copy()
    meter_ids, starts = (column.tolist() for column in parts_of(brought.keys))
    for at in np.flatnonzero(~brought.is_new).tolist():
        former = int(energies[at]), int(qualities[at])
        value = undone.origin(int(brought.keys[at]), meter_ids[at], starts[at], int(brought.since[at]), former)
        is_new[at] = value is None
        energies[at], qualities[at] = value or former
    return replace(brought, is_new=is_new, energies=energies, qualities=qualities)


def _undo_register(batch: ImportBatch) -> RegisterReads:
    """What registers showed: reads that the import brought go, those that it changed say what they said.

    The reads it had brought or changed, sorted: what others read later was counted from there.
    """
    reads = RegisterRead.objects.filter(batch=batch)
    found = RegisterReads.of(reads.order_by("meter_id", "at").values_list("meter_id", "at", "value_wh"))
    reads.filter(former_wh__isnull=True).delete()
    reads.update(value_wh=F("former_wh"), former_wh=None, batch=None)
    return found
