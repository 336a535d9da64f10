"""A new time of an event that one admin asked for and a second one agrees to, on the pages."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dashboards.operator_facts.wanted_time import wanted_words
from dashboards.tests.operator_tools import browser
from dashboards.views.operator.event_changes import NewTimeForm
from events.models import EventState
from events.services import advance_events, create_event, enroll, notify_event, schedule_event
from events.tests.test_reseating import make_homes
from events.tests.world import make_program, next_span
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def event(here):
    """An event that one person could call, and since then enough have joined the program to make it large."""
    program = make_program(here.distributor, second_person_kw=Decimal(52))
    start, end = next_span(2)
    event = create_event(program=program, start=start, end=end, by=here.admin)
    event = notify_event(event=schedule_event(event=event, by=here.admin), by=here.admin)
    for meter in make_homes(here, 3):
        enroll(program=program, meter=meter)
    return event


def test_the_second_admin_reads_who_asked_and_agrees_by_saving(here, event):
    first, second = browser(here.admin), browser(make_admin(here.distributor))
    page, form = f"/ops/events/{event.pk}", f"/ops/events/{event.pk}/change"
    start, end = event.start + HOUR, event.end + HOUR
    zone = event.program.zone
    said = {name: f"{at.astimezone(zone):%Y-%m-%dT%H:%M}" for name, at in (("start", start), ("end", end))}
    assert "asked for a new time" not in second.get(page).content.decode()
    assert "a second person is needed" in first.post(form, said).content.decode()
    assert "You asked for a new time" in first.get(page).content.decode()
    told = second.get(page).content.decode()
    assert "asked for a new time" in told
    assert form in told
    offered = second.get(form).content.decode()
    assert "save this time to agree to it" in offered
    assert all(f'value="{text}"' in offered for text in said.values())
    second.post(form, said)
    event.refresh_from_db()
    assert (event.start, event.end, event.participations.count()) == (start, end, 5)
    assert "asked for a new time" not in first.get(page).content.decode()


def test_once_it_runs_nothing_waits_and_its_own_end_is_offered(here, event):
    event.wanted_start, event.wanted_end = event.start + HOUR, event.end + 2 * HOUR
    event.save(update_fields=["wanted_start", "wanted_end"])
    assert NewTimeForm(None, event=event).initial["end"] == event.wanted_end
    advance_events(now=event.start)
    event.refresh_from_db()
    assert event.state == EventState.ACTIVE
    assert NewTimeForm(None, event=event).initial["end"] == event.end
    assert wanted_words(event, here.admin) == ""
