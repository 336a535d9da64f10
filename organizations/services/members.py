"""What happens to the people of an organization. All of it is decided by its admins or the distributor's."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import ApprovalStatus, Entity, User
from accounts.services import set_approval
from organizations.errors import LastAdmin, NoLongerMember, NotApproved, NothingToUndo
from organizations.models import Invitation, Membership, MembershipRole, Organization
from organizations.notices import tell, tell_all


@transaction.atomic
def approve_member(*, membership: Membership, by: User) -> None:
    """Lets a member in and tells them; somebody who is in already hears nothing again.

    Raises:
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = lock_membership(membership)
    with deed("member.approve", by=by, organization_id=locked.organization_id):
        if _decide(locked, ApprovalStatus.APPROVED, by):
            _tell(locked, "approved")


@transaction.atomic
def reject_member(*, membership: Membership, by: User, reason: str = "") -> None:
    """Refuses a member, or shuts out one who was in, and tells them why.

    Raises:
        LastAdmin: It would leave the organization without an admin.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = lock_membership(membership)
    keep_an_admin(locked)
    with deed("member.refuse", by=by, reason=reason, organization_id=locked.organization_id):
        if _decide(locked, ApprovalStatus.REJECTED, by, reason):
            _withdraw_invitations_of(locked)
            _tell(locked, "rejected", reason=reason)


@transaction.atomic
def reopen_member(*, membership: Membership, by: User) -> None:
    """Takes an answer back: the person waits again. Sessions of one who was let in end with that.

    Raises:
        NothingToUndo: The person waits already, or is an admin.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = lock_membership(membership)
    if locked.is_admin or locked.user.approval_status == ApprovalStatus.PENDING:
        raise NothingToUndo(_("There is no answer here that can be taken back."))
    with deed("member.reopen", by=by, organization_id=locked.organization_id):
        if _decide(locked, ApprovalStatus.PENDING, by):
            _tell(locked, "reopened")


@transaction.atomic
def promote_member(*, membership: Membership, by: User | None = None) -> None:
    """Makes an approved member an admin of the organization.

    Raises:
        NotApproved: The member waits or was refused.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = lock_membership(membership)
    if not locked.user.is_approved:
        raise NotApproved(_("Approve this person first. An admin must be able to sign in."))
    with deed("member.promote", by=by, organization_id=locked.organization_id):
        if _give_role(locked, MembershipRole.ADMIN):
            _tell(locked, "promoted")
    membership.role = locked.role


@transaction.atomic
def demote_member(*, membership: Membership, by: User | None = None) -> None:
    """Makes an admin an ordinary member.

    Raises:
        LastAdmin: There is no other one.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = lock_membership(membership)
    keep_an_admin(locked)
    with deed("member.demote", by=by, organization_id=locked.organization_id):
        if _give_role(locked, MembershipRole.MEMBER):
            _tell(locked, "demoted")
    membership.role = locked.role


def _give_role(membership: Membership, role: MembershipRole) -> bool:
    """Whether the role is a new one."""
    if membership.role == role:
        return False
    membership.role = role
    membership.save(update_fields=["role"])
    return True


@transaction.atomic
def remove_member(*, membership: Membership, by: User, reason: str = "") -> None:
    """Takes a member out of the organization; the account is closed to them until someone decides anew.

    Raises:
        LastAdmin: There is no other admin.
        NoLongerMember: The membership was ended meanwhile.
    """
    locked = lock_membership(membership)
    keep_an_admin(locked)
    with deed("member.remove", by=by, reason=reason, organization_id=locked.organization_id):
        set_approval(user=locked.user, status=ApprovalStatus.REJECTED, by=by)
        _withdraw_invitations_of(locked)
        _tell(locked, "removed", reason=reason)
        locked.delete()


def _withdraw_invitations_of(membership: Membership) -> None:
    """Whoever is shut out leaves no link behind by which to come back."""
    sent = Invitation.objects.unused().filter(organization_id=membership.organization_id)
    for invitation in sent.filter(invited_by_id=membership.user_id).select_for_update():
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])


