"""One meter's readings, forecasts and events for its charts: only the dates that were the reader's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import numpy as np
from django.db.models import BigIntegerField, Func, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.intervals import DAY
from common.speech import language
from dashboards.charts import EventSpan, MeterSlots, Payload, meter_payload
from dashboards.selectors.spans import DAYS_AHEAD, Span
from events.models import Event, EventState
from meters.models import IntervalReading, Meter, MeterMap, Prediction, Quality
from organizations.access import Role, holder_id_of, role_of

# Raised when the same data shall look different, so that no browser keeps an old answer.
FORMAT = 2
NOT_SHOWN = (EventState.DRAFT, EventState.CANCELLED)


def chart_keys() -> list[dict[str, str]]:
    """What the signs of the meter chart mean."""
    names = {
        "reading": _("measured"),
        "expected": _("expected, with its likely range"),
        "event": _("event"),
        "saved": _("below forecast in an event"),
        "gap": _("no data"),
    }
    return [{"kind": kind, "label": label} for kind, label in names.items()]


@dataclass(frozen=True, slots=True)
class Holding:
    """[start, end) in which the reader had a meter; no end while it still is theirs."""

    start: datetime
    end: datetime | None


def holdings(*, user: User, meter: Meter) -> list[Holding]:
    """The times in which the meter was the reader's, oldest first; none for the distributor's own people."""
    role = role_of(user)
    if role.is_staff or role is Role.PLATFORM:
        return []
    rows = MeterMap.objects.visible_to(user).filter(meter=meter).order_by("valid_from")
    return [Holding(*row) for row in rows.values_list("valid_from", "valid_to")]


def anchor_of(held: Sequence[Holding]) -> datetime:
    """The moment up to which there is something to show: now, or when the reader gave the meter up."""
    now = timezone.now()
    ends = [holding.end for holding in held]
    known = [end for end in ends if end is not None]
    return now if not ends or len(known) < len(ends) else min(now, max(known))


class Seconds(Func):
    """A time in whole seconds since 1970 UTC; a year of times as such costs more than everything else of a chart."""

    template = "TIMESTAMPDIFF(SECOND, '1970-01-01', %(expressions)s)"
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """The same on SQLite."""
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)


def meter_slots(*, user: User, meter: Meter, span: Span) -> MeterSlots:
    """Readings beside their predictions, and predictions that have no reading yet. Two queries."""
    within = {"meter": meter, "start__gte": span.start, "start__lt": span.end}
    readings = IntervalReading.objects.visible_to(user).filter(**within).order_by("start")
    predictions = Prediction.objects.visible_to(user).filter(**within).order_by("start")
    seconds = Seconds("start")
    measured = list(readings.values_list(seconds, "energy_wh", "predicted_wh", "quality"))
    expected = list(predictions.values_list(seconds, "wh", "lower_wh", "upper_wh"))
    return _joined(measured, expected, meter.interval_minutes)


def _joined(measured: Sequence[tuple[Any, ...]], expected: Sequence[tuple[Any, ...]], minutes: int) -> MeterSlots:
    measured_ms, expected_ms = _milliseconds(measured), _milliseconds(expected)
    starts = np.union1d(measured_ms, expected_ms)
    here, there = np.searchsorted(starts, measured_ms), np.searchsorted(starts, expected_ms)
    energy, predicted, lower, upper = (np.full(len(starts), np.nan) for _ in range(4))
    for column, place in ((predicted, 1), (lower, 2), (upper, 3)):
        column[there] = [row[place] for row in expected]
    energy[here] = [row[1] for row in measured]
    # What stands beside the reading was in force at its time, whatever was forecast later.
    frozen = np.array([np.nan if row[2] is None else row[2] for row in measured], dtype=np.float64)
    predicted[here] = np.where(np.isnan(frozen), predicted[here], frozen)
    quality = [""] * len(starts)
    words = {kind.value: str(kind.label) for kind in Quality if kind != Quality.MEASURED}
    for at, row in zip(here.tolist(), measured, strict=True):
        quality[at] = words.get(row[3], "")
    return MeterSlots(
        starts.astype("datetime64[ms]"), energy, predicted, lower, upper, interval_minutes=minutes, quality=quality
    )


def _milliseconds(rows: Sequence[tuple[Any, ...]]) -> Any:
    return np.array([row[0] for row in rows], dtype=np.int64) * 1000


def event_spans(*, user: User, meter: Meter, span: Span) -> list[tuple[EventSpan, int]]:
    """The meter's events in the span and shortly after it, each with its modification number. One query.

    Customers see those in which the meter took part for them.
    """
    role = role_of(user)
    mine = Q(participations__meter=meter)
    if not (role.is_staff or role is Role.PLATFORM):
        mine &= Q(participations__holder_id=holder_id_of(user))
    events = (
        Event.objects.visible_to(user)
        .filter(mine, end__gt=span.start, start__lt=span.end + DAYS_AHEAD * DAY)
        .exclude(state__in=NOT_SHOWN)
        .order_by("start", "pk")
        .distinct()
    )
    rows = events.values_list("pk", "program__name", "start", "end", "modification_number")
    return [(EventSpan(str(pk), name, start, end), number) for pk, name, start, end, number in rows]


def version_of(*, meter: Meter, span: Span, held: Sequence[Holding], events: Sequence[tuple[EventSpan, int]]) -> str:
    """What the answer depends on, as a short text: equal as long as the chart would look the same."""
    parts = [FORMAT, language(), meter.pk, meter.data_version, meter.interval_minutes, meter.zone.key, span]
    parts += [held, [(event.id, event.name, event.start, event.end, number) for event, number in events]]
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def meter_chart(
    *, user: User, meter: Meter, span: Span, events: Sequence[tuple[EventSpan, int]], version: str
) -> Payload:
    """What the meter chart draws. Two queries."""
    return payload_of(meter_slots(user=user, meter=meter, span=span), meter=meter, events=events, version=version)


def payload_of(
    slots: MeterSlots, *, meter: Meter, events: Sequence[tuple[EventSpan, int]], version: str = ""
) -> Payload:
    """The same for slots that were read already."""
    return meter_payload(slots, [event for event, _number in events], meter.zone, version=version)


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest reading of some slots: mean power, and what was expected (None without a forecast)."""

    start: datetime
    end: datetime
    kw: float
    expected_kw: float | None


def latest_of(slots: MeterSlots) -> Latest | None:
    """The newest measured slot; None if nothing was measured."""
    rows = np.flatnonzero(~np.isnan(slots.energy_wh))
    if not len(rows):
        return None
    row = int(rows[-1])
    per_hour = 60 / slots.interval_minutes / 1000
    expected = float(slots.predicted_wh[row])
    start = datetime.fromtimestamp(int(slots.start_ms[row]) / 1000, UTC)
    return Latest(
        start=start,
        end=start + timedelta(minutes=slots.interval_minutes),
        kw=float(slots.energy_wh[row]) * per_hour,
        expected_kw=None if np.isnan(expected) else expected * per_hour,
    )
