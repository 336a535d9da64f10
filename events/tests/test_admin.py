"""Programs, enrollments and events in the admin: every write goes through a service, and readers only read."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Enrollment, Event, EventState, Nomination, Program, ProgramVersion
from events.services import notify_event, schedule_event
from events.tests.world import make_announced, make_draft, make_program

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


def errors(answer):
    assert answer.status_code == 200, answer.status_code
    form = answer.context["adminform"].form
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def run_action(client, model, name, *chosen):
    data = {"action": name, "_selected_action": [row.pk for row in chosen]}
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
        data = {"program": program.pk, "meter": world.here.home.pk, "kw": "", **rows("nominations")}
        assert as_admin.post(url(Enrollment, "add"), data).status_code == 302
        nomination = Nomination.objects.get(enrollment__program=program)
        assert (nomination.kw, nomination.source) == (Decimal("1.000"), f"Administration, {world.here.admin.email}")

    def test_a_meter_without_a_listed_figure_needs_one(self, as_admin, world):
        program = Program.objects.create(distributor=world.here.distributor, name="Evening")
        data = {"program": program.pk, "meter": world.here.neighbor_home.pk, "kw": "", **rows("nominations")}
        assert "Say how many kW" in errors(as_admin.post(url(Enrollment, "add"), data))
        as_admin.post(url(Enrollment, "add"), {**data, "kw": "0.7"})
        assert Nomination.objects.get().kw == Decimal("0.700")

    def test_a_new_figure_is_a_new_nomination(self, as_admin, world):
        make_program(world.here.distributor)
        enrollment = Enrollment.objects.get(meter=world.here.home)
        as_admin.post(url(Enrollment, "change", enrollment.pk), {"kw": "2.5", **rows("nominations")})
        kws = enrollment.nominations.order_by("id").values_list("kw", flat=True)
        assert [f"{kw:.1f}" for kw in kws] == ["1.0", "2.5"]

    def test_it_ends_by_action_and_is_never_deleted(self, as_admin, world):
        make_program(world.here.distributor)
        enrollment = Enrollment.objects.get(meter=world.here.home)
        assert run_action(as_admin, Enrollment, "end", enrollment) == ["Done for 1."]
        assert Enrollment.objects.get(pk=enrollment.pk).ended_at is not None
        assert as_admin.post(url(Enrollment, "delete", enrollment.pk), {"post": "yes"}).status_code == 403

    def test_another_distributors_meter_is_no_choice(self, as_admin, world):
        program = Program.objects.create(distributor=world.here.distributor, name="Evening")
        data = {"program": program.pk, "meter": world.there.home.pk, "kw": "1", **rows("nominations")}
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

    def test_the_state_moves_by_actions_only(self, as_admin, world):
        event = make_draft(make_program(world.here.distributor))
        for action, state in (("schedule", "scheduled"), ("notify", "notified"), ("cancel", "cancelled")):
            assert run_action(as_admin, Event, action, event) == ["Done for 1."]
            event.refresh_from_db()
            assert event.state == state
        assert as_admin.post(url(Event, "change", event.pk), {"state": "draft"}).status_code == 403

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
