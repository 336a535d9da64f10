"""The log of an event, as far as people write it."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.errors import BadNote
from events.models import Event, EventNote
from events.models.note import NOTE_LENGTH


@transaction.atomic
def write_note(*, event: Event, by: User, text: str) -> EventNote:
    """The line in the event's log, for all of the distributor's people; it cannot be changed or taken back.

    Raises:
        BadNote: It is empty or too long.
    """
    words = " ".join(text.split())
    if not words:
        raise BadNote(_("Write something first."))
    if len(words) > NOTE_LENGTH:
        raise BadNote(_("At most %(length)d characters fit into the log.") % {"length": NOTE_LENGTH})
    with deed("event.noted", by=by):
        return EventNote.objects.create(event=event, by=by, text=words)
