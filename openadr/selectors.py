"""What the VTN tells each VEN, read for many VENs at once."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import ApprovalStatus, Kind
from openadr.models import EventDelivery, VenState

# More VENs at once are read whole and chosen from here: a database has a longest list.
MANY = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """One event as one VEN is told it now.

    Attributes:
        resources: names of its resources that are asked; empty for the whole VEN.
        is_pending: whether the VEN has not acknowledged this modification.
        created_at: when the VEN was first to be told of it.
    """

    delivery_pk: int
    ven_pk: int
    event_pk: int
    modification_number: int
    start: datetime
    end: datetime
    level: int
    resources: tuple[str, ...]
    is_cancelled: bool
    is_pending: bool
    opt: str
    created_at: datetime
    changed_at: datetime
    program_pk: int
    is_test: bool
    note: str


def allowed(way: str = "") -> Q:
    """VENs that may speak: not revoked, and of nobody who is not approved.

    Args:
        way: how the query comes to the VEN, as "ven__".
    """
    approved = {f"{way}owner__as_user__approval_status": ApprovalStatus.APPROVED, f"{way}owner__as_user__is_active": 1}
    owned = Q(**{f"{way}owner": None}) | ~Q(**{f"{way}owner__kind": Kind.USER}) | Q(**approved)
    return ~Q(**{f"{way}state": VenState.REVOKED}) & owned


def applicable(ven_pks: Collection[int] | None = None) -> dict[int, list[Told]]:
    """VEN -> every event that applies to it now, by start: those not over, and called-off ones not acknowledged yet.

    A VEN without any is left out. One query, however many VENs.

    Args:
        ven_pks: keys of `Ven`; None for all of them.
    """
    rows = EventDelivery.objects.filter(end__gt=timezone.now())
    rows = rows.exclude(is_cancelled=True, acknowledged_modification=F("modification_number"))
    is_short = ven_pks is not None and len(ven_pks) <= MANY
    if is_short:
        rows = rows.filter(ven__in=ven_pks)
    wanted = None if ven_pks is None or is_short else frozenset(ven_pks)
    found: dict[int, list[Told]] = defaultdict(list)
    columns = (
        "pk", "ven_id", "event_id", "modification_number", "start", "end", "level", "resources", "is_cancelled",
        "acknowledged_modification", "opt", "created_at", "changed_at",
        "event__program_id", "event__is_test", "event__note",
    )  # fmt: skip
    for row in rows.order_by("start", "event", "pk").values_list(*columns).iterator(2000):
        if wanted is None or row[1] in wanted:
            found[row[1]].append(_told(row))
    return dict(found)


def _told(row: tuple[Any, ...]) -> Told:
    resources, is_cancelled, acknowledged = row[7:10]
    values = [*row[:7], tuple(resources), is_cancelled, acknowledged != row[3], *row[10:]]
    return Told(*values)
