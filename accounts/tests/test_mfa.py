"""The second step: set up, used, refused, encrypted, rotated, removed."""

from dataclasses import dataclass
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import sealing as keys
from accounts.errors import AccountError, SecretUnreadable
from accounts.mfa.services import has_factor, may_remove, reset_factors, rotate_keys, spend_code
from accounts.models import AuditEntry
from accounts.tests.journeys import is_in, log_in, mails_to
from tests.builder import FACTOR, PASSWORD, make_admin, make_distributor, make_platform, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
NOON = 1_790_000_010  # ten seconds into a code's half minute


def code_at(seconds: int, secret: str = FACTOR) -> str:
    return format_hotp_value(hotp_value(secret, seconds // 30))


@pytest.fixture
def distributor():
    return make_distributor("Hither")


@pytest.fixture
def ada(distributor):
    return make_user(distributor, email=ADA, password=PASSWORD)


@dataclass
class Clock:
    """The clock that codes go by: it stands still until a test moves it."""

    now: int = NOON

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(auth, "time", clock)
    return clock


def confirm_password(client):
    return client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def set_up_app(client, clock):
    """Sets up an app on the pages; the secret that it got."""
    log_in(client, ADA)
    confirm_password(client)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_at(clock.now, secret)})
    assert answer.url == "/accounts/2fa/recovery-codes/"
    return secret


class TestAuthenticatorApp:
    def test_set_up_and_log_in_with_its_code(self, client, ada, clock):
        secret = set_up_app(client, clock)
        client.post("/accounts/logout/")
        assert log_in(client, ADA).url == "/accounts/2fa/authenticate/"
        assert not is_in(client)
        answer = client.post("/accounts/2fa/authenticate/", {"code": code_at(clock.now, secret)})
        assert answer.url == "/home"
        assert is_in(client)

    def test_set_up_page_shows_the_key_as_picture_and_text(self, client, ada, clock):
        log_in(client, ADA)
        confirm_password(client)
        page = client.get("/accounts/2fa/totp/activate/")
        assert 'src="data:image/svg+xml;base64,' in page.text
        assert page.context["form"].secret in page.text

    def test_set_up_asks_for_the_password_again(self, client, ada):
        log_in(client, ADA)
        assert client.get("/accounts/2fa/totp/activate/").url.startswith("/accounts/reauthenticate/")

    def test_wrong_first_code_sets_nothing_up(self, client, ada, clock):
        log_in(client, ADA)
        confirm_password(client)
        client.get("/accounts/2fa/totp/activate/")
        assert "not right" in client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).text
        assert not has_factor(ada)

    def test_wrong_code_opens_nothing(self, client, ada, clock):
        secret = set_up_app(client, clock)
        client.post("/accounts/logout/")
        log_in(client, ADA)
        for wrong in ("000000", "", "abc", code_at(clock.now - 300, secret), "１２３４５６"):
            assert client.post("/accounts/2fa/authenticate/", {"code": wrong}).status_code == 200
        assert not is_in(client)

    def test_many_wrong_codes_lock_even_the_right_one(self, client, ada, clock):
        TOTP.activate(ada, FACTOR)
        log_in(client, ADA)
        for _ in range(11):
            client.post("/accounts/2fa/authenticate/", {"code": "000000"})
        client.post("/accounts/2fa/authenticate/", {"code": code_at(clock.now)})
        assert not is_in(client)

    def test_code_of_the_half_minute_before_still_counts(self, ada, clock):
        TOTP.activate(ada, FACTOR)
        assert spend_code(user=ada, code=code_at(clock.now - 30))
        assert not spend_code(user=ada, code=code_at(clock.now - 60))

    def test_code_counts_once_for_as_long_as_it_is_valid(self, ada, clock):
        TOTP.activate(ada, FACTOR)
        code = code_at(clock.now)
        assert spend_code(user=ada, code=f"{code[:3]} {code[3:]}")
        assert not spend_code(user=ada, code=code)
        clock.now += 31
        assert not spend_code(user=ada, code=code)
        assert spend_code(user=ada, code=code_at(clock.now))

    def test_code_counts_while_the_cache_is_away(self, ada, clock, settings):
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
        TOTP.activate(ada, FACTOR)
        assert spend_code(user=ada, code=code_at(clock.now))
        assert not spend_code(user=ada, code=code_at(clock.now))

    @pytest.mark.django_db(transaction=True)
    def test_owner_gets_a_mail_of_each_change(self, client, ada, clock):
        set_up_app(client, clock)
        assert "authenticator app was added" in mails_to(ADA)[-1].payload["subject"].lower()
        assert client.post("/accounts/2fa/totp/deactivate/").url == "/accounts/2fa/"
        assert "turned off" in mails_to(ADA)[-1].payload["subject"]
        assert not Authenticator.objects.filter(user=ada).exists()

    @pytest.mark.django_db(transaction=True)
    def test_history_names_each_change(self, client, ada, clock):
        set_up_app(client, clock)
        client.post("/accounts/2fa/recovery-codes/generate/")
        client.post("/accounts/2fa/totp/deactivate/")
        acts = list(AuditEntry.objects.filter(act__startswith="mfa.").order_by("id").values_list("act", "actor_id"))
        kinds = ["mfa.added", "mfa.added", "mfa.renewed", "mfa.removed", "mfa.removed"]
        assert acts == [(act, ada.pk) for act in kinds]


