"""Closing an account: the person is gone, the books stay."""

import json
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.closing import close_account
from accounts.errors import AlreadyClosed, LastOperator
from accounts.exports import request_export
from accounts.models import ApiToken, AuditEntry, PersonalExport, User
from accounts.tasks import write_exports
from accounts.tests.journeys import log_in, sign_up
from common.errors import PortalError
from dashboards.tests.story import add_readings, coming_event, lower, make_program, past_event, settled
from delivery.models import DeliveryState, Message, Notice, NotificationChoice
from delivery.services import drain
from events.models import Enrollment, Participation
from meters.models import IntervalReading, MeterMap
from organizations.errors import LastAdmin
from organizations.models import Membership
from settlement.models import LedgerEntry, SettlementLine
from tests.builder import PASSWORD, make_admin, make_distributor, make_token, make_user, make_world

pytestmark = pytest.mark.django_db

RITA = "rita@example.com"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def side():
    """A distributor whose resident Rita has had an event with a reward."""
    side = make_world().here
    add_readings(side.home, days=8)
    program = make_program(side, side.home)
    past, _coming = past_event(program), coming_event(program)
    lower(side.home, past, 100)
    settled(past)
    User.objects.filter(pk=side.resident.pk).update(first_name="Zenobia", last_name="Levi", email=RITA)
    EmailAddress.objects.filter(user=side.resident).update(email=RITA)
    side.resident.refresh_from_db()
    side.resident.set_password(PASSWORD)
    side.resident.save()
    return side


