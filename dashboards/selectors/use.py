"""One meter's readings, forecasts and events for its charts: only the dates that were the reader's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import numpy as np
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.intervals import DAY
from common.speech import language
from dashboards.charts import EventSpan, MeterSlots, Payload, Peak, meter_payload, meter_table, peaks_of
from dashboards.charts.meter import Marks
from dashboards.charts.peaks import highest
from dashboards.selectors import slots as columns
from dashboards.selectors.spans import DAYS_AHEAD, Span
from events.models import Event, EventState
from events.models.participation_state import TOLD
from meters.models import ExclusionKind, IntervalReading, Meter, MeterMap
from meters.services import excluded_spans
from organizations.access import Role, holder_id_of, role_of

# Raised when the same data shall look different, so that no browser keeps an old answer.
FORMAT = 4
PEAKS = 5
NOT_SHOWN = (EventState.DRAFT, EventState.CANCELLED)


def chart_keys(slots: MeterSlots | None = None, around: "Around | None" = None) -> list[dict[str, str]]:
    """What the signs of the meter chart mean; those that not every chart has only where there are such."""
    names = {
        "reading": _("measured"),
        "expected": _("expected, with its likely range"),
        "event": _("event"),
        "saved": _("below forecast in an event"),
        "gap": _("no data"),
    }
    if slots is not None and slots.estimated is not None and slots.estimated.any():
        names["estimated"] = _("estimated")
    if around is not None and around.excluded:
        names["excluded"] = ", ".join(sorted({part.name for part in around.excluded}))
    if slots is not None and len(slots.measured):
        names["peak"] = _("highest, 1 to 5")
    return [{"kind": kind, "label": label} for kind, label in names.items()]


@dataclass(frozen=True, slots=True)
class Holding:
    """[start, end) in which the reader had a meter; no end while it still is theirs."""

    start: datetime
    end: datetime | None


def sees_everything(user: User) -> bool:
    """Whether the reader sees all dates of a meter, as the distributor's people and platform operators do."""
    role = role_of(user)
    return role.is_staff or role is Role.PLATFORM


def holdings(*, user: User, meter: Meter) -> list[Holding]:
    """The times in which the meter was the reader's, oldest first; none for the distributor's own people."""
    if sees_everything(user):
        return []
    rows = MeterMap.objects.visible_to(user).filter(meter=meter).order_by("valid_from")
    return [Holding(*row) for row in rows.values_list("valid_from", "valid_to")]


def anchor_of(held: Sequence[Holding]) -> datetime:
    """The moment up to which there is something to show: now, or when the reader gave the meter up."""
    now = timezone.now()
    ends = [holding.end for holding in held]
    known = [end for end in ends if end is not None]
    return now if not ends or len(known) < len(ends) else min(now, max(known))


def meter_slots(*, user: User, meter: Meter, span: Span) -> MeterSlots:
    """Readings beside their predictions, and predictions that have no reading yet. Three queries."""
    return columns.meter_slots(user=user, meter=meter, start=span.start, end=span.end)


def newest_end(*, user: User, meter: Meter, span: Span, now: datetime) -> datetime | None:
    """The end of the newest reading of a span that runs; None without one, or of a span that does not. One query."""
    if not span.start <= now < span.end:
        return None
    mine = IntervalReading.objects.visible_to(user).filter(meter=meter, start__gte=span.start, start__lt=span.end)
    newest = mine.order_by("-start").values_list("start", flat=True).first()
    return None if newest is None else newest + timedelta(minutes=meter.interval_minutes)


def excluded_strips(*, meter: Meter, span: Span, held: Sequence[Holding]) -> list[EventSpan]:
    """Outages and other times that do not count, as far as the meter was the reader's then. One query.

    Those of events are left out: the events themselves are shown.
    """
    found = excluded_spans(meters=[meter], start=span.start, end=span.end)[meter.pk]
    parts = {
        EventSpan("", str(one.kind.label), start, end)
        for one in found
        if one.kind != ExclusionKind.EVENT
        for start, end in _held_parts(one.start, one.end, held)
    }
    return sorted(parts, key=lambda part: (part.start, part.end, part.name))


