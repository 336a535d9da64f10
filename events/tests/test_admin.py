"""Programs, enrollments and events in the admin: every write goes through a service, and readers only read."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Consent, Enrollment, Event, EventState, Nomination, Program, ProgramVersion
from events.services import (
    advance_events,
    ask_to_cancel,
    create_event,
    leave_out,
    notify_event,
    open_program,
    schedule_event,
    write_note,
)
from events.services.opt_schedules import add_opt_schedule
from events.targets import Targets
from events.tests.world import make_announced, make_draft, make_program
from settlement.tests.test_own_rules import make_rule
from tests.builder import make_admin

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TERMS = {
    "preset": "three-day", "rate_per_kw": "2.80", "wholesale_cost_per_kw": "10.35", "holiday_calendar": "US",
    "holidays": "2026-07-03, 2026-12-24",
}  # fmt: skip


@pytest.fixture
def as_admin(client, world):
    client.force_login(world.here.admin)
    return client


def url(model, action, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def rows(prefix, count=0):
    return {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": count}


ENROLLMENT_ROWS = rows("nominations") | rows("consents")


def errors(answer):
    assert answer.status_code == 200, answer.status_code
    form = answer.context["adminform"].form
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def run_action(client, model, name, *chosen, **more):
    data = {"action": name, "_selected_action": [row.pk for row in chosen], **more}
    answer = client.post(url(model, "changelist"), data, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


class TestPrograms:
    def test_a_new_program_gets_its_first_version(self, as_admin, world):
        data = {"name": "Evening", "is_open": "on", **TERMS, **rows("versions")}
        assert as_admin.post(url(Program, "add"), data).status_code == 302
        program = Program.objects.get()
        version = program.current
        assert (program.distributor_id, version.number, version.preset) == (world.here.distributor.pk, 1, "three-day")
        assert (version.rate_per_kw, version.holidays) == (Decimal("2.8000"), ["2026-07-03", "2026-12-24"])

    @pytest.mark.parametrize("role", ["admin", "platform"])
    def test_a_new_program_may_choose_the_distributors_own_rule(self, client, world, role):
        make_rule(world.here.distributor, "our-days")
        make_rule(world.there.distributor, "their-days")
        client.force_login(world.platform if role == "platform" else world.here.admin)
        data = {"name": "Evening", "is_open": "on", **TERMS, **rows("versions")}
        data["distributor"] = world.here.distributor.pk
        assert "valid choice" in errors(client.post(url(Program, "add"), data | {"preset": "their-days"}))
        assert client.post(url(Program, "add"), data | {"preset": "our-days"}).status_code == 302
        assert Program.objects.get().current.preset == "our-days"

    def test_other_terms_are_a_new_version_and_the_same_terms_none(self, as_admin, world):
        program = make_program(world.here.distributor)
        data = {"name": program.name, "is_open": "on", **TERMS, **rows("versions")}
        for rate in ("2.80", "3.10", "3.10"):
            answer = as_admin.post(url(Program, "change", program.pk), {**data, "rate_per_kw": rate})
            assert answer.status_code == 302
        rates = program.versions.order_by("number").values_list("rate_per_kw", flat=True)
        # The first has no holidays, so the same rate with the form's holidays is a version already.
        assert [f"{rate:.2f}" for rate in rates] == ["2.80", "2.80", "3.10"]

    def test_the_form_starts_with_the_terms_in_force(self, as_admin, world):
        program = make_program(world.here.distributor, rate="4.25")
        form = as_admin.get(url(Program, "change", program.pk)).context["adminform"].form
        assert (form["preset"].value(), form["rate_per_kw"].value()) == ("three-day", Decimal("4.2500"))

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"preset": "made-up"}, "valid choice"),
            ({"rate_per_kw": "-1"}, "greater than or equal to 0"),
            ({"rate_per_kw": "much"}, "Enter a number"),
            ({"holiday_calendar": "ATLANTIS"}, "ATLANTIS"),
            ({"holidays": "next Tuesday"}, "Write days like"),
            ({"name": ""}, "required"),
        ],
    )
    def test_bad_terms_get_a_sentence_and_nothing_is_written(self, as_admin, changes, sentence):
        data = {"name": "Evening", "is_open": "on", **TERMS, **rows("versions"), **changes}
        assert sentence in errors(as_admin.post(url(Program, "add"), data))
        assert not Program.objects.exists()

    def test_a_version_cannot_be_edited_in_place(self, as_admin, world):
        program = make_program(world.here.distributor)
        version = program.current
        data = {
            "name": program.name, "is_open": "on", **TERMS, **rows("versions", 1),
            "versions-0-id": version.pk, "versions-0-program": program.pk, "versions-0-rate_per_kw": "99",
        }  # fmt: skip
        as_admin.post(url(Program, "change", program.pk), data)
        assert ProgramVersion.objects.get(pk=version.pk).rate_per_kw == Decimal("2.8000")

    @pytest.mark.parametrize("role", ["staff", "auditor"])
    def test_readers_see_and_change_nothing(self, client, world, role):
        program = make_program(world.here.distributor)
        client.force_login(getattr(world.here, role))
        assert b"three-day" in client.get(url(Program, "change", program.pk)).content
        assert client.post(url(Program, "change", program.pk), TERMS).status_code == 403
        assert client.get(url(Program, "add")).status_code == 403

    def test_nothing_of_another_distributor_is_seen(self, as_admin, world):
        other = make_program(world.there.distributor, "Thither evenings")
        assert b"Thither" not in as_admin.get(url(Program, "changelist")).content
        assert as_admin.get(url(Program, "change", other.pk)).status_code == 404
        assert as_admin.post(url(Program, "change", other.pk), TERMS).status_code == 404
        assert other.versions.count() == 1


class TestEnrollments:
    def test_a_meter_enrolls_with_the_figure_of_its_list(self, as_admin, world):
        program = make_program(world.there.distributor)
        program = Program.objects.create(distributor=world.here.distributor, name="Evening")
        data = {"program": program.pk, "meter": world.here.home.pk, "kw": "", **ENROLLMENT_ROWS}
        assert as_admin.post(url(Enrollment, "add"), data).status_code == 302
        nomination = Nomination.objects.get(enrollment__program=program)
        assert (nomination.kw, nomination.source) == (Decimal("1.000"), f"Administration, person {world.here.admin.pk}")

    def test_a_meter_without_a_listed_figure_needs_one(self, as_admin, world):
        program = make_program(world.here.distributor, "Evening")
        data = {"program": program.pk, "meter": world.here.neighbor_home.pk, "kw": "", **ENROLLMENT_ROWS}
        assert "Say how many kW" in errors(as_admin.post(url(Enrollment, "add"), data))
        as_admin.post(url(Enrollment, "add"), {**data, "kw": "0.7"})
        assert Nomination.objects.get(enrollment__meter=world.here.neighbor_home).kw == Decimal("0.700")

    def test_a_new_figure_is_a_new_nomination(self, as_admin, world):
        make_program(world.here.distributor)
        enrollment = Enrollment.objects.get(meter=world.here.home)
        as_admin.post(url(Enrollment, "change", enrollment.pk), {"kw": "2.5", **ENROLLMENT_ROWS})
        kws = enrollment.nominations.order_by("id").values_list("kw", flat=True)
        assert [f"{kw:.1f}" for kw in kws] == ["1.0", "2.5"]

    def test_consent_and_standing_wishes_stand_on_its_page(self, as_admin, world):
        program = make_program(world.here.distributor)
        enrollment = Enrollment.objects.get(meter=world.here.home)
        version, holder = program.current, world.here.resident
        Consent.objects.create(
            enrollment=enrollment, version=version, holder_id=holder.pk, given_by=holder, terms_sha256="ab" * 32
        )
        add_opt_schedule(meter=world.here.home, holder=holder, weekdays="6", by=holder)
        page = as_admin.get(url(Enrollment, "change", enrollment.pk)).content.decode()
        for text in ("ab" * 32, "You skip events on Sundays"):
            assert text in page, text

    def test_it_ends_by_action_and_is_never_deleted(self, as_admin, world):
        make_program(world.here.distributor)
        enrollment = Enrollment.objects.get(meter=world.here.home)
        assert run_action(as_admin, Enrollment, "end", enrollment) == ["Done for 1."]
        assert Enrollment.objects.get(pk=enrollment.pk).ended_at is not None
        assert as_admin.post(url(Enrollment, "delete", enrollment.pk), {"post": "yes"}).status_code == 403

    def test_another_distributors_meter_is_no_choice(self, as_admin, world):
        program = Program.objects.create(distributor=world.here.distributor, name="Evening")
        data = {"program": program.pk, "meter": world.there.home.pk, "kw": "1", **ENROLLMENT_ROWS}
        assert "valid choice" in errors(as_admin.post(url(Enrollment, "add"), data))

    def test_readers_change_nothing(self, client, world):
        make_program(world.here.distributor)
        enrollment = Enrollment.objects.get(meter=world.here.home)
        client.force_login(world.here.auditor)
        assert client.get(url(Enrollment, "change", enrollment.pk)).status_code == 200
        assert client.post(url(Enrollment, "change", enrollment.pk), {"kw": "9"}).status_code == 403


def local(moment, world):
    at = moment.astimezone(world.here.distributor.zone)
    return f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}"


def times(world, start, end):
    pairs = {"start": local(start, world), "end": local(end, world)}
    return {f"{name}_{place}": text for name, pair in pairs.items() for place, text in enumerate(pair)}


class TestEvents:
    def span(self):
        start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
        return start, start + timedelta(hours=1)

    def test_a_new_event_is_a_draft_on_the_distributors_clock(self, as_admin, world):
        program = make_program(world.here.distributor)
        start, end = self.span()
        answer = as_admin.post(url(Event, "add"), {"program": program.pk, **times(world, start, end)})
        assert answer.status_code == 302
        event = Event.objects.get()
        assert (event.start, event.end, event.state) == (start, end, EventState.DRAFT)
        assert (event.version, event.created_by) == (program.current, world.here.admin)
        assert (
            local(start, world)[1].removesuffix(":00")[:2].lstrip("0")
            in as_admin.get(url(Event, "change", event.pk)).content.decode()
        )

    @pytest.mark.parametrize(
        ("shift", "length", "sentence"),
        [(-5, 1, "must be in the future"), (3, -1, "end must be after the start"), (3, 30, "at most 24 hours")],
    )
    def test_times_that_make_no_event_get_a_sentence(self, as_admin, world, shift, length, sentence):
        program = make_program(world.here.distributor)
        start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=shift)
        data = {"program": program.pk, **times(world, start, start + timedelta(hours=length))}
        assert sentence in errors(as_admin.post(url(Event, "add"), data))
        assert not Event.objects.exists()

    def test_a_closed_program_calls_no_event(self, as_admin, world):
        program = make_program(world.here.distributor)
        open_program(program=program, is_open=False)
        answer = as_admin.post(url(Event, "add"), {"program": program.pk, **times(world, *self.span())})
        assert "closed and calls no events" in errors(answer)
        assert not Event.objects.exists()

    def test_the_state_moves_by_actions_only(self, as_admin, world):
        event = make_draft(make_program(world.here.distributor))
        for action, state in (("schedule", "scheduled"), ("notify", "notified"), ("cancel", "cancelled")):
            assert run_action(as_admin, Event, action, event, reason="storm") == ["Done for 1."]
            event.refresh_from_db()
            assert event.state == state
        assert event.cancel_reason == "storm"
        assert as_admin.post(url(Event, "change", event.pk), {"state": "draft"}).status_code == 403

    def test_whoever_was_told_is_told_why(self, as_admin, world):
        event = make_announced(make_program(world.here.distributor))
        (words,) = run_action(as_admin, Event, "cancel", event)
        assert "Give a reason" in words
        assert Event.objects.get().state == EventState.NOTIFIED

    def test_a_running_event_is_not_called_off_by_one(self, as_admin, world):
        event = make_announced(make_program(world.here.distributor))
        advance_events(now=event.start)
        (words,) = run_action(as_admin, Event, "cancel", event, reason="storm")
        assert "a second admin must agree" in words

    def test_a_large_draft_is_agreed_to_by_another(self, client, world):
        program = make_program(world.here.distributor, second_person_kw=Decimal(50))
        start, end = self.span()
        event = create_event(program=program, start=start, end=end, by=world.here.admin)
        client.force_login(world.here.admin)
        assert "needs a second person" in run_action(client, Event, "schedule", event)[0]
        assert "Somebody else" in run_action(client, Event, "agree", event)[0]
        client.force_login(make_admin(world.here.distributor))
        assert run_action(client, Event, "agree", event) == ["Done for 1."]
        assert run_action(client, Event, "schedule", event) == ["Done for 1."]

    def test_a_draft_is_edited_and_keeps_whom_it_asks(self, as_admin, world):
        program = make_program(world.here.distributor)
        start, end = self.span()
        targets = Targets(meters=frozenset([world.here.home.pk]))
        event = create_event(program=program, start=start, end=end, targets=targets)
        page = as_admin.get(url(Event, "change", event.pk)).content.decode()
        assert "Hither-home" in page
        later = times(world, start, end + timedelta(hours=1))
        data = {**later, "note": "Hot", "target_kw": "7.5", "is_test": "on"}
        data |= rows("cancel_requests") | rows("notes")
        answer = as_admin.post(url(Event, "change", event.pk), data)
        assert answer.status_code == 302, errors(answer)
        event.refresh_from_db()
        assert (event.end, event.note, event.is_test) == (end + timedelta(hours=1), "Hot", True)
        assert (event.target_kw, event.modification_number, event.targets.count()) == (Decimal("7.5"), 1, 1)

    def test_what_became_of_an_event_stands_on_its_page(self, as_admin, world):
        program = make_program(world.here.distributor)
        start, end = self.span()
        event = create_event(program=program, start=start, end=end, by=world.here.admin)
        leave_out(event=event, meter=world.here.home, note="ill", by=world.here.admin)
        notify_event(event=schedule_event(event=event))
        write_note(event=event, by=world.here.staff, text="Called the school.")
        advance_events(now=start)
        ask_to_cancel(event=event, by=world.here.admin, reason="Storm ahead")
        page = as_admin.get(url(Event, "change", event.pk)).content.decode()
        for text in ("1: left out by the operator", "Called the school.", "Storm ahead", "everybody who is enrolled"):
            assert text in page, text

    def test_a_step_out_of_turn_is_said_row_by_row(self, as_admin, world):
        event = make_draft(make_program(world.here.distributor))
        (words,) = run_action(as_admin, Event, "notify", event)
        assert "The event is draft" in words

    def test_only_what_nobody_was_told_of_is_deleted(self, as_admin, world):
        program = make_program(world.here.distributor)
        secret, known = make_draft(program), make_announced(program, days=4)
        messages = run_action(as_admin, Event, "remove", secret, known)
        assert [event.pk for event in Event.objects.all()] == [known.pk]
        assert any("announced, so it cannot be deleted" in words for words in messages)
        assert as_admin.post(url(Event, "delete", known.pk), {"post": "yes"}).status_code == 403

    @pytest.mark.parametrize("role", ["staff", "auditor"])
    def test_readers_see_and_move_nothing(self, client, world, role):
        event = make_draft(make_program(world.here.distributor))
        client.force_login(getattr(world.here, role))
        assert client.get(url(Event, "change", event.pk)).status_code == 200
        client.post(url(Event, "changelist"), {"action": "schedule", "_selected_action": [event.pk]})
        assert Event.objects.get(pk=event.pk).state == EventState.DRAFT
        assert client.get(url(Event, "add")).status_code == 403

    def test_another_distributors_event_cannot_be_moved(self, as_admin, world):
        event = notify_event(event=schedule_event(event=make_draft(make_program(world.there.distributor))))
        run_action(as_admin, Event, "cancel", event)
        assert Event.objects.get(pk=event.pk).state == EventState.NOTIFIED
        assert b"Thither" not in as_admin.get(url(Event, "changelist")).content

    def test_the_platform_operator_may_make_events_for_anybody(self, client, world):
        program = make_program(world.there.distributor)
        client.force_login(world.platform)
        start, end = self.span()
        data = {
            "program": program.pk, "start_0": f"{start:%Y-%m-%d}", "start_1": f"{start:%H:%M:%S}",
            "end_0": f"{end:%Y-%m-%d}", "end_1": f"{end:%H:%M:%S}",
        }  # fmt: skip
        assert client.post(url(Event, "add"), data).status_code == 302
        assert Event.objects.get().start == start
