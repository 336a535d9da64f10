"""Reported energies become readings: whole intervals at once, parts of them when an interval is complete.

What ends a little later than now, as the device's clock runs ahead, waits in the database (`services.held`)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings

from meters.models import Meter, MeterMap, Quality
from meters.services import MAX_ENERGY_WH, Readings, ingest_readings
from meters.services.checks import offsets_at
from meters.services.columns import integers
from meters.services.holdings import Holdings
from meters.services.locks import zone_of
from openadr.errors import InvalidData
from openadr.models import EnergyPart, Resource
from openadr.services.newest import write_over
from openadr.services.points import Point
from openadr.services.quantities import MILLI, milli_wh, slot_of, sum_of, whole_wh
from organizations.models import Distributor

if TYPE_CHECKING:
    from openadr.services.telemetry import SentValue, Taken

SOURCE = "OpenADR"
UNCERTAIN = "Quality Uncertain"
_FOREVER = 2**62
_Slot = tuple[int, int]


@dataclass(frozen=True)
class Amount:
    """One energy in Wh from `at` on; `taken` is told where it is refused after all."""

    point: Point
    at: datetime
    seconds: int
    energy_wh: Decimal | Fraction
    value: "SentValue"
    taken: "Taken"

    @property
    def start(self) -> int:
        """Its start in seconds since 1970."""
        return int(self.at.timestamp())

    @property
    def end(self) -> int:
        """Its end in seconds since 1970."""
        return self.start + self.seconds

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole interval of its meter."""
        return self.seconds == self.point.meter_seconds

    @property
    def is_estimated(self) -> bool:
        """Whether the device is not sure of it."""
        return self.point.is_estimated or self.value.quality.startswith(UNCERTAIN)

    def check(self, now: int) -> None:
        """Refuses what can be no energy of this meter, however the others are.

        Raises:
            InvalidData: With the reason.
        """
        if self.point.meter_seconds is None:
            raise InvalidData("is not from the source of a meter’s readings")
        if self.seconds <= 0:
            raise InvalidData("has no length")
        if self.seconds > self.point.meter_seconds:
            raise InvalidData("is longer than the meter’s interval")
        if self.end > now + settings.VTN_SKEW_SECONDS:
            raise InvalidData("has not ended yet")
        if abs(Fraction(self.energy_wh)) > MAX_ENERGY_WH:
            raise InvalidData("is more than any meter measures; is the unit right?")

    def refuse(self, reason: str) -> None:
        """Counts it as refused."""
        self.taken.kept -= 1
        self.taken.refused.append(f"{self.value.r_id[:40]} {self.at:%Y-%m-%dT%H:%M:%SZ} {reason}")


# The energy in Wh, its quality, and what it is made of.
_Row = tuple[int, int, list[Amount]]


def store_energy(amounts: Sequence[Amount], *, now: int) -> None:
    """Stores energies as readings, as far as they are the owner's to give; parts wait until their interval is whole.

    Args:
        now: what ends later waits until then.
    """
    if not amounts:
        return
    amounts = _held(amounts)
    is_ready = [each.is_whole and each.end <= now for each in amounts]
    whole = {(_meter(each), each.start): each for each, ready in zip(amounts, is_ready, strict=True) if ready}
    _forget(list(whole.values()))
    rows: dict[_Slot, _Row] = {
        key: (whole_wh(each.energy_wh), _quality(each.is_estimated), [each]) for key, each in whole.items()
    }
    rows |= _completed([each for each, ready in zip(amounts, is_ready, strict=True) if not ready], now)
    by_distributor: dict[int, dict[_Slot, _Row]] = defaultdict(dict)
    for key, row in rows.items():
        by_distributor[row[2][0].point.distributor_id][key] = row
    for distributor_id in sorted(by_distributor):
        _ingest(distributor_id, by_distributor[distributor_id])


def _quality(is_estimated: bool) -> Quality:
    return Quality.ESTIMATED if is_estimated else Quality.MEASURED


def _forget(amounts: Sequence[Amount]) -> None:
    """What waits of intervals that are said now is out of date."""
    keys = {(_resource(each), each.at) for each in amounts}
    waiting = EnergyPart.objects.filter(
        due_at__isnull=False, resource__in={key[0] for key in keys}, at__in={key[1] for key in keys}
    )
    found = [pk for pk, *key in waiting.values_list("pk", "resource_id", "at") if tuple(key) in keys]
    if found:
        EnergyPart.objects.filter(pk__in=found).delete()


def _meter(amount: Amount) -> int:
    assert amount.point.meter_id is not None  # checked before
    return amount.point.meter_id


def _resource(amount: Amount) -> int:
    assert amount.point.resource_id is not None  # a source is one
    return amount.point.resource_id


def _ingest(distributor_id: int, rows: dict[_Slot, _Row]) -> None:
    keys = sorted(rows)
    readings = Readings(
        meter_ids=integers([meter for meter, _start in keys]),
        starts=integers([start for _meter, start in keys]),
        energies_wh=integers([rows[key][0] for key in keys]),
        qualities=integers([rows[key][1] for key in keys]),
    )
    distributor = Distributor.objects.get(pk=distributor_id)
    result = ingest_readings(distributor=distributor, readings=readings, source=SOURCE)
    for problem in result.problems:
        for amount in rows[keys[problem.row]][2]:
            amount.refuse(problem.problem)


