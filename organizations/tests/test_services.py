"""Decisions about the people of an organization."""

import threading

import pytest
from django.db import connection, transaction

from accounts.models import ApprovalStatus, User
from delivery.models import Message
from delivery.services import drain
from organizations.errors import AmbiguousDistributor, LastAdmin, NoLongerMember, NotApproved
from organizations.models import Membership, MembershipRole
from organizations.services import (
    announce_request,
    approve_member,
    demote_member,
    distributor_named,
    promote_member,
    reject_member,
    remove_member,
)
from tests.builder import make_distributor, make_member, make_organization, make_side

pytestmark = pytest.mark.django_db


@pytest.fixture
def side():
    return make_side("Hither")


def status_of(user):
    return User.objects.get(pk=user.pk).approval_status


def role_of_member(user):
    return Membership.objects.get(user=user).role


def mails(mailoutbox):
    while drain():
        pass
    return mailoutbox


class TestApprove:
    def test_approved_member_is_in_and_told(self, side, mailoutbox):
        approve_member(membership=side.pending.membership, by=side.organization_admin)
        assert status_of(side.pending) == ApprovalStatus.APPROVED
        assert [(mail.to, mail.subject) for mail in mails(mailoutbox)] == [
            ([side.pending.email], "You can sign in now: Hither Schools")
        ]

    def test_second_approval_sends_no_second_mail(self, side, mailoutbox):
        for _ in range(2):
            approve_member(membership=side.pending.membership, by=side.organization_admin)
        assert len(mails(mailoutbox)) == 1

    def test_removed_member_is_not_approved_by_a_page_that_was_still_open(self, side):
        stale = Membership.objects.get(user=side.pending)
        remove_member(membership=side.pending.membership, by=side.organization_admin)
        with pytest.raises(NoLongerMember):
            approve_member(membership=stale, by=side.organization_admin)
        assert status_of(side.pending) == ApprovalStatus.REJECTED

    def test_decision_that_is_rolled_back_tells_nobody(self, side):
        with transaction.atomic():
            approve_member(membership=side.pending.membership, by=side.organization_admin)
            transaction.set_rollback(True)
        assert status_of(side.pending) == ApprovalStatus.PENDING
        assert not Message.objects.exists()


class TestReject:
    def test_rejected_member_reads_the_reason(self, side, mailoutbox):
        reject_member(membership=side.pending.membership, by=side.organization_admin, reason="Not known here")
        assert status_of(side.pending) == ApprovalStatus.REJECTED
        assert "Not known here" in mails(mailoutbox)[0].body

    def test_rejection_without_a_reason_names_none(self, side, mailoutbox):
        reject_member(membership=side.pending.membership, by=side.organization_admin)
        assert "reason" not in mails(mailoutbox)[0].body

    def test_rejected_member_can_be_approved_later(self, side):
        reject_member(membership=side.pending.membership, by=side.organization_admin)
        approve_member(membership=side.pending.membership, by=side.organization_admin)
        assert status_of(side.pending) == ApprovalStatus.APPROVED

    def test_last_admin_is_kept(self, side):
        with pytest.raises(LastAdmin):
            reject_member(membership=side.organization_admin.membership, by=side.admin)
        assert status_of(side.organization_admin) == ApprovalStatus.APPROVED


