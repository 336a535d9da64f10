"""Support sees what a customer sees, changes nothing, and leaves a trail."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from accounts import acting
from accounts.errors import MayNotActAs
from accounts.models import ApprovalStatus, AuditEntry, StaffRole, User
from accounts.services import set_approval
from events.tests.world import make_announced, make_program
from tests.builder import make_admin, make_user

pytestmark = pytest.mark.django_db

WHY = "Asked by phone about the reward of Tuesday."


@pytest.fixture(autouse=True)
def no_second_factor(settings):
    """Acting is the subject here; `accounts/mfa` tests who needs a factor."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SecondFactor" not in name]


def as_person(admin, person):
    """A browser in which the admin acts as the person."""
    browser = Client()
    browser.force_login(admin)
    answer = start(browser, person)
    assert (answer.status_code, answer.url) == (302, "/home")
    return browser


def start(browser, person, reason=WHY):
    return browser.post(f"/ops/act-as/{person.pk}", {"reason": reason})


def acts():
    return list(AuditEntry.objects.filter(act__startswith="acting.").order_by("id"))


class TestWho:
    def test_admin_acts_as_residents_members_and_organization_admins(self, here):
        for person in (here.resident, here.member, here.organization_admin):
            page = as_person(here.admin, person).get("/home", follow=True)
            assert page.context["user"] == person

    def test_nobody_acts_as_those_who_work_here(self, world, here):
        browser = Client()
        browser.force_login(here.admin)
        for person in (here.staff, here.auditor, make_admin(here.distributor), here.admin):
            assert browser.get(f"/ops/act-as/{person.pk}").status_code == 403
            assert start(browser, person).status_code == 403
        assert start(browser, world.platform).status_code == 404
        assert acting.SESSION_KEY not in browser.session

    def test_stranger_is_not_found(self, world):
        browser = Client()
        browser.force_login(world.here.admin)
        assert start(browser, world.there.resident).status_code == 404

    def test_person_who_waits_is_refused(self, here):
        browser = Client()
        browser.force_login(here.admin)
        assert start(browser, here.pending).status_code == 403

    def test_only_admins_act(self, here):
        for user in (here.staff, here.auditor, here.resident, here.member, here.organization_admin):
            browser = Client()
            browser.force_login(user)
            assert browser.get(f"/ops/act-as/{here.resident.pk}").status_code == 403
            assert start(browser, here.resident).status_code == 403

    def test_platform_operator_acts_as_customers_of_every_distributor(self, world):
        for side in (world.here, world.there):
            assert as_person(world.platform, side.resident).get("/home").context["user"] == side.resident
        other = User.objects.create_superuser("second@example.com")
        browser = Client()
        browser.force_login(world.platform)
        for person in (other, world.here.admin):
            assert start(browser, person).status_code == 403

    def test_service_itself_refuses(self, world):
        for person in (world.here.staff, world.there.resident, world.here.pending):
            with pytest.raises(MayNotActAs):
                acting.start(session={}, admin=world.here.admin, person=person, reason=WHY)
        with pytest.raises(MayNotActAs):
            acting.start(session={}, admin=world.here.admin, person=world.here.resident, reason="  x          ")


class TestStart:
    def test_page_says_what_will_happen_and_asks_why(self, here):
        browser = Client()
        browser.force_login(here.admin)
        page = browser.get(f"/ops/act-as/{here.resident.pk}")
        assert here.resident.email in page.text
        assert acting.SESSION_KEY not in browser.session
        assert not acts()

    @pytest.mark.parametrize("reason", ["", "  ", "because"])
    def test_without_a_reason_nothing_starts(self, here, reason):
        browser = Client()
        browser.force_login(here.admin)
        page = start(browser, here.resident, reason)
        assert page.context["form"].errors["reason"]
        assert acting.SESSION_KEY not in browser.session
        assert not acts()

    def test_who_acts_cannot_go_on_to_another_person(self, here):
        browser = as_person(here.admin, here.resident)
        assert browser.get(f"/ops/act-as/{here.neighbor.pk}").status_code == 403
        assert start(browser, here.neighbor).status_code == 403


