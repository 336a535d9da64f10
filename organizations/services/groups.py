"""Groups of organizations, kept by distributor admins."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from organizations.errors import GroupInUse, NameTaken
from organizations.models import Distributor, GroupMember, Organization, OrganizationGroup


def create_group(*, distributor: Distributor, name: str, by: User) -> OrganizationGroup:
    """A group without organizations.

    Raises:
        NameTaken: There is one of this name.
    """
    group = OrganizationGroup(distributor=distributor)
    return _named(group, name, act="group.create", by=by)


def rename_group(*, group: OrganizationGroup, name: str, by: User) -> OrganizationGroup:
    """The group under its new name.

    Raises:
        NameTaken: Another one has it.
    """
    return _named(group, name, act="group.rename", by=by)


def _named(group: OrganizationGroup, name: str, *, act: str, by: User) -> OrganizationGroup:
    group.name = " ".join(name.split())
    same = OrganizationGroup.objects.filter(distributor_id=group.distributor_id, name__iexact=group.name)
    try:
        with transaction.atomic(), deed(act, by=by):
            if same.exclude(pk=group.pk).exists():
                raise NameTaken(_("There is a group of this name already."))
            group.save()
    except IntegrityError:
        raise NameTaken(_("There is a group of this name already.")) from None
    return group


@transaction.atomic
def set_group_members(*, group: OrganizationGroup, organizations: Iterable[Organization], by: User) -> None:
    """Makes these the organizations of the group, and no others."""
    OrganizationGroup.objects.select_for_update().get(pk=group.pk)
    wanted = {organization.pk for organization in organizations}
    with deed("group.members", by=by):
        for member in GroupMember.objects.filter(group=group).exclude(organization_id__in=wanted):
            member.delete()
        known = set(GroupMember.objects.filter(group=group).values_list("organization_id", flat=True))
        for organization_id in sorted(wanted - known):
            GroupMember.objects.create(group=group, organization_id=organization_id)


def delete_group(*, group: OrganizationGroup, by: User) -> None:
    """Deletes the group; its organizations stay.

    Raises:
        GroupInUse: An event or something else refers to it.
    """
    try:
        with transaction.atomic(), deed("group.delete", by=by):
            group.delete()
    except (ProtectedError, RestrictedError, IntegrityError):
        raise GroupInUse(_("An event refers to this group, so it stays. You can rename it.")) from None
