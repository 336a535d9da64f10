"""What is read of enrollments and participations, in whole sets."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Kind
from events.agreement import agreed_meters, unagreed_meters, versions_alike
from events.models import EnrollmentState, Event, EventTarget, Nomination, Participation, Program, ProgramVersion
from events.models.participation import NOT_COUNTED
from events.nominations import ALWAYS, Moments, counted, stints_at
from events.targets import EVERYBODY, Area, Targets, area_of
from meters.models import Meter, MeterMap
from organizations.models import Organization


def meters_taking_part(
    *, program: Program, at: datetime, targets: Targets = EVERYBODY, version: ProgramVersion | None = None
) -> QuerySet[Meter]:
    """The meters enrolled at a moment and asked, by id; a past event counts who is enrolled by now as well.

    Whoever joined in the portal takes part under terms that were agreed to (`events.agreement`): those of `version`,
    or the ones in force.
    """
    version = version or program.versions.published().order_by("-number").first()
    alike = versions_alike(version) if version is not None else []
    return _enrolled(program, at, targets, agreed_meters(alike, program.pk))


def meters_not_agreed(*, event: Event, targets: Targets = EVERYBODY) -> QuerySet[Meter]:
    """The meters that the event would ask as well, had their holders agreed to its terms."""
    alike = versions_alike(event.version)
    return _enrolled(event.program, event.start, targets, unagreed_meters(alike, event.program_id))


def _enrolled(program: Program, at: datetime, targets: Targets, agreement: Q) -> QuerySet[Meter]:
    still = Q(enrollments__ended_at__isnull=True) | Q(enrollments__ended_at__gt=at)
    in_service = Q(retired_at__isnull=True) | Q(retired_at__gt=at)
    active = Q(enrollments__program=program, enrollments__state=EnrollmentState.ACTIVE)
    enrolled = Meter.objects.filter(in_service, still, active, agreement).order_by("pk")
    return asked(enrolled, targets=targets, at=at)


def newest_nominations(*, program_id: int) -> dict[int, Nomination]:
    """Meter id -> the nomination entered last by or for who holds the meter now, for a program. Two queries."""
    now = timezone.now()
    stints = stints_at(MeterMap.objects.filter(meter__enrollments__program=program_id), now)
    rows = _nominations(program_id)
    return {meter_id: row for meter_id, row in rows if stints.get(meter_id, ALWAYS).has_begun_by(row.valid_from)}


def nominations_at(*, program_id: int, at: datetime) -> dict[int, Nomination]:
    """Meter id -> the nomination that counts for an event that starts at a moment, under the terms in force.

    A moment that is over is that of an event that would be recorded now: it is measured against the list of now,
    never against a figure raised since. Three queries; `nominations_of` knows the terms of an event that exists.
    """
    newest = ProgramVersion.objects.published().filter(program=program_id).order_by("-number")
    minutes = newest.values_list("nomination_deadline_minutes", flat=True).first()
    return _counted(program_id, Moments(at - timedelta(minutes=minutes or 0), at, at < timezone.now()))


def nominations_of(*, event: Event, among: Collection[int] | None = None) -> dict[int, Nomination]:
    """Meter id -> the nomination that an event counts, of these meters or all (`events.nominations`). Two queries."""
    return _counted(event.program_id, Moments.of(event), among)


def _counted(program_id: int, at: Moments, among: Collection[int] | None = None) -> dict[int, Nomination]:
    only = Q() if among is None else Q(meter__in=among)
    stints = stints_at(MeterMap.objects.filter(only, meter__enrollments__program=program_id), at.start)
    return counted(_nominations(program_id, among), stints=stints, at=at)


def _nominations(program_id: int, among: Collection[int] | None = None) -> Iterator[tuple[int, Nomination]]:
    only = Q() if among is None else Q(enrollment__meter__in=among)
    rows = Nomination.objects.filter(only, enrollment__program=program_id).select_related("enrollment")
    return ((row.enrollment.meter_id, row) for row in rows.order_by("valid_from", "id"))


def participants(*, event: Event) -> QuerySet[Participation]:
    """Those who count in an event: everybody who was asked and did not skip it, by meter number, with the meter."""
    who = Participation.objects.filter(event=event).exclude(state__in=NOT_COUNTED)
    return who.select_related("meter").order_by("meter__number", "meter_id")


def asked(meters: QuerySet[Meter], *, targets: Targets, at: datetime) -> QuerySet[Meter]:
    """Those of the meters that an event with these targets at a moment asks; all of them without targets.

    A group and an organization stand for the meters that they hold at that moment, an area for those whose
    coordinates lie in it; a meter without coordinates is in none.
    """
    if not targets:
        return meters
    members = Organization.objects.filter(groups__in=targets.groups).values("pk")
    holders = Q(entity__in=targets.organizations) | Q(entity__in=members)
    held = MeterMap.objects.in_force(at).filter(holders, holder_kind=Kind.ORGANIZATION)
    named = targets.meters | meters_within(meters, targets.areas)
    return meters.filter(Q(feeder__in=targets.feeders) | Q(pk__in=held.values("meter")) | Q(pk__in=named))


def meters_within(meters: QuerySet[Meter], areas: Collection[Area]) -> frozenset[int]:
    """The ids of those of the meters that lie in one of the areas. One query."""
    if not areas:
        return frozenset()
    placed = meters.filter(latitude__isnull=False, longitude__isnull=False).order_by()
    rows = placed.values_list("pk", "latitude", "longitude")
    points = ((pk, (float(lat), float(lon))) for pk, lat, lon in rows)
    return frozenset(pk for pk, point in points if any(point in area for area in areas))


def targets_of(event: Event) -> Targets:
    """Whom the event asks. One query."""
    columns = ("group_id", "feeder_id", "organization_id", "meter_id")
    rows = list(EventTarget.objects.filter(event=event).values(*columns, "area"))
    groups, feeders, organizations, meters = (
        frozenset(row[column] for row in rows if row[column] is not None) for column in columns
    )
    areas = tuple(area_of(row["area"]) for row in rows if row["area"] is not None)
    return Targets(groups, feeders, organizations, meters, areas)
