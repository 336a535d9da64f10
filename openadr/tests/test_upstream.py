"""The portal as a VEN of openleadr's own server, which runs as a process of its own."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events.models import Event, EventState
from events.services import advance_events, delete_event, notify_event, schedule_event
from events.tests.world import next_span
from openadr.models import UpstreamEvent, UpstreamPolicy, UpstreamReport
from openadr.tests.upstream_world import OtherVtn, half_hours_ago, make_town, make_upstream, measure, poll_now
from openadr.upstream.polling import due, poll

pytestmark = pytest.mark.django_db
VEN = "ven-of-larkfield"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture(scope="module")
def running():
    with OtherVtn() as vtn:
        yield vtn


@pytest.fixture
def vtn(running):
    running.restart()
    return running


@pytest.fixture
def town(here):
    return make_town(here.distributor)


def call(vtn, ref="peak-1", days=2, minutes=60, **more):
    start, _end = next_span(days)
    vtn.do("event", ven=VEN, id=ref, start=start.isoformat(), minutes=minutes, **more)
    return start


def told(ref="peak-1"):
    return UpstreamEvent.objects.select_related("event").get(event_ref=ref)


class TestRegistration:
    def test_registers_once_and_keeps_it(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        assert (upstream.ven_id, upstream.vtn_id, upstream.last_fault) == (VEN, "other", "")
        assert upstream.last_ok_at is not None
        poll_now(upstream)
        assert len(vtn.heard("oadrQueryRegistration")) == len(vtn.heard("oadrCreatePartyRegistration")) == 1
        assert len(vtn.heard("oadrPoll")) == 2

    def test_registers_again_with_a_vtn_that_forgot_it(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        before = upstream.registration_id
        vtn.restart()
        poll_now(upstream)
        assert upstream.registration_id != before
        assert upstream.last_fault == ""
        [said] = vtn.heard("oadrCreatePartyRegistration")
        assert said["registration_id"] == before
        assert len(vtn.heard("oadrRegisterReport")) == 1

    def test_is_told_in_words_that_it_is_refused(self, vtn, town):
        vtn.do("state", refuses="larkfield")
        upstream = poll_now(make_upstream(town, vtn.port))
        vtn.do("state", refuses=None)
        assert upstream.last_fault.startswith("unregistered")
        assert upstream.failing_since is not None
        assert upstream.next_poll_at > timezone.now()

    def test_waits_longer_the_longer_nobody_answers(self, town, running):
        upstream = make_upstream(town, 1)
        poll_now(upstream)
        assert upstream.last_fault.startswith("refused")
        upstream.failing_since = timezone.now() - timedelta(minutes=2)
        upstream.save(update_fields=["failing_since"])
        poll_now(upstream)
        assert upstream.next_poll_at - timezone.now() > timedelta(seconds=100)

    def test_two_workers_never_poll_at_once(self, vtn, town):
        upstream = make_upstream(town, vtn.port)
        assert due() == [upstream.pk]
        assert poll(upstream.pk)
        assert not poll(upstream.pk)
        assert due() == []


class TestEvents:
    def test_becomes_a_draft_and_is_answered_by_what_can_be_delivered(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        start = call(vtn)
        poll_now(upstream)
        row = told()
        assert (row.event.state, row.event.start, row.event.end) == (EventState.DRAFT, start, start + HOUR)
        assert row.note == "draft"
        assert vtn.opts("peak-1") == [(0, "optIn")]
        poll_now(upstream)
        assert vtn.opts("peak-1") == [(0, "optIn")]
        assert Event.objects.count() == 1

    def test_is_announced_at_once_where_the_policy_says_so(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        call(vtn)
        poll_now(upstream)
        assert told().event.state == EventState.NOTIFIED
        assert told().note == "called"
        assert vtn.opts("peak-1") == [(0, "optIn")]

    def test_what_the_terms_refuse_stays_a_draft_with_the_refusal(self, vtn, here):
        town = make_town(here.distributor, notice_minutes=60 * 24 * 5)
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        call(vtn)
        poll_now(upstream)
        assert told().event.state == EventState.DRAFT
        assert told().note.startswith("draft_refused|People are told at least")
        assert vtn.opts("peak-1") == [(0, "optOut")]

    def test_a_large_one_waits_for_a_person(self, vtn, here):
        town = make_town(here.distributor, second_person_kw=Decimal(1))
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        call(vtn)
        poll_now(upstream)
        assert told().event.state == EventState.DRAFT
        assert "second person" in told().note

    def test_a_change_and_a_cancellation_are_followed(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        start = call(vtn)
        poll_now(upstream)
        vtn.do("change", ven=VEN, id="peak-1", start=(start + HOUR).isoformat(), minutes=120)
        poll_now(upstream)
        event = told().event
        assert (event.start, event.end, event.state) == (start + HOUR, start + 3 * HOUR, EventState.NOTIFIED)
        vtn.do("cancel", ven=VEN, id="peak-1")
        poll_now(upstream)
        event.refresh_from_db()
        assert event.state == EventState.CANCELLED
        assert told().note == "cancelled"
        assert [number for number, _opt in vtn.opts("peak-1")] == [0, 1, 2]

    def test_a_draft_follows_and_is_deleted_when_it_is_called_off(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        start = call(vtn)
        poll_now(upstream)
        vtn.do("change", ven=VEN, id="peak-1", start=(start + HOUR).isoformat(), minutes=60)
        poll_now(upstream)
        assert told().event.start == start + HOUR
        vtn.do("cancel", ven=VEN, id="peak-1")
        poll_now(upstream)
        assert Event.objects.count() == 0
        assert told().note == "cancelled"

    def test_an_omitted_one_is_called_off(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        call(vtn, "peak-1")
        call(vtn, "peak-2", days=3)
        poll_now(upstream)
        assert told("peak-1").event.state == EventState.NOTIFIED
        vtn.do("omit", ven=VEN, id="peak-1")
        call(vtn, "peak-3", days=4)
        poll_now(upstream)
        states = {row.event_ref: row.event.state for row in UpstreamEvent.objects.select_related("event")}
        assert states == {"peak-1": "cancelled", "peak-2": "notified", "peak-3": "notified"}

    def test_a_person_decides_and_the_answer_follows(self, vtn, town, here):
        upstream = poll_now(make_upstream(town, vtn.port))
        call(vtn, "peak-1")
        call(vtn, "peak-2", days=3)
        poll_now(upstream)
        delete_event(event=told("peak-1").event, by=here.admin)
        notify_event(event=schedule_event(event=told("peak-2").event, by=here.admin), by=here.admin)
        poll_now(upstream)
        assert vtn.opts("peak-1") == [(0, "optIn"), (0, "optOut")]
        assert vtn.opts("peak-2") == [(0, "optIn")]
        assert (told("peak-1").note, told("peak-2").note) == ("deleted_here", "called")

    def test_a_draft_that_nobody_scheduled_in_time_is_taken_back(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        call(vtn)
        poll_now(upstream)
        began = timezone.now() - HOUR
        Event.objects.update(
            start=began.replace(minute=0, second=0, microsecond=0),
            modification_number=told().event.modification_number + 1,
        )
        poll_now(upstream)
        assert vtn.opts("peak-1") == [(0, "optIn"), (0, "optOut")]

    def test_what_does_not_fit_the_meters_is_widened_to_a_draft(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        start = next_span()[0]
        vtn.do("event", ven=VEN, id="odd", start=(start + timedelta(minutes=7)).isoformat(), minutes=30)
        poll_now(upstream)
        event = told("odd").event
        assert (event.start, event.end, event.state) == (start, start + HOUR, EventState.DRAFT)
        assert told("odd").note == "draft_widened"

    def test_prices_call_nothing(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        call(vtn, "prices", signal="ELECTRICITY_PRICE", type="price", level=0.3)
        poll_now(upstream)
        assert told("prices").event is None
        assert told("prices").note == "no_call"
        assert vtn.opts("prices") == [(0, "optOut")]

    def test_a_running_one_is_called_off(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port, UpstreamPolicy.SCHEDULE))
        start = call(vtn)
        poll_now(upstream)
        advance_events(now=start)
        vtn.do("cancel", ven=VEN, id="peak-1")
        poll_now(upstream)
        assert told().event.state == EventState.CANCELLED


class TestReports:
    def test_complete_intervals_are_told_once(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        assert vtn.all_of("offered") == ["RealEnergy"]
        assert len(vtn.heard("oadrCreatedReport")) == 1
        start = half_hours_ago(3)
        UpstreamReport.objects.update(sent_until=start)
        measure(town, start)
        poll_now(upstream)
        assert list(vtn.all_of("values")) == [[[str(start), 4000.0]]]
        poll_now(upstream)
        assert len(vtn.all_of("values")) == 1
        assert UpstreamReport.objects.get().sent_until == start + timedelta(minutes=30)
        measure(town, start + timedelta(minutes=30))
        poll_now(upstream)
        assert len(vtn.all_of("values")) == 2

    def test_a_late_meter_is_waited_for_an_hour(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        start = half_hours_ago(1)
        UpstreamReport.objects.update(sent_until=start)
        measure(town, start, leave=1)
        poll_now(upstream)
        assert vtn.all_of("values") == []

    def test_nothing_is_told_of_four_meters(self, vtn, here):
        town = make_town(here.distributor, homes=2)
        upstream = poll_now(make_upstream(town, vtn.port))
        start = half_hours_ago(3)
        UpstreamReport.objects.update(sent_until=start)
        measure(town, start)
        poll_now(upstream)
        assert vtn.all_of("values") == []
        assert vtn.heard("oadrUpdateReport") == []

    def test_a_vtn_that_forgot_goes_on_where_it_was(self, vtn, town):
        upstream = poll_now(make_upstream(town, vtn.port))
        start = half_hours_ago(4)
        UpstreamReport.objects.update(sent_until=start)
        measure(town, start)
        poll_now(upstream)
        vtn.restart()
        poll_now(upstream)
        measure(town, start + timedelta(minutes=30))
        poll_now(upstream)
        [values] = vtn.all_of("values")
        assert values == [[str(start + timedelta(minutes=30)), 4000.0]]
        assert UpstreamReport.objects.filter(ended_at=None).count() == 1
