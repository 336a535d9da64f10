"""From the sign-up form to the first page, for each kind of person."""

import re
from unittest import mock

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client

from accounts.models import ApprovalStatus, User
from accounts.tests.journeys import confirm, is_in, link_in, log_in, mails_to, sign_up
from delivery.models import Message
from organizations.models import Membership
from organizations.services import approve_member, reject_member, remove_member
from tests.builder import PASSWORD, make_distributor, make_member, make_organization, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
CLOSED = ["/home", "/account", "/accounts/email/", "/accounts/password/change/", "/admin/", "/api/docs"]


@pytest.fixture
def distributor():
    return make_distributor("Hither")


@pytest.fixture
def organization(distributor):
    organization = make_organization(distributor, "Hither Schools")
    make_member(organization, email="head@example.com")
    return organization


class TestResident:
    def test_resident_signs_up_confirms_and_comes_in(self, client, distributor):
        answer = sign_up(client, ADA, distributor)
        assert answer.status_code == 302
        assert answer.url == "/accounts/confirm-email/"
        user = User.objects.get(email=ADA)
        assert (user.approval_status, user.tenant_id) == (ApprovalStatus.PENDING, distributor.pk)
        assert (user.first_name, user.last_name) == ("Ada", "Byron")
        confirm(client, ADA)
        user.refresh_from_db()
        assert user.approval_status == ApprovalStatus.APPROVED
        answer = log_in(client, ADA)
        assert (answer.status_code, answer.url) == (302, "/home")
        assert is_in(client)

    def test_unverified_resident_cannot_come_in(self, client, distributor):
        sign_up(client, ADA, distributor)
        answer = log_in(Client(), ADA)
        assert answer.url == "/accounts/confirm-email/"
        assert not is_in(client)

    def test_link_to_confirm_works_in_another_browser(self, distributor):
        sign_up(Client(), ADA, distributor)
        confirm(Client(), ADA)
        browser = Client()
        log_in(browser, ADA)
        assert is_in(browser)

    def test_opening_the_link_alone_confirms_nothing(self, client, distributor):
        sign_up(client, ADA, distributor)
        assert client.get(link_in(mails_to(ADA)[-1])).status_code == 200
        assert not EmailAddress.objects.get(email=ADA).verified

    def test_log_out_lands_on_the_landing_page(self, client, distributor):
        make_user(distributor, email=ADA, password=PASSWORD)
        log_in(client, ADA)
        answer = client.post("/accounts/logout/")
        assert (answer.status_code, answer.url) == (302, "/")
        assert not is_in(client)


