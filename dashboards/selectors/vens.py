"""VENs of one distributor as lists: searched, filtered by what state they are in, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from openadr.models import EventDelivery, Resource, Ven, VenCertificate, VenState
from organizations.models import Distributor

SILENT_POLLS = 3
# When a VEN was heard is written every few seconds, so that nobody is silent who polled a moment ago.
WRITTEN_WITHIN = timedelta(seconds=15)
ENDS_SOON = timedelta(days=30)
# Devices poll at a handful of paces; more different ones are taken at the slowest of them.
_PACES = 40


class Standing(StrEnum):
    """How a VEN stands, for whoever looks after it."""

    ENROLLED = "enrolled"
    HEARD = "heard"
    SILENT = "silent"
    ENDING = "ending"
    REVOKED = "revoked"


def vens_of(user: User, distributor: Distributor) -> QuerySet[Ven]:
    """The distributor's VENs that the user may see, by name."""
    rows: QuerySet[Ven] = Ven.objects.visible_to(user).filter(distributor=distributor)
    return rows.select_related("seen").order_by("name", "pk")


def found(rows: QuerySet[Ven], *, words: str, standing: str, now: datetime) -> QuerySet[Ven]:
    """Those whose name, venID, resource or meter holds the words, and who stand so."""
    if standing in tuple(Standing):
        rows = rows.filter(standing_filter(rows, Standing(standing), now))
    if not words:
        return rows
    resources = Resource.objects.filter(
        Q(name__icontains=words) | Q(meter__number__icontains=words), ven=OuterRef("pk"), ended_at=None
    )
    return rows.filter(Q(name__icontains=words) | Q(ven_id__icontains=words) | Exists(resources))


def standing_filter(rows: QuerySet[Ven], standing: Standing, now: datetime) -> Q:
    """The condition of one standing; ENDING goes across the others."""
    if standing is Standing.ENROLLED:
        return Q(state=VenState.ENROLLED)
    if standing is Standing.REVOKED:
        return Q(state=VenState.REVOKED)
    if standing is Standing.ENDING:
        good = VenCertificate.objects.filter(ven=OuterRef("pk"), revoked_at=None)
        return ~Q(state=VenState.REVOKED) & Exists(good) & ~Exists(good.filter(valid_to__gte=now + ENDS_SOON))
    silent = _silent(rows, now)
    registered = Q(state=VenState.REGISTERED)
    return registered & silent if standing is Standing.SILENT else registered & ~silent


def _silent(rows: QuerySet[Ven], now: datetime) -> Q:
    """Not heard for three polls: one comparison for each pace, as databases differ in how they add seconds."""
    paces = sorted(set(rows.order_by().values_list("poll_seconds", flat=True).distinct()[: _PACES + 1]))
    if len(paces) > _PACES:
        return _older(now - silence_of(max(paces)))
    late = Q(pk__in=())
    for pace in paces:
        late |= Q(poll_seconds=pace) & _older(now - silence_of(pace))
    return late


def _older(limit: datetime) -> Q:
    return Q(seen__at__lt=limit) | Q(seen=None, registered_at__lt=limit) | Q(seen=None, registered_at=None)


def silence_of(poll_seconds: int) -> timedelta:
    """After how long without a word a VEN is called silent."""
    return timedelta(seconds=SILENT_POLLS * poll_seconds) + WRITTEN_WITHIN


def standing_of(ven: Ven, now: datetime) -> Standing:
    """How one VEN stands; its certificate apart."""
    if ven.state == VenState.REVOKED:
        return Standing.REVOKED
    if ven.state == VenState.ENROLLED:
        return Standing.ENROLLED
    heard = heard_at(ven) or ven.registered_at
    is_heard = heard is not None and heard >= now - silence_of(ven.poll_seconds)
    return Standing.HEARD if is_heard else Standing.SILENT


def heard_at(ven: Ven) -> datetime | None:
    """When the VEN was heard last; None for never."""
    seen = getattr(ven, "seen", None)
    return seen.at if seen is not None else None


def counts_of(rows: QuerySet[Ven], now: datetime) -> dict[Standing | str, int]:
    """How many stand how, and "all". Two queries."""
    each = {standing.value: Count("pk", filter=standing_filter(rows, standing, now)) for standing in Standing}
    counted = rows.order_by().select_related(None).aggregate(all=Count("pk"), **each)
    return {"all": counted["all"]} | {standing: counted[standing.value] for standing in Standing}


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the VENs of one page."""

    resources: dict[int, list[Resource]]
    pending: dict[int, int]
    certificate_ends: dict[int, datetime]


def behind(vens: Sequence[Ven], now: datetime) -> Behind:
    """Resources with their meters, events not acknowledged, and when the last good certificate ends. Three queries."""
    ids = [ven.pk for ven in vens]
    resources: dict[int, list[Resource]] = {}
    rows = Resource.objects.filter(ven__in=ids, ended_at=None).select_related("meter").order_by("ven", "name")
    for row in rows:
        resources.setdefault(row.ven_id, []).append(row)
    waiting = pending(now).filter(ven__in=ids).order_by()
    good = VenCertificate.objects.filter(ven__in=ids, revoked_at=None).order_by("valid_to")
    return Behind(
        resources=resources,
        pending=dict(waiting.values_list("ven_id").annotate(Count("pk"))),
        certificate_ends=dict(good.values_list("ven_id", "valid_to")),
    )


def pending(now: datetime) -> QuerySet[EventDelivery]:
    """What VENs have not acknowledged, of events that are not over."""
    told = Q(acknowledged_modification=F("modification_number"))
    return EventDelivery.objects.filter(Q(acknowledged_modification=None) | ~told, end__gt=now)