@transaction.atomic
def leave_organization(*, user: User) -> None:
    """Ends the person's own membership. The account stays, as one for a home: whoever has no organization is
    a resident, and everybody may become one.

    Raises:
        LastAdmin: There is no other admin.
        NoLongerMember: The person belongs to none, or was not let in.
    """
    membership = Membership.objects.filter(user=user).first()
    if membership is None or not user.is_approved:
        raise NoLongerMember(_("You do not belong to an organization."))
    locked = lock_membership(membership)
    keep_an_admin(locked)
    with deed("member.leave", by=user, organization_id=locked.organization_id):
        locked.delete()
        tell_all(
            users=admins_of(locked.organization),
            letter="left",
            about=f"left:{membership.pk}",
            name=user.get_full_name(),
            organization=locked.organization.name,
        )


@transaction.atomic
def end_memberships(*, organization: Organization) -> None:
    """Shuts out everybody of an organization that is about to be deleted, and tells them.

    The memberships go with the organization. Without this its people would stay, as residents with an account
    that nobody of the distributor let in as such.
    """
    Entity.objects.select_for_update().get(pk=organization.pk)
    members = list(Membership.objects.select_for_update().filter(organization=organization).select_related("user"))
    # There is no admin to keep in an organization that ends.
    Membership.objects.filter(organization=organization).update(role=MembershipRole.MEMBER)
    with deed("organization.deleted", organization_id=organization.pk):
        for membership in members:
            set_approval(user=membership.user, status=ApprovalStatus.REJECTED, by=None)
            tell(user=membership.user, letter="closed", organization=organization.name)


def lock_membership(membership: Membership) -> Membership:
    """The membership as it is now, locked.

    The organization first, as in the receiver: two admins who demote each other must wait.

    Raises:
        NoLongerMember: It was ended meanwhile.
    """
    Entity.objects.select_for_update().get(pk=membership.organization_id)
    members = Membership.objects.select_for_update(of=("self",) if _can_lock_one() else ())
    locked = members.select_related("user", "organization__distributor").filter(pk=membership.pk).first()
    if locked is None:
        raise NoLongerMember(_("This person does not belong to the organization any more."))
    return locked


def _can_lock_one() -> bool:
    return bool(transaction.get_connection().features.has_select_for_update_of)


def _decide(membership: Membership, status: ApprovalStatus, by: User, reason: str = "") -> bool:
    """Whether the decision is a new one."""
    before = membership.user.approval_status
    set_approval(user=membership.user, status=status, by=by)
    if before == status:
        return False
    membership.decided_at, membership.decided_by = timezone.now(), by
    membership.refusal_reason = reason
    membership.save(update_fields=["decided_at", "decided_by", "refusal_reason"])
    return True


def keep_an_admin(membership: Membership) -> None:
    """Raises LastAdmin if the organization would have no admin who can sign in without this one."""
    if membership.is_admin and not admins_of(membership.organization, besides=membership).exists():
        raise LastAdmin(_("This is the organization’s only admin. Make someone else an admin first."))


def keep_admin_besides(*, user: User) -> None:
    """Raises LastAdmin if an organization would have no admin without this person, whatever ends them."""
    with transaction.atomic():
        membership = Membership.objects.filter(user=user, role=MembershipRole.ADMIN).first()
        if membership is not None:
            keep_an_admin(lock_membership(membership))


def admins_of(organization: Organization, *, besides: Membership | None = None) -> QuerySet[User]:
    """The organization's admins who can sign in, but for one."""
    admins: QuerySet[User] = User.objects.filter(
        membership__organization_id=organization.pk,
        membership__role=MembershipRole.ADMIN,
        approval_status=ApprovalStatus.APPROVED,
        is_active=True,
    )
    return admins.exclude(pk=besides.user_id if besides is not None else 0)


def _tell(membership: Membership, letter: str, **content: str) -> None:
    name = membership.user.get_short_name()
    tell(user=membership.user, letter=letter, name=name, organization=membership.organization.name, **content)


def announce_request(*, membership: Membership) -> None:
    """Tells the organization's admins that somebody with a verified address waits for them; once."""
    tell_all(
        users=admins_of(membership.organization),
        letter="request",
        about=str(membership.pk),
        name=membership.user.get_full_name(),
        email=membership.user.email,
        organization=membership.organization.name,
    )
