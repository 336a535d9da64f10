"""Hand-made sums for tests of load pages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from meters.models import DailyEnergy, HourlyEnergy, Meter, ScopeHour, ScopeKind, ScopeState

HOUR = timedelta(hours=1)


def add_scope_hours(kind: ScopeKind, pk: int, first: datetime, values: Sequence[int | None], **fields: Any) -> None:
    """Hours of a scope from a moment on, in Wh; None where no meter reported. Two meters unless told otherwise."""
    fields = {"slots": 4, "meters": 2} | fields
    ScopeHour.objects.bulk_create(
        ScopeHour(kind=kind, scope_id=pk, start=first + place * HOUR, energy_wh=value, **fields)
        for place, value in enumerate(values)
        if value is not None
    )
    state, _ = ScopeState.objects.get_or_create(kind=kind, scope_id=pk)
    ScopeState.objects.filter(kind=kind, scope_id=pk).update(version=state.version + 1, refreshed_at=timezone.now())


def expect(kind: ScopeKind, pk: int, wh: int) -> None:
    """The same expectation in each hour of the scope, of all its meters."""
    for row in ScopeHour.objects.filter(kind=kind, scope_id=pk):
        ScopeHour.objects.filter(kind=kind, scope_id=pk, start=row.start).update(
            predicted_wh=wh, predicted_slots=row.slots, compared_wh=row.energy_wh
        )


def add_meter_hours(meter: Meter, first: datetime, values: Sequence[int]) -> None:
    """Hours of one meter, and the sums of its local days."""
    starts = [first + place * HOUR for place in range(len(values))]
    HourlyEnergy.objects.bulk_create(
        HourlyEnergy(meter=meter, start=start, energy_wh=wh, slots=2) for start, wh in zip(starts, values, strict=True)
    )
    days: dict[Any, int] = {}
    for start, wh in zip(starts, values, strict=True):
        day = start.astimezone(meter.zone).date()
        days[day] = days.get(day, 0) + wh
    DailyEnergy.objects.bulk_create(
        DailyEnergy(meter=meter, day=day, energy_wh=wh, slots=48, peak_wh=0, peak_start=first)
        for day, wh in days.items()
    )


def utc(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
