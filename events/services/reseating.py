"""A new time for an event that is called and has not begun: who has a seat then, and who must agree."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit import deed
from accounts.models import User
from common.speech import day_words, hours_words, plain_words
from events.errors import NeedsSecond
from events.models import Event, EventState, Participation
from events.services.changes import move
from events.services.notes import write_note
from events.services.seated import Seated, counted_in, seated_size
from events.services.seats import drawn_later, seat
from events.services.sizing import Size


def move_seats(event: Event, size: Size, by: User | None, *, opt_until: datetime) -> None:
    """Saves the locked event at the time it has in memory, with its seats and figures of then.

    Raises:
        EventError: Something stands against it.
        NeedsSecond: More take part than before, and more is expected than one person may call.
    """
    before = counted_in(event)
    if not event.program.is_open:
        size = _without_newcomers(event, size)
    seat(event, size, drawn_later(event, size))
    seated = seated_size(event)
    if seated.refusals:
        raise seated.refusals[0]
    agreed = _agreement(event, seated, before, by)
    move(
        event, EventState(event.state), start=event.start, end=event.end, opt_until=opt_until,
        wanted_start=None, wanted_end=None, **seated.columns(), **agreed,
    )  # fmt: skip


def _without_newcomers(event: Event, size: Size) -> Size:
    """The size of an event whose program is closed: it asks nobody who was not asked before."""
    seated = set(Participation.objects.filter(event=event).values_list("meter", flat=True))
    return replace(size, meters=[meter for meter in size.meters if meter.pk in seated])


def _agreement(event: Event, seated: Seated, before: frozenset[int], by: User | None) -> dict[str, Any]:
    """Who agreed, if somebody must: who asks for a time that somebody else asked for before."""
    more = len(seated.counted - before)
    if not seated.needs_second or not more:
        return {}
    is_wanted = (event.wanted_start, event.wanted_end) == (event.start, event.end)
    if is_wanted and by is not None and by.pk != event.created_by_id:
        return {"approved_by": by, "approved_at": timezone.now()}
    words = ngettext(
        "At that time %(count)d more meter would be asked, %(kw)s kW in all: "
        "a second person is needed. Another admin must ask for the same new time.",
        "At that time %(count)d more meters would be asked, %(kw)s kW in all: "
        "a second person is needed. Another admin must ask for the same new time.",
        more,
    )
    raise NeedsSecond(words % {"count": more, "kw": plain_words(seated.expected_kw)})


def want(event: Event, by: User | None, words: str) -> None:
    """Keeps the time that the locked event has in memory as what this person asked for, and says so in its log."""
    kept = Event.objects.get(pk=event.pk)
    asked = (event.start, event.end, by.pk if by is not None else kept.created_by_id)
    if (kept.wanted_start, kept.wanted_end, kept.created_by_id) == asked:
        return
    kept.wanted_start, kept.wanted_end, kept.created_by_id = asked
    with deed("event.change_asked", by=by):
        kept.save(update_fields=["wanted_start", "wanted_end", "created_by"])
    if by is not None:
        start, end = (moment.astimezone(kept.program.zone) for moment in (event.start, event.end))
        when = f"{day_words(start.date())}, {hours_words(start, end)}"
        write_note(event=kept, by=by, text=_("New time: %(when)s. %(words)s") % {"when": when, "words": words})
