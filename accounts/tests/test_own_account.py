"""The pages of the own account: overview, name and look, language, tokens."""

import re
from datetime import time, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, Scope, User
from accounts.services import scopes_for
from accounts.tests.journeys import log_in, mails_to, sign_up
from delivery.models import Notice
from tests.builder import PASSWORD, make_admin, make_distributor, make_token, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"


@pytest.fixture
def distributor():
    return make_distributor("Hither")


@pytest.fixture
def ada(distributor):
    return make_user(distributor, email=ADA, password=PASSWORD, first_name="Ada")


@pytest.fixture
def signed_in(client, ada):
    log_in(client, ADA)
    return client


PROFILE = {"first_name": "Ada", "last_name": "Byron", "theme": "dark", "language": "es"}


class TestOverview:
    def test_says_how_each_part_stands(self, signed_in):
        page = signed_in.get("/account").text
        for words in ("1 session", "Second factor", "off", ADA, "API tokens", "none", "all are on", "nothing unread"):
            assert words in page

    def test_names_the_address_that_waits_to_be_confirmed(self, signed_in, ada):
        EmailAddress.objects.create(user=ada, email="new@example.com", verified=False, primary=False)
        assert "to become new@example.com" in signed_in.get("/account").text

    def test_every_door_opens(self, signed_in):
        paths = re.findall(r'<a href="(/account[^"]*)"', signed_in.get("/account").text)
        assert len(set(paths)) >= 9
        for path in paths:
            assert signed_in.get(path, follow=True).status_code == 200, path


class TestProfile:
    def test_saves_name_look_language_and_quiet_hours(self, signed_in, ada):
        answer = signed_in.post("/account/profile", PROFILE | {"quiet_from": "22:00", "quiet_until": "07:00"})
        assert answer.url == "/account"
        ada.refresh_from_db()
        assert (ada.last_name, ada.theme, ada.language) == ("Byron", "dark", "es")
        assert (ada.quiet_from, ada.quiet_until) == (time(22), time(7))
        entry = AuditEntry.objects.get(act="account.changed")
        assert (entry.actor_id, entry.object_id) == (ada.pk, ada.pk)

    @pytest.mark.parametrize(("start", "until"), [("22:00", ""), ("", "07:00"), ("07:00", "07:00")])
    def test_half_quiet_hours_are_refused(self, signed_in, ada, start, until):
        answer = signed_in.post("/account/profile", PROFILE | {"quiet_from": start, "quiet_until": until})
        assert answer.context["form"].errors
        ada.refresh_from_db()
        assert ada.quiet_from is None

    def test_language_that_we_do_not_speak_is_refused(self, signed_in):
        assert signed_in.post("/account/profile", PROFILE | {"language": "fr"}).context["form"].errors


class TestLanguage:
    def test_account_comes_before_cookie_and_browser(self, signed_in, ada):
        signed_in.cookies["django_language"] = "en"
        User.objects.filter(pk=ada.pk).update(language="es")
        assert '<html lang="es"' in signed_in.get("/account", headers={"accept-language": "en"}).text

    def test_account_without_one_follows_the_browser(self, signed_in):
        assert '<html lang="es"' in signed_in.get("/account", headers={"accept-language": "es"}).text

    def test_one_reader_does_not_change_the_next_ones_page(self, signed_in, ada):
        User.objects.filter(pk=ada.pk).update(language="es")
        signed_in.get("/account")
        assert '<html lang="en' in Client().get("/").text

    def test_visitor_chooses_by_the_switch(self, client):
        answer = client.post("/language", {"language": "es", "next": "/how-it-works"})
        assert answer.url == "/how-it-works"
        assert '<html lang="es"' in client.get("/how-it-works").text

    def test_switch_leads_nowhere_else(self, client):
        assert client.post("/language", {"language": "es", "next": "https://evil.example/"}).url == "/"

    def test_switch_is_on_public_pages_only(self, signed_in):
        assert "language-switch" in Client().get("/").text
        assert "language-switch" not in signed_in.get("/account").text

    def test_sign_up_keeps_the_language_of_the_page(self, distributor):
        client = Client(headers={"accept-language": "es-MX,es;q=0.9"})
        sign_up(client, "new@example.com", distributor)
        assert User.objects.get(email="new@example.com").language == "es"

    def test_sign_up_in_a_language_that_we_do_not_speak_is_in_ours(self, distributor):
        sign_up(Client(headers={"accept-language": "fr"}), "new@example.com", distributor)
        assert User.objects.get(email="new@example.com").language == "en"