def everything():
    """Every value of every row of the database, as text, but for the queue's own farewell."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found.append(f"{table}: {json.dumps(cursor.fetchall(), cls=DjangoJSONEncoder, default=str)}")
    return found


class TestClosing:
    def test_takes_the_person_out_and_keeps_the_books(self, side):
        rita = side.resident
        Authenticator.objects.create(user=rita, type="totp", data={})
        make_token(rita)
        kept = [
            IntervalReading.objects.count(),
            list(SettlementLine.objects.values_list("pk", "holder", "credit")),
            list(LedgerEntry.objects.values_list("pk", "holder", "amount")),
            list(Participation.objects.filter(event__state="settled").values_list("pk", "holder", "state")),
        ]
        close_account(user=rita, by=rita)
        rita.refresh_from_db()
        assert rita.email == f"closed-{rita.pk}@closed.invalid"
        assert (rita.first_name, rita.last_name, rita.is_active) == ("", "", False)
        assert rita.closed_at is not None
        assert not rita.is_approved
        assert not rita.has_usable_password()
        for model in (EmailAddress, ApiToken, Authenticator, Notice, NotificationChoice, PersonalExport):
            assert not model.objects.filter(user=rita).exists(), model
        assert not MeterMap.objects.open().filter(entity_id=rita.pk).exists()
        assert not Enrollment.objects.active().filter(meter=side.home).exists()
        assert kept == [
            IntervalReading.objects.count(),
            list(SettlementLine.objects.values_list("pk", "holder", "credit")),
            list(LedgerEntry.objects.values_list("pk", "holder", "amount")),
            list(Participation.objects.filter(event__state="settled").values_list("pk", "holder", "state")),
        ]

    def test_leaves_no_name_and_no_address_in_any_row(self, side, settings):
        settings.DEMO = False
        close_account(user=side.resident, by=side.resident)
        while drain():
            pass
        for table in everything():
            assert not re.search(r"rita@example|Zenobia|\bLevi\b", table), table[:300]

    def test_farewell_goes_to_the_old_address_and_what_waited_does_not(self, side, mailoutbox):
        while drain():
            pass
        mailoutbox.clear()
        Message.objects.create(kind="mail", recipient=RITA, user=side.resident, payload={"subject": "waits"})
        close_account(user=side.resident, by=side.resident)
        while drain():
            pass
        assert [(mail.to, mail.subject) for mail in mailoutbox] == [([RITA], "Your account is closed")]
        assert not Message.objects.filter(state=DeliveryState.PENDING).exists()

    def test_is_in_the_history_without_a_name(self, side):
        admin = side.admin
        close_account(user=side.resident, by=admin)
        entries = AuditEntry.objects.filter(act="account.closed", object_id=side.resident.pk)
        assert set(entries.values_list("actor_id", flat=True)) == {admin.pk}

    def test_ends_sessions_tokens_and_the_way_in(self, side):
        client = Client()
        log_in(client, RITA)
        _token, key = make_token(side.resident)
        close_account(user=side.resident, by=side.admin)
        assert client.get("/home").url.startswith("/accounts/login/")
        assert Client().get("/api/schema", headers={"authorization": f"Bearer {key}"}).status_code == 401
        assert log_in(Client(), RITA).status_code == 200

    def test_takes_the_copies_of_the_data_along(self, side, django_capture_on_commit_callbacks):
        request_export(user=side.resident)
        write_exports()
        path = PersonalExport.objects.get().path
        with django_capture_on_commit_callbacks(execute=True):
            close_account(user=side.resident, by=side.resident)
        assert not path.exists()

    def test_address_is_free_for_a_new_account(self, side):
        close_account(user=side.resident, by=side.resident)
        sign_up(Client(), RITA, side.distributor)
        assert User.objects.filter(email=RITA).exclude(pk=side.resident.pk).exists()

    def test_cannot_be_opened_again(self, side):
        close_account(user=side.resident, by=side.resident)
        with pytest.raises(AlreadyClosed):
            close_account(user=side.resident, by=side.resident)
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=side.resident.pk).update(is_active=True)

    def test_ends_a_membership(self, side):
        close_account(user=side.member, by=side.member)
        assert not Membership.objects.filter(user=side.member).exists()
        assert Membership.objects.filter(organization=side.organization).exists()


class TestRefusals:
    def refused(self, user, error):
        before = User.objects.filter(pk=user.pk).values().get()
        with pytest.raises(error) as raised:
            close_account(user=user, by=user)
        assert isinstance(raised.value, PortalError)
        assert User.objects.filter(pk=user.pk).values().get() == before
        assert EmailAddress.objects.filter(user=user).exists()

    def test_last_admin_of_an_organization_stays(self, side):
        self.refused(side.organization_admin, LastAdmin)

    def test_last_admin_of_a_distributor_stays(self, side):
        self.refused(side.admin, LastOperator)

    def test_one_of_two_may_go(self, side):
        make_admin(side.distributor)
        close_account(user=side.admin, by=side.admin)
        side.admin.refresh_from_db()
        assert (side.admin.staff_role, side.admin.closed_at is not None) == ("", True)

    def test_last_platform_operator_stays(self):
        root = User.objects.create_superuser("root@example.com", PASSWORD)
        EmailAddress.objects.create(user=root, email=root.email, verified=True, primary=True)
        self.refused(root, LastOperator)

    def test_operator_without_a_distributor_may_go_if_there_is_another(self):
        root = User.objects.create_superuser("root@example.com", PASSWORD)
        User.objects.create_superuser("second@example.com", PASSWORD)
        close_account(user=root, by=root)
        root.refresh_from_db()
        assert not root.is_approved


class TestPage:
    @pytest.fixture
    def ada(self):
        return make_user(make_distributor("Hither"), email="ada@example.com", password=PASSWORD)

    def test_says_what_goes_and_what_stays(self, client, ada):
        log_in(client, ada.email)
        page = client.get("/account/close").text
        assert "cannot be undone" in page
        assert "law" in page

    def test_typed_address_and_the_password_close_it(self, client, ada):
        log_in(client, ada.email)
        question = client.post("/account/close", {"address": " ADA@example.com "})
        assert question.url.startswith("/accounts/reauthenticate/")
        assert User.objects.get(pk=ada.pk).closed_at is None
        answer = client.post(question.url, {"password": PASSWORD, "next": "/account/close"})
        assert answer.url == "/"
        assert User.objects.get(pk=ada.pk).closed_at is not None
        assert "Your account is closed" in client.get("/").text

    @pytest.mark.parametrize("typed", ["", "eve@example.com", "yes"])
    def test_other_words_close_nothing(self, client, ada, typed):
        log_in(client, ada.email)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert client.post("/account/close", {"address": typed}).context["form"].errors
        assert User.objects.get(pk=ada.pk).closed_at is None

    def test_last_admin_reads_why_not(self, client):
        organization_admin = make_world().here.organization_admin
        organization_admin.set_password(PASSWORD)
        organization_admin.save()
        log_in(client, organization_admin.email)
        page = client.get("/account/close").text
        assert "only admin" in page
        assert 'name="address"' not in page
