"""Rules of the first system that fill a row as it is written."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import transaction
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from accounts.models import ApprovalStatus, Entity, Kind, User
from accounts.services import set_approval
from organizations.models import Distributor, Membership, MembershipRole, Organization
from organizations.services import announce_request


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
    """The organization's first admin is approved with that ("org prime admin")."""
    if not created or raw or not instance.is_admin:
        return
    others = Membership.objects.filter(organization_id=instance.organization_id).exclude(pk=instance.pk)
    if not others.exists():
        set_approval(user=instance.user, status=ApprovalStatus.APPROVED, by=None)


@receiver(pre_save, sender=Membership)
def join_as_demanded(sender: type[Membership], instance: Membership, raw: bool, using: str, **kwargs: Any) -> None:
    """A fixture's member joins as the database demands: the first as admin, later ones as members."""
    if raw:
        instance.loaded_role = instance.role  # type: ignore[attr-defined]
        others = Membership.objects.using(using).filter(organization_id=instance.organization_id)
        instance.role = MembershipRole.MEMBER if others.exists() else MembershipRole.ADMIN


@receiver(post_save, sender=Membership)
def take_loaded_role(sender: type[Membership], instance: Membership, raw: bool, using: str, **kwargs: Any) -> None:
    """A fixture's member then has the role that the fixture says."""
    if raw:
        instance.role = instance.loaded_role  # type: ignore[attr-defined]
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
    if membership is None:
        set_approval(user=user, status=ApprovalStatus.APPROVED, by=None)
    else:
        announce_request(membership=membership)
