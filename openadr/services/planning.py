"""What the VTN wants to be told: pure, from what a VEN offers and which meters it speaks for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openadr.models import Measure

# States of devices and what they say beside energy and power.
STATUS_SECONDS = 60
USAGE, STATUS = "TELEMETRY_USAGE", "TELEMETRY_STATUS"


@dataclass(frozen=True)
class Offered:
    """One point that a VEN offers.

    Attributes:
        pk: its key, also the order of points of one kind: the first one counts.
        resource_id: None where the VEN names none of ours.
        meter_seconds: the interval of the meter whose readings the resource gives; None for no source.
        is_mean: whether a power is the mean of its interval.
        min_seconds: the shortest interval it can give; None or 0 for no limit.
        max_seconds: the longest one; None or 0 for no limit.
    """

    pk: int
    report_name: str
    measure: str
    resource_id: int | None = None
    meter_seconds: int | None = None
    is_mean: bool = False
    min_seconds: int | None = None
    max_seconds: int | None = None


@dataclass(frozen=True)
class Wish:
    """What is wanted of one point: intervals of so many seconds, or nothing, and why."""

    pk: int
    seconds: tuple[int, ...] = ()
    why_not: str | Promise = ""


def wishes_of(points: Sequence[Offered], *, power_seconds: int) -> list[Wish]:
    """One wish per point of one VEN, in the order of their keys.

    Energy is wanted for each interval of the meter, so that a report is a reading; where the VEN cannot wait that
    long, for the longest part of it that it can give, and the parts are added up. Power is wanted often, for the live
    view. Mean power is wanted for each interval of the meter too, where the resource reports no energy. Of several
    points that say the same of one resource the first one counts.

    Args:
        power_seconds: how often power is wanted.
    """
    ordered = sorted(points, key=lambda point: point.pk)
    asked = [point for point in ordered if point.resource_id and point.report_name in (USAGE, STATUS)]
    first = {(point.resource_id, point.measure): point.pk for point in reversed(asked)}
    return [_wish(point, first, power_seconds) for point in ordered]


def clamped(wanted: int, low: int | None, high: int | None) -> int:
    """The number of seconds nearest to what is wanted that a VEN can give.

    >>> clamped(10, 30, 3600), clamped(10, None, None)
    (30, 10)
    """
    return max(min(wanted, high or wanted), low or 1, 1)


def part_of(whole: int, low: int | None, high: int | None) -> int | None:
    """The longest time within the limits of which a whole number makes an interval; None for none.

    >>> part_of(1800, 10, 3600), part_of(1800, None, 700), part_of(1800, 3600, 7200)
    (1800, 600, None)
    """
    longest = min(whole, high or whole)
    return next((each for each in range(longest, max(low or 1, 1) - 1, -1) if whole % each == 0), None)


def _wish(point: Offered, first: dict[tuple[int | None, str], int], power_seconds: int) -> Wish:
    if point.report_name not in (USAGE, STATUS):
        return Wish(point.pk, why_not=_("Only current usage and state are asked for, not history."))
    if point.resource_id is None:
        return Wish(point.pk, why_not=_("It names no resource of this VEN."))
    if point.measure in (Measure.STATUS, Measure.OTHER):
        return Wish(point.pk, (clamped(STATUS_SECONDS, point.min_seconds, point.max_seconds),))
    if first[point.resource_id, point.measure] != point.pk:
        return Wish(point.pk, why_not=_("Another point says the same of this resource."))
    if point.measure == Measure.POWER:
        return _power(point, first, power_seconds)
    return _energy(point)


def _energy(point: Offered) -> Wish:
    if point.meter_seconds is None:
        return Wish(point.pk, why_not=_("The resource is not the source of a meter’s readings."))
    seconds = part_of(point.meter_seconds, point.min_seconds, point.max_seconds)
    if seconds is None:
        return Wish(point.pk, why_not=_("Its intervals do not fit those of the meter."))
    return Wish(point.pk, (seconds,))


def _power(point: Offered, first: dict[tuple[int | None, str], int], power_seconds: int) -> Wish:
    seconds = [clamped(power_seconds, point.min_seconds, point.max_seconds)]
    whole = point.meter_seconds
    gives_energy = whole and point.is_mean and (point.resource_id, Measure.ENERGY) not in first
    if whole and gives_energy and clamped(whole, point.min_seconds, point.max_seconds) == whole:
        seconds.append(whole)
    return Wish(point.pk, tuple(dict.fromkeys(seconds)))


def grouped(wishes: Iterable[Wish], report_of: dict[int, int]) -> dict[tuple[int, int], frozenset[int]]:
    """The points of each request: by report and seconds."""
    pairs = sorted((report_of[wish.pk], each, wish.pk) for wish in wishes for each in wish.seconds)
    return {key: frozenset(pk for *_key, pk in rows) for key, rows in groupby(pairs, key=lambda row: row[:2])}
