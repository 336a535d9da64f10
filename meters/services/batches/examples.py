"""Files to begin with: one per format, with the distributor's own meters and times that are over."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from django.db.models import QuerySet
from django.utils import timezone

from common.intervals import day_bounds, local_day
from common.spreadsheet import safe_cell
from meters.models import Meter

_METERS = 3
_SLOTS = 4
_DAY = timedelta(days=1)
_ENERGIES = ("0.412", "0.398", "0.405", "0.377")

Rows = Iterator[Sequence[str]]


def example_rows(name: str, meters: QuerySet[Meter]) -> list[list[str]] | None:
    """The rows of one of `EXAMPLES`, made with the first of the meters; None where there is no such example."""
    make = EXAMPLES.get(name)
    if make is None:
        return None
    own = list(meters.filter(retired_at=None).select_related("distributor", "feeder").order_by("number")[:_METERS])
    return [[safe_cell(cell) for cell in row] for row in make(own)]


def _long(meters: list[Meter]) -> Rows:
    yield ("meter", "start", "end", "kwh")
    for number, meter in _named(meters):
        for start, end, energy in _slots(meter):
            yield (number, start, end, energy)


def _wide(meters: list[Meter]) -> Rows:
    # One column of times stands for all meters, so they have one clock and one length of intervals.
    first = meters[0] if meters else None
    alike = [meter for meter in meters if first and _pace(meter) == _pace(first)]
    numbers = [number for number, _meter in _named(alike)]
    yield ("start", *numbers)
    for start, _end, energy in _slots(first):
        yield (start, *[energy] * len(numbers))


def _register(meters: list[Meter]) -> Rows:
    yield ("meter", "time", "register_kwh")
    for number, meter in _named(meters):
        for place, (start, _end, _energy) in enumerate(_slots(meter)):
            yield (number, start, f"{18204 + place * 0.4:.1f}")


def _meters(meters: list[Meter]) -> Rows:
    yield ("meter", "kind", "nomination_kw", "name", "feeder", "interval_minutes")
    for number, meter in _named(meters):
        kind = meter.usage_kind if meter and meter.usage_kind else "home"
        power = "" if meter is None or meter.contracted_kw is None else f"{meter.contracted_kw}"
        name = meter.name if meter else "Elm Street 4"
        feeder = meter.feeder.name if meter and meter.feeder else ""
        yield (number, kind, power, name, feeder, str(meter.interval_minutes if meter else 30))


def _outages(meters: list[Meter]) -> Rows:
    yield ("meter", "feeder", "start", "end", "kind", "note")
    for number, meter in _named(meters)[:1]:
        slots = list(_slots(meter))
        yield (number, "", slots[0][0], slots[-1][1], "outage", "a tree on the line")


EXAMPLES: dict[str, Callable[[list[Meter]], Rows]] = {
    "long": _long,
    "wide": _wide,
    "register": _register,
    "meters": _meters,
    "outages": _outages,
}


def _named(meters: list[Meter]) -> list[tuple[str, Meter | None]]:
    """Numbers of meters, invented ones where there is no meter yet."""
    return [(meter.number, meter) for meter in meters] or [("M-1001", None), ("M-1002", None)]


def _pace(meter: Meter) -> tuple[str, int]:
    return str(meter.zone), meter.interval_minutes


def _slots(meter: Meter | None) -> Iterator[tuple[str, str, str]]:
    """Start, end and kWh of the first intervals of the day before yesterday, on the meter's clock."""
    zone = meter.zone if meter else timezone.get_current_timezone()
    length = timedelta(minutes=meter.interval_minutes if meter else 30)
    midnight, _next = day_bounds(local_day(timezone.now(), zone) - 2 * _DAY, zone)
    for place, energy in zip(range(_SLOTS), _ENERGIES, strict=True):
        start = midnight + place * length
        yield (_clock(start, zone), _clock(start + length, zone), energy)


def _clock(moment: datetime, zone: tzinfo) -> str:
    # With the offset: right on the nights on which clocks change, too.
    return moment.astimezone(zone).isoformat(timespec="minutes")
