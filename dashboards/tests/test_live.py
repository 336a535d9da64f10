"""How often an open chart asks again."""

from datetime import UTC, datetime, timedelta

from dashboards.charts import EventSpan
from dashboards.live import live_seconds
from dashboards.selectors.spans import Span

NOW = datetime(2026, 7, 22, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = Span(NOW - 20 * HOUR, NOW + 4 * HOUR, None, "")
EVENT = EventSpan("1", "Evening", NOW - HOUR, NOW + HOUR)


def test_event_is_asked_for_every_five_seconds():
    assert live_seconds([EVENT], NOW, newest=None, span=TODAY) == 5


def test_meter_that_reports_shows_a_new_reading_within_ten_seconds():
    assert live_seconds([], NOW, newest=NOW - 2 * HOUR, span=TODAY) == 8


def test_silent_meter_is_asked_for_twice_a_minute():
    assert live_seconds([], NOW, newest=NOW - 24 * HOUR, span=TODAY) == 30
    assert live_seconds([], NOW, newest=None, span=TODAY) == 30


def test_past_dates_are_asked_for_once_a_minute():
    past = Span(NOW - 48 * HOUR, NOW - 24 * HOUR, None, "")
    assert live_seconds([EVENT], NOW, newest=NOW - 24 * HOUR, span=past) == 60
