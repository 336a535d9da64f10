"""What is read of enrollments and participations, in whole sets."""

from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Kind
from events.models import Event, EventTarget, Nomination, Participation, ParticipationState, Program
from events.targets import EVERYBODY, Targets
from meters.models import Meter, MeterMap
from organizations.models import Organization


def meters_taking_part(*, program: Program, at: datetime, targets: Targets = EVERYBODY) -> QuerySet[Meter]:
    """The meters enrolled at a moment and asked, by id; a past event counts who is enrolled by now as well."""
    still = Q(enrollments__ended_at__isnull=True) | Q(enrollments__ended_at__gt=at)
    in_service = Q(retired_at__isnull=True) | Q(retired_at__gt=at)
    enrolled = Meter.objects.filter(in_service, still, enrollments__program=program).order_by("pk")
    return asked(enrolled, targets=targets, at=at)


def newest_nominations(*, program_id: int) -> dict[int, Nomination]:
    """Meter id -> the nomination entered last, for all enrollments of a program. One query."""
    rows = Nomination.objects.filter(enrollment__program=program_id).select_related("enrollment")
    return {row.enrollment.meter_id: row for row in rows.order_by("valid_from", "id")}


def nominations_at(*, program_id: int, at: datetime) -> dict[int, Nomination]:
    """Meter id -> the nomination in force at a moment. One query.

    A meter enrolled only later has the first figure it ever promised: a past event that is recorded now is
    measured against the list of now, never against a figure raised since.
    """
    found: dict[int, Nomination] = {}
    rows = Nomination.objects.filter(enrollment__program=program_id).select_related("enrollment")
    for row in rows.order_by("valid_from", "id"):
        if row.valid_from <= at or row.enrollment.meter_id not in found:
            found[row.enrollment.meter_id] = row
    return found


def participants(*, event: Event) -> QuerySet[Participation]:
    """Those who count in an event: everybody who did not skip it, by meter number, with the meter."""
    who = Participation.objects.filter(event=event).exclude(state=ParticipationState.OPTED_OUT)
    return who.select_related("meter").order_by("meter__number", "meter_id")


def asked(meters: QuerySet[Meter], *, targets: Targets, at: datetime) -> QuerySet[Meter]:
    """Those of the meters that an event with these targets at a moment asks; all of them without targets.

    A group and an organization stand for the meters that they hold at that moment.
    """
    if not targets:
        return meters
    members = Organization.objects.filter(groups__in=targets.groups).values("pk")
    holders = Q(entity__in=targets.organizations) | Q(entity__in=members)
    held = MeterMap.objects.in_force(at).filter(holders, holder_kind=Kind.ORGANIZATION)
    return meters.filter(Q(feeder__in=targets.feeders) | Q(pk__in=held.values("meter")))


def targets_of(event: Event) -> Targets:
    """Whom the event asks. One query."""
    rows = EventTarget.objects.filter(event=event).values_list("group_id", "feeder_id", "organization_id")
    columns = zip(*rows, strict=True)
    return Targets(*(frozenset(pk for pk in column if pk is not None) for column in columns))
