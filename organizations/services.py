"""What happens to the people of an organization. All of it is decided by its admins or the distributor's."""

from django.db import transaction

from accounts.models import ApprovalStatus, Entity, User
from accounts.services import set_approval
from delivery.services import enqueue
from organizations.errors import AmbiguousDistributor, LastAdmin
from organizations.models import Distributor, Membership, MembershipRole

NOTICE = "membership-notice"


@transaction.atomic
def approve_member(*, membership: Membership, by: User) -> None:
    """Lets a member in and tells them."""
    set_approval(user=membership.user, status=ApprovalStatus.APPROVED, by=by)
    _tell(membership, "approved")


@transaction.atomic
def reject_member(*, membership: Membership, by: User, reason: str = "") -> None:
    """Refuses a member, or shuts out one who was in, and tells them why.

    Raises:
        LastAdmin: It would leave the organization without an admin.
    """
    locked = _lock(membership)
    _keep_an_admin(locked)
    set_approval(user=locked.user, status=ApprovalStatus.REJECTED, by=by)
    _tell(locked, "rejected", reason)


@transaction.atomic
def promote_member(*, membership: Membership) -> None:
    """Makes an approved member an admin of the organization."""
    locked = _lock(membership)
    locked.role = MembershipRole.ADMIN
    locked.save(update_fields=["role"])
    membership.role = locked.role


@transaction.atomic
def demote_member(*, membership: Membership) -> None:
    """Makes an admin an ordinary member.

    Raises:
        LastAdmin: There is no other one.
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
    """
    locked = _lock(membership)
    _keep_an_admin(locked)
    set_approval(user=locked.user, status=ApprovalStatus.REJECTED, by=by)
    _tell(locked, "removed")
    locked.delete()


def _lock(membership: Membership) -> Membership:
    # The organization first, as in the receiver: two admins who demote each other must wait.
    Entity.objects.select_for_update().get(pk=membership.organization_id)
    return Membership.objects.select_for_update().select_related("user").get(pk=membership.pk)


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