class TestRecoveryCodes:
    def test_each_brings_one_in_once(self, client, ada, clock):
        set_up_app(client, clock)
        code = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"][0]
        client.post("/accounts/logout/")
        log_in(client, ADA)
        assert client.post("/accounts/2fa/authenticate/", {"code": code}).url == "/home"
        again = Client()
        log_in(again, ADA)
        assert again.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 200
        assert not is_in(again)

    def test_new_ones_replace_the_old_ones(self, client, ada, clock):
        set_up_app(client, clock)
        old = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
        client.post("/accounts/2fa/recovery-codes/generate/")
        new = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
        assert len(new) == 10
        assert not set(old) & set(new)

    def test_file_holds_all_that_are_left(self, client, ada, clock):
        set_up_app(client, clock)
        codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
        file = client.get("/accounts/2fa/recovery-codes/download/")
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert all(code in file.text for code in codes)


class TestEncryption:
    def test_rows_do_not_hold_the_secrets(self, ada):
        TOTP.activate(ada, FACTOR)
        RecoveryCodes.activate(ada)
        app, codes = Authenticator.objects.order_by("pk").values_list("data", flat=True)
        assert FACTOR not in str(app)
        assert keys.unseal(app["secret"]) == FACTOR
        assert keys.unseal(codes["seed"]) not in str(codes)

    def test_first_key_encrypts_and_all_decrypt(self, settings):
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        derived = keys.seal("secret")
        settings.MFA_ENCRYPTION_KEYS = [old]
        sealed = keys.seal("secret")
        settings.MFA_ENCRYPTION_KEYS = [new, old]
        assert [keys.unseal(each) for each in (derived, sealed)] == ["secret", "secret"]
        settings.MFA_ENCRYPTION_KEYS = [new]
        with pytest.raises(SecretUnreadable):
            keys.unseal(sealed)

    def test_rotation_makes_the_old_key_needless(self, ada, settings, clock):
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        settings.MFA_ENCRYPTION_KEYS = [old]
        TOTP.activate(ada, FACTOR)
        codes = RecoveryCodes.activate(ada).get_unused_codes()
        settings.MFA_ENCRYPTION_KEYS = [new, old]
        said = StringIO()
        call_command("rotate_mfa_keys", stdout=said)
        assert said.getvalue().startswith("2 second factors")
        settings.MFA_ENCRYPTION_KEYS = [new]
        assert spend_code(user=ada, code=code_at(clock.now))
        assert spend_code(user=ada, code=codes[3])

    def test_rotation_without_the_old_key_changes_nothing(self, ada, settings):
        settings.MFA_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        TOTP.activate(ada, FACTOR)
        before = Authenticator.objects.get(user=ada).data
        settings.MFA_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        with pytest.raises(CommandError, match="Nothing is changed"):
            call_command("rotate_mfa_keys")
        assert Authenticator.objects.get(user=ada).data == before

    def test_rotation_leaves_passkeys_alone(self, ada):
        Authenticator.objects.create(user=ada, type="webauthn", data={"name": "Key", "credential": {}})
        assert rotate_keys() == 0


