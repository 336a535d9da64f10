"""Readings for tests of quality: usual days, and what is wrong in them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from common.intervals import clock_slot, day_bounds, slot_starts
from meters.models import Meter, Quality, QualityHit
from meters.services import IngestResult, Readings, ingest_readings
from meters.services.quality.check import check_quality

NEW_YORK = ZoneInfo("America/New_York")
FIRST = date(2024, 6, 3)  # a Monday


def usual(start: datetime) -> int:
    """Wh that differ from slot to slot and from day to day, highest in the evening: 200 to 900."""
    slot = clock_slot(start, NEW_YORK, 30)
    return 200 + 10 * slot + (start.toordinal() * 7 + slot * 3) % 11 + (200 if 34 <= slot < 44 else 0)


def starts_of(first: date, days: int) -> list[datetime]:
    """The half hours of consecutive local days."""
    start, end = day_bounds(first, NEW_YORK)[0], day_bounds(first + timedelta(days=days - 1), NEW_YORK)[1]
    return slot_starts(start, end, 30)


def at(day: date, hour: float) -> datetime:
    """An hour of a local day."""
    return (datetime(day.year, day.month, day.day, tzinfo=NEW_YORK) + timedelta(hours=hour)).astimezone(UTC)


def send(
    meter: Meter,
    first: date = FIRST,
    days: int = 1,
    *,
    wrong: Mapping[datetime, int | None] | None = None,
    quality: Quality = Quality.MEASURED,
) -> IngestResult:
    """Ingests usual days; `wrong` says what stands in some slots instead, None leaves one out."""
    values = {start: usual(start) for start in starts_of(first, days)} | dict(wrong or {})
    rows = [(meter.pk, start, wh, quality.value) for start, wh in values.items() if wh is not None]
    return ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source="test")


def check_all(meter: Meter) -> None:
    """Looks at everything at once."""
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
    check_quality(distributor=meter.distributor, meters=[meter], start=start, end=end)


def hits(meter: Meter, *states: str) -> list[tuple[Any, ...]]:
    """The hits of a meter: rule, start, end, slots, value, usual."""
    rows = QualityHit.objects.filter(meter=meter, state__in=states or ["open"]).order_by("rule", "start")
    return list(rows.values_list("rule", "start", "end", "slots", "value_wh", "usual_wh"))


def hours_of(first: datetime, count: float) -> Iterable[datetime]:
    """The half hours of so many hours."""
    return slot_starts(first, first + timedelta(hours=count), 30)
