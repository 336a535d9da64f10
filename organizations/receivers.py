"""Rules of the first system that fill a row as it is written."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.dispatch import receiver

from accounts.models import ApprovalStatus, Entity, Kind, User
from accounts.services import set_approval
from accounts.signals import account_closing, approval_asked, approval_changed, closing_asked
from organizations.hosts import forget_hosts
from organizations.models import (
    Distributor,
    Membership,
    MembershipRole,
    Organization,
    OrganizationRequest,
    RequestState,
)
from organizations.services import (
    announce_organization_request,
    announce_request,
    close_wishes,
    end_memberships,
    forget_invitations,
    keep_admin_besides,
)


@receiver(pre_save, sender=Distributor)
def set_distributor_kind(sender: type[Distributor], instance: Distributor, **kwargs: Any) -> None:
    """A distributor's entity is of kind distributor and of no tenant."""
    instance.kind, instance.tenant_id = Kind.DISTRIBUTOR, None


@receiver(pre_save, sender=Organization)
def set_organization_kind(sender: type[Organization], instance: Organization, **kwargs: Any) -> None:
    """An organization's entity is of kind organization, its tenant is its distributor ("add org id")."""
    instance.kind, instance.tenant_id = Kind.ORGANIZATION, instance.distributor_id


@receiver(pre_save, sender=Membership)
def make_first_member_admin(
    sender: type[Membership], instance: Membership, raw: bool, using: str, **kwargs: Any
) -> None:
    """The first member of an organization becomes its admin ("org prime admin").

    The lock on the organization makes two first members wait for each other; the existence read locks too,
    because under REPEATABLE READ an earlier snapshot would show no member.
    """
    if raw or not instance._state.adding:
        return
    with transaction.atomic(using=using):
        Entity.objects.using(using).select_for_update().filter(pk=instance.organization_id).first()
        members = Membership.objects.using(using).select_for_update()
        if not members.filter(organization_id=instance.organization_id)[:1]:
            instance.role = MembershipRole.ADMIN


@receiver(post_save, sender=Membership)
def approve_first_member(
    sender: type[Membership], instance: Membership, created: bool, raw: bool, **kwargs: Any
) -> None:
    """The organization's first admin is approved with that ("org prime admin").

    Whoever comes in as an admin is the first: the database refuses any other. To look for others here would
    find one who joined a moment later, and leave both waiting.
    """
    if created and not raw and instance.is_admin:
        set_approval(user=instance.user, status=ApprovalStatus.APPROVED, by=None)


@receiver(pre_save, sender=Membership)
def join_as_demanded(sender: type[Membership], instance: Membership, raw: bool, using: str, **kwargs: Any) -> None:
    """A fixture's member joins as the database demands: the first as admin, later ones as members."""
    if raw:
        instance.loaded_role = instance.role  # type: ignore[attr-defined]  # kept on the row from one signal to the next
        others = Membership.objects.using(using).filter(organization_id=instance.organization_id)
        instance.role = MembershipRole.MEMBER if others.exists() else MembershipRole.ADMIN


@receiver(post_save, sender=Membership)
def take_loaded_role(sender: type[Membership], instance: Membership, raw: bool, using: str, **kwargs: Any) -> None:
    """A fixture's member then has the role that the fixture says."""
    if raw:
        instance.role = instance.loaded_role  # type: ignore[attr-defined]  # kept on the row from one signal to the next
        Membership.objects.using(using).filter(pk=instance.pk).update(role=instance.role)


@receiver(email_confirmed)
def decide_on_verified(sender: Any, email_address: EmailAddress, **kwargs: Any) -> None:
    """A verified resident is approved ("approve residential"); a member's admins are told that one waits.

    Only from PENDING: somebody who was refused or removed does not come back by verifying again.
    """
    user = User.objects.get(pk=email_address.user_id)
    if user.approval_status != ApprovalStatus.PENDING:
        return
    membership = Membership.objects.filter(user=user).select_related("organization", "user").first()
    wish = OrganizationRequest.objects.filter(person=user, state=RequestState.PENDING).first()
    if membership is not None:
        announce_request(membership=membership)
    elif wish is not None:
        announce_organization_request(request=wish)
    else:
        set_approval(user=user, status=ApprovalStatus.APPROVED, by=None)


@receiver(post_save, sender=Distributor)
@receiver(post_delete, sender=Distributor)
def hosts_changed(sender: type[Distributor], **kwargs: Any) -> None:
    """A new host name counts from the next request on."""
    transaction.on_commit(forget_hosts)


@receiver(pre_delete, sender=Organization)
def shut_out_members(sender: type[Organization], instance: Organization, **kwargs: Any) -> None:
    """People of an organization that is deleted do not stay behind as approved residents."""
    end_memberships(organization=instance)


@receiver([approval_asked, approval_changed])
def keep_an_admin_approved(sender: Any, user: User, status: ApprovalStatus, **kwargs: Any) -> None:
    """Whoever takes away the approval of an organization's last admin hears that it cannot be.

    Asked before the person is locked, as everything locks the organization first; once more afterwards, for who
    became an admin in between.
    """
    if status != ApprovalStatus.APPROVED:
        keep_admin_besides(user=user)


@receiver(pre_save, sender=User)
def keep_an_admin_active(
    sender: type[User], instance: User, raw: bool, update_fields: Any = None, **kwargs: Any
) -> None:
    """The same for who would deactivate the account."""
    touched = update_fields is None or "is_active" in update_fields
    if raw or instance._state.adding or instance.is_active or not touched:
        return
    if User.objects.filter(pk=instance.pk, is_active=True).exists():
        keep_admin_besides(user=instance)


@receiver(closing_asked)
def keep_an_admin_open(sender: Any, user: User, **kwargs: Any) -> None:
    """The same for who would close the own account."""
    keep_admin_besides(user=user)


@receiver(account_closing)
def leave_on_closing(sender: Any, user: User, **kwargs: Any) -> None:
    """A closed account belongs to no organization and asks for nothing."""
    close_wishes(user=user)
    forget_invitations(user=user)
    for membership in Membership.objects.filter(user=user):
        membership.delete()