def _held_parts(start: datetime, end: datetime, held: Sequence[Holding]) -> list[tuple[datetime, datetime]]:
    """[start, end) cut to the times that were the reader's; whole for those who hold nothing and see everything."""
    if not held:
        return [(start, end)]
    cuts = [(max(start, one.start), end if one.end is None else min(end, one.end)) for one in held]
    return [(first, last) for first, last in cuts if first < last]


def event_spans(*, user: User, meter: Meter, span: Span) -> list[tuple[EventSpan, int]]:
    """The meter's events in the span and shortly after it, each with its modification number. One query.

    Customers see those in which the meter took part for them; none in which it was held out for comparison.
    """
    mine = Q(participations__meter=meter)
    if not sees_everything(user):
        mine &= Q(participations__holder_id=holder_id_of(user), participations__state__in=TOLD)
    events = (
        Event.objects.visible_to(user)
        .filter(mine, end__gt=span.start, start__lt=span.end + DAYS_AHEAD * DAY)
        .exclude(state__in=NOT_SHOWN)
        .order_by("start", "pk")
        .distinct()
    )
    rows = events.values_list("pk", "program__name", "start", "end", "modification_number")
    return [(EventSpan(str(pk), name, start, end), number) for pk, name, start, end, number in rows]


@dataclass(frozen=True, slots=True)
class Around:
    """What a meter chart shows besides readings: its events, each with its modification number, and exclusions."""

    events: Sequence[tuple[EventSpan, int]] = ()
    excluded: Sequence[EventSpan] = ()

    @property
    def event_spans(self) -> list[EventSpan]:
        """The events alone."""
        return [event for event, _number in self.events]


def around(*, user: User, meter: Meter, span: Span, held: Sequence[Holding]) -> Around:
    """What stands around the readings of a span. Two queries."""
    return Around(event_spans(user=user, meter=meter, span=span), excluded_strips(meter=meter, span=span, held=held))


NOTHING_AROUND = Around()


def version_of(
    *, meter: Meter, window: str, held: Sequence[Holding], around: Around = NOTHING_AROUND, asked: object
) -> str:
    """What the answer depends on, as a short text: equal as long as the chart would look the same.

    Args:
        window: of the reader, as `held` is as empty for who holds nothing as for who sees everything.
        asked: what the address asks for: the span, and whatever else it says.
    """
    parts = [FORMAT, language(), meter.pk, meter.data_version, meter.interval_minutes, meter.zone.key, asked]
    parts += [window, held, around]
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def meter_chart(slots: MeterSlots, *, meter: Meter, span: Span, around: Around, version: str = "") -> Payload:
    """What the meter chart draws."""
    window = (_ms(span.start), _ms(span.end)) if span.is_named else None
    marks = Marks(excluded=around.excluded, peaks=highest_of(slots, meter=meter, span=span), window=window)
    return meter_payload(slots, around.event_spans, meter.zone, version=version, marks=marks)


def payload_of(slots: MeterSlots, *, meter: Meter, events: Sequence[tuple[EventSpan, int]]) -> Payload:
    """The same with the rows of its table, for a page that shows the newest days."""
    payload = meter_payload(slots, [event for event, _number in events], meter.zone)
    return with_table(payload, meter)


def with_table(payload: Payload, meter: Meter) -> Payload:
    """The payload with the rows of its table, which a page shows before its script runs."""
    return {**payload, **meter_table(payload, meter.zone)}


def highest_of(slots: MeterSlots, *, meter: Meter, span: Span) -> list[Peak]:
    """The highest intervals of a span: of one day simply these, else at most one of each day."""
    asked = slots.start_ms, slots.energy_wh, slots.interval_ms
    if span.period is not None and span.period.kind == "day":
        return highest(*asked, PEAKS)
    return peaks_of(*asked, PEAKS, zone=meter.zone)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest reading of some slots: mean power, and what was expected (None without a forecast)."""

    start: datetime
    end: datetime
    kw: float
    expected_kw: float | None


def latest_of(slots: MeterSlots) -> Latest | None:
    """The newest measured slot; None if nothing was measured."""
    rows = slots.measured
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
