"""Stores and takes away readings of locked meters, with everything that must go along in the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from meters.models import ImportBatch, IntervalReading, Quality, ReadingRevision
from meters.services.cells import Column, Constant, Mask, Numbers, Times
from meters.services.columns import Integers, Readings
from meters.services.locks import LockedMeters, raise_versions
from meters.services.rollups import mark_slots
from meters.services.slots import (
    PREDICTIONS,
    READINGS,
    Slots,
    chunks_of,
    delete_slots,
    keys_of,
    places_of,
    read_slots,
    write_slots,
)
from meters.signals import readings_ingested, readings_removed
from organizations.models import Distributor

REVISIONS = "meters_readingrevision"
SPANS = "meters_batchspan"


@dataclass(frozen=True)
class Cause:
    """Why readings change: it stands in the revisions."""

    source: str
    batch: ImportBatch | None = None
    by: User | None = None
    reason: str = ""

    def constants(self) -> dict[str, Constant]:
        """The columns of a revision that all of them share."""
        return {
            "replaced_at": Constant(timezone.now()),
            # Names of files may hold bytes that are no characters.
            "source": Constant(self.source.encode(errors="replace").decode()[:80]),
            "batch_id": Constant(self.batch.pk if self.batch else None),
            "changed_by_id": Constant(self.by.pk if self.by else None),
            "reason": Constant(self.reason[:200]),
        }


Stored = tuple[Integers, Integers]  # energies and qualities
Judge = Callable[[Readings, Stored], Readings]


def as_sent(known: Readings, stored: Stored) -> Readings:
    """What shall stand: a measured value in place of another measured one is corrected, and stays so.

    An estimate never replaces what was measured.
    """
    energies, qualities = stored
    was_measured = (qualities == Quality.MEASURED) & (energies != known.energies_wh)
    corrected = (known.qualities == Quality.MEASURED) & (was_measured | (qualities == Quality.CORRECTED))
    guess = (known.qualities == Quality.ESTIMATED) & (qualities != Quality.ESTIMATED)
    meant = np.where(corrected, Quality.CORRECTED.value, known.qualities)
    return replace(
        known,
        energies_wh=np.where(guess, energies, known.energies_wh),
        qualities=np.where(guess, qualities, meant),
    )


def as_given(known: Readings, stored: Stored) -> Readings:
    """The values and qualities as they are handed over, whatever is stored."""
    return known


def as_decided(known: Readings, stored: Stored) -> Readings:
    """As given by a person; but who confirms a measured value corrects nothing."""
    energies, qualities = stored
    confirmed = (energies == known.energies_wh) & (qualities == Quality.MEASURED)
    return replace(known, qualities=np.where(confirmed, qualities, known.qualities))


class Writer:
    """Changes readings chunk by chunk and counts exactly: under the locks nobody else writes.

    Callers hand over readings that are checked, sorted by meter and start, none twice, and call `finish`.
    """

    def __init__(self, distributor: Distributor, meters: LockedMeters, cause: Cause) -> None:
        self.distributor, self.meters, self.cause = distributor, meters, cause
        self.new = self.unchanged = self.corrected = self.removed = 0
        self.stored_at, self.removed_at = _Extent(), _Extent()
        # Later revisions of these meters get higher numbers: their locks are ours.
        self.last_revision = (ReadingRevision.objects.aggregate(last=Max("pk"))["last"] or 0) if cause.batch else 0

    def store(self, readings: Readings, judge: Judge = as_sent) -> None:
        """Inserts the new ones and corrects the different ones; the judge says what a known slot shall hold."""
        if not len(readings):
            return
        is_new, is_touched = np.zeros(len(readings), np.bool_), np.zeros(len(readings), np.bool_)
        for chunk in chunks_of(readings.meter_ids):
            is_new[chunk], is_touched[chunk] = self._store_chunk(readings.take(chunk), judge)
        steps = self._steps(readings.meter_ids)
        self._mark(readings.meter_ids[is_touched], readings.starts[is_touched], steps[is_touched], self.stored_at)
        if self.cause.batch is not None and is_new.any():
            self._write_spans(readings.meter_ids[is_new], readings.starts[is_new], steps[is_new])

    def remove(self, meter_ids: Integers, starts: Integers) -> None:
        """Takes away what is stored in these slots (sorted); what it said is kept as revisions."""
        gone = np.zeros(len(meter_ids), np.bool_)
        for chunk in chunks_of(meter_ids):
            gone[chunk] = self._remove_chunk(self.slots(meter_ids[chunk], starts[chunk]))
        self.removed += int(gone.sum())
        self._mark(meter_ids[gone], starts[gone], self._steps(meter_ids[gone]), self.removed_at)

    def finish(self) -> None:
        """Raises the versions of the touched meters and tells the rooms above, where anything changed."""
        raise_versions(self.stored_at.meter_ids | self.removed_at.meter_ids)
        for signal, extent in ((readings_ingested, self.stored_at), (readings_removed, self.removed_at)):
            if extent.meter_ids:
                signal.send(
                    sender=IntervalReading,
                    distributor=self.distributor,
                    meter_ids=sorted(extent.meter_ids),
                    start=extent.start,
                    end=extent.end,
                )

    def slots(self, meter_ids: Integers, starts: Integers) -> Slots:
        """Slots of these meters."""
        return Slots(meter_ids, starts, int(self.meters.minutes.min()) * 60)

    def _steps(self, meter_ids: Integers) -> Integers:
        return self.meters.minutes[np.searchsorted(self.meters.ids, meter_ids)] * 60

    def _store_chunk(self, readings: Readings, judge: Judge) -> tuple[Mask, Mask]:
        """Which of them were new, and which were new or corrected."""
        slots = self.slots(readings.meter_ids, readings.starts)
        stored, energies, qualities = read_slots(READINGS, ["energy_wh", "quality"], slots)
        places = places_of(keys_of(readings.meter_ids, readings.starts), stored)
        is_new = touched = places < 0
        if not is_new.all():
            known, at = readings.take(~is_new), places[~is_new]
            meant = judge(known, (energies[at], qualities[at]))
            differ = (energies[at] != meant.energies_wh) | (qualities[at] != meant.qualities)
            self._revise(known.meter_ids, known.starts, (energies[at], qualities[at]), differ, meant.energies_wh)
            readings, touched = _put(readings, ~is_new, meant), is_new.copy()
            touched[~is_new] = differ
        _write(
            readings.take(touched) if not touched.all() else readings, slots, correcting=bool((touched & ~is_new).any())
        )
        self.new += int(is_new.sum())
        self.corrected += int((touched & ~is_new).sum())
        self.unchanged += int((~touched).sum())
        return is_new, touched

    def _remove_chunk(self, slots: Slots) -> Mask:
        keys = keys_of(slots.meter_ids, slots.starts)
        stored, energies, qualities = read_slots(READINGS, ["energy_wh", "quality"], slots)
        places = places_of(keys, stored)
        there, at = places >= 0, places[places >= 0]
        meters, starts = slots.meter_ids[there], slots.starts[there]
        self._revise(meters, starts, (energies[at], qualities[at]), np.ones(len(at), np.bool_), None)
        delete_slots(READINGS, self.slots(meters, starts), len(stored))
        return there

    def _revise(
        self, meter_ids: Integers, starts: Integers, stored: Stored, which: Mask, replacement: Integers | None
    ) -> None:
        """Keeps what was stored in some of the slots; without a replacement they are taken away."""
        energies, qualities = (column[which] for column in stored)
        if not len(energies):
            return
        none = np.zeros(len(energies), np.bool_)
        columns: dict[str, Column] = {
            "meter_id": Numbers(meter_ids[which]),
            "start": Times(starts[which]),
            "energy_wh": Numbers(energies),
            "quality": Numbers(qualities),
            "replaced_by_wh": Numbers(energies, none) if replacement is None else Numbers(replacement[which]),
        }
        write_slots(REVISIONS, columns, constants=self.cause.constants())

    def _mark(self, meter_ids: Integers, starts: Integers, steps: Integers, extent: "_Extent") -> None:
        extent.add(meter_ids, starts, steps)
        for step in np.unique(steps).tolist():
            mine = steps == step
            mark_slots(distributor_id=self.distributor.pk, meter_ids=meter_ids[mine], starts=starts[mine], step=step)

    def _write_spans(self, meter_ids: Integers, starts: Integers, steps: Integers) -> None:
        """What was new with the batch: the longest runs without a hole."""
        assert self.cause.batch is not None
        breaks = (np.diff(meter_ids) != 0) | (np.diff(starts) != steps[:-1])
        firsts = np.append(0, np.flatnonzero(breaks) + 1)
        lasts = np.append(firsts[1:], len(starts)) - 1
        constants = {"batch_id": Constant(self.cause.batch.pk), "after_revision": Constant(self.last_revision)}
        for cut in range(0, len(firsts), 10_000):
            first, last = firsts[cut : cut + 10_000], lasts[cut : cut + 10_000]
            columns: dict[str, Column] = {
                "meter_id": Numbers(meter_ids[first]),
                "start": Times(starts[first]),
                "end": Times(starts[last] + steps[last]),
            }
            write_slots(SPANS, columns, constants=constants)


class _Extent:
    """Meters and the span that changes of theirs cover."""

    def __init__(self) -> None:
        self.meter_ids: set[int] = set()
        self._first, self._last = 2**62, 0

    def add(self, meter_ids: Integers, starts: Integers, steps: Integers) -> None:
        if len(meter_ids):
            self.meter_ids.update(np.unique(meter_ids).tolist())
            self._first = min(self._first, int(starts.min()))
            self._last = max(self._last, int((starts + steps).max()))

    @property
    def start(self) -> datetime | None:
        return datetime.fromtimestamp(self._first, UTC) if self.meter_ids else None

    @property
    def end(self) -> datetime | None:
        return datetime.fromtimestamp(self._last, UTC) if self.meter_ids else None


def _put(readings: Readings, which: Mask, values: Readings) -> Readings:
    """The readings with other values and qualities at some places."""
    energies, qualities = readings.energies_wh.copy(), readings.qualities.copy()
    energies[which], qualities[which] = values.energies_wh, values.qualities
    return replace(readings, energies_wh=energies, qualities=qualities)


def _write(readings: Readings, slots: Slots, *, correcting: bool) -> None:
    """New and corrected ones in one statement, beside the prediction in force."""
    if not len(readings):
        return
    keys, wh = read_slots(PREDICTIONS, ["wh"], slots)
    places = places_of(keys_of(readings.meter_ids, readings.starts), keys)
    columns: dict[str, Column] = {
        "meter_id": Numbers(readings.meter_ids),
        "start": Times(readings.starts),
        "energy_wh": Numbers(readings.energies_wh),
        "quality": Numbers(readings.qualities),
    }
    if correcting or len(keys):
        columns["predicted_wh"] = Numbers(np.append(wh, 0)[places], places >= 0)
    write_slots(READINGS, columns, overwrite=("energy_wh", "predicted_wh", "quality") if correcting else ())
