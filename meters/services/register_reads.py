"""The way in for meters whose values are not energies but a register that counts up."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from django.db import transaction
from django.utils import timezone

from common.retry import retried
from meters.formats import RowProblem
from meters.formats.values import time_text
from meters.models import ImportBatch, Meter, Quality, QualityRule, ReadingKind
from meters.services.cells import Column, Mask, Numbers, Times
from meters.services.checks import MAX_ENERGY_WH, Gate, Problems, Reason
from meters.services.columns import Integers, Readings, RegisterReads, integers
from meters.services.dials import Pairs, energy_between, split
from meters.services.doubts import MAX_DOUBTS, Doubt
from meters.services.holdings import Holdings
from meters.services.ingest import IngestResult, result_of, tell_doubts
from meters.services.known_reads import REGISTER_READS, reads_around
from meters.services.locks import LockedMeters, lock_meters
from meters.services.slots import chunks_of, keys_of, parts_of, places_of, write_slots
from meters.services.writer import Cause, Judge, Stored, Writer, as_sent
from organizations.models import Distributor

# More than any dial shows.
MAX_VALUE_WH = 10**15
# Over more than a year, and some weeks for who reads late, an even split says nothing.
MAX_GAP_SECONDS = 400 * 86_400
_IDS_PER_STATEMENT = 500
_SLOTS_AT_ONCE = 200_000


@retried
@transaction.atomic
def ingest_register(
    *,
    distributor: Distributor,
    reads: RegisterReads,
    source: str,
    batch: ImportBatch | None = None,
    holdings: Holdings | None = None,
) -> IngestResult:
    """Stores what registers showed, and the energies between two reads that follow each other.

    The energy of one interval is measured. That of several is divided evenly among them, whole Wh, the remainder
    one by one from the first on; these are estimates, but their sum is right. A register that went back gives no
    energy and is reported, unless the dial's size is known and it went over its zero; what follows counts from
    there. A read that comes late, or says something else than before, changes the intervals on both of its sides.

    Args:
        holdings: When the meters were the sender's, who changes and learns nothing of the time of others.

    Returns:
        `new`, `unchanged` and `corrected` count intervals; `repeated` (or known already) and `refused` count reads.
        A problem is also listed for a read that is stored, where no energy could be found before it.
    """
    meters = lock_meters(np.unique(reads.meter_ids).tolist(), distributor=distributor)
    problems = Problems()
    usable = _usable(distributor, meters, reads, problems)
    refused = problems.count
    repeated = len(reads) - len(usable) - refused
    writer = Writer(distributor, meters, Cause(source, batch))
    for chunk in chunks_of(usable.meter_ids):
        part = usable.take(chunk)
        if holdings is not None:
            part, others = _own(writer, part, holdings, problems)
            refused += others
        repeated += _store(writer, part, problems, holdings)
    writer.finish()
    tell_doubts(distributor, batch, problems)
    problems.count = refused
    return result_of(writer, problems, repeated)


class _RegisterGate(Gate):
    """Refuses reads; each is looked at as the end of an interval, which is on the grid and has ended then."""

    def _values(self, readings: Readings, places: Integers) -> Iterator[Reason]:
        has_register, limits = (column[places] for column in _dials(self.meters.ids))
        values = readings.energies_wh
        yield Reason(has_register == 0, lambda at: "the meter sends energies and has no register")
        yield Reason(values < 0, lambda at: "a register never shows less than 0")
        yield Reason((values >= limits) & (limits > 0), lambda at: f"the dial only counts to {limits[at] - 1} Wh")
        yield Reason(values > MAX_VALUE_WH, lambda at: "is more than any register shows; is the unit right?")


def _usable(distributor: Distributor, meters: LockedMeters, reads: RegisterReads, problems: Problems) -> RegisterReads:
    shifted = Readings(
        reads.meter_ids, reads.starts - _steps(meters, reads.meter_ids), reads.values_wh, rows=reads.rows
    )
    good = _RegisterGate(distributor, meters, int(timezone.now().timestamp()), problems).usable(shifted)
    return RegisterReads(good.meter_ids, good.starts + _steps(meters, good.meter_ids), good.energies_wh, good.rows)


def _steps(meters: LockedMeters, meter_ids: Integers) -> Integers:
    """The seconds of an interval of each meter; any for those that do not exist."""
    return np.append(meters.minutes, 60)[places_of(meter_ids, meters.ids)] * 60


def _dials(meter_ids: Integers) -> tuple[Integers, Integers]:
    """Whether each meter has a register, as 0 or 1, and where its dial starts again (0: unknown)."""
    dials: dict[int, tuple[int, int]] = {}
    ids = meter_ids.tolist()
    for at in range(0, len(ids), _IDS_PER_STATEMENT):
        rows = Meter.objects.filter(pk__in=ids[at : at + _IDS_PER_STATEMENT]).order_by()
        for meter_id, kind, limit in rows.values_list("pk", "reading_kind", "register_limit_wh"):
            dials[meter_id] = int(kind == ReadingKind.REGISTER), limit or 0
    kinds, limits = integers([dials[meter] for meter in ids]).reshape(len(ids), 2).T
    return kinds, limits


def _own(writer: Writer, reads: RegisterReads, holdings: Holdings, problems: Problems) -> tuple[RegisterReads, int]:
    """The reads that divide no energy anew which belongs in part to the time of others, and how many do."""
    keys = keys_of(reads.meter_ids, reads.starts)
    stored, values = reads_around(reads)
    if not len(stored):
        return reads, 0
    there = places_of(keys, stored) >= 0
    last = np.searchsorted(stored, keys, "left") - 1
    following = np.searchsorted(stored, keys, "right")
    befores, afters = stored[np.maximum(last, 0)], stored[np.minimum(following, len(stored) - 1)]
    (owners, befores), (heirs, afters) = parts_of(befores), parts_of(afters)
    has_before = (last >= 0) & (owners == reads.meter_ids)
    has_after = (following < len(stored)) & (heirs == reads.meter_ids)
    lows, highs = np.where(has_before, befores, reads.starts), np.where(has_after, afters, reads.starts)
    known = np.append(values, 0)[places_of(keys, stored)] == reads.values_wh
    divides = (has_before & has_after) | (there & (has_before | has_after))
    refused = divides & ~(there & known) & ~holdings.cover(reads.meter_ids, lows, highs)
    sentence = "it would divide energy of a time in which the meter was not your organization’s"
    _Reporter(writer.meters, problems, keys, reads.rows).refuse(reads.take(refused), sentence)
    return reads.take(~refused), int(refused.sum())


def _store(writer: Writer, reads: RegisterReads, problems: Problems, holdings: Holdings | None = None) -> int:
    """Stores some (sorted) reads and the energies around them; returns how many were known already."""
    keys = keys_of(reads.meter_ids, reads.starts)
    stored, values = reads_around(reads)
    places = places_of(keys, stored)
    there = places >= 0
    former = np.append(values, 0)[places]
    fresh = ~there | (former != reads.values_wh)
    _write(reads.take(fresh), Numbers(former[fresh], there[fresh]), writer.cause)
    # The energies between all reads that now follow each other, where one of the two is new or says otherwise.
    timeline = np.union1d(stored, keys)
    shown = np.zeros(len(timeline), np.int64)
    shown[np.searchsorted(timeline, stored)] = values
    shown[np.searchsorted(timeline, keys)] = reads.values_wh
    touched = np.isin(timeline, keys[fresh])
    follow = touched[1:] | touched[:-1]
    pairs = _pairs(writer.meters, timeline, shown).take(follow)
    pairs = pairs.take(pairs.steps > 0)
    reporter = _Reporter(writer.meters, problems, keys, reads.rows)
    if holdings is not None:
        own = holdings.cover(pairs.meter_ids, pairs.starts, pairs.ends)
        reporter.report(pairs.take(~own), "another read is of a time of others: no energy in between")
        pairs = pairs.take(own)
    _between(writer, pairs, reporter, stored)
    return int((~fresh).sum())


def _pairs(meters: LockedMeters, timeline: Integers, shown: Integers) -> Pairs:
    """Each read with the one before it; the steps are 0 where that is another meter's."""
    meter_ids, moments = parts_of(timeline)
    places = np.searchsorted(meters.ids, meter_ids[1:])
    same = meter_ids[1:] == meter_ids[:-1]
    return Pairs(
        meter_ids=meter_ids[1:],
        starts=moments[:-1],
        ends=moments[1:],
        energies=energy_between(shown[:-1], shown[1:], _dials(meters.ids)[1][places]),
        steps=np.where(same, meters.minutes[places] * 60, 0),
    )


