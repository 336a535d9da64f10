"""A running event that was made longer, as those see it who may still say whether they go on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from common.speech import hour_words
from events.answers import longer_until, may_say_longer
from events.models import Event, Participation


def open_for_longer(event: Event, rows: Sequence[Participation], now: datetime) -> list[Participation]:
    """Those of the participations of which it may still be said."""
    return [row for row in rows if may_say_longer(event, row, now)]


def longer_facts(event: Event, rows: Sequence[Participation], now: datetime) -> dict[str, Any] | None:
    """What the time added to a running event means for whose meters these are; None where nothing is to be said."""
    open_rows = open_for_longer(event, rows, now)
    until = longer_until(event, open_rows[0]) if open_rows else None
    if until is None or event.told_end is None:
        return None
    zone = event.program.zone
    return {
        "end": hour_words(event.end.astimezone(zone)),
        "told": hour_words(min([event.told_end, *(row.until for row in open_rows if row.until)]).astimezone(zone)),
        "until": hour_words(until.astimezone(zone)),
        "stops": any(row.until is not None for row in open_rows),
        "goes_on": any(row.until is None for row in open_rows),
    }
