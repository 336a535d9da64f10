"""Leaving, taking answers back, and the last admin on every path."""

import pytest
from django.db.models import ProtectedError

from accounts.audit import deed
from accounts.closing import close_account
from accounts.models import ApprovalStatus, AuditEntry, User
from accounts.services import set_approval
from organizations.errors import LastAdmin, NoLongerMember, NothingToUndo
from organizations.models import Membership
from organizations.services import (
    approve_member,
    leave_organization,
    promote_member,
    reject_member,
    remove_member,
    reopen_member,
)
from tests.builder import make_member, make_organization

pytestmark = pytest.mark.django_db


def status_of(user) -> str:
    return User.objects.get(pk=user.pk).approval_status


def acts_of(organization) -> list[str]:
    return list(AuditEntry.objects.of_organization(organization.pk).values_list("act", flat=True))


def test_reason_of_a_refusal_is_kept_until_the_answer_changes(here):
    membership = here.pending.membership
    reject_member(membership=membership, by=here.organization_admin, reason="Not known here")
    membership.refresh_from_db()
    assert (membership.refusal_reason, membership.decided_by_id) == ("Not known here", here.organization_admin.pk)
    approve_member(membership=membership, by=here.organization_admin)
    membership.refresh_from_db()
    assert membership.refusal_reason == ""


class TestReopen:
    @pytest.mark.parametrize("answer", [approve_member, reject_member])
    def test_answer_is_taken_back(self, here, answer):
        answer(membership=here.pending.membership, by=here.organization_admin)
        reopen_member(membership=here.pending.membership, by=here.organization_admin)
        assert status_of(here.pending) == ApprovalStatus.PENDING

    def test_nothing_to_take_back_is_said(self, here):
        with pytest.raises(NothingToUndo):
            reopen_member(membership=here.pending.membership, by=here.organization_admin)

    def test_admins_approval_is_not_taken_back(self, here):
        with pytest.raises(NothingToUndo):
            reopen_member(membership=here.organization_admin.membership, by=here.admin)


class TestLeaving:
    def test_who_leaves_is_a_resident(self, here):
        leave_organization(user=here.member)
        assert not Membership.objects.filter(user=here.member).exists()
        assert status_of(here.member) == ApprovalStatus.APPROVED

    def test_last_admin_cannot_leave(self, here):
        with pytest.raises(LastAdmin):
            leave_organization(user=here.organization_admin)

    def test_one_of_two_admins_can_leave(self, here):
        promote_member(membership=here.member.membership, by=here.organization_admin)
        leave_organization(user=here.organization_admin)
        assert not Membership.objects.filter(user=here.organization_admin).exists()

    @pytest.mark.parametrize("who", ["resident", "pending"])
    def test_who_is_not_in_cannot_leave(self, here, who):
        with pytest.raises(NoLongerMember):
            leave_organization(user=getattr(here, who))


def deactivate(user) -> None:
    user = User.objects.get(pk=user.pk)
    user.is_active = False
    user.save()


LAST_WAYS = {
    "refused": lambda here: set_approval(user=here.organization_admin, status=ApprovalStatus.REJECTED, by=here.admin),
    "set to wait": lambda here: set_approval(
        user=here.organization_admin, status=ApprovalStatus.PENDING, by=here.admin
    ),
    "deactivated": lambda here: deactivate(here.organization_admin),
    "closed": lambda here: close_account(user=here.organization_admin, by=here.organization_admin),
}


@pytest.mark.parametrize("way", LAST_WAYS)
def test_last_admin_stays_on_every_other_path(here, way):
    with pytest.raises(LastAdmin):
        LAST_WAYS[way](here)
    user = User.objects.get(pk=here.organization_admin.pk)
    assert user.is_approved
    assert user.membership.is_admin


@pytest.mark.parametrize("way", LAST_WAYS)
def test_one_of_two_admins_may_go_on_every_other_path(here, way):
    promote_member(membership=here.member.membership, by=here.organization_admin)
    LAST_WAYS[way](here)
    assert not User.objects.get(pk=here.organization_admin.pk).is_approved


def test_closed_account_belongs_to_no_organization(here):
    close_account(user=here.member, by=here.member)
    assert not Membership.objects.filter(user=here.member).exists()


class TestDeletedOrganization:
    @pytest.fixture
    def organization(self, here):
        return make_organization(here.distributor)

    @pytest.mark.parametrize(
        "delete", [lambda row: row.delete(), lambda row: type(row).objects.filter(pk=row.pk).delete()]
    )
    def test_its_people_do_not_stay_as_approved_residents(self, organization, delete):
        people = [make_member(organization) for _ in range(3)]
        delete(organization)
        assert {status_of(user) for user in people} == {ApprovalStatus.REJECTED}
        assert not Membership.objects.filter(user__in=people).exists()

    def test_what_cannot_be_deleted_keeps_its_people(self, here):
        with pytest.raises(ProtectedError):
            here.organization.delete()
        assert status_of(here.member) == ApprovalStatus.APPROVED


class TestHistory:
    def test_each_step_is_written_with_who_and_why(self, here):
        boss = here.organization_admin
        approve_member(membership=here.pending.membership, by=boss)
        remove_member(membership=here.pending.membership, by=boss, reason="Left the school")
        entries = AuditEntry.objects.of_organization(here.organization.pk)
        assert {"member.approve", "member.remove"} <= set(acts_of(here.organization))
        removed = entries.filter(act="member.remove")
        assert {(row.actor_id, row.reason) for row in removed} == {(boss.pk, "Left the school")}
        assert here.pending.pk in {(row.additional_data or {}).get("person") for row in removed}

    def test_entries_name_nobody(self, here):
        approve_member(membership=here.pending.membership, by=here.organization_admin)
        texts = " ".join(
            f"{row.object_repr} {row.changes}" for row in AuditEntry.objects.of_organization(here.organization.pk)
        )
        assert texts
        assert here.pending.email not in texts

    def test_outer_deed_keeps_its_act(self, here):
        with deed("organization.created", by=here.admin, organization_id=here.organization.pk):
            promote_member(membership=here.member.membership, by=here.admin)
        assert "member.promote" not in acts_of(here.organization)
