"""Whom an event asks: everybody enrolled, or only the meters behind some groups, feeders and organizations."""

from collections.abc import Collection

from django.db import transaction

from accounts.audit import deed
from accounts.models import User
from events.errors import UnknownTarget
from events.models import Event, EventState, EventTarget
from events.services.changes import lock
from events.targets import Targets
from meters.models import Feeder
from organizations.models import Distributor, Organization, OrganizationGroup

_MODELS = {"group": OrganizationGroup, "feeder": Feeder, "organization": Organization}


def read_targets(*, distributor: Distributor, values: Collection[str]) -> Targets:
    """The distributor's groups, feeders and organizations behind texts like "group-3". One query per kind.

    Raises:
        UnknownTarget: The distributor has nothing of such a name.
    """
    ids: dict[str, set[int]] = {kind: set() for kind in _MODELS}
    for value in values:
        kind, _dash, digits = value.partition("-")
        if kind not in ids or not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise UnknownTarget.of(value)
        ids[kind].add(int(digits))
    for kind, wanted in ids.items():
        if not wanted:
            continue
        rows = _MODELS[kind]._default_manager.filter(distributor=distributor.pk, pk__in=wanted)
        missing = wanted - set(rows.values_list("pk", flat=True))
        if missing:
            raise UnknownTarget.of(f"{kind}-{min(missing)}")
    return Targets(*(frozenset(ids[kind]) for kind in ("group", "feeder", "organization")))


@transaction.atomic
def set_targets(*, event: Event, targets: Targets, by: User | None = None) -> Event:
    """The draft, asking these from now on.

    Raises:
        WrongState: It is no draft any more, so who takes part is fixed.
    """
    locked = lock(event, EventState.DRAFT, doing="aimed")
    with deed("event.changed", by=by):
        write_targets(locked, targets)
    return locked


def write_targets(event: Event, targets: Targets) -> None:
    """Replaces the targets of a locked draft, row by row, so that the change history has them."""
    wanted = {("group_id", pk) for pk in targets.groups} | {("feeder_id", pk) for pk in targets.feeders}
    wanted |= {("organization_id", pk) for pk in targets.organizations}
    for row in EventTarget.objects.filter(event=event):
        kinds = ("group_id", "feeder_id", "organization_id")
        key = next((kind, getattr(row, kind)) for kind in kinds if getattr(row, kind))
        if key in wanted:
            wanted.remove(key)
        else:
            row.delete()
    for kind, pk in sorted(wanted):
        EventTarget.objects.create(event=event, **{kind: pk})