def _write(reads: RegisterReads, former: Numbers, cause: Cause) -> None:
    columns: dict[str, Column] = {
        "meter_id": Numbers(reads.meter_ids),
        "at": Times(reads.starts),
        "value_wh": Numbers(reads.values_wh),
        "former_wh": former,
    }
    constants = {name: value for name, value in cause.constants().items() if name in ("source", "batch_id")}
    overwrite = ("value_wh", "former_wh", "source", "batch_id")
    write_slots(REGISTER_READS, columns, constants=constants, overwrite=overwrite, key="meter_id, at")


class _Reporter:
    """Lists pairs of reads without an energy, under the row of one of the two."""

    def __init__(self, meters: LockedMeters, problems: Problems, keys: Integers, rows: Integers) -> None:
        self.meters, self.problems, self.keys, self.rows = meters, problems, keys, rows

    def report(self, pairs: Pairs, sentence: str) -> None:
        """Adds each of them."""
        after = places_of(keys_of(pairs.meter_ids, pairs.ends), self.keys)
        before = places_of(keys_of(pairs.meter_ids, pairs.starts), self.keys)
        rows = self.rows[np.where(after >= 0, after, before)]
        for row, meter, end in zip(rows.tolist(), pairs.meter_ids.tolist(), pairs.ends.tolist(), strict=True):
            self.problems.add(RowProblem(row, self.meters.numbers[meter], time_text(end), sentence))

    def refuse(self, reads: RegisterReads, sentence: str) -> None:
        """Adds these reads."""
        for row, meter, moment in zip(
            reads.rows.tolist(), reads.meter_ids.tolist(), reads.starts.tolist(), strict=True
        ):
            self.problems.add(RowProblem(row, self.meters.numbers[meter], time_text(moment), sentence))

    def doubt(self, pairs: Pairs) -> None:
        """Has registers that went back looked at."""
        columns = (pairs.meter_ids, pairs.starts, pairs.ends, np.maximum(pairs.counts, 1), pairs.energies)
        rows = zip(*(column[:MAX_DOUBTS].tolist() for column in columns), strict=True)
        self.problems.doubt(
            Doubt(meter_id, QualityRule.REGISTER, start, end, slots, wh) for meter_id, start, end, slots, wh in rows
        )


