"""States of events and answers as operators read them."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from dashboards.times import moment_words
from events.models import Event, EventState, ParticipationState

TONES = {
    EventState.SCHEDULED: "info",
    EventState.NOTIFIED: "event",
    EventState.ACTIVE: "running",
    EventState.COMPLETED: "info",
    EventState.MEASURED: "estimate",
    EventState.SETTLED: "good",
    EventState.CANCELLED: "danger",
}
ANSWER_TONES = {
    ParticipationState.NOTIFIED: "event",
    ParticipationState.OPTED_IN: "good",
    ParticipationState.UNMEASURED: "attention",
    ParticipationState.DISPUTED: "info",
    ParticipationState.SETTLED: "good",
}
LIFE: list[EventState] = [state for state in EventState if state not in (EventState.CANCELLED, EventState.CLOSED)]


def state_badge(event: Event) -> dict[str, str]:
    """The event's state as word and tone."""
    state = EventState(event.state)
    return {"badge": str(state.label).capitalize(), "tone": TONES.get(state, "")}


def duration_words(length: timedelta) -> str:
    """How long an event lasts.

    >>> duration_words(timedelta(minutes=90)), duration_words(timedelta(hours=2))
    ('1 h 30 min', '2 h')
    """
    hours, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    parts = [_("%(count)d h") % {"count": hours}] if hours else []
    return " ".join([*parts, _("%(count)d min") % {"count": minutes}] if minutes or not hours else parts)


def life_steps(event: Event, settled_at: datetime | None) -> list[dict[str, Any]]:
    """How far the event has come, with the moments that are known; a cancelled one ends where it was."""
    zone = event.program.zone
    known = {
        EventState.DRAFT: event.created_at,
        EventState.NOTIFIED: event.notified_at,
        EventState.ACTIVE: event.start,
        EventState.COMPLETED: event.end,
        EventState.SETTLED: settled_at,
    }
    if event.state == EventState.CANCELLED:
        return _cancelled(event)
    # An event that was recorded after the fact was never announced.
    life = LIFE[LIFE.index(EventState.ACTIVE) :] if event.created_at > event.end else LIFE
    reached = life.index(EventState.SETTLED if event.state == EventState.CLOSED else EventState(event.state))
    return [
        {
            "label": str(state.label).capitalize(),
            "when": moment_words(moment, zone) if (moment := known.get(state)) else "",
            "done": place < reached or (state is EventState.SETTLED and place == reached),
            "current": place == reached,
        }
        for place, state in enumerate(life)
    ]


def _cancelled(event: Event) -> list[dict[str, Any]]:
    zone = event.program.zone
    steps = [{"label": _("Draft"), "when": moment_words(event.created_at, zone), "done": True}]
    if event.notified_at:
        steps.append({"label": _("Announced"), "when": moment_words(event.notified_at, zone), "done": True})
    return [*steps, {"label": _("Cancelled"), "current": True}]
