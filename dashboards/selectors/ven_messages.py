"""The log of messages with VENs: what the reader may see of it, searched, and the refused ones of one VEN summed up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import User
from openadr.models import Ven, VenMessage
from organizations.access import Role, role_of
from organizations.models import Distributor

LATELY = timedelta(hours=24)
MOST_FAULTS = 20
MOST_STRANGERS = 2000
# OpenADR's and HTTP's codes of what was taken.
TAKEN = range(200, 300)


def messages_of(user: User, distributor: Distributor) -> QuerySet[VenMessage]:
    """The distributor's messages, newest first; for the platform those of nobody known as well."""
    rows = VenMessage.objects.visible_to(user)
    own = Q(distributor=distributor)
    if role_of(user) is Role.PLATFORM:
        own |= Q(distributor=None)
    found: QuerySet[VenMessage] = rows.filter(own).select_related("ven").order_by("-id")
    return found


def found(rows: QuerySet[VenMessage], *, asked: dict[str, Any]) -> QuerySet[VenMessage]:
    """Those that fit: `ven` (key), `name`, `kind`, `refused`, `code`, `since`, `until` (moments), `find` (text)."""
    if asked.get("ven"):
        rows = rows.filter(ven=asked["ven"])
    if asked.get("name"):
        rows = rows.filter(Q(ven__name__icontains=asked["name"]) | Q(ven__ven_id=asked["name"]))
    if asked.get("kind"):
        rows = rows.filter(Q(kind=asked["kind"]) | Q(answer_kind=asked["kind"]))
    if asked.get("code"):
        rows = rows.filter(code=asked["code"])
    if asked.get("refused"):
        rows = rows.exclude(code__range=(TAKEN.start, TAKEN.stop - 1))
    if asked.get("since"):
        rows = rows.filter(at__gte=asked["since"])
    if asked.get("until"):
        rows = rows.filter(at__lt=asked["until"])
    if asked.get("find"):
        words = asked["find"]
        rows = rows.filter(Q(note__icontains=words) | Q(body__icontains=words) | Q(answer__icontains=words))
    return rows


@dataclass(frozen=True, slots=True)
class Fault:
    """Refused messages of one kind in the last day: of the VEN itself, or of somebody who names it."""

    note: str
    code: int
    kind: str
    count: int
    last_at: datetime
    is_known: bool


def faults_of(ven: Ven, now: datetime) -> list[Fault]:
    """What was refused lately, the newest first. Three queries.

    A message whose sender was not proven is nobody's, so those that name the VEN are found by what they say, among
    the newest: somebody who floods the VTN makes no page slow.
    """
    own = VenMessage.objects.filter(ven=ven, at__gte=now - LATELY)
    newest = VenMessage.objects.filter(ven=None).order_by("-id").values_list("pk", flat=True)[:MOST_STRANGERS]
    strangers = VenMessage.objects.filter(pk__in=list(newest), at__gte=now - LATELY, body__contains=ven.ven_id)
    refused = [_summed(own, is_known=True), _summed(strangers, is_known=False)]
    return sorted((fault for found in refused for fault in found), key=lambda fault: fault.last_at, reverse=True)


def _summed(rows: QuerySet[VenMessage], *, is_known: bool) -> Sequence[Fault]:
    refused = rows.exclude(code__range=(TAKEN.start, TAKEN.stop - 1)).order_by()
    groups = refused.values_list("note", "code", "kind").annotate(n=Count("pk"), last=Max("at")).order_by("-last")
    shown = groups[:MOST_FAULTS]
    return [Fault(note, code, kind, count, last, is_known) for note, code, kind, count, last in shown]
