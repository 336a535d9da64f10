"""What happens to the people of an organization. All of it is decided by its admins or the distributor's."""

from django.db import transaction

from accounts.models import ApprovalStatus, Entity, User
from accounts.services import set_approval
from delivery.services import enqueue
from organizations.errors import AmbiguousDistributor, LastAdmin, NoLongerMember, NotApproved
from organizations.models import Distributor, Membership, MembershipRole
from organizations.notices import NOTICE, REQUEST


@transaction.atomic
def approve_member(*, membership: Membership, by: User) -> None:
    """Lets a member in and tells them; somebody who is in already hears nothing again.

    Raises:
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = _lock(membership)
    if _decide(locked, ApprovalStatus.APPROVED, by):
        _tell(locked, "approved")


@transaction.atomic
def reject_member(*, membership: Membership, by: User, reason: str = "") -> None:
    """Refuses a member, or shuts out one who was in, and tells them why.

    Raises:
        LastAdmin: It would leave the organization without an admin.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = _lock(membership)
    _keep_an_admin(locked)
    if _decide(locked, ApprovalStatus.REJECTED, by):
        _tell(locked, "rejected", reason)


@transaction.atomic
def promote_member(*, membership: Membership) -> None:
    """Makes an approved member an admin of the organization.

    Raises:
        NotApproved: The member waits or was refused.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = _lock(membership)
    if not locked.user.is_approved:
        raise NotApproved("Approve this person first. An admin must be able to sign in.")
    locked.role = MembershipRole.ADMIN
    locked.save(update_fields=["role"])
    membership.role = locked.role


@transaction.atomic
def demote_member(*, membership: Membership) -> None:
    """Makes an admin an ordinary member.

    Raises:
        LastAdmin: There is no other one.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = _lock(membership)
    _keep_an_admin(locked)
    locked.role = MembershipRole.MEMBER
    locked.save(update_fields=["role"])
    membership.role = locked.role


@transaction.atomic
def remove_member(*, membership: Membership, by: User) -> None:
    """Takes a member out of the organization; the account is closed to them until someone decides anew.

    Raises:
        LastAdmin: There is no other admin.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = _lock(membership)
    _keep_an_admin(locked)
    set_approval(user=locked.user, status=ApprovalStatus.REJECTED, by=by)
    _tell(locked, "removed")
    locked.delete()


def _lock(membership: Membership) -> Membership:
    # The organization first, as in the receiver: two admins who demote each other must wait.
    Entity.objects.select_for_update().get(pk=membership.organization_id)
    members = Membership.objects.select_for_update().select_related("user", "organization")
    locked = members.filter(pk=membership.pk).first()
    if locked is None:
        raise NoLongerMember("This person does not belong to the organization any more.")
    return locked


def _decide(membership: Membership, status: ApprovalStatus, by: User) -> bool:
    """Whether the decision is a new one."""
    before = membership.user.approval_status
    set_approval(user=membership.user, status=status, by=by)
    return before != status


def _keep_an_admin(membership: Membership) -> None:
    if not membership.is_admin:
        return
    others = Membership.objects.filter(
        organization_id=membership.organization_id,
        role=MembershipRole.ADMIN,
        user__approval_status=ApprovalStatus.APPROVED,
        user__is_active=True,
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastAdmin("This is the organization’s only admin. Make someone else an admin first.")


def _tell(membership: Membership, decision: str, reason: str = "") -> None:
    enqueue(
        kind=NOTICE,
        recipient=membership.user.email,
        payload={
            "decision": decision,
            "reason": reason,
            "name": membership.user.get_short_name(),
            "organization": membership.organization.name,
        },
        tenant_id=membership.organization.distributor_id,
    )


def announce_request(*, membership: Membership) -> None:
    """Tells the organization's admins that somebody with a verified address waits for them; once."""
    admins = Membership.objects.filter(
        organization_id=membership.organization_id,
        role=MembershipRole.ADMIN,
        user__approval_status=ApprovalStatus.APPROVED,
        user__is_active=True,
    ).select_related("user")
    for admin in admins:
        enqueue(
            kind=REQUEST,
            recipient=admin.user.email,
            payload={
                "name": membership.user.get_full_name(),
                "email": membership.user.email,
                "organization": membership.organization.name,
            },
            dedupe_key=f"{REQUEST}:{membership.pk}:{admin.user_id}",
            tenant_id=membership.organization.distributor_id,
        )


def distributor_named(name: str | None) -> Distributor:
    """The distributor a command means: the one of this name, or the only one there is.

    Raises:
        AmbiguousDistributor: No such distributor, none at all, or several and no name.
    """
    if name:
        found = Distributor.objects.filter(name=name).first()
        if found is None:
            raise AmbiguousDistributor(f"There is no distributor “{name}”.")
        return found
    names = list(Distributor.objects.values_list("name", flat=True)[:20])
    if not names:
        raise AmbiguousDistributor("There is no distributor yet; make one with create_distributor NAME.")
    if len(names) > 1:
        raise AmbiguousDistributor(f"Say which distributor with --distributor: {', '.join(names)}.")
    return Distributor.objects.get()