def _held(amounts: Sequence[Amount]) -> list[Amount]:
    """Those of the distributor's own VENs, and those of times in which the VEN's owner has the meter."""
    owners = {_meter(each): each.point.owner_id for each in amounts if each.point.owner_id is not None}
    if not owners:
        return list(amounts)
    rows = MeterMap.objects.filter(meter__in=owners, entity__in=set(owners.values()))
    spans = [
        row for row in rows.values_list("meter_id", "entity_id", "valid_from", "valid_to") if owners[row[0]] == row[1]
    ]
    holdings = Holdings(
        integers([meter for meter, *_rest in spans]),
        integers([_up(start) for _meter, _entity, start, _end in spans]),
        integers([_FOREVER if end is None else _up(end) for *_rest, end in spans]),
    )
    asked = Readings(
        meter_ids=integers([_meter(each) for each in amounts]),
        starts=integers([each.start for each in amounts]),
        energies_wh=np.zeros(len(amounts), np.int64),
    )
    kept = []
    for amount, is_held in zip(amounts, holdings.inside(asked).tolist(), strict=True):
        if is_held or amount.point.owner_id is None:
            kept.append(amount)
        else:
            amount.refuse("is from a time in which the VEN’s owner does not have the meter")
    return kept


def _up(moment: datetime) -> int:
    return int(-(-moment.timestamp() // 1))


def _completed(parts: Sequence[Amount], now: int) -> dict[_Slot, _Row]:
    """Keeps parts of intervals, and what has not ended.

    Returns:
        The intervals that are whole and over, as reading, quality and the parts sent now.
    """
    if not parts:
        return {}
    # Two reports of one meter at once must see each other's parts: whoever is second adds them up.
    list(Resource.objects.select_for_update().filter(pk__in={each.point.resource_id for each in parts}).order_by("pk"))
    slots = _slots(parts)
    fitting = {slot: [each for each in found if _fits(each, slot)] for slot, found in slots.items()}
    fitting = {slot: found for slot, found in fitting.items() if found}
    if not fitting:
        return {}
    rows = {(_resource(each), each.at): each for found in fitting.values() for each in found}
    write_over(
        EnergyPart,
        [_part(rows[key], now) for key in sorted(rows)],
        key=["resource", "at"],
        fields=["seconds", "energy_mwh", "is_estimated", "due_at"],
    )
    # Where one has not ended its last part waits, and completes it then.
    ended = {slot: found[0].point for slot, found in fitting.items() if slot[1] + _step(found[0].point) <= now}
    return {slot: (*said, fitting[slot]) for slot, said in _sums(ended).items()} if ended else {}


def _part(amount: Amount, now: int) -> EnergyPart:
    exact = amount.energy_wh
    if amount.is_whole:
        mwh = whole_wh(exact) * MILLI
    else:
        assert isinstance(exact, Decimal)  # mean power counts over whole intervals only
        mwh = milli_wh(exact)
    return EnergyPart(
        resource_id=_resource(amount),
        at=amount.at,
        seconds=amount.seconds,
        energy_mwh=mwh,
        is_estimated=amount.is_estimated,
        due_at=_moment(amount.end) if amount.end > now else None,
    )


def _step(point: Point) -> int:
    return point.meter_seconds or 0


def _slots(parts: Iterable[Amount]) -> dict[_Slot, list[Amount]]:
    meters = {row.pk: row for row in Meter.objects.filter(pk__in={_meter(each) for each in parts})}
    distributors = Distributor.objects.in_bulk({meter.distributor_id for meter in meters.values()})
    found: dict[_Slot, list[Amount]] = defaultdict(list)
    for each in parts:
        meter = meters[_meter(each)]
        zone = zone_of(meter.zone_name, distributors[meter.distributor_id])
        offset = int(offsets_at(integers([each.start]), zone)[0])
        found[meter.pk, slot_of(each.start, offset, meter.interval_minutes * 60)].append(each)
    return found


def _fits(amount: Amount, slot: _Slot) -> bool:
    if amount.end <= slot[1] + _step(amount.point):
        return True
    amount.refuse("reaches over the end of the meter’s interval")
    return False


def _sums(slots: dict[_Slot, Point]) -> dict[_Slot, tuple[int, Quality]]:
    """Energy and quality of each interval that is whole; one query, which reads what lies between them as well."""
    ends = {slot: slot[1] + _step(point) for slot, point in slots.items()}
    rows = EnergyPart.objects.filter(
        resource__in={point.resource_id for point in slots.values()},
        at__gte=_moment(min(start for _meter, start in slots)),
        at__lt=_moment(max(ends.values())),
    )
    parts: dict[int, list[EnergyPart]] = defaultdict(list)
    for row in rows:
        parts[row.resource_id].append(row)
    found = {}
    for slot, point in slots.items():
        inside = [row for row in parts[point.resource_id or 0] if slot[1] <= row.at.timestamp() < ends[slot]]
        said = [(int(row.at.timestamp()), row.seconds, row.energy_mwh) for row in inside]
        wh = sum_of(said, slot[1], _step(point))
        if wh is not None:
            found[slot] = (wh, _quality(any(row.is_estimated for row in inside)))
    return found


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
