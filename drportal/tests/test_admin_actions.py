"""Actions of the admin: through services, row by row, and within the rules of roles."""

import csv
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, ApprovalStatus, AuditEntry, StaffRole, User
from delivery.jobs import note_failure
from delivery.models import DeliveryState, FailedJob, Message
from meters.models import ClaimCode, Meter
from organizations.models import Organization, OrganizationRequest
from tests.builder import make_admin, make_token, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def as_admin(client, world):
    client.force_login(world.here.admin)
    return client


def url(model, action, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def run(client, model, action, *rows, **more):
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(url(model, "changelist"), data, follow=True)


def said(answer):
    return [str(message) for message in answer.context["messages"]]


class TestPeople:
    def test_a_member_is_approved_with_a_notice(self, as_admin, world):
        run(as_admin, User, "approve", world.here.pending)
        assert User.objects.get(pk=world.here.pending.pk).is_approved
        assert Message.objects.filter(recipient=world.here.pending.email).exists()

    def test_the_only_admin_of_an_organization_is_not_refused(self, as_admin, world):
        words = said(run(as_admin, User, "reject", world.here.organization_admin, world.here.neighbor))
        assert any("only admin" in each for each in words)
        assert "Done for 1." in words
        assert User.objects.get(pk=world.here.organization_admin.pk).is_approved
        assert not User.objects.get(pk=world.here.neighbor.pk).is_approved

    def test_the_platform_cannot_leave_a_distributor_without_an_admin(self, client, world):
        client.force_login(world.platform)
        assert any("only admin" in each for each in said(run(client, User, "reject", world.here.admin)))
        assert User.objects.get(pk=world.here.admin.pk).is_approved

    def test_closing_asks_first(self, as_admin, world):
        person = make_user(world.here.distributor)
        page = run(as_admin, User, "close", person)
        assert "cannot be brought back" in page.text
        assert User.objects.get(pk=person.pk).closed_at is None
        assert said(run(as_admin, User, "close", person, confirmed="yes")) == ["Done for 1."]
        assert User.objects.get(pk=person.pk).closed_at is not None

    def test_nobody_closes_their_own_account_here(self, as_admin, world):
        run(as_admin, User, "close", world.here.admin, confirmed="yes")
        assert User.objects.get(pk=world.here.admin.pk).closed_at is None

    def test_people_and_meters_have_no_delete_button(self, as_admin, world):
        for row in (world.here.resident, world.here.home):
            assert url(type(row), "delete", row.pk) not in as_admin.get(url(type(row), "change", row.pk)).text
            assert as_admin.post(url(type(row), "delete", row.pk), {"post": "yes"}).status_code == 403

    def test_a_customers_page_leads_to_acting_as_them(self, as_admin, world):
        link = reverse("act_as_start", args=[world.here.resident.pk])
        assert link in as_admin.get(url(User, "change", world.here.resident.pk)).text
        for person in (world.here.admin, world.here.staff, world.here.pending):
            assert "act-as" not in as_admin.get(url(User, "change", person.pk)).text


class TestRoles:
    def change(self, client, person, role, **more):
        data = {"first_name": person.first_name, "last_name": "", "staff_role": role, **more}
        return client.post(url(User, "change", person.pk), data, follow=True)

    def test_an_admin_gives_and_takes_roles(self, as_admin, world):
        self.change(as_admin, world.here.staff, StaffRole.ADMIN)
        assert User.objects.get(pk=world.here.staff.pk).staff_role == StaffRole.ADMIN
        entry = AuditEntry.objects.filter(act="user.role").get()
        assert (entry.actor_id, entry.changes["staff_role"]) == (world.here.admin.pk, ["staff", "admin"])

    def test_nobody_changes_their_own_role(self, as_admin, world):
        make_admin(world.here.distributor)
        self.change(as_admin, world.here.admin, StaffRole.STAFF)
        assert User.objects.get(pk=world.here.admin.pk).staff_role == StaffRole.ADMIN

    def test_the_last_admin_stays(self, client, world):
        client.force_login(world.platform)
        assert any("only admin" in each for each in said(self.change(client, world.here.admin, StaffRole.STAFF)))
        assert User.objects.get(pk=world.here.admin.pk).staff_role == StaffRole.ADMIN

    def test_states_are_not_set_by_the_form(self, as_admin, world):
        person = world.here.pending
        self.change(as_admin, person, "", approval_status="approved", is_active="", closed_at="2026-01-01")
        person = User.objects.get(pk=person.pk)
        assert (person.approval_status, person.is_active, person.closed_at) == (ApprovalStatus.PENDING, True, None)

    def test_a_member_gets_no_role(self, as_admin, world):
        answer = self.change(as_admin, world.here.member, StaffRole.STAFF)
        assert "cannot work for the distributor" in answer.text
        assert User.objects.get(pk=world.here.member.pk).staff_role == ""


class TestMeters:
    def test_out_of_service_and_back(self, as_admin, world):
        words = said(run(as_admin, Meter, "retire", world.here.home, world.here.school))
        assert words == ["Done for 2."]
        words = said(run(as_admin, Meter, "retire", world.here.home, world.here.neighbor_home))
        assert words == ["Done for 1.", "Hither-home: This meter is out of service already."]
        run(as_admin, Meter, "return_to_service", world.here.home)
        assert Meter.objects.get(pk=world.here.home.pk).retired_at is None
        acts = AuditEntry.objects.filter(content_type__model="meter", actor=world.here.admin)
        assert list(acts.order_by("pk").values_list("act", flat=True)) == ["meter.retire"] * 3 + ["meter.return"]

    def test_claim_codes_come_as_a_file_once(self, as_admin, world):
        answer = run(as_admin, Meter, "issue_codes", world.here.home, world.here.school)
        assert answer["Content-Type"].startswith("text/csv")
        rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
        assert {row["meter"] for row in rows} == {"Hither-home", "Hither-school"}
        codes = [row["claim_code"] for row in rows]
        for page in (url(ClaimCode, "changelist"), url(ClaimCode, "change", ClaimCode.objects.first().pk)):
            text = as_admin.get(page).text
            assert not any(code in text for code in codes)
            assert not any(digest in text for digest in ClaimCode.objects.values_list("digest", flat=True))

    def test_codes_are_withdrawn_and_a_meter_without_one_is_named(self, as_admin, world):
        run(as_admin, Meter, "issue_codes", world.here.home)
        words = said(run(as_admin, Meter, "withdraw_codes", world.here.home, world.here.school))
        assert words == ["Done for 1.", "Hither-school: This meter has no open claim code."]
        assert not ClaimCode.objects.open().exists()


class TestMessages:
    def message(self, world, state, kind="plain"):
        return Message.objects.create(
            tenant_id=world.here.distributor.pk, kind=kind, recipient="a@example.com", payload={"subject": "s"},
            state=state, finished_at=timezone.now(),
        )  # fmt: skip

    def test_what_was_given_up_is_tried_again(self, as_admin, world):
        message = self.message(world, DeliveryState.UNREACHABLE)
        assert said(run(as_admin, Message, "resend", message)) == ["Done for 1."]
        message.refresh_from_db()
        assert (message.state, message.finished_at) == (DeliveryState.PENDING, None)
        assert AuditEntry.objects.filter(act="message.resend", actor=world.here.admin).exists()

    def test_what_arrived_or_lost_its_text_is_not(self, as_admin, world, settings):
        settings.DEMO = False
        rows = [self.message(world, DeliveryState.DELIVERED), self.message(world, DeliveryState.UNREACHABLE, "mail")]
        words = said(run(as_admin, Message, "resend", *rows))
        assert any("has arrived" in each for each in words)
        assert any("was erased" in each for each in words)

    def test_a_failed_job_is_marked_as_seen(self, client, world):
        note_failure(sender="task", exception=ValueError("no"), args=(), kwargs={})
        client.force_login(world.platform)
        run(client, FailedJob, "seen", FailedJob.objects.get())
        assert not FailedJob.objects.unseen().exists()


def test_a_request_is_decided_by_its_service(as_admin, world):
    rows = [
        OrganizationRequest.objects.create(
            person=make_user(world.here.distributor), distributor=world.here.distributor, name=name
        )
        for name in ("Library", "Hither Water", "Museum")
    ]
    words = said(run(as_admin, OrganizationRequest, "approve", *rows[:2]))
    assert words[0] == "Done for 1."
    assert words[1].startswith("Hither Water: ")
    assert Organization.objects.filter(name="Library").exists()
    run(as_admin, OrganizationRequest, "refuse", rows[2], reason="No museum there")
    assert OrganizationRequest.objects.get(pk=rows[2].pk).reason == "No museum there"


class TestHistory:
    def test_a_rows_page_tells_who_changed_what(self, as_admin, world):
        data = {"number": world.here.home.number, "interval_minutes": 30, "name": "Maple Street", "usage_kind": "home"}
        data |= {"reading_kind": "interval"}
        as_admin.post(url(Meter, "change", world.here.home.pk), data)
        page = as_admin.get(url(Meter, "history", world.here.home.pk))
        newest = page.context["entries"][0]
        assert (newest.act, newest.who) == ("Meter changed", world.here.admin.email)
        assert ("Name", "", "Maple Street") in [(line.label, line.old, line.new) for line in newest.lines]
        assert "Maple Street" in page.text
        assert not LogEntry.objects.exists()

    def test_the_list_is_ones_own_and_to_read_only(self, as_admin, world):
        run(as_admin, Meter, "retire", world.here.home)
        entry = AuditEntry.objects.filter(act="meter.retire").get()
        text = as_admin.get(url(AuditEntry, "changelist")).text
        assert "Meter taken out of service" in text
        assert "Thither" not in text
        assert as_admin.get(url(AuditEntry, "change", entry.pk)).status_code == 200
        for action in ("change", "delete"):
            assert as_admin.post(url(AuditEntry, action, entry.pk), {"post": "yes"}).status_code == 403
        run(as_admin, AuditEntry, "delete_selected", entry, post="yes")
        assert AuditEntry.objects.filter(pk=entry.pk).exists()

    def test_another_distributors_entry_is_unknown(self, client, world, as_admin):
        run(as_admin, Meter, "retire", world.here.home)
        entry = AuditEntry.objects.filter(act="meter.retire").get()
        client.force_login(world.there.admin)
        assert client.get(url(AuditEntry, "change", entry.pk)).status_code == 404
        assert client.get(url(AuditEntry, "changelist"), {"act": "meter.retire"}).context["cl"].result_count == 0

    @pytest.mark.parametrize("query", ["act=meter.retire", "who={admin}", "kind={kind}", "q=Hither-home"])
    def test_filters_find_it(self, as_admin, world, query):
        run(as_admin, Meter, "retire", world.here.home)
        entry = AuditEntry.objects.filter(act="meter.retire").get()
        query = query.format(admin=world.here.admin.pk, kind=entry.content_type_id)
        found = as_admin.get(f"{url(AuditEntry, 'changelist')}?{query}").context["cl"].queryset
        assert entry in found

    def test_issuing_and_revoking_a_token_is_told_without_the_key(self, as_admin, world):
        token, key = make_token(world.here.neighbor)
        run(as_admin, ApiToken, "revoke", token)
        page = as_admin.get(url(ApiToken, "history", token.pk)).text
        assert key not in page
        assert token.digest not in page