class TestOrganizationUser:
    def test_member_waits_and_every_closed_page_says_so(self, client, distributor, organization):
        sign_up(client, ADA, distributor, organization)
        confirm(client, ADA)
        user = User.objects.get(email=ADA)
        assert user.approval_status == ApprovalStatus.PENDING
        assert user.membership.organization_id == organization.pk
        answer = log_in(client, ADA)
        assert answer.url == "/accounts/waiting"
        page = client.get("/accounts/waiting")
        assert page.status_code == 200
        assert "Hither Schools" in page.text
        assert ADA in page.text
        for path in CLOSED:
            answer = client.get(path)
            assert answer.status_code in (302, 401, 403), path
            if answer.status_code == 302:
                assert answer.url == "/accounts/waiting", path
        assert client.get("/api/v1/").status_code == 401

    def test_admins_are_told_once_the_address_is_proved(self, client, distributor, organization):
        sign_up(client, ADA, distributor, organization)
        assert not Message.objects.filter(kind="membership-request").exists()
        confirm(client, ADA)
        request = Message.objects.get(kind="membership-request")
        assert request.recipient == "head@example.com"
        assert request.payload["email"] == ADA

    def test_approved_member_gets_a_mail_and_comes_in(self, client, distributor, organization, mailoutbox):
        sign_up(client, ADA, distributor, organization)
        confirm(client, ADA)
        log_in(client, ADA)
        head = User.objects.get(email="head@example.com")
        approve_member(membership=Membership.objects.get(user__email=ADA), by=head)
        mails_to(ADA)
        assert mailoutbox[-1].to == [ADA]
        assert "let you in" in mailoutbox[-1].body
        assert client.get("/accounts/waiting").url == "/accounts/login/"
        assert log_in(client, ADA).url == "/home"
        assert is_in(client)

    def test_rejected_member_reads_the_reason_and_stays_out(self, client, distributor, organization, mailoutbox):
        sign_up(client, ADA, distributor, organization)
        confirm(client, ADA)
        head = User.objects.get(email="head@example.com")
        reject_member(membership=Membership.objects.get(user__email=ADA), by=head, reason="Not on <our> list")
        mails_to(ADA)
        assert mailoutbox[-1].to == [ADA]
        assert "Not on <our> list" in mailoutbox[-1].body
        assert log_in(client, ADA).url == "/accounts/waiting"
        assert "refused" in client.get("/accounts/waiting").text
        assert not is_in(client)

    def test_removed_member_does_not_come_back_by_verifying_again(self, client, distributor, organization):
        sign_up(client, ADA, distributor, organization)
        remove_member(membership=Membership.objects.get(user__email=ADA), by=User.objects.get(email="head@example.com"))
        confirm(client, ADA)
        assert User.objects.get(email=ADA).approval_status == ApprovalStatus.REJECTED
        assert log_in(client, ADA).url == "/accounts/waiting"

    def test_first_member_is_approved_admin_but_still_must_verify(self, client, distributor):
        empty = make_organization(distributor)
        sign_up(client, ADA, distributor, empty)
        user = User.objects.get(email=ADA)
        assert user.approval_status == ApprovalStatus.APPROVED
        assert user.membership.is_admin
        assert log_in(client, ADA).url == "/accounts/confirm-email/"
        assert not is_in(client)
        confirm(client, ADA)
        assert log_in(client, ADA).url == "/home"
        assert is_in(client)

    def test_sign_out_of_waiting_forgets_the_person(self, client, distributor, organization):
        sign_up(client, ADA, distributor, organization)
        confirm(client, ADA)
        log_in(client, ADA)
        assert client.get("/accounts/waiting/stop").status_code == 405
        assert client.post("/accounts/waiting/stop").url == "/"
        assert client.get("/accounts/waiting").url == "/accounts/login/"
        assert client.get("/home").url.startswith("/accounts/login/")

    def test_waiting_ends_where_another_person_signs_in(self, client, distributor, organization):
        make_user(distributor, email="bob@example.com", password=PASSWORD)
        sign_up(client, ADA, distributor, organization)
        confirm(client, ADA)
        log_in(client, ADA)
        log_in(client, "bob@example.com")
        User.objects.filter(email="bob@example.com").update(approval_status=ApprovalStatus.REJECTED)
        assert client.get("/home").url.startswith("/accounts/login/")

    def test_stranger_sees_no_waiting_page(self, client):
        assert client.get("/accounts/waiting").url == "/accounts/login/"


class TestRefusals:
    def test_organization_of_another_distributor_is_refused(self, client, distributor):
        foreign = make_organization(make_distributor("Thither"))
        answer = sign_up(client, ADA, distributor, foreign)
        assert answer.status_code == 200
        assert "belongs to another distributor" in answer.text
        assert not User.objects.filter(email=ADA).exists()

    def test_posted_model_fields_change_nothing(self, client, distributor):
        other = make_distributor("Thither")
        sign_up(
            client,
            ADA,
            distributor,
            staff_role="admin",
            approval_status="approved",
            is_superuser="on",
            is_active="",
            is_staff="on",
            tenant=other.pk,
            tenant_id=other.pk,
            kind="distributor",
            entity=other.pk,
            id=other.pk,
            role="admin",
            theme="dark",
            last_login="2020-01-01",
            date_joined="2020-01-01",
            verified="on",
        )
        user = User.objects.get(email=ADA)
        assert (user.staff_role, user.approval_status, user.is_superuser) == ("", "pending", False)
        assert (user.tenant_id, user.kind, user.theme) == (distributor.pk, "user", "")
        assert user.is_active
        assert user.last_login is None
        assert user.date_joined.year > 2020
        assert not EmailAddress.objects.get(user=user).verified

    def test_posted_role_makes_no_second_admin(self, client, distributor, organization):
        sign_up(client, ADA, distributor, organization, role="admin")
        assert not User.objects.get(email=ADA).membership.is_admin

    @pytest.mark.parametrize("field", ["email", "first_name", "last_name", "distributor", "password1"])
    def test_missing_field_is_said_on_the_form(self, client, distributor, field):
        answer = sign_up(client, ADA, distributor, **{field: ""})
        assert answer.status_code == 200
        assert field in answer.context["form"].errors
        assert not User.objects.exists()

    def test_weak_password_is_refused(self, client, distributor):
        answer = sign_up(client, ADA, distributor, password1="short", password2="short")
        assert "password1" in answer.context["form"].errors

    def test_only_distributor_needs_no_choice(self, client, distributor):
        page = client.get("/accounts/signup/")
        assert f'<input type="hidden" name="distributor" value="{distributor.pk}"' in page.text


