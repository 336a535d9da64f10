"""The live room of an event: who sees it, what it says in each state, and how it is asked again."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from dashboards.operator_facts.room import Phase, phase_of
from dashboards.operator_facts.room_log import entries_of, told
from dashboards.tests.operator_tools import browser, page, readers_only
from dashboards.tests.story import add_readings, coming_event, make_program, now_slot, settled
from delivery.models import DeliveryState, Message
from events.models import Event, EventNote, EventState, Participation, ParticipationState
from events.room_parts import Look, RoomPart, _sources, register
from events.services import Terms, cancel_event, create_event, create_program, enroll, opt_out, write_note
from meters.models import IntervalReading, Meter
from settlement.models import RunKind
from settlement.services import settle
from tests.builder import make_admin, make_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def program(world):
    return make_program(world.here, world.here.home, world.here.school)


def running_event(program, *meters, hours=2, **fields):
    """An event that began one interval ago, with the meters that are enrolled."""
    start = now_slot() - timedelta(minutes=30)
    event = Event.objects.create(
        program=program, version=program.versions.get(), start=start, end=start + timedelta(hours=hours),
        state=EventState.ACTIVE, notified_at=start - timedelta(days=1), **fields,
    )  # fmt: skip
    for meter in meters or [row.meter for row in program.enrollments.select_related("meter")]:
        holder = meter.maps.exclude(holder_kind="distributor").values_list("entity_id", flat=True).first()
        Participation.objects.create(event=event, meter=meter, holder_id=holder, state=ParticipationState.OPTED_IN)
    return event


def live(user, event, tag="", query=""):
    headers = {"If-None-Match": tag} if tag else {}
    return browser(user).get(f"/ops/events/{event.pk}/live{query}", headers=headers)


class TestAccess:
    @pytest.mark.parametrize("end", ["", "/live", "/live.csv", "/log"])
    def test_the_distributors_people_see_it_and_customers_do_not(self, world, program, end):
        assert readers_only(world, f"/ops/events/{running_event(program).pk}{end}")

    @pytest.mark.parametrize("end", ["", "/live", "/live.csv", "/log"])
    def test_another_distributors_is_not_found(self, world, program, end):
        event = running_event(program)
        for user in (world.there.admin, world.there.staff):
            assert browser(user).get(f"/ops/events/{event.pk}{end}").status_code == 404

    def test_nothing_of_the_other_distributor_is_in_it(self, world, program):
        make_program(world.there, world.there.home)
        assert "Thither" not in page(world.here.admin, f"/ops/events/{running_event(program).pk}")


class TestWhatItSays:
    def test_running_it_says_the_reduction_and_where_from(self, world, program):
        for meter in (world.here.home, world.here.school):
            add_readings(meter, days=14)
        event = running_event(program, target_kw=1)
        first = IntervalReading.objects.filter(start=event.start)
        first.update(energy_wh=200)
        words = page(world.here.staff, f"/ops/events/{event.pk}")
        # Two meters, each 0.4 kW where 0.8 kW is usual.
        for text in ("Reduction now", "0.80", "80 % of the 1.00 kW asked for", "minutes left", "Measured up to",
                     "2 of 2 meters", "below usual <b>2</b>", "Download CSV", "Show as a table"):  # fmt: skip
            assert text in words, text

    def test_before_it_begins_it_says_when_and_who_was_told(self, world, program):
        words = page(world.here.admin, f"/ops/events/{coming_event(program).pk}")
        for text in ("begins in 1", "Notices delivered", "2 invited", "Who gives no answer takes part."):
            assert text in words, text
        assert "Reduction now" not in words

    def test_a_draft_says_what_comes_next(self, world, program):
        start = now_slot() + timedelta(days=2)
        event = create_event(program=program, start=start, end=start + timedelta(hours=1))
        words = page(world.here.admin, f"/ops/events/{event.pk}")
        assert "A draft: nobody knows of it." in words
        assert "Where the meters are" not in words

    def test_a_cancelled_one_says_why(self, world, program):
        event = coming_event(program)
        Event.objects.filter(pk=cancel_event(event=event).pk).update(cancel_reason="The heat is over.")
        assert "The heat is over." in page(world.here.admin, f"/ops/events/{event.pk}")

    def test_after_it_the_way_to_the_money_stands(self, world):
        from dashboards.tests.story import past_event

        event = past_event(make_program(world.here, world.here.home))
        words = page(world.here.admin, f"/ops/events/{event.pk}")
        assert "Nothing is computed yet." in words
        add_readings(world.here.home)
        settled(event)
        words = page(world.here.admin, f"/ops/events/{event.pk}")
        assert "Reduction over the event" in words

    def test_a_test_is_called_one(self, world, program):
        assert "only a test" in page(world.here.admin, f"/ops/events/{running_event(program, is_test=True).pk}")

    def test_without_history_it_says_that_there_is_nothing_to_compare_with(self, world, program):
        words = page(world.here.admin, f"/ops/events/{running_event(program).pk}")
        assert "There is no usual use to compare with yet" in words
        assert "2 meters too new" in words

    def test_old_readings_are_counted_by_feeder(self, world, program):
        event = running_event(program)
        Event.objects.filter(pk=event.pk).update(
            start=event.start - timedelta(hours=2), end=event.end, modification_number=1
        )
        words = page(world.here.admin, f"/ops/events/{event.pk}")
        assert "1 meter old" in words
        assert "Hither North, nothing since" in words

    @pytest.mark.parametrize("mode", ["state", "kw", "list", "nonsense", "%00"])
    def test_the_meters_are_shown_as_is_asked(self, world, program, mode):
        Meter.objects.filter(pk=world.here.home.pk).update(latitude=44, longitude=-121)
        words = page(world.here.admin, f"/ops/events/{running_event(program).pk}?map={mode}")
        assert ("Last reading" in words) == (mode == "list")
        assert ('class="map"' in words) == (mode != "list")

    def test_other_rooms_have_their_say(self, world, program):
        def vens(event):
            return RoomPart([("VENs that acknowledged", "46 of 48")], [Look("2 VENs silent", "Cold store.")])

        register(50)(vens)
        try:
            words = page(world.here.admin, f"/ops/events/{running_event(program).pk}")
        finally:
            _sources.remove((50, vens))
        for text in ("VENs that acknowledged", "46 of 48", "2 VENs silent"):
            assert text in words, text

    def test_the_lines_are_a_file(self, world, program):
        add_readings(world.here.home, days=14)
        event = running_event(program, world.here.home, target_kw=1)
        answer = browser(world.here.auditor).get(f"/ops/events/{event.pk}/live.csv")
        rows = list(csv.DictReader(StringIO(answer.content.decode())))
        assert [row["usual_kw"] for row in rows] == ["0.800"] * 10
        assert [row["measured_kw"] for row in rows if row["measured_kw"]] == ["0.800"] * 5
        assert "attachment" in answer["Content-Disposition"]

    def test_by_the_clock_whatever_the_job_has_done(self, world, program):
        event = coming_event(program)
        assert phase_of(event, event.start - timedelta(minutes=1)) is Phase.COMING
        assert phase_of(event, event.start) is Phase.RUNNING
        assert phase_of(event, event.end) is Phase.OVER


class TestAskingAgain:
    def test_the_same_room_is_a_304_and_a_new_reading_is_not(self, world, program, monkeypatch):
        add_readings(world.here.home, days=14)
        event, now = running_event(program, world.here.home), timezone.now()
        monkeypatch.setattr("dashboards.views.operator.room.timezone.now", lambda: now)
        first = live(world.here.admin, event)
        assert (first.status_code, first["Live-Seconds"]) == (200, "5")
        assert live(world.here.admin, event, first["ETag"]).status_code == 304
        assert live(world.here.admin, event, f"W/{first['ETag']}").status_code == 304
        IntervalReading.objects.filter(meter=world.here.home, start=event.start).update(energy_wh=100)
        Meter.objects.filter(pk=world.here.home.pk).update(data_version=2)
        second = live(world.here.admin, event, first["ETag"])
        assert second.status_code == 200
        assert "0.60 <span" in second.content.decode()

    @pytest.mark.parametrize("change", ["note", "answer", "state"])
    def test_what_else_changes_is_seen(self, world, program, change, monkeypatch):
        event, now = coming_event(program), timezone.now()
        monkeypatch.setattr("dashboards.views.operator.room.timezone.now", lambda: now)
        tag = live(world.here.admin, event)["ETag"]
        if change == "note":
            write_note(event=event, by=world.here.staff, text="Called the school.")
        elif change == "answer":
            opt_out(participation=event.participations.first())
        else:
            cancel_event(event=event)
        assert live(world.here.admin, event, tag).status_code == 200

    def test_asking_again_costs_as_much_for_many_as_for_few(self, world, program):
        def queries(event):
            client = browser(world.here.admin)
            client.get(f"/ops/events/{event.pk}/live")
            Meter.objects.update(data_version=F("data_version") + 1)
            with CaptureQueriesContext(connection) as found:
                assert client.get(f"/ops/events/{event.pk}/live").status_code == 200
            return len(found)

        few = running_event(program, world.here.home)
        more = [make_meter(world.here.distributor) for _ in range(60)]
        many = running_event(program, *more, hours=3)
        assert queries(few) == queries(many) <= 12

    def test_a_room_where_nothing_changes_is_not_asked_again(self, world, program):
        event = cancel_event(event=coming_event(program))
        assert live(world.here.admin, event)["Live-Seconds"] == "0"


class TestTheLog:
    def test_staff_write_and_auditors_read(self, world, program):
        event = running_event(program)
        for name, status in (("staff", 302), ("admin", 302), ("auditor", 403), ("resident", 403)):
            user = getattr(world.here, name)
            answer = browser(user).post(f"/ops/events/{event.pk}/log", {"text": f"Written by {name}."})
            assert answer.status_code == status
        assert EventNote.objects.filter(event=event).count() == 2
        words = page(world.here.auditor, f"/ops/events/{event.pk}")
        assert "Written by staff." in words
        assert 'name="text"' not in words

    def test_a_stranger_cannot_write(self, world, program):
        event = running_event(program)
        answer = browser(world.there.admin).post(f"/ops/events/{event.pk}/log", {"text": "x"})
        assert (answer.status_code, EventNote.objects.count()) == (404, 0)

    @pytest.mark.parametrize(("text", "said"), [("", "Write something first."), (" \n ", "Write something first."),
                                                ("x" * 501, "At most 500 characters")])  # fmt: skip
    def test_nothing_and_too_much_are_refused_in_words(self, world, program, text, said):
        event = running_event(program)
        answer = browser(world.here.staff).post(f"/ops/events/{event.pk}/log", {"text": text}, follow=True)
        assert said in answer.content.decode()
        assert not EventNote.objects.exists()

    def test_what_is_written_is_text(self, world, program):
        event = running_event(program)
        write_note(event=event, by=world.here.staff, text="<script>alert(1)</script>")
        assert "&lt;script&gt;alert(1)" in page(world.here.admin, f"/ops/events/{event.pk}/log")

    def test_the_whole_log_tells_the_life_in_order(self, world, program):
        event = coming_event(program)
        write_note(event=event, by=world.here.staff, text="Called the school.")
        words = page(world.here.auditor, f"/ops/events/{event.pk}/log")
        places = [words.index(text) for text in ("Called the school.", "Announced:", "Scheduled:", "Draft made.")]
        assert places == sorted(places)


class TestSecondPerson:
    @pytest.fixture
    def large(self, world):
        """A draft by the first admin that is larger than one person may schedule."""
        terms = Terms("three-day", Decimal("2.80"), Decimal("10.35"), second_person_kw=Decimal("0.1"))
        version = create_program(distributor=world.here.distributor, name="Large evenings", terms=terms)[0]
        enroll(program=version.program, meter=world.here.home, kw=Decimal(2))
        start = now_slot() + timedelta(days=2)
        return create_event(program=version.program, start=start, end=start + timedelta(hours=1), by=world.here.admin)

    def test_who_wrote_it_reads_that_somebody_else_must_agree(self, world, large):
        words = page(world.here.admin, f"/ops/events/{large.pk}")
        assert "another admin must agree to it on this page" in words
        assert "ask-agree" not in words
        assert "ask-schedule" not in words
        assert f"/ops/events/{large.pk}/edit" in words

    def test_another_admin_agrees_there_and_may_then_schedule(self, world, large):
        second = make_admin(world.here.distributor)
        words = page(second, f"/ops/events/{large.pk}")
        assert "ask-agree" in words
        assert "ask-schedule" not in words
        answer = browser(second).post(f"/ops/events/{large.pk}/agree", follow=True).content.decode()
        assert "ask-agree" not in answer
        assert "ask-schedule" in answer

    def test_staff_reads_it_without_buttons(self, world, large):
        words = page(world.here.staff, f"/ops/events/{large.pk}")
        assert "a second person must agree" in words
        assert "ask-agree" not in words
        assert f"/ops/events/{large.pk}/edit" not in words

    def test_one_deed_is_one_line_of_the_log(self, world, large):
        assert [entry.text for entry in entries_of(large)] == ["Draft made."]

    def test_one_deed_that_a_full_second_parts_is_one_line_too(self, large):
        full = datetime(2026, 7, 1, 12, 0, 2, tzinfo=UTC)
        rows = [
            AuditEntry(act="event.created", actor_id=1, timestamp=full + place * timedelta(milliseconds=10))
            for place in (1, 0, -1, -300)
        ]
        assert [entry.at for entry in told(rows, large)] == [rows[0].timestamp, rows[3].timestamp]


class TestWhereItLeads:
    def test_lost_notices_lead_admins_to_the_messages_of_the_event(self, world, program):
        event = running_event(program)
        Message.objects.create(
            tenant=world.here.distributor, kind="mail", recipient="a@example.com", state=DeliveryState.UNREACHABLE,
            finished_at=timezone.now(), dedupe_key=f"event-{event.pk}-1",
        )  # fmt: skip
        address = f"/ops/messages?event={event.pk}&amp;state=unreachable"
        for user, leads in ((world.here.admin, True), (world.here.staff, False)):
            words = page(user, f"/ops/events/{event.pk}")
            assert "1 notice not delivered" in words
            assert (address in words) is leads

    def test_an_estimate_opens_from_the_room(self, world):
        from dashboards.tests.story import past_event

        add_readings(world.here.home)
        event = past_event(make_program(world.here, world.here.home))
        run = settle(event=event, kind=RunKind.PRELIMINARY)
        words = page(world.here.staff, f"/ops/events/{event.pk}")
        assert "Nothing is computed yet." not in words
        assert f"/ops/settlement/{run.pk}" in words
