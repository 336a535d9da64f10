"""Fills gaps with estimates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from common.holiday_calendar import calendar_days
from common.intervals import to_utc
from meters.errors import MeterError
from meters.models import ExclusionKind, HitState, Meter, Quality, QualityHit, QualityRule
from meters.models.exclusion import NOT_USUAL
from meters.services.columns import Integers, Readings, integers
from meters.services.exclusions import excluded_spans
from meters.services.ingest import ingest_readings
from meters.services.locks import lock_meters
from meters.services.quality.clock import local_seconds
from meters.services.quality.estimates import DAYS_BACK, Estimate, History, Why, estimate
from meters.services.quality.reading import neighbours, values_of
from meters.services.quality.rules import DAY, Flags, Values
from organizations.models import Distributor

SOURCE = "estimate"
# One turn of the job; the next one goes on.
MOST_PER_TURN = 2_000
# Of one call: a year of quarter hours would be a guess about a guess.
LONGEST = timedelta(days=45)

# What the reason of an open hit says of a gap that was tried.
TRIED = "tried"


class NothingToEstimate(MeterError):
    """No slot of the span can be estimated; the sentence says why, `why` in a word that is kept."""

    def __init__(self, sentence: str, why: str = TRIED) -> None:
        super().__init__(sentence)
        self.why = why


@dataclass(frozen=True)
class FillResult:
    """How many slots were estimated, and how many could not be: too few like days, or in an outage."""

    filled: int
    few_days: int = 0
    excluded: int = 0


@transaction.atomic
def estimate_gap(*, meter: Meter, start: datetime, end: datetime, by: User | None = None) -> FillResult:
    """Estimates the slots in [start, end) that are missing between two readings, and stores them as estimated.

    Raises:
        NothingToEstimate: Nothing is missing, the span is too long, or no slot can be estimated.
    """
    first, last = _span(start, end)
    lock_meters([meter.pk], distributor=meter.distributor)
    missing = _missing(meter, first, last)
    if not missing:
        raise NothingToEstimate(_("No reading is missing here between two others."))
    made = _estimate(meter, missing)
    result = _counts(made)
    if not made.values:
        why = Why.FEW_DAYS if result.few_days else Why.EXCLUDED
        raise NothingToEstimate(why_not(why), why)
    rows = [(meter.pk, datetime.fromtimestamp(at, UTC), wh, Quality.ESTIMATED.value) for at, wh in made.values.items()]
    ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source=SOURCE)
    if by is not None:
        record("readings.estimate", target=meter, by=by, details={"slots": len(rows), "from": start.isoformat()})
    return result


def why_not(why: str) -> str:
    """One sentence about slots that got no estimate; empty for a word that is none of ours."""
    sentences = {
        Why.FEW_DAYS: _(
            "There are fewer than three like days with readings in the 45 days before, so a value would be a guess."
        ),
        Why.EXCLUDED: _("An outage, a test or a time without use is noted here, so a usual value would be wrong."),
    }
    return sentences.get(Why(why), "") if why in set(Why) else ""


def _span(start: datetime, end: datetime) -> tuple[int, int]:
    if end - start > LONGEST:
        raise NothingToEstimate(_("At most 45 days can be estimated at once."))
    last = min(to_utc(end), timezone.now())
    return int(to_utc(start).timestamp()), int(last.timestamp())


def _missing(meter: Meter, first: int, last: int) -> list[int]:
    """The starts without a reading in [first, last), from the first reading on and before the last one."""
    if first >= last:
        return []
    step, stored = meter.interval_minutes * 60, values_of([meter.pk], first, last)[meter.pk].starts
    before, after = neighbours([meter.pk], first, last)[meter.pk]
    beside = [integers([] if at is None else [at]) for at in (before, after)]
    known = np.concatenate([beside[0], stored, beside[1]])
    if len(known) < 2:
        return []
    # The grid is that of the readings: in some zones hours begin at half past of UTC.
    between = np.arange(known[0], known[-1], step, dtype=np.int64)
    inside = between[(between >= first) & (between + step <= last)]
    return list(np.setdiff1d(inside, stored, assume_unique=True).tolist())


def _estimate(meter: Meter, missing: list[int]) -> Estimate:
    step, zone = meter.interval_minutes * 60, meter.zone
    first, last = missing[0] - (DAYS_BACK + 1) * DAY, missing[-1] + 2 * step
    values = _measured(values_of([meter.pk], first, last)[meter.pk])
    starts = integers(missing)
    past = ~_within_any(meter, values.starts, step, tuple(ExclusionKind))
    local = local_seconds(values.starts, zone)
    return estimate(
        missing=missing,
        local=dict(zip(missing, local_seconds(starts, zone).tolist(), strict=True)),
        excluded=frozenset(starts[_within_any(meter, starts, step, NOT_USUAL)].tolist()),
        known=dict(zip(values.starts.tolist(), values.energy_wh.tolist(), strict=True)),
        history=History(local[past], values.energy_wh[past], step, _holidays(meter, missing, zone)),
    )


def _measured(values: Values) -> Values:
    real = ~values.estimated
    return Values(values.starts[real], values.energy_wh[real], values.estimated[real])


def _within_any(meter: Meter, starts: Integers, step: int, kinds: Sequence[ExclusionKind]) -> Flags:
    """Which slots touch an exclusion of these kinds."""
    inside = np.zeros(len(starts), bool)
    if not len(starts):
        return inside
    low, high = (datetime.fromtimestamp(at, UTC) for at in (int(starts[0]), int(starts[-1]) + step))
    for span in excluded_spans(meters=[meter], start=low, end=high)[meter.pk]:
        if span.kind in kinds:
            inside |= (starts < span.end.timestamp()) & (starts + step > span.start.timestamp())
    return inside


def _holidays(meter: Meter, missing: list[int], zone: ZoneInfo) -> frozenset[date]:
    years = {datetime.fromtimestamp(at, zone).year for at in (missing[0] - DAYS_BACK * DAY, missing[-1])}
    return calendar_days(meter.distributor.holiday_calendar, range(min(years), max(years) + 1))


def _counts(made: Estimate) -> FillResult:
    refused = list(made.refused.values())
    return FillResult(len(made.values), refused.count(Why.FEW_DAYS), refused.count(Why.EXCLUDED))


def fill_due_gaps(*, distributor: Distributor, now: datetime) -> int:
    """How many slots were estimated: of open gaps that ended long enough ago for a late reading to have come.

    A gap that cannot be filled keeps the sentence that says why as its reason, and is not tried again by itself.
    """
    due = QualityHit.objects.filter(
        distributor=distributor,
        rule=QualityRule.GAP,
        state=HitState.OPEN,
        reason="",
        end__lte=now - timedelta(hours=settings.QUALITY_ESTIMATE_HOURS),
        meter__retired_at=None,
    )
    filled = 0
    for hit in due.select_related("meter__distributor").order_by("meter_id", "start")[:MOST_PER_TURN]:
        filled += _fill(hit)
    return filled


def _fill(hit: QualityHit) -> int:
    """Fills the gap of one hit, which says what became of it: it is tried once."""
    try:
        result = estimate_gap(meter=hit.meter, start=hit.start, end=hit.end)
    except NothingToEstimate as refusal:
        outcome, filled = refusal.why, 0
    else:
        outcome, filled = TRIED, result.filled
    QualityHit.objects.filter(pk=hit.pk, state=HitState.OPEN).update(reason=outcome)
    return filled
