"""What a copy of the own data has from this room."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import User
from events.models import Participation


def _participations(user: User) -> Iterator[dict[str, Any]]:
    rows = Participation.objects.filter(holder_id=user.pk).select_related("event__program", "meter").order_by("id")
    for row in rows.iterator(chunk_size=1000):
        yield {
            "program": row.event.program.name,
            "start": row.event.start,
            "end": row.event.end,
            "event_state": row.event.state,
            "meter": row.meter.number,
            "answer": row.state,
        }


register_part("events", _participations, title=_("events that you were asked to take part in, and your answers"))
