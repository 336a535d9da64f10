"""What is read of enrollments and participations, in whole sets."""

from datetime import datetime

from django.db.models import Q, QuerySet

from events.models import Event, Nomination, Participation, ParticipationState, Program
from meters.models import Meter


def meters_taking_part(*, program: Program, at: datetime) -> QuerySet[Meter]:
    """The meters enrolled at a moment, by id; a past event counts who is enrolled by now as well."""
    still = Q(enrollments__ended_at__isnull=True) | Q(enrollments__ended_at__gt=at)
    in_service = Q(retired_at__isnull=True) | Q(retired_at__gt=at)
    return Meter.objects.filter(in_service, still, enrollments__program=program).order_by("pk")


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