class TestLastFactor:
    @pytest.mark.parametrize("make", [make_admin, lambda distributor: make_platform()])
    def test_stays_with_whoever_must_have_one(self, distributor, make):
        admin = make(distributor)
        app = Authenticator.objects.get(user=admin)
        RecoveryCodes.activate(admin)
        assert not may_remove(app)
        Authenticator.objects.create(user=admin, type="webauthn", data={"name": "Key", "credential": {}})
        assert may_remove(app)

    def test_goes_where_none_is_needed(self, ada, distributor, settings):
        TOTP.activate(ada, FACTOR)
        assert may_remove(Authenticator.objects.get(user=ada))
        admin = make_admin(distributor)
        settings.MFA_REQUIRED = False
        assert may_remove(Authenticator.objects.get(user=admin))

    def test_page_refuses_to_turn_the_app_off(self, client, distributor):
        admin = make_admin(distributor, email=ADA, password=PASSWORD)
        client.force_login(admin)
        confirm_password(client)
        assert "Your role needs" in client.get("/accounts/2fa/totp/deactivate/").text
        client.post("/accounts/2fa/totp/deactivate/")
        assert has_factor(admin)

    def test_page_refuses_to_remove_the_only_passkey(self, client, distributor):
        admin = make_admin(distributor, email=ADA, password=PASSWORD, has_factor=False)
        key = Authenticator.objects.create(user=admin, type="webauthn", data={"name": "Key", "credential": {}})
        client.force_login(admin)
        confirm_password(client)
        address = f"/accounts/2fa/webauthn/keys/{key.pk}/remove/"
        assert "Your role needs" in client.get(address).text
        client.post(address)
        assert has_factor(admin)
        TOTP.activate(admin, FACTOR)
        assert client.post(address).url == "/accounts/2fa/webauthn/"
        assert not Authenticator.objects.filter(pk=key.pk).exists()

    def test_passkey_of_somebody_else_is_not_found(self, client, ada, distributor):
        bob = make_user(distributor)
        key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Key", "credential": {}})
        log_in(client, ADA)
        confirm_password(client)
        for what in ("edit", "remove"):
            assert client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/{what}/", {"name": "x"}).status_code == 404


class TestAddress:
    def test_can_still_be_changed(self, client, ada):
        TOTP.activate(ada, FACTOR)
        client.force_login(ada)
        client.post("/accounts/email/", {"email": "lovelace@example.com", "action_add": ""})
        assert mails_to("lovelace@example.com")

    def test_that_waits_to_be_proved_keeps_nobody_from_a_factor(self, client, ada):
        log_in(client, ADA)
        client.post("/accounts/email/", {"email": "lovelace@example.com", "action_add": ""})
        confirm_password(client)
        assert client.get("/accounts/2fa/totp/activate/").status_code == 200


class TestReset:
    def test_command_lets_somebody_set_up_anew(self, client, distributor):
        admin = make_admin(distributor, email=ADA, password=PASSWORD)
        call_command("reset_mfa", ADA, reason="lost the phone; called back at the known number")
        assert not has_factor(admin)
        assert log_in(client, ADA).url == "/home"
        assert client.get("/home").url == "/accounts/2fa/"
        entry = AuditEntry.objects.get(act="mfa.reset")
        assert (entry.object_pk, entry.reason.split(";")[0]) == (str(admin.pk), "lost the phone")

    def test_needs_a_reason(self, ada):
        with pytest.raises(AccountError):
            reset_factors(user=ada, by=None, reason="  ")

    def test_unknown_person_is_refused(self):
        with pytest.raises(CommandError, match="Nobody has the address"):
            call_command("reset_mfa", "nobody@example.com", reason="why not")


class TestDemonstration:
    @pytest.fixture
    def folder(self, settings, tmp_path):
        settings.VAR_DIR = tmp_path
        (tmp_path / "town").mkdir()
        (tmp_path / "town" / "factor").write_text(FACTOR)

    def page_after_password(self, client):
        log_in(client, ADA)
        return client.get("/accounts/2fa/authenticate/")

    def test_page_tells_the_code_that_counts(self, client, distributor, folder, clock):
        make_admin(distributor, email=ADA, password=PASSWORD)
        assert code_at(clock.now) in self.page_after_password(client).text
        client.post("/accounts/2fa/authenticate/", {"code": code_at(clock.now)})
        other = Client()
        code = code_at(clock.now + 30)
        assert code in self.page_after_password(other).text
        assert other.post("/accounts/2fa/authenticate/", {"code": code}).url == "/home"

    def test_page_tells_nothing_elsewhere(self, client, distributor, folder, clock, settings):
        settings.DEMO = False
        make_admin(distributor, email=ADA, password=PASSWORD)
        assert code_at(clock.now) not in self.page_after_password(client).text

    def test_page_tells_nothing_of_a_secret_that_is_not_the_demonstrations(self, client, ada, folder, clock):
        TOTP.activate(ada, "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK")
        assert self.page_after_password(client).context["form"].demo_code == ""


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/accounts/2fa/", "Second step to sign in"),
        ("/accounts/2fa/webauthn/", "No passkey so far"),
        ("/accounts/2fa/webauthn/add/", "Add a passkey"),
    ],
)
def test_page_is_offered_to_everybody(client, ada, path, title):
    log_in(client, ADA)
    confirm_password(client)
    assert title in client.get(path).text


def test_recovery_codes_come_with_a_factor_only(client, ada):
    log_in(client, ADA)
    confirm_password(client)
    answer = client.post("/accounts/2fa/recovery-codes/generate/")
    assert "Set up one of them first" in answer.text
    assert not Authenticator.objects.exists()


def test_log_in_page_offers_the_passkey(client):
    assert "Sign in with a passkey" in client.get("/accounts/login/").text
