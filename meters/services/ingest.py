"""The one way in for readings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from django.db import transaction
from django.utils import timezone

from meters.formats import RowProblem
from meters.models import IntervalReading, Quality, ReadingRevision
from meters.services.checks import Gate, Problems
from meters.services.columns import Integers, Readings
from meters.services.locks import LockedMeters, lock_meters, raise_versions
from meters.services.slots import Slots, chunks_of, keys_of, places_of, read_slots, times_of, write_slots
from meters.signals import readings_ingested
from organizations.models import Distributor

READINGS = "meters_intervalreading"
PREDICTIONS = "meters_prediction"


@dataclass(frozen=True)
class IngestResult:
    """What became of the readings: every row is in exactly one of the counts.

    `repeated` rows say again what another row of the same call says; `refused` counts all left out, of which
    `problems` lists the first ones in the order of their rows. `meter_ids` are the meters with something new
    or corrected, `start` and `end` the span of that (None without any).
    """

    new: int = 0
    unchanged: int = 0
    corrected: int = 0
    repeated: int = 0
    refused: int = 0
    problems: tuple[RowProblem, ...] = ()
    meter_ids: tuple[int, ...] = ()
    start: datetime | None = None
    end: datetime | None = None


@transaction.atomic
def ingest_readings(*, distributor: Distributor, readings: Readings, source: str) -> IngestResult:
    """Stores what can be true and is not known yet, beside the prediction in force; twice is once.

    A row is refused if its meter is not the distributor's, its start is not on the meter's grid, its interval
    has not ended, its energy is negative where nothing is exported or beyond all measure, or another row of
    the call contradicts it (then both are). The others are stored in one transaction under locks on their
    meters. What replaces another value leaves a `ReadingRevision`.

    Args:
        source: Where they come from, at most 80 characters: it stands in the revisions.
    """
    meters = lock_meters(np.unique(readings.meter_ids).tolist(), distributor=distributor)
    problems = Problems()
    gate = Gate(distributor, meters, int(timezone.now().timestamp()), problems)
    usable = gate.usable(readings)
    writer = _Writer(meters, source[:80])
    for chunk in chunks_of(usable.meter_ids):
        writer.store(usable.take(chunk))
    result = writer.result(len(readings) - len(usable) - problems.count, problems)
    if result.meter_ids:
        raise_versions(result.meter_ids)
        readings_ingested.send(
            sender=IntervalReading,
            distributor=distributor,
            meter_ids=list(result.meter_ids),
            start=result.start,
            end=result.end,
        )
    return result


class _Writer:
    """Stores checked readings chunk by chunk and counts exactly: under the locks nobody else writes."""

    def __init__(self, meters: LockedMeters, source: str) -> None:
        self.meters, self.source = meters, source
        self.new = self.unchanged = self.corrected = 0
        self.touched: set[int] = set()
        self.first, self.last = 2**62, 0

    def store(self, readings: Readings) -> None:
        """Inserts the new ones of a chunk and corrects the different ones."""
        slots = Slots(readings.meter_ids, readings.starts, int(self.meters.minutes.min()) * 60)
        predicted = read_slots(PREDICTIONS, ["wh"], slots)
        stored, energies, qualities = read_slots(READINGS, ["energy_wh", "quality"], slots)
        places = places_of(keys_of(readings.meter_ids, readings.starts), stored)
        new, known, at = readings.take(places < 0), readings.take(places >= 0), places[places >= 0]
        changed = self._corrections(known, energies[at], qualities[at])
        _write(new, predicted)
        _write(changed, predicted, overwrite=("energy_wh", "predicted_wh", "quality"))
        self.new += len(new)
        self.corrected += len(changed)
        self.unchanged += len(known) - len(changed)
        self._touch(new)
        self._touch(changed)

    def _corrections(self, known: Readings, energies: Integers, qualities: Integers) -> Readings:
        """Those that say something else than what is stored; that is kept as revisions."""
        meant = replace(known, qualities=_quality_after(known, energies, qualities))
        differ = (energies != known.energies_wh) | (qualities != meant.qualities)
        changed, now = meant.take(differ), timezone.now()
        columns = (
            changed.meter_ids,
            changed.starts,
            energies[differ],
            qualities[differ],
            changed.energies_wh,
        )
        ReadingRevision.objects.bulk_create(
            [
                ReadingRevision(
                    meter_id=meter_id,
                    start=datetime.fromtimestamp(start, UTC),
                    energy_wh=energy,
                    quality=quality,
                    replaced_by_wh=replacement,
                    replaced_at=now,
                    source=self.source,
                )
                for meter_id, start, energy, quality, replacement in zip(
                    *(column.tolist() for column in columns), strict=True
                )
            ],
            batch_size=1_000,
        )
        return changed

    def _touch(self, readings: Readings) -> None:
        if not len(readings):
            return
        minutes = self.meters.minutes[np.searchsorted(self.meters.ids, readings.meter_ids)]
        self.touched.update(np.unique(readings.meter_ids).tolist())
        self.first = min(self.first, int(readings.starts.min()))
        self.last = max(self.last, int((readings.starts + minutes * 60).max()))

    def result(self, repeated: int, problems: Problems) -> IngestResult:
        """The counts of everything that was stored."""
        return IngestResult(
            new=self.new,
            unchanged=self.unchanged,
            corrected=self.corrected,
            repeated=repeated,
            refused=problems.count,
            problems=tuple(sorted(problems.listed)),
            meter_ids=tuple(sorted(self.touched)),
            start=datetime.fromtimestamp(self.first, UTC) if self.touched else None,
            end=datetime.fromtimestamp(self.last, UTC) if self.touched else None,
        )


def _quality_after(known: Readings, energies: Integers, qualities: Integers) -> Integers:
    """The quality to store: measured in place of another measured value is corrected, and stays so."""
    was_measured = (qualities == Quality.MEASURED) & (energies != known.energies_wh)
    corrected = (known.qualities == Quality.MEASURED) & (was_measured | (qualities == Quality.CORRECTED))
    return np.where(corrected, Quality.CORRECTED.value, known.qualities)


def _write(readings: Readings, predicted: list[Integers], *, overwrite: tuple[str, ...] = ()) -> None:
    keys, wh = predicted
    places = places_of(keys_of(readings.meter_ids, readings.starts), keys)
    energies = np.append(wh, 0)[places].tolist()
    columns: dict[str, Sequence[object]] = {
        "meter_id": readings.meter_ids.tolist(),
        "start": times_of(readings.starts),
        "energy_wh": readings.energies_wh.tolist(),
        "predicted_wh": [None if at < 0 else wh for at, wh in zip(places.tolist(), energies, strict=True)],
        "quality": readings.qualities.tolist(),
    }
    write_slots(READINGS, columns, overwrite=overwrite)