class TestSecurityNotice:
    def test_changed_password_is_told_by_mail_and_in_the_portal(self, signed_in, ada):
        new = "a staple of another horse"
        signed_in.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
        assert "password" in mails_to(ADA)[-1].payload["text"]
        notice = Notice.objects.get(user=ada)
        assert notice.topic == "security"

    def test_old_address_is_told_of_the_change_and_the_mail_is_the_accounts(self, signed_in, ada):
        signed_in.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
        assert mails_to("new@example.com")[-1].user_id == ada.pk


class TestTokens:
    def made(self, client, **more):
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        form = {"name": "Home server", "scopes": ["readings:read"], "days": "365"}
        return client.post("/account/tokens/new", form | more)

    def test_is_made_shown_once_and_works(self, signed_in, ada):
        page = self.made(signed_in)
        key = re.search(r'value="(drp_[^"]+)"', page.text)[1]
        assert "no-store" in page.headers["Cache-Control"]
        token = ApiToken.objects.get()
        assert (token.user, token.scopes) == (ada, ["readings:read"])
        assert timedelta(days=364) < token.expires_at - timezone.now() < timedelta(days=366)
        assert key not in signed_in.get("/account/tokens").text
        assert Client().get("/api/schema", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert AuditEntry.objects.get(act="token.issued").actor_id == ada.pk

    def test_asks_who_it_is_when_the_sign_in_was_long_ago(self, ada):
        client = Client()
        client.force_login(ada)
        assert client.get("/account/tokens/new").url.startswith("/accounts/reauthenticate/")
        form = {"name": "Home server", "scopes": ["readings:read"], "days": "365"}
        assert client.post("/account/tokens/new", form).url.startswith("/accounts/reauthenticate/")
        assert not ApiToken.objects.exists()

    @pytest.mark.parametrize("scope", ["readings:write", "events:write", "meters:write", "all"])
    def test_customer_gets_no_scope_that_writes(self, signed_in, scope):
        assert self.made(signed_in, scopes=[scope]).context["form"].errors
        assert not ApiToken.objects.exists()

    def test_admin_may_write_and_an_auditor_may_not(self, distributor):
        assert Scope.READINGS_WRITE in scopes_for(make_admin(distributor))
        assert Scope.READINGS_WRITE not in scopes_for(make_user(distributor, staff_role="auditor"))

    def test_revoked_one_opens_nothing(self, signed_in, ada):
        token, key = make_token(ada)
        signed_in.post(f"/account/tokens/{token.pk}/revoke")
        assert Client().get("/api/schema", headers={"authorization": f"Bearer {key}"}).status_code == 401
        token.refresh_from_db()
        first = token.revoked_at
        assert AuditEntry.objects.get(act="token.revoked").actor_id == ada.pk
        signed_in.post(f"/account/tokens/{token.pk}/revoke")
        token.refresh_from_db()
        assert token.revoked_at == first

    def test_one_of_somebody_else_is_not_found(self, signed_in, distributor):
        token, _key = make_token(make_user(distributor))
        assert signed_in.post(f"/account/tokens/{token.pk}/revoke").status_code == 404
        token.refresh_from_db()
        assert token.revoked_at is None

    def test_use_is_noted_at_most_every_five_minutes(self, ada, django_assert_num_queries):
        token, key = make_token(ada)
        bearer = {"authorization": f"Bearer {key}"}
        Client().get("/api/schema", headers=bearer)
        token.refresh_from_db()
        first = token.last_used_at
        assert timezone.now() - first < timedelta(minutes=1)
        Client().get("/api/schema", headers=bearer)
        token.refresh_from_db()
        assert token.last_used_at == first
        ApiToken.objects.update(last_used_at=first - timedelta(minutes=6))
        Client().get("/api/schema", headers=bearer)
        token.refresh_from_db()
        assert token.last_used_at > first
