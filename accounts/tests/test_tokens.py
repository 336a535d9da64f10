"""Tokens: what opens, what does not, and that a key is shown once."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.api import HasScope
from accounts.errors import UnknownScope
from accounts.models import ApiToken, ApprovalStatus, User
from accounts.services import issue_token, revoke_token
from tests.builder import make_admin, make_distributor, make_token, make_user

pytestmark = pytest.mark.django_db

NOT_VALID = "This token is not valid."


@pytest.fixture
def owner():
    return make_user(make_distributor(), email="ada@example.com")


def call(client, authorization):
    return client.get("/api/schema", headers={"authorization": authorization})


class TestAuthentication:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_token_opens_the_api_for_its_owner(self, client, owner, scheme):
        _, key = make_token(owner)
        assert call(client, f"{scheme} {key}").status_code == 200

    def test_nobody_gets_401_with_the_scheme_to_use(self, client):
        answer = client.get("/api/schema")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("scheme", ["Token", "Basic", ""])
    def test_other_scheme_opens_nothing(self, client, owner, scheme):
        _, key = make_token(owner)
        assert call(client, f"{scheme} {key}").status_code == 401

    @pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer nonsense", "Bearer é", "Bearer a b"])
    def test_unknown_key_opens_nothing(self, client, header):
        assert call(client, header).status_code == 401

    def test_all_refusals_read_the_same(self, client, owner):
        revoked, revoked_key = make_token(owner)
        revoke_token(token=revoked)
        _, expired_key = issue_token(
            user=owner, name="old", scopes=[], expires_at=timezone.now() - timedelta(seconds=1)
        )
        pending = make_user(make_distributor(), approval_status=ApprovalStatus.PENDING)
        keys = [revoked_key, expired_key, make_token(pending)[1], "drp_unknown"]
        answers = [call(client, f"Bearer {key}") for key in keys]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.content for answer in answers}) == 1
        assert NOT_VALID in answers[0].text

    def test_token_is_valid_until_its_end_and_not_at_it(self, owner):
        token, _ = make_token(owner)
        token.expires_at = timezone.now()
        assert token.is_valid_at(token.expires_at - timedelta(microseconds=1))
        assert not token.is_valid_at(token.expires_at)

    def test_token_of_an_inactive_owner_opens_nothing(self, client, owner):
        _, key = make_token(owner)
        User.objects.filter(pk=owner.pk).update(is_active=False)
        assert call(client, f"Bearer {key}").status_code == 401

    def test_token_opens_no_page(self, client, owner):
        _, key = make_token(owner)
        assert client.get("/account", headers={"authorization": f"Bearer {key}"}).status_code == 302


class View:
    required_scopes = {"read": "meters:read", "write": "meters:write"}


class TestScopes:
    @pytest.mark.parametrize(
        ("scope", "method", "may"),
        [
            ("meters:read", "get", True),
            ("meters:read", "head", True),
            ("meters:read", "post", False),
            ("meters:read", "delete", False),
            ("meters:write", "post", True),
            ("meters:write", "get", False),
            ("readings:read", "get", False),
        ],
    )
    def test_method_needs_its_scope(self, owner, scope, method, may):
        token, _ = make_token(owner, scope)
        request = Request(getattr(APIRequestFactory(), method)("/"))
        request.auth = token
        assert HasScope().has_permission(request, View()) is may

    def test_view_that_names_no_scope_refuses_tokens(self, client, owner):
        _, key = make_token(owner)
        assert client.get("/api/v1/", headers={"authorization": f"Bearer {key}"}).status_code == 403

    def test_session_needs_no_scope(self):
        request = Request(APIRequestFactory().delete("/"))
        assert HasScope().has_permission(request, View())

    def test_unknown_scope_is_refused(self, owner):
        with pytest.raises(UnknownScope, match="meters:eat"):
            issue_token(user=owner, name="x", scopes=["meters:read", "meters:eat"])
        assert not ApiToken.objects.exists()


class TestStorage:
    def test_only_the_digest_is_stored(self, owner):
        token, key = make_token(owner)
        row = ApiToken.objects.filter(pk=token.pk).values().get()
        assert key not in str(row)
        assert row["digest"] == ApiToken.digest_of(key)
        assert key.startswith("drp_")
        assert len(key) > 40

    def test_keys_differ(self, owner):
        assert make_token(owner)[1] != make_token(owner)[1]

    def test_second_revocation_keeps_the_first_time(self, owner):
        token, _ = make_token(owner)
        revoke_token(token=token)
        first = ApiToken.objects.get().revoked_at
        revoke_token(token=token)
        assert ApiToken.objects.get().revoked_at == first


class TestCommand:
    def test_command_prints_a_key_that_opens(self, client, owner):
        out = StringIO()
        call_command("issue_token", "Ada@example.com", name="pump", scope=["meters:read"], days=2, stdout=out)
        key = out.getvalue().strip()
        assert call(client, f"Bearer {key}").status_code == 200
        token = ApiToken.objects.get()
        assert (token.name, token.scopes, token.user_id) == ("pump", ["meters:read"], owner.pk)
        assert timedelta(days=1) < token.expires_at - timezone.now() < timedelta(days=3)

    @pytest.mark.parametrize(
        ("email", "scope", "sentence"),
        [
            ("nobody@example.com", "meters:read", "no account"),
            ("ada@example.com", "meters:eat", "no scope"),
        ],
    )
    def test_command_refuses_in_a_sentence(self, owner, email, scope, sentence):
        with pytest.raises(CommandError, match=sentence):
            call_command("issue_token", email, name="pump", scope=[scope])

    def test_command_refuses_somebody_not_approved(self, owner):
        User.objects.filter(pk=owner.pk).update(approval_status=ApprovalStatus.REJECTED)
        with pytest.raises(CommandError, match="not approved"):
            call_command("issue_token", owner.email, name="pump", scope=["meters:read"])

    @pytest.mark.parametrize("days", [0, -1, 10**9])
    def test_command_refuses_a_time_that_makes_no_sense(self, owner, days):
        with pytest.raises(CommandError, match="days"):
            call_command("issue_token", owner.email, name="pump", scope=["meters:read"], days=days)


class TestIssuingForOthers:
    """In the admin a token is for who issues it or for a customer: it acts as its owner, and writes."""

    def issued_for(self, by, owner):
        browser = Client()
        browser.force_login(by)
        form = {"user": owner.pk, "name": "Partner", "scopes": ["events:write"]}
        browser.post("/admin/accounts/apitoken/add/", form)
        return ApiToken.objects.filter(user=owner, name="Partner").exists()

    def test_customers_and_oneself(self, world):
        here = world.here
        assert self.issued_for(here.admin, here.resident)
        assert self.issued_for(here.admin, here.admin)
        assert self.issued_for(world.platform, here.resident)

    def test_no_other_admin_and_no_stranger(self, world):
        here = world.here
        for owner in (make_admin(here.distributor), world.platform, world.there.resident):
            assert not self.issued_for(here.admin, owner)
        assert not self.issued_for(world.platform, here.admin)
