"""Asking to register an organization, from sign-up to the answer."""

import pytest
from django.urls import reverse

from accounts.models import ApprovalStatus, User
from accounts.tests.journeys import confirm, log_in, mails_to, sign_up
from delivery.models import Message
from organizations.errors import NameTaken, NothingToWithdraw, RequestDecided
from organizations.models import Membership, Organization, OrganizationRequest, RequestState
from organizations.services import approve_request, refuse_request, request_organization, withdraw_wish
from tests.builder import make_admin, make_distributor, make_organization, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"


@pytest.fixture
def distributor():
    return make_distributor("Hither")


@pytest.fixture
def admin(distributor):
    return make_admin(distributor)


@pytest.fixture
def wish(distributor):
    person = make_user(distributor, email=ADA, approval_status=ApprovalStatus.PENDING)
    return request_organization(person=person, distributor=distributor, name="  Hither   Bakery ")


def status_of(user) -> str:
    return User.objects.get(pk=user.pk).approval_status


class TestSignUp:
    def test_person_waits_and_the_distributor_is_told_after_the_address_is_proved(
        self, client, distributor, admin, mailoutbox
    ):
        sign_up(client, ADA, distributor, new_organization="Hither Bakery", message="Two ovens <big>")
        wish = OrganizationRequest.objects.get()
        assert (wish.name, wish.message, wish.person.email) == ("Hither Bakery", "Two ovens <big>", ADA)
        assert not Message.objects.filter(recipient=admin.email).exists()
        confirm(client, ADA)
        assert status_of(wish.person) == ApprovalStatus.PENDING
        assert Message.objects.filter(recipient=admin.email, kind="membership-request").count() == 1
        assert mails_to(admin.email)
        assert "Two ovens <big>" in mailoutbox[-1].body
        assert log_in(client, ADA).url == "/accounts/waiting"
        page = client.get("/accounts/waiting").text
        assert "Hither Bakery" in page
        assert "Hither decides" in page

    def test_list_and_new_name_at_once_are_refused(self, client, distributor):
        organization = make_organization(distributor)
        answer = sign_up(client, ADA, distributor, organization, new_organization="Hither Bakery")
        assert "not both" in answer.text
        assert not User.objects.filter(email=ADA).exists()

    def test_message_without_a_name_is_refused(self, client, distributor):
        assert "which organization" in sign_up(client, ADA, distributor, message="Two ovens").text

    def test_withdrawn_request_makes_a_resident(self, client, distributor, admin):
        sign_up(client, ADA, distributor, new_organization="Hither Bakery")
        confirm(client, ADA)
        log_in(client, ADA)
        assert client.post(reverse("accounts_withdraw")).url == "/accounts/login/"
        assert OrganizationRequest.objects.get().state == RequestState.WITHDRAWN
        assert log_in(client, ADA).url == "/home"

    def test_stranger_withdraws_nothing(self, client, wish):
        assert client.post(reverse("accounts_withdraw")).url == "/accounts/login/"
        wish.refresh_from_db()
        assert wish.state == RequestState.PENDING


class TestApprove:
    def test_person_is_its_approved_admin(self, wish, admin):
        organization = approve_request(request=wish, by=admin)
        assert organization.name == "Hither Bakery"
        membership = Membership.objects.get(user=wish.person)
        assert membership.is_admin
        assert membership.organization == organization
        assert status_of(wish.person) == ApprovalStatus.APPROVED
        wish.refresh_from_db()
        assert (wish.state, wish.organization, wish.decided_by) == (RequestState.APPROVED, organization, admin)

    @pytest.mark.parametrize("name", ["Hither Bakery", "hither bakery"])
    def test_taken_name_is_said_and_changes_nothing(self, wish, admin, distributor, name):
        make_organization(distributor, name)
        with pytest.raises(NameTaken, match="already"):
            approve_request(request=wish, by=admin)
        wish.refresh_from_db()
        assert wish.state == RequestState.PENDING
        assert status_of(wish.person) == ApprovalStatus.PENDING

    def test_same_name_at_another_distributor_is_free(self, wish, admin):
        make_organization(make_distributor("Thither"), "Hither Bakery")
        assert approve_request(request=wish, by=admin)

    @pytest.mark.parametrize("second", [approve_request, lambda **args: refuse_request(reason="no", **args)])
    def test_second_answer_is_refused(self, wish, admin, second):
        approve_request(request=wish, by=admin)
        with pytest.raises(RequestDecided):
            second(request=wish, by=admin)
        assert Organization.objects.filter(name="Hither Bakery").count() == 1


class TestRefuse:
    def test_person_reads_the_reason(self, client, wish, admin):
        refuse_request(request=wish, by=admin, reason="Not our customer")
        assert status_of(wish.person) == ApprovalStatus.REJECTED
        session = client.session
        session["waiting_for_user"] = wish.person_id
        session.save()
        assert "Not our customer" in client.get("/accounts/waiting").text
        assert "Not our customer" in Message.objects.get(recipient=ADA).payload["reason"]

    def test_refused_person_cannot_withdraw_into_approval(self, wish, admin):
        refuse_request(request=wish, by=admin, reason="Not our customer")
        with pytest.raises(NothingToWithdraw):
            withdraw_wish(user=wish.person)
        assert status_of(wish.person) == ApprovalStatus.REJECTED


class TestWithdraw:
    def test_request_to_join_is_withdrawn_too(self, here):
        withdraw_wish(user=here.pending)
        assert not Membership.objects.filter(user=here.pending).exists()
        assert status_of(here.pending) == ApprovalStatus.APPROVED

    def test_unproved_address_is_not_approved_by_it(self, here):
        here.pending.emailaddress_set.update(verified=False)
        withdraw_wish(user=here.pending)
        assert status_of(here.pending) == ApprovalStatus.PENDING

    @pytest.mark.parametrize("who", ["resident", "member", "admin"])
    def test_who_waits_for_nothing_withdraws_nothing(self, here, who):
        with pytest.raises(NothingToWithdraw):
            withdraw_wish(user=getattr(here, who))
