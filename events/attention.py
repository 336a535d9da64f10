"""What needs somebody among events."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from events.models import CancelRequest, Event, EventState

# So long before its start an event that nobody was told of is nearly too late.
NEAR = timedelta(hours=24)


@needs(5)
def requests_to_call_off(user: User) -> list[Need]:
    """Running events that somebody asked to call off; another admin answers."""
    rows = CancelRequest.objects.visible_to(user).open().filter(event__state=EventState.ACTIVE)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("asked_at"), first=Min("event"))
    words = ngettext(
        "%(count)d request to call off a running event",
        "%(count)d requests to call off running events",
        found["count"],
    )
    url = _one_or_list(found, EventState.ACTIVE)
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]


@needs(55)
def drafts_for_a_second_person(user: User) -> list[Need]:
    """Drafts to come that are so large that another admin must agree."""
    rows = _to_come(user).filter(state=EventState.DRAFT, needs_second=True, approved_by=None)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("created_at"), first=Min("pk"))
    words = ngettext(
        "%(count)d event waits for a second person", "%(count)d events wait for a second person", found["count"]
    )
    url = _one_or_list(found, EventState.DRAFT)
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]


@needs(56)
def new_times_for_a_second_person(user: User) -> list[Need]:
    """Events to come whose new time asks so many that another admin must agree."""
    rows = _to_come(user).filter(state__in=[EventState.SCHEDULED, EventState.NOTIFIED], wanted_start__isnull=False)
    found = rows.order_by().aggregate(count=Count("pk"), first=Min("pk"))
    words = ngettext(
        "%(count)d new time of an event waits for a second person",
        "%(count)d new times of events wait for a second person",
        found["count"],
    )
    return [Need(words % {"count": found["count"]}, _one_or_list(found), found["count"])]


@needs(57)
def unannounced_and_near(user: User) -> list[Need]:
    """Events that start within a day, and nobody was told."""
    near = _to_come(user).filter(start__lte=timezone.now() + NEAR)
    rows = near.filter(state__in=[EventState.DRAFT, EventState.SCHEDULED])
    found = rows.order_by().aggregate(count=Count("pk"), first=Min("pk"))
    words = ngettext(
        "%(count)d event starts within a day and is not announced",
        "%(count)d events start within a day and are not announced",
        found["count"],
    )
    return [Need(words % {"count": found["count"]}, _one_or_list(found), found["count"])]


def _to_come(user: User) -> QuerySet[Event]:
    return Event.objects.visible_to(user).filter(start__gt=timezone.now())


def _one_or_list(found: dict[str, Any], state: str = "") -> str:
    """The only event's own page, or the list of all in the state."""
    if found["count"] == 1:
        return reverse("operator_event", args=[found["first"]])
    return reverse("operator_events") + (f"?state={state}" if state else "")


@needs(70)
def events_to_settle(user: User) -> list[Need]:
    """Events that are over and not in the ledger yet."""
    states = [EventState.COMPLETED.value, EventState.MEASURED.value]
    rows = Event.objects.visible_to(user).filter(state__in=states)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("end"))
    words = ngettext(
        "%(count)d event waits for its settlement", "%(count)d events wait for their settlement", found["count"]
    )
    url = f"{reverse('admin:events_event_changelist')}?state__in={','.join(states)}"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]
