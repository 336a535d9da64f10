"""What happens to an account that exists: password, address, approval, log-in at every door."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import ApprovalStatus, StaffRole, User
from accounts.services import set_approval
from accounts.tests.journeys import confirm, is_in, link_in, log_in, mails_to, sign_up
from delivery.models import Message
from tests.builder import PASSWORD, code_of_now, make_distributor, make_token, make_user

pytestmark = pytest.mark.django_db

ADA, BOB = "ada@example.com", "bob@example.com"
NEW_PASSWORD = "a staple of another horse"


@pytest.fixture
def distributor():
    return make_distributor("Hither")


@pytest.fixture
def ada(distributor):
    return make_user(distributor, email=ADA, password=PASSWORD)


def choose_password(client, link):
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})


class TestPasswordReset:
    def test_answer_is_the_same_for_a_known_and_an_unknown_address(self, ada):
        answers = []
        for email in (ADA, "nobody@example.com"):
            client = Client()
            answer = client.post("/accounts/password/reset/", {"email": email})
            page = client.get(answer.url).text.replace(email, "ADDRESS")
            answers.append((answer.status_code, answer.url, len(page)))
        assert answers[0] == answers[1]

    def test_link_of_the_mail_changes_the_password_once(self, client, ada):
        client.post("/accounts/password/reset/", {"email": ADA})
        link = link_in(mails_to(ADA)[-1])
        assert choose_password(client, link).status_code == 302
        assert not is_in(client)
        assert log_in(Client(), ADA, PASSWORD).status_code == 200
        assert log_in(client, ADA, NEW_PASSWORD).url == "/home"
        ada.refresh_from_db()
        choose_password(Client(), link)
        assert User.objects.get(pk=ada.pk).password == ada.password

    def test_unknown_address_is_told_so_by_mail_only(self, client, ada):
        client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
        assert "no account" in mails_to("nobody@example.com")[-1].payload["text"]

    def test_reset_ends_other_sessions(self, client, ada):
        thief = Client()
        log_in(thief, ADA)
        assert is_in(thief)
        client.post("/accounts/password/reset/", {"email": ADA})
        choose_password(client, link_in(mails_to(ADA)[-1]))
        assert not is_in(thief)

    def test_reset_opens_nothing_for_somebody_refused(self, client, ada):
        set_approval(user=ada, status=ApprovalStatus.REJECTED, by=None)
        client.post("/accounts/password/reset/", {"email": ADA})
        choose_password(client, link_in(mails_to(ADA)[-1]))
        assert log_in(client, ADA, NEW_PASSWORD).url == "/accounts/waiting"
        assert not is_in(client)


class TestChangeOfAddress:
    def test_new_address_counts_once_it_is_confirmed(self, client, ada):
        log_in(client, ADA)
        client.post("/accounts/email/", {"email": "Lovelace@example.com", "action_add": ""})
        ada.refresh_from_db()
        assert ada.email == ADA
        confirm(client, "lovelace@example.com")
        ada.refresh_from_db()
        assert ada.email == "lovelace@example.com"
        assert list(EmailAddress.objects.values_list("email", "verified")) == [("lovelace@example.com", True)]
        assert "was changed" in mails_to(ADA)[-1].payload["text"]
        assert log_in(Client(), "lovelace@example.com").url == "/home"
        assert log_in(Client(), ADA).status_code == 200

    def test_mail_to_a_new_address_belongs_to_the_distributor(self, client, ada, distributor):
        log_in(client, ADA)
        client.post("/accounts/email/", {"email": "lovelace@example.com", "action_add": ""})
        assert mails_to("lovelace@example.com")[-1].tenant_id == distributor.pk

    @pytest.mark.parametrize("proved", [True, False])
    def test_address_of_another_account_cannot_be_taken(self, client, ada, distributor, proved):
        bob = make_user(distributor, email=BOB, password=PASSWORD)
        EmailAddress.objects.filter(user=bob).update(verified=proved)
        log_in(client, ADA)
        client.post("/accounts/email/", {"email": BOB, "action_add": ""})
        mails = mails_to(BOB)
        if mails:
            answer = client.post(link_in(mails[-1]))
            assert answer.status_code in (200, 302)
        ada.refresh_from_db()
        bob.refresh_from_db()
        assert (ada.email, bob.email) == (ADA, BOB)
        assert not EmailAddress.objects.filter(user=ada, email=BOB, verified=True).exists()


class TestApproval:
    @pytest.mark.parametrize("status", [ApprovalStatus.REJECTED, ApprovalStatus.PENDING])
    def test_revoked_approval_ends_the_session_at_the_next_request(self, client, ada, status):
        log_in(client, ADA)
        assert is_in(client)
        set_approval(user=ada, status=status, by=None)
        assert not is_in(client)
        assert client.get("/home").url.startswith("/accounts/login/")

    def test_revoked_approval_ends_tokens_at_the_next_request(self, client, ada):
        _, key = make_token(ada)
        bearer = {"authorization": f"Bearer {key}"}
        assert client.get("/api/schema", headers=bearer).status_code == 200
        set_approval(user=ada, status=ApprovalStatus.REJECTED, by=None)
        assert client.get("/api/schema", headers=bearer).status_code == 401

    def test_inactive_account_cannot_come_in_and_its_session_ends(self, client, ada):
        log_in(client, ADA)
        User.objects.filter(pk=ada.pk).update(is_active=False)
        assert not is_in(client)
        log_in(client, ADA)
        assert not is_in(client)

    def test_wrong_password_says_nothing_about_the_account(self, ada):
        known = log_in(Client(), ADA, "wrong").context["form"].errors
        unknown = log_in(Client(), "nobody@example.com", "wrong").context["form"].errors
        assert known == unknown

    def test_too_many_wrong_passwords_lock_the_address_and_a_reset_opens_it(self, client, ada):
        for _ in range(6):
            log_in(Client(), ADA, "wrong")
        assert log_in(Client(), ADA).status_code == 200
        client.post("/accounts/password/reset/", {"email": ADA})
        choose_password(client, link_in(mails_to(ADA)[-1]))
        assert log_in(client, ADA, NEW_PASSWORD).url == "/home"


class TestAdminDoor:
    def test_admin_log_in_is_the_portals_own(self, client):
        answer = client.get("/admin/login/")
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/login/")
        assert client.get("/admin/").status_code == 302
        answer = client.post("/admin/login/", {"username": ADA, "password": PASSWORD})
        assert answer.url.split("?")[0] == "/accounts/login/"

    def test_staff_comes_in_through_it(self, client, distributor):
        make_user(distributor, email=ADA, password=PASSWORD, staff_role=StaffRole.STAFF)
        assert log_in(client, ADA, next="/admin/").url == "/admin/"
        assert client.get("/admin/").status_code == 200

    def test_admin_comes_in_after_the_second_step_only(self, client, distributor):
        make_user(distributor, email=ADA, password=PASSWORD, staff_role=StaffRole.ADMIN)
        assert log_in(client, ADA, next="/admin/").url == "/accounts/2fa/authenticate/"
        assert client.get("/admin/").status_code == 302
        assert client.post("/accounts/2fa/authenticate/", {"code": code_of_now()}).url == "/admin/"
        assert client.get("/admin/").status_code == 200

    def test_customer_gets_no_admin_page(self, client, ada):
        log_in(client, ADA)
        assert client.get("/admin/login/").status_code == 403
        assert client.get("/admin/", follow=True).status_code == 403

    @pytest.mark.parametrize("status", [ApprovalStatus.PENDING, ApprovalStatus.REJECTED])
    def test_staff_without_approval_gets_no_admin_page(self, client, distributor, status):
        user = make_user(distributor, email=ADA, password=PASSWORD, staff_role=StaffRole.ADMIN, approval_status=status)
        assert log_in(client, ADA, next="/admin/").url == "/accounts/waiting"
        client.force_login(user)
        for path in ("/admin/", "/admin/accounts/user/", f"/admin/accounts/user/{user.pk}/change/"):
            assert client.get(path).status_code == 302

    def test_unverified_staff_gets_no_admin_page(self, client, distributor):
        user = make_user(distributor, email=ADA, password=PASSWORD, staff_role=StaffRole.ADMIN)
        EmailAddress.objects.filter(user=user).delete()
        assert log_in(client, ADA, next="/admin/").url == "/accounts/confirm-email/"
        assert client.get("/admin/").status_code == 302

    def test_platform_operator_without_a_proved_address_proves_it_first(self, client):
        User.objects.create_superuser(ADA, PASSWORD)
        assert log_in(client, ADA).url == "/accounts/confirm-email/"
        confirm(client, ADA)
        assert log_in(client, ADA).url == "/home"

    def test_admin_log_out_lands_on_the_landing_page(self, client, distributor):
        make_user(distributor, email=ADA, password=PASSWORD, staff_role=StaffRole.STAFF)
        log_in(client, ADA)
        assert client.post("/admin/logout/").url == "/"
        assert not is_in(client)

    def test_invited_person_sets_a_password_by_mail_and_comes_in(self, client, distributor):
        """An account made in the admin has no password and an address nobody proved."""
        User.objects.create_user(ADA, tenant_id=distributor.pk, staff_role=StaffRole.STAFF)
        client.post("/accounts/password/reset/", {"email": ADA})
        choose_password(client, link_in(mails_to(ADA)[-1]))
        if log_in(client, ADA, NEW_PASSWORD).url == "/accounts/confirm-email/":
            confirm(client, ADA)
        assert log_in(client, ADA, NEW_PASSWORD).url == "/home"


class TestMailThatFollows:
    def test_sign_up_that_is_rolled_back_sends_no_mail(self, client, distributor):
        sign_up(client, ADA, distributor, password2="another password entirely")
        assert not Message.objects.exists()
