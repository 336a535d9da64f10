"""How often open charts ask again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from dashboards.charts import EventSpan
from dashboards.selectors.spans import Span

IN_EVENT_SECONDS = 5
# While a meter reports, its new reading shows within ten seconds: question and drawing take a moment too.
REPORTING_SECONDS = 8
ELSE_SECONDS = 30
# Dates that are over change by corrections only.
PAST_SECONDS = 60
# Readings come in by the hour: of a meter whose file comes once a day nothing is new in between.
REPORTS_WITHIN = timedelta(hours=6)


def live_seconds(events: Iterable[EventSpan], now: datetime, *, newest: datetime | None, span: Span) -> int:
    """Seconds between two questions: few in an event, some more while the meter reports, else many.

    Args:
        newest: the end of the newest reading that the reader sees.
    """
    if not span.start <= now < span.end:
        return PAST_SECONDS
    if any(event.start <= now < event.end for event in events):
        return IN_EVENT_SECONDS
    return REPORTING_SECONDS if newest is not None and now - newest <= REPORTS_WITHIN else ELSE_SECONDS
