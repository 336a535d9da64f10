"""Whose reports are a meter's readings, once the device whose they were is gone or its owner has left."""

from collections import defaultdict
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.audit import deed
from common.retry import retried
from meters.models import MeterMap
from openadr.models import Resource, Ven
from openadr.selectors import allowed
from openadr.services.reports import replan_reports


def pass_on_sources(meter_ids: Collection[int] | None = None) -> int:
    """How many devices report their meters' readings from now on, of these meters or all; they are asked for at once.

    It is one that came while the reports of another VEN were the readings, which has ended since or whose owner does
    not have the meter now. None of which somebody said that it never is; where several came it is left to people, as
    one may be a charger, which is not the meter.
    """
    found: dict[int | None, list[int]] = defaultdict(list)
    for pk, meter_id in _waiting(meter_ids).values_list("pk", "meter"):
        found[meter_id].append(pk)
    return sum(_pass_on(keys[0]) for keys in found.values() if len(keys) == 1)


def pass_on_later(meter_ids: Collection[int]) -> None:
    """The same after the commit; the job does it where that was missed."""

    def pass_on() -> None:
        pass_on_sources(meter_ids)

    if meter_ids:
        transaction.on_commit(pass_on, robust=True)


def _waiting(meter_ids: Collection[int] | None) -> QuerySet[Resource]:
    now = timezone.now()
    maps = MeterMap.objects.filter(entity=OuterRef("ven__owner"), meter=OuterRef("meter"), valid_from__lte=now)
    is_theirs = Q(ven__owner=None) | Exists(maps.ending_after(now))
    sources = Resource.objects.filter(meter=OuterRef("meter"), is_source=True)
    before = sources.filter(~Q(ven=OuterRef("ven")), created_at__lte=OuterRef("created_at"))
    gone = before.filter(Q(ended_at=None) | Q(ended_at__gt=OuterRef("created_at")))
    rows = Resource.objects.filter(allowed("ven__"), is_theirs, ended_at=None, is_source=False, meter__isnull=False)
    rows = rows.filter(Q(is_never_source=False), Exists(gone), ~Exists(sources.filter(is_theirs, ended_at=None)))
    return (rows if meter_ids is None else rows.filter(meter__in=meter_ids)).order_by("pk")


@retried
@transaction.atomic
def _pass_on(pk: int) -> int:
    row = Resource.objects.select_related("meter").get(pk=pk)
    Ven.objects.select_for_update().get(pk=row.ven_id)
    locked = Resource.objects.select_for_update().filter(meter=row.meter_id, ended_at=None).order_by("pk")
    former = [each for each in locked if each.is_source]
    if not _waiting([row.meter_id or 0]).filter(pk=pk).exists():
        return 0  # somebody else has changed it meanwhile
    with deed("ven.mapped"):
        for each in former:
            each.is_source = False
            each.save(update_fields=["is_source"])
        row.is_source = True
        row.save(update_fields=["is_source"])
    for ven_pk in sorted({row.ven_id, *(each.ven_id for each in former)}):
        replan_reports(ven_pk=ven_pk)
    return 1