class TestRoles:
    def test_promoted_member_is_admin(self, side):
        promote_member(membership=side.member.membership)
        assert role_of_member(side.member) == MembershipRole.ADMIN
        assert side.member.membership.is_admin

    @pytest.mark.parametrize("status", [ApprovalStatus.PENDING, ApprovalStatus.REJECTED])
    def test_somebody_not_let_in_cannot_be_made_admin(self, side, status):
        User.objects.filter(pk=side.member.pk).update(approval_status=status)
        with pytest.raises(NotApproved):
            promote_member(membership=side.member.membership)
        assert role_of_member(side.member) == MembershipRole.MEMBER

    def test_one_of_two_admins_can_be_made_member(self, side):
        promote_member(membership=side.member.membership)
        demote_member(membership=side.organization_admin.membership)
        assert role_of_member(side.organization_admin) == MembershipRole.MEMBER

    def test_last_admin_cannot_be_made_member(self, side):
        with pytest.raises(LastAdmin):
            demote_member(membership=side.organization_admin.membership)

    @pytest.mark.parametrize("change", [{"approval_status": "rejected"}, {"is_active": False}])
    def test_an_admin_who_cannot_sign_in_does_not_count(self, side, change):
        promote_member(membership=side.member.membership)
        User.objects.filter(pk=side.member.pk).update(**change)
        with pytest.raises(LastAdmin):
            demote_member(membership=side.organization_admin.membership)

    def test_admin_of_another_organization_does_not_count(self, side):
        assert side.other_organization_admin.membership.is_admin
        with pytest.raises(LastAdmin):
            remove_member(membership=side.organization_admin.membership, by=side.admin)


class TestRemove:
    def test_removed_member_is_out_and_told(self, side, mailoutbox):
        remove_member(membership=side.member.membership, by=side.organization_admin)
        assert not Membership.objects.filter(user=side.member).exists()
        assert status_of(side.member) == ApprovalStatus.REJECTED
        assert "closed" in mails(mailoutbox)[0].subject

    def test_last_admin_cannot_be_removed(self, side):
        with pytest.raises(LastAdmin):
            remove_member(membership=side.organization_admin.membership, by=side.admin)
        assert Membership.objects.filter(user=side.organization_admin).exists()

    @pytest.mark.parametrize("act", [promote_member, demote_member])
    def test_what_is_gone_cannot_be_changed(self, side, act):
        stale = Membership.objects.get(user=side.member)
        remove_member(membership=side.member.membership, by=side.organization_admin)
        with pytest.raises(NoLongerMember):
            act(membership=stale)


class TestRequests:
    def test_every_admin_who_can_sign_in_is_told_once(self, side, mailoutbox):
        promote_member(membership=side.member.membership)
        closed = make_member(side.organization)
        promote_member(membership=closed.membership)
        User.objects.filter(pk=closed.pk).update(is_active=False)
        for _ in range(2):
            announce_request(membership=side.pending.membership)
        asked = [mail for mail in mails(mailoutbox) if "asks to join" in mail.subject]
        assert sorted(mail.to[0] for mail in asked) == sorted([side.organization_admin.email, side.member.email])
        assert side.pending.email in asked[0].body

    def test_name_with_braces_and_line_breaks_stays_a_name(self, side, mailoutbox):
        User.objects.filter(pk=side.pending.pk).update(first_name="{email}\r\nBcc: x@example.com")
        announce_request(membership=Membership.objects.get(user=side.pending))
        sent = mails(mailoutbox)
        assert len(sent) == 1
        assert "{email}" in sent[0].subject
        assert "\n" not in sent[0].subject


class TestDistributorNamed:
    def test_only_one_needs_no_name(self):
        distributor = make_distributor("Hither")
        assert distributor_named(None) == distributor
        assert distributor_named("Hither") == distributor

    @pytest.mark.parametrize(
        ("names", "asked", "sentence"),
        [
            ([], None, "no distributor yet"),
            (["Hither", "Thither"], None, "Hither, Thither"),
            (["Hither"], "Yonder", "no distributor “Yonder”"),
        ],
    )
    def test_what_is_not_clear_is_said(self, names, asked, sentence):
        for name in names:
            make_distributor(name)
        with pytest.raises(AmbiguousDistributor, match=sentence):
            distributor_named(asked)


@pytest.mark.mariadb
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_leave_one():
    organization = make_organization(make_distributor())
    first, second = make_member(organization), make_member(organization)
    promote_member(membership=second.membership)
    barrier, refused = threading.Barrier(2), []

    def demote(member):
        barrier.wait()
        try:
            demote_member(membership=Membership.objects.get(user=member))
        except LastAdmin:
            refused.append(member)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=(member,)) for member in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(role=MembershipRole.ADMIN).count() == 1
