"""The live room in a real browser: a reading that arrives shows by itself, and updates can be paused."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from dashboards.tests.story import HALF_HOUR, now_slot
from events.models import Event, EventState, Participation, ParticipationState
from meters.services import Readings, ingest_readings

ASKED_AGAIN = 15_000


@pytest.fixture
def running(town) -> Iterator[Event]:
    """An event of the pump alone that began an hour ago, and goes without a trace; nobody holds the pump in it."""
    start = now_slot() - timedelta(hours=1)
    event = Event.objects.create(
        program=town.program, version=town.program.versions.get(), start=start, end=start + timedelta(hours=3),
        state=EventState.ACTIVE, notified_at=start - timedelta(days=1), target_kw=5,
    )  # fmt: skip
    Participation.objects.create(event=event, meter=town.pump, state=ParticipationState.OPTED_IN)
    yield event
    Participation.objects.filter(event=event).delete()
    Event.objects.filter(pk=event.pk).delete()


def test_a_reading_that_arrives_shows_by_itself_unless_updates_are_paused(town, visit, running):
    reader = visit(town.people["operator"])
    reader.open(f"/ops/events/{running.pk}")
    page = reader.page
    expect(page.get_by_text("No readings of the event yet.")).to_be_visible()
    page.get_by_label("Write in the log").fill("Half a sentence")
    page.get_by_role("button", name="Pause updates").click()
    expect(page.get_by_text("Updates are paused.")).to_be_visible()
    starts = (running.start, running.start + HALF_HOUR)
    readings = Readings.of([(town.pump.pk, start, 1_000) for start in starts])
    ingest_readings(distributor=town.distributor, readings=readings, source="test")
    page.get_by_role("button", name="Pause updates").click()
    expect(page.get_by_text("1 of 1 meter", exact=True)).to_be_visible(timeout=ASKED_AGAIN)
    # What somebody writes is not lost by it.
    expect(page.get_by_label("Write in the log")).to_have_value("Half a sentence")
