"""What imports that were undone meanwhile did to intervals: an undo of another one looks past it.

Of two imports that brought the same interval, either may be undone first; after both, nothing of either is left.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import QuerySet

from meters.models import BatchSpan, BatchState, ImportBatch, ReadingRevision
from meters.services.columns import Integers, integers, seconds_of
from meters.services.slots import keys_of

Value = tuple[int, int]  # energy and quality


class _Revision(NamedTuple):
    number: int
    old: Value
    batch_id: int | None
    is_removal: bool


@dataclass
class Undone:
    """Revisions of some intervals, by their keys, and what was new with imports that are undone."""

    batch_id: int
    undone: set[int]
    revisions: dict[int, list[_Revision]] = field(default_factory=lambda: defaultdict(list))
    spans: dict[int, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, batch: ImportBatch, meter_ids: list[int], keys: Integers) -> "Undone | None":
        """Those around an import that is being undone; None where no other undone one ever touched its meters."""
        others = ImportBatch.objects.filter(distributor=batch.distributor_id, state=BatchState.UNDONE)
        ids = list(others.exclude(pk=batch.pk).values_list("pk", flat=True))
        if not ids:
            return None
        spans = BatchSpan.objects.filter(batch__in=ids, meter__in=meter_ids).order_by()
        revisions = ReadingRevision.objects.filter(meter__in=meter_ids)
        if not (spans.exists() or revisions.filter(batch__in=ids).exists()):
            return None
        found = cls(batch.pk, set(ids))
        found._read(spans, revisions, set(keys.tolist()))
        return found

    def _read(self, spans: QuerySet[BatchSpan], revisions: QuerySet[ReadingRevision], keys: set[int]) -> None:
        for meter_id, start, end, since in spans.values_list("meter_id", "start", "end", "after_revision"):
            self.spans[meter_id].append((int(start.timestamp()), int(end.timestamp()), since))
        columns = ("meter_id", "start", "pk", "energy_wh", "quality", "batch_id", "replaced_by_wh")
        rows = list(revisions.order_by("pk").values_list(*columns).iterator(chunk_size=10_000))
        starts = seconds_of([row[1] for row in rows])
        for key, row in zip(keys_of(integers([row[0] for row in rows]), starts).tolist(), rows, strict=True):
            if key in keys:
                self.revisions[key].append(_Revision(row[2], (row[3], row[4]), row[5], row[6] is None))

    def is_as_left(self, key: int, since: int, now: Value | None) -> bool:
        """Whether all that others changed since is undone, so that the interval holds what the import left."""
        later = [each for each in self.revisions[key] if each.number > since and each.batch_id != self.batch_id]
        if not later or any(each.is_removal for each in later) or later[0].old != now:
            return False
        imports = {each.batch_id for each in later if each.batch_id is not None}
        # Each undo of them left one revision that names none, or found the interval changed; more are of people.
        return imports <= self.undone and sum(each.batch_id is None for each in later) <= len(imports)

    def origin(self, key: int, meter_id: int, start: int, number: int, value: Value) -> Value | None:
        """What the interval held before a revision, without undone imports; None: nothing."""
        while True:
            earlier = [each for each in self.revisions[key] if each.number < number]
            last = earlier[-1] if earlier else None
            if self._was_brought(meter_id, start, last.number if last else 0, number):
                return None
            source = self._undone_source(earlier, value)
            if source is None:
                return value
            number, value = source.number, source.old

    def _was_brought(self, meter_id: int, start: int, after: int, before: int) -> bool:
        """Whether an undone import brought it newly between two revisions."""
        return any(low <= start < high and after <= since < before for low, high, since in self.spans[meter_id])

    def _undone_source(self, earlier: list[_Revision], value: Value) -> _Revision | None:
        """The revision to go on from: that of an undone import, or of one whose undo brought the value back."""
        for place, each in enumerate(reversed(earlier)):
            if each.is_removal or (each.batch_id is not None and each.batch_id not in self.undone):
                return None
            if each.batch_id is not None and (place == 0 or each.old == value):
                return each
        return None
