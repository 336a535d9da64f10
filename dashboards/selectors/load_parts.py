"""What a load is made of: the feeders, organizations or meters in it by their energy, in a page's range."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Kind, User
from common.intervals import DAY, day_bounds, local_day
from common.speech import float_words, percent_words
from dashboards.selectors.load import Asked, LoadScope
from meters.models import DailyEnergy, Feeder, HourlyEnergy, Meter, MeterMap, ScopeHour, ScopeKind
from meters.selectors import CHUNK
from organizations.models import Organization

HOUR = timedelta(hours=1)
CSV_HEADER = ("name", "number", "kwh", "share")


@dataclass(frozen=True, slots=True)
class Part:
    """One feeder, organization or meter with its energy in the range."""

    pk: int
    name: str
    number: str
    wh: int
    url: str


def choices_of(scope: LoadScope) -> dict[str, str]:
    """By what a load can be taken apart: address word -> label; the first is the usual one."""
    feeders, organizations, meters = _("Feeders"), _("Organizations"), _("Meters")
    if scope.kind == ScopeKind.DISTRIBUTOR:
        return {"feeders": feeders, "organizations": organizations}
    return {"organizations": organizations} if scope.kind == ScopeKind.GROUP else {"meters": meters}


def parts_of(*, user: User, scope: LoadScope, asked: Asked, by: str) -> list[Part]:
    """The parts, the one with most energy first; those without a reading last, by name."""
    first, stop = (datetime.fromtimestamp(moment, UTC) for moment in asked.bounds)
    if by == "meters":
        parts = _meters(scope, first, stop)
    elif by == "feeders":
        feeders = Feeder.objects.visible_to(user).filter(distributor=scope.distributor)
        parts = _scopes(ScopeKind.FEEDER, feeders.values_list("pk", "name"), first, stop)
    else:
        organizations = Organization.objects.visible_to(user).filter(distributor=scope.distributor)
        if scope.kind == ScopeKind.GROUP:
            organizations = organizations.filter(groups=scope.pk)
        parts = _scopes(ScopeKind.ORGANIZATION, organizations.values_list("pk", "name"), first, stop)
    return sorted(parts, key=lambda part: (-part.wh, part.name, part.number))


_PAGES = {ScopeKind.FEEDER: "load_feeder", ScopeKind.ORGANIZATION: "load_organization"}


def _scopes(kind: ScopeKind, named: Any, first: datetime, stop: datetime) -> Iterator[Part]:
    names = dict(named)
    hours = ScopeHour.objects.filter(kind=kind, scope_id__in=list(names), start__gte=first, start__lt=stop)
    sums = dict(hours.order_by().values_list("scope_id").annotate(Sum("energy_wh")))
    for pk, name in names.items():
        yield Part(pk, name, "", int(sums.get(pk, 0)), reverse(_PAGES[kind], args=[pk]))


def _meters(scope: LoadScope, first: datetime, stop: datetime) -> Iterator[Part]:
    held = _held(scope, first, stop)
    meters = list(_meters_of(scope, held).values_list("pk", "name", "number", "zone_name"))
    whole = [pk for pk, _name, _number, zone in meters if _is_plain(scope, zone, held.get(pk), first, stop)]
    sums = _of_whole(scope, whole, first, stop)
    for pk, name, number, _zone in meters:
        wh = sums[pk] if pk in sums else _by_hours(pk, held.get(pk), first, stop)
        yield Part(pk, name or number, number, wh, reverse("meter_detail", args=[pk]))


def _of_whole(scope: LoadScope, ids: Sequence[int], first: datetime, stop: datetime) -> dict[int, int]:
    """Energy of meters that count all the time: sums of days where days fit, of hours at both ends."""
    days = _days_within(scope, first, stop)
    sums = dict.fromkeys(ids, 0)
    for at in range(0, len(ids), CHUNK):
        part = ids[at : at + CHUNK]
        for rows in _rows_within(days, first, stop):
            for pk, wh in rows.filter(meter__in=part).order_by().values_list("meter_id").annotate(Sum("energy_wh")):
                sums[pk] += int(wh)
    return sums


def _rows_within(days: "_Days | None", first: datetime, stop: datetime) -> list[QuerySet[Any]]:
    hours = HourlyEnergy.objects.all()
    if days is None:
        return [hours.filter(start__gte=first, start__lt=stop)]
    return [
        hours.filter(start__gte=first, start__lt=days.start),
        DailyEnergy.objects.filter(day__gte=days.first, day__lt=days.after),
        hours.filter(start__gte=days.end, start__lt=stop),
    ]


Times = Sequence[tuple[datetime, datetime | None]]


def _held(scope: LoadScope, first: datetime, stop: datetime) -> dict[int, Times]:
    """Of an organization: meter id -> the times in which it held the meter; of a feeder nothing. One query."""
    if scope.kind != ScopeKind.ORGANIZATION:
        return {}
    held: dict[int, list[tuple[datetime, datetime | None]]] = {}
    maps = MeterMap.objects.filter(entity=scope.pk, holder_kind=Kind.ORGANIZATION, valid_from__lt=stop)
    for pk, start, end in maps.filter(Q(valid_to=None) | Q(valid_to__gt=first)).values_list(
        "meter_id", "valid_from", "valid_to"
    ):
        held.setdefault(pk, []).append((start, end))
    return dict(held)


def _meters_of(scope: LoadScope, held: Collection[int]) -> Any:
    meters = Meter.objects.filter(distributor=scope.distributor)
    return meters.filter(pk__in=list(held)) if scope.kind == ScopeKind.ORGANIZATION else meters.filter(feeder=scope.pk)


def _is_plain(scope: LoadScope, zone: str, times: Times | None, first: datetime, stop: datetime) -> bool:
    """Whether all hours of the meter count, and its days are those of the scope."""
    held = times is None or any(start <= first and (end is None or end >= stop) for start, end in times)
    return held and zone in ("", scope.zone.key)


@dataclass(frozen=True, slots=True)
class _Days:
    """Whole local days, and when they start and end in UTC."""

    first: date
    after: date
    start: datetime
    end: datetime


def _days_within(scope: LoadScope, first: datetime, stop: datetime) -> _Days | None:
    """The whole days in [first, stop); None without any, or where a day does not begin with an hour of UTC."""
    day, after = local_day(first, scope.zone), local_day(stop, scope.zone)
    if day_bounds(day, scope.zone)[0] < first:
        day += DAY
    start, end = day_bounds(day, scope.zone)[0], day_bounds(after, scope.zone)[0]
    return _Days(day, after, start, end) if start < end and start.minute == end.minute == 0 else None


def _by_hours(pk: int, times: Times | None, first: datetime, stop: datetime) -> int:
    """The hours that lie wholly in the times: of an hour in which a meter changed hands nobody has the sum."""
    within = Q()
    if times is not None:
        for start, end in times:
            within |= Q(start__gte=start, **({} if end is None else {"start__lte": end - HOUR}))
    rows = HourlyEnergy.objects.filter(within, meter=pk, start__gte=first, start__lt=stop)
    return int(rows.aggregate(sum=Sum("energy_wh"))["sum"] or 0)


def part_columns() -> list[dict[str, Any]]:
    """Heads of the table of parts."""
    return [
        {"label": _("Name")},
        {"label": _("Used, kWh"), "numeric": True},
        {"label": _("Share"), "numeric": True},
    ]


def part_rows(parts: Sequence[Part], total_wh: int) -> list[dict[str, Any]]:
    """Rows of the table of parts."""
    columns = part_columns()
    return [
        {
            "cells": [
                {"text": part.name, "url": part.url, "sub": part.number if part.number != part.name else ""},
                {"text": float_words(part.wh / 1000, 1), "label": columns[1]["label"], "numeric": True},
                {"text": _share(part, total_wh), "label": columns[2]["label"], "numeric": True},
            ]
        }
        for part in parts
    ]


def _share(part: Part, total_wh: int) -> str:
    return percent_words(part.wh / total_wh) if total_wh > 0 else "–"


def part_csv_rows(parts: Sequence[Part], total_wh: int) -> Iterator[Sequence[str]]:
    """All parts for a file; see `CSV_HEADER`."""
    for part in parts:
        share = f"{part.wh / total_wh:.4f}" if total_wh > 0 else ""
        yield part.name, part.number, f"{part.wh / 1000:.3f}", share
