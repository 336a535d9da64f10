"""How often open charts ask again."""

from collections.abc import Iterable
from datetime import datetime

from dashboards.charts import EventSpan

IN_EVENT_SECONDS = 5
# Question and drawing take a moment too.
ELSE_SECONDS = 8


def live_seconds(events: Iterable[EventSpan], now: datetime) -> int:
    """Seconds between two questions: a new reading shows within ten, and sooner while an event runs."""
    running = any(event.start <= now < event.end for event in events)
    return IN_EVENT_SECONDS if running else ELSE_SECONDS
