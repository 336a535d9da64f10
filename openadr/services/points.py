"""The points and requests that reports name, with what is known of their meters; two queries for many VENs."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.utils import timezone

from meters.models import MeterMap
from openadr.models import Measure, ReportPoint, ReportRequest, RequestState, Resource
from openadr.services.planning import STATUS, USAGE


@dataclass(frozen=True, slots=True)
class Requested:
    """One request of ours that a report may answer."""

    model: ClassVar[type[ReportRequest]] = ReportRequest

    pk: int
    request_id: str
    report_pk: int
    ven_pk: int
    granularity_seconds: int
    state: str
    point_pks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Point:
    """One rID, and what its values are good for.

    Attributes:
        resource_id: None for a resource that is not ours, or not any more.
        meter_id: of the meter whose readings the resource gives; None for no source.
        gives_energy: whether its mean power makes the meter's readings, as nothing else does.
        is_first_power: whether it is the one that says the resource's power.
        is_away: whether the VEN's owner does not have the resource's meter now.
    """

    pk: int
    measure: str
    quantity: str
    unit: str
    exponent: int
    is_estimated: bool
    resource_id: int | None
    owner_id: int | None
    distributor_id: int
    meter_id: int | None
    meter_seconds: int | None
    gives_energy: bool
    is_first_power: bool
    is_away: bool = False


def requests_of(request_ids: Collection[str]) -> dict[str, Requested]:
    """The requests of these names that have not ended."""
    rows = ReportRequest.objects.filter(request_id__in=[each for each in request_ids if len(each) <= 64])
    fields = ("pk", "request_id", "report_id", "report__ven_id", "granularity_seconds", "state")
    found = (Requested(*row) for row in rows.exclude(state=RequestState.ENDED).values_list(*fields))
    requests = {request.pk: request for request in found}
    through = ReportRequest.points.through._default_manager.filter(reportrequest__in=requests)
    points: dict[int, set[int]] = defaultdict(set)
    for request_pk, point_pk in through.values_list("reportrequest_id", "reportpoint_id"):
        points[request_pk].add(point_pk)
    return {each.request_id: replace(each, point_pks=frozenset(points[each.pk])) for each in requests.values()}


def sources_of(resource_pks: Collection[int]) -> dict[int, Point]:
    """Resource -> a point that says its energy in Wh, for those that still give a meter's readings."""
    rows = Resource.objects.filter(
        pk__in=resource_pks, ended_at__isnull=True, is_source=True, meter__reading_kind="interval"
    )
    fields = ("pk", "ven__owner_id", "ven__distributor_id", "meter_id", "meter__interval_minutes")
    return {
        pk: Point(
            pk=0,
            measure=Measure.ENERGY,
            quantity="",
            unit="Wh",
            exponent=0,
            is_estimated=False,
            resource_id=pk,
            owner_id=owner_id,
            distributor_id=distributor_id,
            meter_id=meter_id,
            meter_seconds=minutes * 60,
            gives_energy=False,
            is_first_power=False,
        )
        for pk, owner_id, distributor_id, meter_id, minutes in rows.values_list(*fields)
    }


# Resource and measure.
_First = dict[tuple[int | None, str], int]

_OWNER = "report__ven__owner_id"
_FIELDS = (
    "pk", "report_id", "r_id", "measure", "quantity", "unit", "exponent", "reading_type", "resource_id",
    "resource__ended_at", "resource__is_source", "resource__meter_id", "resource__meter__interval_minutes",
    "resource__meter__reading_kind", _OWNER, "report__ven__distributor_id",
)  # fmt: skip


def points_of(report_pks: Collection[int]) -> dict[int, dict[str, Point]]:
    """Report -> rID -> point, for these reports."""
    rows = list(ReportPoint.objects.filter(report__in=report_pks).order_by("pk").values(*_FIELDS))
    first = _first_points({row["resource_id"] for row in rows if row["resource_id"] is not None})
    held = _held_now(rows)
    found: dict[int, dict[str, Point]] = defaultdict(dict)
    for row in rows:
        point, owned = _point(row, first), (row[_OWNER], row["resource__meter_id"])
        is_away = None not in owned and owned not in held
        found[row["report_id"]][row["r_id"]] = replace(point, is_away=True) if is_away else point
    return found


def _held_now(rows: Collection[dict[str, Any]]) -> set[tuple[int, int]]:
    """Owner and meter, of those that have each other now."""
    owners = {row[_OWNER] for row in rows if row[_OWNER] is not None}
    if not owners:
        return set()
    meters = {row["resource__meter_id"] for row in rows if row[_OWNER] is not None}
    now = timezone.now()
    maps = MeterMap.objects.filter(entity__in=owners, meter__in=meters - {None}, valid_from__lte=now).ending_after(now)
    return set(maps.values_list("entity_id", "meter_id"))


def _first_points(resource_ids: Collection[int]) -> _First:
    """(resource, measure) -> the point that counts, as `planning` chooses it."""
    rows = ReportPoint.objects.filter(
        resource__in=resource_ids, report__ended_at__isnull=True, report__name__in=(USAGE, STATUS)
    )
    fields = ("resource_id", "measure", "pk")
    return {(resource, measure): pk for resource, measure, pk in rows.order_by("-pk").values_list(*fields)}


def _point(row: dict[str, Any], first: _First) -> Point:
    is_ours = row["resource_id"] is not None and row["resource__ended_at"] is None
    resource = row["resource_id"] if is_ours else None
    is_source = bool(is_ours and row["resource__is_source"] and row["resource__meter__reading_kind"] == "interval")
    is_mean = row["reading_type"] == "Mean"
    # Of several energies of one resource the first one counts.
    is_source = is_source and (row["measure"] != Measure.ENERGY or first.get((resource, Measure.ENERGY)) == row["pk"])
    return Point(
        pk=row["pk"],
        measure=row["measure"],
        quantity=row["quantity"],
        unit=row["unit"],
        exponent=row["exponent"],
        is_estimated=row["reading_type"] in ("Estimated", "Projected"),
        resource_id=resource,
        owner_id=row[_OWNER],
        distributor_id=row["report__ven__distributor_id"],
        meter_id=row["resource__meter_id"] if is_source else None,
        meter_seconds=row["resource__meter__interval_minutes"] * 60 if is_source else None,
        gives_energy=is_source and is_mean and (resource, Measure.ENERGY) not in first,
        is_first_power=first.get((resource, Measure.POWER)) == row["pk"],
    )
