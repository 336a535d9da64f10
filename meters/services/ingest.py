"""The one way in for readings."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.utils import timezone

from common.retry import retried
from meters.formats import RowProblem
from meters.models import ImportBatch, IntervalReading
from meters.services.checks import Gate, Problems
from meters.services.columns import Readings
from meters.services.locks import lock_meters
from meters.services.pile import Pile
from meters.services.slots import PREDICTIONS, READINGS
from meters.services.writer import Cause, Writer
from meters.signals import readings_refused
from organizations.models import Distributor

__all__ = ["PREDICTIONS", "READINGS", "IngestResult", "ingest_readings", "result_of"]


@dataclass(frozen=True)
class IngestResult:
    """What became of the readings: every row is in exactly one of the counts.

    `unchanged` ones were known, or are estimates of what was measured; `repeated` rows say again what another row
    of the same call says; `refused` counts all left out, of which `problems` lists the first ones in the order of
    their rows. `meter_ids` are the meters with something new or corrected, `start` and `end` the span of that
    (None without any).
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


@retried
@transaction.atomic
def ingest_readings(
    *, distributor: Distributor, readings: Readings | Pile, source: str, batch: ImportBatch | None = None
) -> IngestResult:
    """Stores what can be true and is not known yet, beside the prediction in force; twice is once.

    A row is refused if its meter is not the distributor's, its start is not on the meter's grid, its interval
    has not ended, its energy is negative where nothing is exported or beyond all measure, or another row of
    the call contradicts it (then both are). The others are stored in one transaction under locks on their
    meters. What replaces another value leaves a `ReadingRevision`; an estimate replaces only estimates.

    Args:
        readings: a `Pile` where there are so many that they would not fit into memory as columns.
        source: Where they come from, at most 80 characters: it stands in the revisions.
        batch: The import they belong to, which also gets a `BatchSpan` for what is new, so that it can be undone.
    """
    ids = readings.meter_ids() if isinstance(readings, Pile) else np.unique(readings.meter_ids)
    meters = lock_meters(ids.tolist(), distributor=distributor)
    problems = Problems()
    gate = Gate(distributor, meters, int(timezone.now().timestamp()), problems)
    writer = Writer(distributor, meters, Cause(source, batch))
    count = usable = 0
    for group in readings.groups() if isinstance(readings, Pile) else [readings]:
        good = gate.usable(group)
        writer.store(good)
        count, usable = count + len(group), usable + len(good)
    writer.finish()
    tell_doubts(distributor, batch, problems)
    return result_of(writer, problems, count - usable - problems.count)


def tell_doubts(distributor: Distributor, batch: ImportBatch | None, problems: Problems) -> None:
    """Has what an import refused looked at by a person; of single readings their sender hears it at once."""
    if batch is not None and problems.doubts:
        readings_refused.send(sender=IntervalReading, distributor=distributor, batch=batch, doubts=problems.doubts)


def result_of(writer: Writer, problems: Problems, repeated: int) -> IngestResult:
    """What a writer did, as counts."""
    return IngestResult(
        new=writer.new,
        unchanged=writer.unchanged,
        corrected=writer.corrected,
        repeated=repeated,
        refused=problems.count,
        problems=tuple(sorted(problems.listed)),
        meter_ids=tuple(sorted(writer.stored_at.meter_ids)),
        start=writer.stored_at.start,
        end=writer.stored_at.end,
    )
