"""An operator's wish to leave a meter out of a draft, with a reason."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.errors import BadReason
from events.models import Event, EventLeftOut, EventState, LeftOutReason
from events.services.changes import disagree, lock
from events.services.life import note_size
from events.services.sizing import draft_size
from meters.models import Meter

LONGEST = 200


@transaction.atomic
def leave_out(*, event: Event, meter: Meter, note: str, by: User | None = None) -> EventLeftOut:
    """The meter, left out of the draft; the same meter again has the newer reason.

    Raises:
        WrongState: It is no draft any more.
        BadReason: The reason is missing or too long.
    """
    said = note.strip()
    if not said or len(said) > LONGEST:
        raise BadReason(_("Give a reason of at most %(most)d characters.") % {"most": LONGEST})
    locked = lock(event, EventState.DRAFT, doing="aimed")
    with deed("event.changed", by=by):
        values = {"reason": LeftOutReason.OPERATOR, "note": said, "created_by": by}
        row, _is_new = EventLeftOut.objects.update_or_create(event=locked, meter=meter, defaults=values)
        _note(locked, by)
    return row


@transaction.atomic
def take_back(*, event: Event, meter: Meter, by: User | None = None) -> None:
    """The meter is asked again; nothing happens to one that was not left out.

    Raises:
        WrongState: It is no draft any more.
    """
    locked = lock(event, EventState.DRAFT, doing="aimed")
    row = EventLeftOut.objects.filter(event=locked, meter=meter, reason=LeftOutReason.OPERATOR).first()
    if row is None:
        return
    with deed("event.changed", by=by):
        row.delete()
        _note(locked, by)


def _note(draft: Event, by: User | None) -> None:
    disagree(draft, by)
    note_size(draft, draft_size(draft))