def _between(writer: Writer, pairs: Pairs, reporter: _Reporter, stored: Integers) -> None:
    """Stores the energies between reads, where there are some; else what stood between reads before is taken away."""
    good = np.ones(len(pairs), np.bool_)
    for mask, sentence in _without_energy(pairs):
        reporter.report(pairs.take(mask & good), sentence)
        good &= ~mask
    reporter.doubt(pairs.take(pairs.energies < 0))
    for part in _parts(_between_stored(pairs.take(~good), stored)):
        writer.remove(*part.slots())
    for part in _parts(pairs.take(good)):
        _spread(writer, part)


def _without_energy(pairs: Pairs) -> list[tuple[Mask, str]]:
    lengths = pairs.ends - pairs.starts
    return [
        (pairs.energies < 0, "the register went back: no energy before this read"),
        (lengths > MAX_GAP_SECONDS, "more than 400 days after the read before: no energy in between"),
        (lengths % pairs.steps != 0, "no whole number of intervals after the read before: no energy in between"),
        (pairs.energies > MAX_ENERGY_WH * pairs.counts, "is more than any meter measures; is the unit right?"),
    ]


def divide_again(writer: Writer, reads: RegisterReads) -> None:
    """Stores the energies between the reads that follow each other, now that these (sorted) ones are not there.

    Values that were corrected stay.
    """
    for chunk in chunks_of(reads.meter_ids):
        part = reads.take(chunk)
        keys = keys_of(part.meter_ids, part.starts)
        pairs = _pairs(writer.meters, *reads_around(part))
        low, high = keys_of(pairs.meter_ids, pairs.starts), keys_of(pairs.meter_ids, pairs.ends)
        touched = np.searchsorted(keys, high, "right") > np.searchsorted(keys, low, "left")
        pairs = pairs.take(touched & (pairs.steps > 0))
        bad = np.any([mask for mask, _sentence in _without_energy(pairs)], axis=0)
        for some in _parts(pairs.take(~bad)):
            _spread(writer, some, as_divided)


def _between_stored(pairs: Pairs, stored: Integers) -> Pairs:
    """Those that lie between two reads that were known before: what was stored there is wrong now."""
    first = keys_of(pairs.meter_ids, np.zeros(len(pairs), np.int64))
    low = np.searchsorted(stored, keys_of(pairs.meter_ids, pairs.starts), "right") - np.searchsorted(stored, first)
    end = np.searchsorted(stored, keys_of(pairs.meter_ids + 1, np.zeros(len(pairs), np.int64)))
    high = end - np.searchsorted(stored, keys_of(pairs.meter_ids, pairs.ends), "left")
    return pairs.take((low > 0) & (high > 0))


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    """Some pairs at a time, so that their intervals fit into memory."""
    if not len(pairs):
        return
    number = np.cumsum(pairs.counts) // _SLOTS_AT_ONCE
    cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(pairs)]
    for first, last in pairwise(cuts):
        yield pairs.take(slice(first, last))


def as_divided(known: Readings, stored: Stored) -> Readings:
    """The new share of each interval, unless somebody corrected it."""
    energies, qualities = stored
    stays = qualities == Quality.CORRECTED
    return replace(
        known,
        energies_wh=np.where(stays, energies, known.energies_wh),
        qualities=np.where(stays, qualities, known.qualities),
    )


def _spread(writer: Writer, pairs: Pairs, judge: Judge = as_sent) -> None:
    meter_ids, starts = pairs.slots()
    alone = np.repeat(pairs.counts == 1, pairs.counts)
    writer.store(
        Readings(
            meter_ids=meter_ids,
            starts=starts,
            energies_wh=split(pairs.energies, pairs.counts),
            qualities=np.where(alone, Quality.MEASURED.value, Quality.ESTIMATED.value),
        ),
        judge,
    )