def _answer_of(client, email, distributor):
    answer = sign_up(client, email, distributor)
    page = client.get(answer.url)
    return answer.status_code, answer.url, _plain(page, email)


def _plain(page, email):
    text = page.text.replace(email, "ADDRESS")
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]*', r"\1", text)
    return re.sub(r'nonce"?(="| content=")[^"]*"', "", text)


class TestEnumeration:
    def test_known_address_gives_the_same_answer_as_a_new_one(self, distributor):
        make_user(distributor, email="known@example.com", password=PASSWORD)
        new = _answer_of(Client(), "fresh@example.com", distributor)
        known = _answer_of(Client(), "known@example.com", distributor)
        assert known == new
        assert "There is one already" in mails_to("known@example.com")[-1].payload["text"]
        assert User.objects.filter(email="known@example.com").count() == 1

    def test_known_address_costs_the_same_password_work(self, distributor):
        make_user(distributor, email="known@example.com", password=PASSWORD)
        work = {}
        for email in ("fresh@example.com", "known@example.com"):
            with mock.patch.object(MD5PasswordHasher, "encode", autospec=True, return_value="md5$s$h") as encode:
                sign_up(Client(), email, distributor)
            work[email] = encode.call_count
        assert work["known@example.com"] == work["fresh@example.com"] == 1

    def test_known_account_is_not_changed_by_a_sign_up(self, client, distributor):
        user = make_user(distributor, email="known@example.com", password="another password entirely")
        sign_up(client, "known@example.com", make_distributor("Thither"), first_name="Eve")
        user.refresh_from_db()
        assert user.first_name == ""
        assert user.tenant_id == distributor.pk
        assert user.check_password("another password entirely")

    def test_address_taken_between_check_and_save_gives_the_same_answer(self, client, distributor):
        """Two people send the form at once: the second one's check saw no account yet."""
        make_user(distributor, email="known@example.com", password=PASSWORD)
        with mock.patch("allauth.account.forms.flows.manage_email.email_already_exists") as check:
            check.side_effect = lambda value: (value, False)
            answer = sign_up(client, "known@example.com", distributor)
        assert (answer.status_code, answer.url) == (302, "/accounts/confirm-email/")
        assert User.objects.filter(email="known@example.com").count() == 1


class TestSpellings:
    @pytest.mark.parametrize("spelling", ["ADA@Example.COM", " ada@example.com ", "Ada@example.com"])
    def test_case_and_spaces_make_no_second_account(self, client, distributor, spelling):
        make_user(distributor, email=ADA, password=PASSWORD)
        sign_up(client, spelling, distributor)
        assert User.objects.count() == 1
        assert log_in(client, spelling).url == "/home"

    def test_account_is_stored_in_one_spelling(self, client, distributor):
        sign_up(client, " ADA@Example.COM ", distributor)
        assert User.objects.get().email == ADA
        assert EmailAddress.objects.get().email == ADA

    @pytest.mark.parametrize("spelling", ["ada@exämple.com", "ádá@example.com", "ada@example.com\u200b"])
    def test_look_alike_address_is_refused(self, client, distributor, spelling):
        make_user(distributor, email=ADA, password=PASSWORD)
        assert sign_up(client, spelling, distributor).status_code == 200
        assert User.objects.count() == 1

    @pytest.mark.parametrize("spelling", ["ada@exämple.com", "ádá@example.com"])
    def test_look_alike_address_opens_no_other_account(self, client, distributor, spelling):
        make_user(distributor, email=ADA, password=PASSWORD)
        log_in(client, spelling)
        assert not is_in(client)
        client.post("/accounts/password/reset/", {"email": spelling})
        assert not Message.objects.filter(recipient=ADA).exists()

    def test_dots_and_plus_make_another_account(self, client, distributor):
        make_user(distributor, email="ada.b@example.com")
        make_user(distributor, email="ada+b@example.com")
        sign_up(client, "adab@example.com", distributor)
        assert User.objects.count() == 3

    def test_stored_addresses_are_compared_byte_by_byte(self, distributor):
        make_user(distributor, email="jose@example.com")
        assert not User.objects.filter(email="josé@example.com").exists(), connection.vendor
        assert User.objects.filter(email="JOSE@example.com").exists()
