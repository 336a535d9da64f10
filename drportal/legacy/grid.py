"""Meters of the first system, and who holds them."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import IntegrityError, transaction

from common.constraints import explain_integrity_error
from common.errors import PortalError
from drportal.legacy.dump import Row
from drportal.legacy.ids import Ids
from drportal.legacy.people import DISTRIBUTOR_ID, Holders
from drportal.legacy.places import Point
from drportal.legacy.report import Report
from meters.models import Meter
from meters.services import map_meter
from organizations.models import Distributor

DEFAULT_MINUTES = 30
_MINUTES = (1, 5, 10, 15, 30, 60)


class Survey:
    """What a first look at the readings tells of the meters: the length of their intervals, and since when."""

    def __init__(self) -> None:
        self.first: dict[str, str] = {}
        self.lengths: dict[str, Counter[int]] = {}

    def add(self, row: Row) -> None:
        """Takes one reading into account."""
        meter, start, end = row["meter_id"] or "", row["start_time"] or "", row["end_time"] or ""
        if start and (meter not in self.first or start < self.first[meter]):
            self.first[meter] = start
        try:
            minutes = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 60
        except (ValueError, TypeError):
            return
        self.lengths.setdefault(meter, Counter())[int(minutes)] += 1

    def minutes(self, meter: str) -> int:
        """The length that most of its readings have."""
        usual = [minutes for minutes, _count in self.lengths.get(meter, Counter()).most_common()]
        return next((minutes for minutes in usual if minutes in _MINUTES), DEFAULT_MINUTES)


def add_meters(
    rows: Iterable[Row], *, distributor: Distributor, survey: Survey, points: dict[str, Point], report: Report
) -> dict[str, Meter]:
    """The meters by the first system's id; those that are not there yet are made, with that id where it is free."""
    meters: dict[str, Meter] = {}
    listed = list(rows)
    ids = Ids(Meter, (row["meter_id"] for row in listed))
    for row in listed:
        count, old = report.count("meters"), (row["meter_id"] or "").strip()
        count.rows += 1
        if not old or len(old) > 40:
            report.refuse("meters", old, "it has no id, or one of more than 40 characters")
            continue
        meter = Meter.objects.filter(distributor=distributor, number=old).first()
        if meter is None:
            latitude, longitude = points.get(old) or (None, None)
            meter = Meter(
                id=ids.of(old),
                distributor=distributor,
                number=old,
                interval_minutes=survey.minutes(old),
                latitude=latitude,
                longitude=longitude,
            )
            meter.save(force_insert=True)
            count.made += 1
            if str(meter.pk) != old:
                report.move("meters", old, meter.pk)
        else:
            count.known += 1
        meters[old] = meter
    return meters


def add_maps(
    rows: Iterable[Row], *, holders: Holders, meters: dict[str, Meter], survey: Survey, report: Report
) -> None:
    """Gives each holder its meters, from the first reading on: the first system knew no dates."""
    for row in rows:
        count, holder_id, meter_id = report.count("meter_map"), row["entity_id"] or "", (row["meter_id"] or "").strip()
        count.rows += 1
        if holder_id == DISTRIBUTOR_ID:
            # Each meter is the distributor's from the moment it is made.
            count.known += 1
            continue
        holder, meter = holders.by_id.get(holder_id), meters.get(meter_id)
        if holder is None or meter is None:
            report.refuse("meter_map", f"{holder_id}, {meter_id}", "its holder or its meter did not come over")
            continue
        if meter.maps.filter(entity_id=holder.pk).exists():
            count.known += 1
            continue
        try:
            with transaction.atomic():
                map_meter(meter=meter, holder=holder, valid_from=_since(survey.first.get(meter_id), meter))
            count.made += 1
        except (PortalError, IntegrityError) as problem:
            reason = str(problem) if isinstance(problem, PortalError) else explain_integrity_error(problem)
            # An id in the reason would make one line a row.
            report.refuse("meter_map", f"{holder_id}, {meter_id}", str(reason).rstrip("."))


def _since(first: str | None, meter: Meter) -> datetime:
    """The midnight, on the meter's clock, before its first reading."""
    if first is None:
        return datetime(1970, 1, 1, tzinfo=UTC)
    day = datetime.fromisoformat(first).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day if day.tzinfo else day.replace(tzinfo=meter.zone)).astimezone(UTC)
