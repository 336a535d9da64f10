"""A story for tests of pages: readings and forecasts up to now, events past, settled and coming."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from events.models import Event, Program
from events.services import create_event, enroll, notify_event, record_completed_event, schedule_event
from events.services.programs import Terms, create_program
from meters.models import IntervalReading, Meter, Prediction
from meters.services.rollups import mark_spans
from settlement.models import SettlementLine, SettlementRun
from settlement.services import post_run, settle
from tests.builder import Side

HALF_HOUR = timedelta(minutes=30)


def now_slot() -> datetime:
    """The start of the half hour that runs now."""
    now = timezone.now()
    return now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)


def add_readings(meter: Meter, *, days: int = 14, energy_wh: int = 400, predicted_wh: int = 500) -> None:
    """A flat load over so many days up to now, beside a flat forecast that goes on for a day."""
    end = now_slot()
    start = end - timedelta(days=days)
    slots = [start + place * HALF_HOUR for place in range(days * 48)]
    IntervalReading.objects.bulk_create(
        [IntervalReading(meter=meter, start=at, energy_wh=energy_wh, predicted_wh=predicted_wh) for at in slots]
    )
    # As ingest does, so that their sums are known to be missing.
    span = (meter.pk, int(start.timestamp()), int(end.timestamp()))
    mark_spans(distributor_id=meter.distributor_id, spans=[span])
    ahead = slots + [end + place * HALF_HOUR for place in range(48)]
    Prediction.objects.bulk_create(
        [
            Prediction(
                meter=meter, start=at, wh=predicted_wh, lower_wh=predicted_wh - 100, upper_wh=predicted_wh + 100,
                issued_at=at - timedelta(hours=1), forecast_number=1,
            )
            for at in ahead
        ]
    )  # fmt: skip
    Meter.objects.filter(pk=meter.pk).update(data_version=1)


def lower(meter: Meter, event: Event, energy_wh: int) -> None:
    """What the meter used in the event, per half hour."""
    IntervalReading.objects.filter(meter=meter, start__gte=event.start, start__lt=event.end).update(energy_wh=energy_wh)


def make_program(side: Side, *meters: Meter, kw: str = "1") -> Program:
    """A program with the three-day rule and these meters enrolled."""
    version, _ = create_program(
        distributor=side.distributor,
        name=f"{side.distributor.name} evenings",
        terms=Terms(preset="three-day", rate_per_kw=Decimal("2.80"), wholesale_cost_per_kw=Decimal("10.35")),
    )
    for meter in meters:
        enroll(program=version.program, meter=meter, kw=Decimal(kw))
    return version.program


def past_event(program: Program, *, days_ago: int = 1, hours: int = 1) -> Event:
    """An event at noon UTC so many workdays ago, which is over."""
    day = timezone.now().date()
    for _ in range(days_ago):
        day -= timedelta(days=3 if day.weekday() == 0 else 2 if day.weekday() == 6 else 1)
    start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return record_completed_event(program=program, start=start, end=start + timedelta(hours=hours))


def coming_event(program: Program, *, hours_ahead: int = 20) -> Event:
    """An announced event that begins in so many hours."""
    start = now_slot() + timedelta(hours=hours_ahead)
    event = create_event(program=program, start=start, end=start + timedelta(hours=2))
    return notify_event(event=schedule_event(event=event))


def settled(event: Event) -> SettlementRun:
    """The event's run, posted to the ledger."""
    run = settle(event=event)
    post_run(run=run)
    return run


def line_of(event: Event, meter: Meter) -> SettlementLine:
    """The meter's newest line of the event."""
    return SettlementLine.objects.filter(run__event=event, meter=meter).latest("run__number")
