"""Usual use of coming and running events, worked out before anybody opens their rooms."""

from datetime import datetime, timedelta

from django.utils import timezone

from dashboards.selectors.event_watch import answers_in, make_ready
from events.models import Event, EventState

AHEAD = timedelta(days=8)


def warm_rooms(*, now: datetime | None = None) -> int:
    """How many events it was worked out for. Two queries for each event that has it already."""
    moment = now or timezone.now()
    rows = Event.objects.filter(
        state__in=(EventState.NOTIFIED, EventState.ACTIVE), end__gt=moment, start__lt=moment + AHEAD
    )
    found = rows.select_related("program__distributor", "version").order_by("start", "pk")
    return sum(make_ready(event, answers, moment) for event in found if (answers := answers_in(event)))
