"""What a person's calendar holds, and the secret address that calendar programs read it at."""

import hashlib
import secrets
from collections import defaultdict
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from delivery.tenants import site_url_for
from events.calendar import Entry
from events.models import CalendarFeed, Event, EventState, Participation, ParticipationState

# Calendars need not know what was long ago.
LOOKED_BACK = timedelta(days=180)
MOST = 1_000
ALARM = timedelta(hours=1)


@transaction.atomic
def make_feed(*, user: User) -> str:
    """The secret of the person's feed from now on; an earlier one opens nothing any more."""
    secret = secrets.token_urlsafe(32)
    User.objects.select_for_update().get(pk=user.pk)
    values = {"digest": _digest(secret), "made_at": timezone.now()}
    CalendarFeed.objects.update_or_create(user=user, defaults=values)
    record("account.changed", target=user, by=user)
    return secret


@transaction.atomic
def end_feed(*, user: User) -> None:
    """The address opens nothing any more."""
    if CalendarFeed.objects.filter(user=user).delete()[0]:
        record("account.changed", target=user, by=user)


def owner_of(secret: str) -> User | None:
    """Whose feed it is; None for an unknown secret, and for an account that may not be used."""
    feed = CalendarFeed.objects.select_related("user__membership").filter(digest=_digest(secret)).first()
    return feed.user if feed is not None and feed.user.is_approved else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def has_calendar(user: User) -> bool:
    """Whether events concern the person: everybody of a distributor."""
    return bool(user.tenant_id) and not user.is_superuser


def entries_for(user: User) -> list[Entry]:
    """The person's events, the earliest first: those that they are asked in; for staff the distributor's."""
    since = timezone.now() - LOOKED_BACK
    told = Event.objects.visible_to(user).filter(end__gt=since, notified_at__isnull=False)
    return entries_of(told.order_by("-start", "-pk")[:MOST], user)[::-1]


def entries_of(events: QuerySet[Event], user: User) -> list[Entry]:
    """Events as the person's calendar shows them. Held out for comparison is not asked: such events are left out."""
    found = list(events.select_related("program__distributor"))
    mine: dict[int, list[Participation]] = defaultdict(list)
    if not user.is_staff:
        rows = Participation.objects.visible_to(user).filter(event__in=[event.pk for event in found])
        for row in rows.select_related("meter").order_by("meter__number"):
            mine[row.event_id].append(row)
    return [_entry(event, mine[event.pk]) for event in found if user.is_staff or mine[event.pk]]


def _entry(event: Event, rows: list[Participation]) -> Entry:
    site = site_url_for(event.program.distributor_id)
    is_skipped = bool(rows) and all(row.state == ParticipationState.OPTED_OUT for row in rows)
    return Entry(
        uid=f"event-{event.pk}@{urlsplit(str(settings.SITE_URL)).hostname or 'portal'}",
        sequence=event.modification_number,
        changed_at=event.notified_at or event.created_at,
        start=event.start,
        end=max([row.until or event.end for row in rows], default=event.end),
        summary=_summary(event, is_skipped),
        description=_description(event, rows),
        url=f"{site}{reverse('event_detail', args=[event.pk])}",
        is_cancelled=event.state == EventState.CANCELLED,
        is_off=is_skipped,
        alarm=ALARM,
    )


def _summary(event: Event, is_skipped: bool) -> str:
    words = _("Use less power: %(program)s")
    if event.state == EventState.CANCELLED:
        words = _("Called off: %(program)s")
    elif event.is_test:
        words = _("Only a test: %(program)s")
    elif is_skipped:
        words = _("Skipped: %(program)s")
    return words % {"program": event.program.name}


def _description(event: Event, rows: list[Participation]) -> str:
    lines = [event.note.strip()]
    if rows:
        lines.append(_("Meters: %(meters)s") % {"meters": ", ".join(row.meter.label for row in rows)})
    if event.state == EventState.NOTIFIED:
        lines.append(_("Join, skip and all about it on the event’s page. Skipping in time never costs."))
    return "\n".join(line for line in lines if line)
