"""Invitations: sent, opened, accepted once."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApprovalStatus, AuditEntry, User
from accounts.stages import WAITING_FOR
from common.cache import CountersAway
from delivery.models import Message
from organizations.errors import CannotInvite, CannotJoin, InvitationGone, OrganizationError
from organizations.models import Invitation, InvitationState, Membership
from organizations.services import (
    Guest,
    accept_invitation,
    invite,
    invite_many,
    promote_member,
    reject_member,
    remove_member,
    resend_invitation,
    sign_up_invited,
    withdraw_invitation,
)
from tests.builder import make_distributor, make_member, make_organization, make_user

pytestmark = pytest.mark.django_db

GUEST = "guest@example.com"
PASSWORD = "correct horse battery staple"
FORM = {"first_name": "Gus", "last_name": "Gast", "password1": PASSWORD, "password2": PASSWORD}


def token_to(address: str = GUEST) -> str:
    """The token in the newest mail to an address."""
    text = Message.objects.filter(kind="mail", recipient=address).latest("pk").payload["text"]
    found = re.search(r"/invite/(\S+)", text)
    assert found
    return found[1]


def url_of(token: str) -> str:
    return reverse("invitation", args=[token])


@pytest.fixture
def boss(here):
    return here.organization_admin


@pytest.fixture
def invitation(here, boss):
    return invite(organization=here.organization, guest=Guest(" Guest@Example.com ", first_name="Gus"), by=boss)


class TestSending:
    def test_mail_names_who_invites_to_what_and_the_row_keeps_no_token(self, here, boss, invitation):
        mail = Message.objects.get(recipient=GUEST)
        assert "Hither Schools" in mail.payload["text"]
        assert boss.get_full_name() in mail.payload["text"]
        assert mail.tenant_id == here.distributor.pk
        token = token_to()
        assert invitation.digest == Invitation.digest_of(token)
        assert token not in str(Invitation.objects.filter(pk=invitation.pk).values())

    def test_second_invitation_renews_the_first_and_ends_its_link(self, here, boss, invitation):
        first = token_to()
        again = invite(organization=here.organization, guest=Guest(GUEST, "admin"), by=boss)
        assert again.pk == invitation.pk
        assert again.role == "admin"
        assert token_to() != first
        with pytest.raises(InvitationGone):
            accept_invitation(token=first, user=make_user(here.distributor, GUEST))

    @pytest.mark.parametrize("text", ["", "nobody", "a@b", "é@example.com", f"{'x' * 250}@example.com"])
    def test_what_is_no_address_is_refused(self, here, boss, text):
        with pytest.raises(CannotInvite):
            invite(organization=here.organization, guest=Guest(text), by=boss)
        assert not Invitation.objects.exists()

    @pytest.mark.parametrize(("who", "words"), [("member", "belongs"), ("pending", "Approvals")])
    def test_who_is_in_the_organization_is_not_invited(self, here, boss, who, words):
        with pytest.raises(CannotInvite, match=words):
            invite(organization=here.organization, guest=Guest(getattr(here, who).email), by=boss)

    def test_account_elsewhere_shows_nothing_to_the_inviter(self, client, world):
        client.force_login(world.here.organization_admin)
        url = reverse("organization_invitations")
        pages = []
        for email in (world.there.resident.email, "nobody-at-all@example.com"):
            page = client.post(url, {"emails": email, "role": "member"}, follow=True).text
            page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|content="[^"]{20,}"', "", page)
            pages.append(re.sub(r'value="\d+"', "", page.replace(email, "ADDRESS")))
            withdraw_invitation(invitation=Invitation.objects.get(email=email), by=world.here.organization_admin)
            Invitation.objects.all().delete()
        assert pages[0] == pages[1]

    def test_day_has_a_limit(self, here, boss, monkeypatch):
        monkeypatch.setattr("organizations.services.invitations.PER_DAY", 2)
        for number in range(2):
            invite(organization=here.organization, guest=Guest(f"guest{number}@example.com"), by=boss)
        with pytest.raises(CannotInvite, match="day"):
            invite(organization=here.organization, guest=Guest(GUEST), by=boss)

    def test_history_knows_the_deed_and_not_the_address(self, here, invitation):
        entry = AuditEntry.objects.of_organization(here.organization.pk).get(act="invitation.sent")
        assert GUEST not in f"{entry.object_repr} {entry.changes}"

    def test_sending_again_prolongs(self, boss, invitation):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
        again = resend_invitation(invitation=invitation, by=boss)
        assert again.state_at(timezone.now()) == InvitationState.OPEN

    def test_withdrawn_twice_is_refused(self, boss, invitation):
        withdraw_invitation(invitation=invitation, by=boss)
        for act in (withdraw_invitation, resend_invitation):
            with pytest.raises(InvitationGone):
                act(invitation=invitation, by=boss)


class TestNewAccount:
    def test_page_says_who_invites_to_what(self, client, boss, invitation):
        page = client.get(url_of(token_to())).text
        assert "Join Hither Schools" in page
        assert boss.get_full_name() in page
        assert 'value="Gus"' in page

    def test_guest_signs_up_and_is_in_at_once(self, client, here, invitation):
        answer = client.post(url_of(token_to()), FORM | {"email": "other@example.com"})
        assert (answer.status_code, answer.url) == (302, "/home")
        user = User.objects.get(email=GUEST)
        assert user.approval_status == ApprovalStatus.APPROVED
        assert user.tenant_id == here.distributor.pk
        assert user.membership.organization_id == here.organization.pk
        assert not user.membership.is_admin
        assert user.emailaddress_set.get().verified
        assert not User.objects.filter(email="other@example.com").exists()
        assert client.get("/org").status_code == 200
        invitation.refresh_from_db()
        assert (invitation.accepted_by, invitation.state_at(timezone.now())) == (user, InvitationState.ACCEPTED)

    def test_invited_admin_is_admin(self, here, boss):
        invite(organization=here.organization, guest=Guest(GUEST, "admin"), by=boss)
        user = sign_up_invited(token=token_to(), first_name="G", last_name="G", password=PASSWORD)
        assert user.membership.is_admin

    def test_first_guest_of_an_empty_organization_is_its_admin(self, here):
        empty = make_organization(here.distributor)
        invite(organization=empty, guest=Guest(GUEST), by=here.admin)
        user = sign_up_invited(token=token_to(), first_name="G", last_name="G", password=PASSWORD)
        assert Membership.objects.get(user=user).is_admin

    @pytest.mark.parametrize(
        "fault", [{"password2": "another"}, {"password1": "short", "password2": "short"}, {"first_name": ""}]
    )
    def test_fault_in_the_form_makes_nobody(self, client, invitation, fault):
        assert client.post(url_of(token_to()), FORM | fault).status_code == 200
        assert not User.objects.filter(email=GUEST).exists()

    def test_link_works_once(self, client, invitation):
        token = token_to()
        client.post(url_of(token), FORM)
        answer = Client().get(url_of(token))
        assert answer.status_code == 404
        assert "was used" in answer.text


class TestExistingAccount:
    def test_signed_out_owner_signs_in_first(self, client, here, invitation):
        make_user(here.distributor, GUEST)
        for answer in (client.get(url_of(token_to())), client.post(url_of(token_to()), FORM)):
            assert "You have an account" in answer.text
            assert f"next=/invite/{token_to()}" in answer.text.replace("%2F", "/")
        assert not Membership.objects.filter(user__email=GUEST).exists()

    def test_resident_joins_with_one_click(self, client, here, invitation):
        user = make_user(here.distributor, GUEST)
        client.force_login(user)
        assert "Join Hither Schools" in client.get(url_of(token_to())).text
        assert client.post(url_of(token_to())).url == "/home"
        assert Membership.objects.get(user=user).organization_id == here.organization.pk

    def test_other_account_is_told_so(self, client, here, invitation):
        client.force_login(here.resident)
        assert "another address" in client.get(url_of(token_to())).text
        answer = client.post(url_of(token_to()))
        assert answer.status_code == 403
        assert not Membership.objects.filter(user=here.resident).exists()

    def test_person_who_asked_to_join_is_let_in_by_it(self, client, here, boss):
        reject_member(membership=here.pending.membership, by=boss)
        Membership.objects.filter(user=here.pending).delete()
        User.objects.filter(pk=here.pending.pk).update(approval_status=ApprovalStatus.PENDING)
        invite(organization=here.organization, guest=Guest(here.pending.email), by=boss)
        session = client.session
        session[WAITING_FOR] = here.pending.pk
        session.save()
        assert client.post(url_of(token_to(here.pending.email))).url == "/accounts/login/"
        assert User.objects.get(pk=here.pending.pk).is_approved

    REFUSED = {
        "resident with a meter": (lambda here: here.resident, "meter of their own"),
        "member of another organization": (lambda here: here.other_organization_admin, "Leave it first"),
        "staff": (lambda here: here.staff, "works for the distributor"),
        "distributor admin": (lambda here: here.admin, "works for the distributor"),
    }

    @pytest.mark.parametrize("who", REFUSED)
    def test_who_may_not_join_hears_why(self, here, boss, who):
        person, words = self.REFUSED[who]
        user = person(here)
        invite(organization=here.organization, guest=Guest(user.email), by=boss)
        with pytest.raises(CannotJoin, match=words):
            accept_invitation(token=token_to(user.email), user=user)
        assert Invitation.objects.get(email=user.email).accepted_at is None

    def test_account_of_another_distributor_cannot_join(self, here, boss, invitation):
        user = make_user(make_distributor(), GUEST)
        with pytest.raises(CannotJoin, match="another distributor"):
            accept_invitation(token=token_to(), user=user)

    def test_closed_account_is_not_opened_by_an_organization(self, here, boss):
        user = make_member(here.organization)
        remove_member(membership=user.membership, by=boss)
        invite(organization=here.organization, guest=Guest(user.email), by=boss)
        with pytest.raises(CannotJoin, match="closed"):
            accept_invitation(token=token_to(user.email), user=user)


GONE = {
    "unknown": lambda invitation, boss: Invitation.objects.update(digest="0" * 64),
    "expired": lambda invitation, boss: Invitation.objects.update(expires_at=timezone.now()),
    "withdrawn": lambda invitation, boss: withdraw_invitation(invitation=invitation, by=boss),
}


@pytest.mark.parametrize("why", GONE)
def test_dead_link_has_a_clear_page_and_opens_nothing(client, boss, invitation, why):
    token = token_to()
    GONE[why](invitation, boss)
    for answer in (client.get(url_of(token)), client.post(url_of(token), FORM)):
        assert answer.status_code == 404
        assert "opens nothing" in answer.text
    assert not User.objects.filter(email=GUEST).exists()


def test_page_open_while_the_invitation_is_withdrawn_joins_nobody(client, boss, invitation):
    token = token_to()
    assert client.get(url_of(token)).status_code == 200
    withdraw_invitation(invitation=invitation, by=boss)
    assert "withdrawn" in client.post(url_of(token), FORM).text
    assert not User.objects.filter(email=GUEST).exists()


@pytest.mark.mariadb
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.django_db(transaction=True)
def test_two_tabs_make_one_account():
    organization = make_organization(make_distributor())
    invite(organization=organization, guest=Guest(GUEST, "admin"), by=make_member(organization))
    token, barrier, refused = token_to(), threading.Barrier(2), []

    def open_tab():
        barrier.wait()
        try:
            sign_up_invited(token=token, first_name="G", last_name="G", password=PASSWORD)
        except OrganizationError as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=open_tab) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(user__email=GUEST).count() == 1


@pytest.mark.mariadb
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.django_db(transaction=True)
def test_accepting_while_it_is_withdrawn_ends_in_one_of_the_two():
    organization = make_organization(make_distributor())
    boss = make_member(organization)
    sent = invite(organization=organization, guest=Guest(GUEST), by=boss)
    user = make_user(organization.distributor, GUEST)
    token, barrier, refused = token_to(), threading.Barrier(2), []

    def run(act):
        barrier.wait()
        try:
            act()
        except InvitationGone as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    acts = (
        lambda: accept_invitation(token=token, user=user),
        lambda: withdraw_invitation(invitation=sent, by=boss),
    )
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent.refresh_from_db()
    assert len(refused) == 1
    assert (sent.accepted_at is None) != (sent.withdrawn_at is None)
    assert Membership.objects.filter(user=user).exists() == (sent.accepted_at is not None)


class TestNuisance:
    """What an admin with a grudge might do."""

    def test_one_address_gets_a_few_mails_a_day_however_it_is_invited(self, here, boss, invitation):
        def again(number):
            if number % 2:
                withdraw_invitation(invitation=Invitation.objects.latest("pk"), by=boss)
                invite(organization=here.organization, guest=Guest("GUEST@example.com "), by=boss)
            else:
                resend_invitation(invitation=Invitation.objects.latest("pk"), by=boss)

        for number in range(4):
            again(number)
        with pytest.raises(CannotInvite, match="several invitations"):
            again(4)
        assert Message.objects.filter(kind="mail", recipient=GUEST).count() == 5
        invite(organization=here.other_organization, guest=Guest(GUEST), by=here.other_organization_admin)

    def test_who_is_removed_does_not_come_back_by_an_own_invitation(self, here, boss):
        second = make_member(here.organization)
        membership = Membership.objects.get(user=second)
        promote_member(membership=membership, by=boss)
        invite(organization=here.organization, guest=Guest(GUEST, role="admin"), by=second)
        kept = invite(organization=here.organization, guest=Guest("kept@example.com"), by=boss)
        remove_member(membership=membership, by=boss)
        with pytest.raises(InvitationGone):
            sign_up_invited(token=token_to(), first_name="Gus", last_name="Gast", password=PASSWORD)
        assert kept in Invitation.objects.unused()

    def test_without_counters_nothing_counts_as_sent(self, here, boss, monkeypatch):
        def away(*args, **kwargs):
            raise CountersAway

        monkeypatch.setattr("organizations.services.invitations.allow", away)
        with pytest.raises(CountersAway):
            invite_many(organization=here.organization, guests=[Guest(GUEST)], by=boss)

    def test_names_stay_on_one_line_of_the_mail(self, here, boss):
        guest = Guest(GUEST, first_name="Gus\n\nOpen http://evil.example at once")
        invite(organization=here.organization, guest=guest, by=boss)
        assert "\nOpen http" not in Message.objects.get(kind="mail", recipient=GUEST).payload["text"]
