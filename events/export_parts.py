"""What a copy of the own data has from this room."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import User
from events.models import EventState, Participation, ParticipationState

NOT_OVER = (EventState.DRAFT, EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE)


def _participations(user: User) -> Iterator[dict[str, Any]]:
    own = Participation.objects.filter(holder_id=user.pk).exclude(event__notified_at=None)
    # Who is held out is told nothing before the event, and may know all that was kept after it.
    rows = own.exclude(state=ParticipationState.HELD_OUT, event__state__in=NOT_OVER)
    for row in rows.select_related("event__program", "meter").order_by("id").iterator(chunk_size=1000):
        yield {
            "program": row.event.program.name,
            "start": row.event.start,
            "end": row.event.end,
            "event_state": row.event.state,
            "meter": row.meter.number,
            "answer": row.state,
        }


register_part("events", _participations, title=_("events that you were asked to take part in, and your answers"))