class TestReadOnly:
    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_every_unsafe_method_is_refused_with_a_sentence(self, here, method):
        browser = as_person(here.admin, here.organization_admin)
        answer = getattr(browser, method)("/org/approvals", {"member": here.pending.pk, "decision": "approve"})
        assert answer.status_code == 403
        assert "change nothing" in answer.text
        here.pending.refresh_from_db()
        assert here.pending.approval_status == ApprovalStatus.PENDING

    @pytest.mark.parametrize(
        "path",
        [
            *("/account", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/sessions/"),
            *("/account/tokens", "/account/data", "/account/close", "/admin/", "/admin/accounts/user/"),
            *("/api/docs", "/api/v1/meters"),
        ],
    )
    def test_account_security_admin_and_api_are_closed(self, here, path):
        assert as_person(here.admin, here.resident).get(path).status_code == 403

    def test_operator_pages_are_what_the_person_would_see(self, here):
        browser = as_person(here.admin, here.resident)
        assert browser.get("/ops").status_code == 403
        assert browser.get(f"/meters/{here.neighbor_home.pk}").status_code == 404
        assert browser.get(f"/meters/{here.home.pk}").status_code == 200

    def test_files_are_closed(self, here):
        path = f"/meters/{here.home.pk}/readings.csv"
        own = Client()
        own.force_login(here.resident)
        assert own.get(path).status_code == 200
        assert as_person(here.admin, here.resident).get(path).status_code == 403

    def test_a_calendar_file_is_a_file_too(self, here):
        event = make_announced(make_program(here.distributor))
        path = f"/events/{event.pk}/event.ics"
        own = Client()
        own.force_login(here.resident)
        assert own.get(path).status_code == 200
        answer = as_person(here.admin, here.resident).get(path)
        assert (answer.status_code, "BEGIN:VCALENDAR" in answer.text) == (403, False)


class TestBanner:
    def test_every_page_says_who_acts_as_whom_and_how_to_stop(self, here):
        browser = as_person(here.admin, here.resident)
        for path in ("/home", "/rewards", f"/meters/{here.home.pk}", "/how-it-works", "/", "/help", "/ops"):
            text = browser.get(path).text
            assert f"You see the portal as {here.resident.get_full_name()}." in text, path
            assert here.admin.get_full_name() in text, path
            assert '"/ops/act-as/stop"' in text, path

    def test_nobody_else_sees_it(self, here):
        as_person(here.admin, here.resident)
        browser = Client()
        browser.force_login(here.resident)
        assert "act-as" not in browser.get("/home").text

    def test_pages_stay_out_of_caches(self, here):
        assert as_person(here.admin, here.resident).get("/home").headers["Cache-Control"] == "private, no-store"


class TestEnd:
    def test_stop_leads_back_to_the_own_pages(self, here):
        browser = as_person(here.admin, here.resident)
        answer = browser.post("/ops/act-as/stop")
        assert (answer.status_code, answer.url) == (302, "/home")
        assert browser.get("/ops").status_code == 200
        assert browser.post("/ops/act-as/stop").status_code == 302
        assert [entry.act for entry in acts()].count("acting.stop") == 1

    def test_stop_needs_the_token_of_the_form(self, here):
        browser = Client(enforce_csrf_checks=True)
        browser.cookies = as_person(here.admin, here.resident).cookies
        assert browser.post("/ops/act-as/stop").status_code == 403
        assert browser.get("/home").context["user"] == here.resident

    def test_it_ends_after_half_an_hour(self, here):
        browser = as_person(here.admin, here.resident)
        kept = browser.session
        kept[acting.SESSION_KEY]["until"] = (timezone.now() + timedelta(seconds=2)).isoformat()
        kept.save()
        assert browser.get("/rewards").context["user"] == here.resident
        kept = browser.session
        assert acting.LASTS.total_seconds() == 1800
        kept[acting.SESSION_KEY]["until"] = timezone.now().isoformat()
        kept.save()
        assert_over(browser, here.admin)

    @pytest.mark.parametrize("status", [ApprovalStatus.REJECTED, ApprovalStatus.PENDING])
    def test_it_ends_when_the_person_loses_approval(self, here, status):
        browser = as_person(here.admin, here.resident)
        set_approval(user=here.resident, status=status, by=None)
        assert_over(browser, here.admin)

    def test_it_ends_when_the_person_comes_to_work_here(self, here):
        browser = as_person(here.admin, here.resident)
        User.objects.filter(pk=here.resident.pk).update(staff_role=StaffRole.STAFF)
        assert_over(browser, here.admin)

    @pytest.mark.parametrize("role", [StaffRole.STAFF, StaffRole.AUDITOR])
    def test_it_ends_when_the_admin_loses_the_role(self, here, role):
        browser = as_person(here.admin, here.resident)
        User.objects.filter(pk=here.admin.pk).update(staff_role=role)
        assert_over(browser, here.admin)

    def test_it_ends_when_the_admin_loses_approval(self, here):
        browser = as_person(here.admin, here.resident)
        set_approval(user=here.admin, status=ApprovalStatus.REJECTED, by=None)
        assert not browser.get("/rewards", follow=True).context["user"].is_authenticated
        set_approval(user=here.admin, status=ApprovalStatus.APPROVED, by=None)
        assert acting.SESSION_KEY not in browser.session
        assert acts()[-1].act == "acting.stop"

    def test_signing_out_ends_both(self, here):
        browser = as_person(here.admin, here.resident)
        assert browser.post("/accounts/logout/").status_code == 302
        assert acting.SESSION_KEY not in browser.session
        assert not browser.get("/").context["user"].is_authenticated
        assert acts()[-1].changes is None or acts()[-1].additional_data == {"why": "signed out"}

    def test_form_of_the_person_is_not_sent_as_the_admin_after_the_end(self, here):
        browser = as_person(here.admin, here.resident)
        kept = browser.session
        kept[acting.SESSION_KEY]["until"] = timezone.now().isoformat()
        kept.save()
        answer = browser.post("/account", {"first_name": "Changed", "last_name": "", "theme": ""})
        assert (answer.status_code, answer.url) == (302, "/home")
        here.admin.refresh_from_db()
        assert here.admin.first_name != "Changed"


def assert_over(browser, admin):
    """The next page leads home, and from then on everything is the admin's again."""
    answer = browser.get("/rewards")
    assert (answer.status_code, answer.url) == (302, "/home")
    assert "ended" in str(next(iter(get_messages(answer.wsgi_request))))
    assert browser.get("/how-it-works").context["user"] == admin
    assert (acts()[-1].act, acts()[-1].additional_data) == ("acting.stop", {"why": "over"})


class TestTrail:
    def test_both_identities_stand_at_start_pages_and_stop(self, here):
        browser = as_person(here.admin, here.resident)
        browser.get("/home")
        browser.get(f"/meters/{here.home.pk}")
        browser.get("/rewards/999999/why")
        browser.post("/ops/act-as/stop")
        browser.get("/ops")
        told = [(entry.act, (entry.additional_data or {}).get("path")) for entry in acts()]
        seen = [("acting.see", "/home"), ("acting.see", f"/meters/{here.home.pk}")]
        assert told == [("acting.start", None), *seen, ("acting.stop", None)]
        for entry in acts():
            assert (entry.actor_id, entry.acting_as_id) == (here.admin.pk, here.resident.pk)
            assert entry.tenant_id == here.distributor.pk
            assert entry.object_pk == str(here.resident.pk)
        assert acts()[0].reason == WHY

    def test_trail_names_nobody(self, here):
        as_person(here.admin, make_user(here.distributor, first_name="Zenobia")).get("/home")
        for entry in acts():
            assert "Zenobia" not in f"{entry} {entry.additional_data} {entry.changes}"
