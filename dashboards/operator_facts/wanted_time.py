"""The new time of an event that one admin asked for, in words for those who read of it."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from common.speech import day_words, hours_words
from events.models import Event, EventState


def wanted_span(event: Event) -> tuple[datetime, datetime] | None:
    """The time that was asked for and waits; none does once the event runs or is over."""
    if event.state not in (EventState.SCHEDULED, EventState.NOTIFIED):
        return None
    return (event.wanted_start, event.wanted_end) if event.wanted_start and event.wanted_end else None


def wanted_words(event: Event, reader: User) -> str:
    """Who asked for which time, and what ends the wait; empty where no time waits."""
    wanted = wanted_span(event)
    if wanted is None or event.created_by is None:
        return ""
    start, end = (moment.astimezone(event.program.zone) for moment in wanted)
    when = {"when": f"{day_words(start.date())}, {hours_words(start, end)}"}
    if event.created_by_id == reader.pk:
        return _("You asked for a new time: %(when)s. Another admin must agree, as more people would be asked.") % when
    words = _(
        "%(who)s asked for a new time: %(when)s. More people would be asked, so a second person is needed: "
        "save this time to agree to it. Any other time asks anew."
    )
    return words % {"who": event.created_by.get_full_name() or event.created_by.email, **when}
