"""Which meters of a distributor a page is about: all, the residents', an organization's, a group's, a feeder's."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Kind
from meters.models import Feeder, Meter, MeterMap
from organizations.models import Distributor, Organization, OrganizationGroup

RESIDENTS, UNHELD = "residents", "unheld"


@dataclass(frozen=True)
class Choice:
    """One entry of the list from which the meters are chosen."""

    value: str
    label: str


@dataclass(frozen=True)
class ChoiceGroup:
    """Entries under a common heading."""

    label: str
    choices: list[Choice]


class UnknownChoice(LookupError):
    """The distributor has nothing of this name."""


def choices(distributor: Distributor) -> list[ChoiceGroup]:
    """Everything a reader may choose, in groups; groups without entries are left out. Three queries."""
    everyone = [
        Choice("", _("All meters")),
        Choice(RESIDENTS, _("Residents")),
        Choice(UNHELD, _("Nobody’s: the distributor’s only")),
    ]
    found = [ChoiceGroup(_("Everyone"), everyone)]
    for label, prefix, rows in _named(distributor):
        entries = [Choice(f"{prefix}-{pk}", name) for pk, name in rows.order_by("name").values_list("pk", "name")]
        if entries:
            found.append(ChoiceGroup(label, entries))
    return found


def _named(distributor: Distributor) -> list[tuple[str, str, QuerySet]]:  # type: ignore[type-arg]  # not generic at run time
    return [
        (_("Organizations"), "organization", Organization.objects.filter(distributor=distributor)),
        (_("Groups"), "group", OrganizationGroup.objects.filter(distributor=distributor)),
        (_("Feeders"), "feeder", Feeder.objects.filter(distributor=distributor)),
    ]


def in_service(distributor: Distributor) -> QuerySet[Meter]:
    """The distributor's meters that are in service, by number."""
    return Meter.objects.filter(distributor=distributor, retired_at__isnull=True).order_by("number")


def meters_of(distributor: Distributor, value: str) -> QuerySet[Meter]:
    """The meters in service behind a choice.

    Raises:
        UnknownChoice: The value is none of `choices`.
    """
    meters = in_service(distributor)
    if not value:
        return meters
    if value == UNHELD:
        return meters.exclude(pk__in=_held(~Q(holder_kind=Kind.DISTRIBUTOR)))
    if value == RESIDENTS:
        return meters.filter(pk__in=_held(Q(holder_kind=Kind.USER)))
    return _behind(meters, distributor, value)


def _behind(meters: QuerySet[Meter], distributor: Distributor, value: str) -> QuerySet[Meter]:
    prefix, _dash, digits = value.partition("-")
    tables = {name: rows for _label, name, rows in _named(distributor)}
    if prefix not in tables or not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise UnknownChoice(value)
    pk = int(digits)
    if not tables[prefix].filter(pk=pk).exists():
        raise UnknownChoice(value)
    if prefix == "feeder":
        return meters.filter(feeder=pk)
    if prefix == "group":
        members = Organization.objects.filter(groups=pk)
        return meters.filter(pk__in=_held(Q(entity__in=members.values("pk"))))
    return meters.filter(pk__in=_held(Q(entity=pk)))


def _held(whom: Q) -> QuerySet:  # type: ignore[type-arg]  # not generic at run time
    """Ids of the meters that somebody holds now."""
    now = timezone.now()
    still = Q(valid_to__isnull=True) | Q(valid_to__gt=now)
    return MeterMap.objects.filter(whom, still, valid_from__lte=now).values("meter")
