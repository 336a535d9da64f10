"""Readings of meters as arrays for the engines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np

from forecasting.engines import History
from forecasting.engines.history import MINUTES_PER_DAY, Flags, Floats
from meters.models import Meter
from meters.services import ExcludedSpan, Series, excluded_spans, series_of

MAX_DAYS = 90
# Finer intervals make the fit slow without making it better: fewer days of them hold as many slots.
MAX_DAYS_FINE = 35
FINE_MINUTES = 15
# What is read at once: 27 meters of half hours, two of single minutes.
SLOTS_PER_BATCH = 120_000


@dataclass(frozen=True)
class Known:
    """What was known of one meter: its history, and (n_slots,) Wh that had been predicted, NaN without."""

    history: History
    predicted_wh: Floats

    def errors_of_yesterday(self, issued_at: datetime) -> tuple[float | None, float | None]:
        """Mean absolute errors over the 24 h before `issued_at`, in Wh per interval; None without any.

        Of the predictions that were in force, and of the readings a week before; over the same intervals
        where both can be compared. Events and outages do not count.
        """
        history = self.history
        wh = history.usable_wh
        slot, week = timedelta(minutes=history.slot_minutes), 7 * history.slots_per_day
        first = max(0, -((history.start + timedelta(days=1) - issued_at) // slot))
        ours = np.abs(wh - self.predicted_wh)[first:]
        naive = np.abs(wh - np.concatenate([np.full(week, np.nan), wh])[: len(wh)])[first:]
        both = np.isfinite(ours) & np.isfinite(naive)
        if both.any():
            ours, naive = ours[both], naive[both]
        return _mean(ours), _mean(naive)


def batches(meters: Sequence[Meter]) -> Iterator[list[Meter]]:
    """The meters by length of interval, in parts whose readings are read at once."""
    for minutes, group in groupby(sorted(meters, key=_minutes), key=_minutes):
        alike = list(group)
        size = max(1, SLOTS_PER_BATCH * minutes // (_days(minutes) * MINUTES_PER_DAY))
        yield from (alike[first : first + size] for first in range(0, len(alike), size))


def known_at(meters: Sequence[Meter], issued_at: datetime, holidays: frozenset[date]) -> dict[int, Known]:
    """What was known of each meter by its id, events and outages masked; those without readings are left out.

    Args:
        meters: With their distributor selected; of any lengths of interval.
        issued_at: Aware; no reading whose interval ends later is read.
        holidays: Local dates that behave like a day off.
    """
    since = issued_at - timedelta(days=max((_days(meter.interval_minutes) for meter in meters), default=0))
    found = series_of(meters=meters, start=since, end=issued_at)
    spans = excluded_spans(meters=meters, start=since, end=issued_at)
    built = ((meter, _known(meter, found.get(meter.pk), spans[meter.pk], issued_at, holidays)) for meter in meters)
    return {meter.pk: known for meter, known in built if known is not None}


def _known(
    meter: Meter,
    series: Series | None,
    spans: Sequence[ExcludedSpan],
    issued_at: datetime,
    holidays: frozenset[date],
) -> Known | None:
    seconds = meter.interval_minutes * 60
    if series is None:
        return None
    earliest = (issued_at - timedelta(days=_days(meter.interval_minutes))).timestamp()
    in_time = (series.starts + seconds <= issued_at.timestamp()) & (series.starts >= earliest)
    if not in_time.any():
        return None
    # The newest reading says where the grid lies: whole hours of India start at half past in UTC. What is
    # not on it is left out as a gap.
    in_time &= (series.starts - series.starts[in_time][-1]) % seconds == 0
    starts = series.starts[in_time]
    places = (starts - starts[0]) // seconds
    energy, predicted = np.full((2, places[-1] + 1), np.nan)
    energy[places], predicted[places] = series.energy_wh[in_time], series.predicted_wh[in_time]
    origin = datetime.fromtimestamp(int(starts[0]), UTC)
    mask = _mask(spans, origin, timedelta(seconds=seconds), len(energy))
    zone = meter.zone_name or meter.distributor.timezone
    return Known(History(energy, origin, meter.interval_minutes, zone, mask, holidays), predicted)


def _mask(spans: Sequence[ExcludedSpan], origin: datetime, slot: timedelta, n_slots: int) -> Flags:
    """(n_slots,) whether a span touches the slot."""
    excluded = np.zeros(n_slots, dtype=np.bool_)
    for span in spans:
        excluded[max(0, (span.start - origin) // slot) : max(0, -((origin - span.end) // slot))] = True
    return excluded


def _minutes(meter: Meter) -> int:
    return meter.interval_minutes


def _days(minutes: int) -> int:
    return MAX_DAYS_FINE if minutes < FINE_MINUTES else MAX_DAYS


def _mean(errors: Floats) -> float | None:
    finite = errors[np.isfinite(errors)]
    return float(finite.mean()) if finite.size else None
