"""Whom an event asks: everybody enrolled, or only some groups, feeders, organizations, meters and areas."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.errors import UnknownTarget
from events.models import Event, EventState, EventTarget
from events.services.changes import disagree, lock
from events.targets import Targets, read_area
from meters.models import Feeder, Meter
from organizations.models import Distributor, Organization, OrganizationGroup

_MODELS: dict[str, type[Model]] = {
    "group": OrganizationGroup,
    "feeder": Feeder,
    "organization": Organization,
    "meter": Meter,
}
_AREAS = ("circle:", "polygon:")
MOST_METERS = 5000


def read_targets(*, distributor: Distributor, values: Collection[str]) -> Targets:
    """The distributor's rows behind texts like "group-3", and areas (`Area.value`). One query per kind.

    Raises:
        UnknownTarget: The distributor has nothing of such a name.
        BadArea: An area that cannot be.
    """
    ids: dict[str, set[int]] = {kind: set() for kind in _MODELS}
    areas = tuple(read_area(value) for value in dict.fromkeys(values) if value.startswith(_AREAS))
    for value in values:
        if value.startswith(_AREAS):
            continue
        kind, _dash, digits = value.partition("-")
        if kind not in ids or not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise UnknownTarget.of(value)
        ids[kind].add(int(digits))
    for kind, wanted in ids.items():
        _check_known(distributor, kind, wanted)
    groups, feeders, organizations, meters = (
        frozenset(ids[kind]) for kind in ("group", "feeder", "organization", "meter")
    )
    return Targets(groups, feeders, organizations, meters, areas)


def _check_known(distributor: Distributor, kind: str, wanted: set[int]) -> None:
    if not wanted:
        return
    rows = _MODELS[kind]._default_manager.filter(distributor=distributor.pk, pk__in=wanted)
    missing = wanted - set(rows.values_list("pk", flat=True))
    if missing:
        raise UnknownTarget.of(f"{kind}-{min(missing)}")


def meters_numbered(*, distributor: Distributor, numbers: Collection[str]) -> frozenset[int]:
    """The ids of the distributor's meters with these numbers.

    Raises:
        UnknownTarget: A number that no meter has, or more than can be named.
    """
    wanted = set(numbers)
    if len(wanted) > MOST_METERS:
        raise UnknownTarget(
            _("Name at most %(most)d meters; for more choose a group or an area.") % {"most": MOST_METERS}
        )
    rows = Meter.objects.filter(distributor=distributor, number__in=wanted)
    found = dict(rows.values_list("number", "pk"))
    missing = sorted(wanted - set(found))
    if missing:
        raise UnknownTarget(_("There is no meter “%(number)s”.") % {"number": missing[0][:40]})
    return frozenset(found.values())


@transaction.atomic
def set_targets(*, event: Event, targets: Targets, by: User | None = None) -> Event:
    """The draft, asking these from now on; an agreement to what it asked before is void.

    Raises:
        WrongState: It is no draft any more, so who takes part is fixed.
    """
    locked = lock(event, EventState.DRAFT, doing="aimed")
    with deed("event.changed", by=by):
        write_targets(locked, targets)
        disagree(locked, by)
    return locked


def write_targets(event: Event, targets: Targets) -> None:
    """Replaces the targets of a locked draft, row by row, so that the change history has them."""
    wanted: dict[tuple[str, object], dict[str, object]] = {
        (kind, pk): {f"{kind}_id": pk} for kind, ids in _ids_of(targets) for pk in sorted(ids)
    }
    wanted |= {("area", area.value): {"area": area.data()} for area in targets.areas}
    for row in EventTarget.objects.filter(event=event):
        kind = next((kind for kind in _MODELS if getattr(row, f"{kind}_id")), "area")
        key = (kind, row.value if kind == "area" else getattr(row, f"{kind}_id"))
        if key in wanted:
            del wanted[key]
        else:
            row.delete()
    for fields in wanted.values():
        EventTarget.objects.create(event=event, **fields)


def _ids_of(targets: Targets) -> list[tuple[str, frozenset[int]]]:
    return [
        ("group", targets.groups),
        ("feeder", targets.feeders),
        ("organization", targets.organizations),
        ("meter", targets.meters),
    ]
