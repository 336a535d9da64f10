"""Roles at the distributor: who gives them, and that somebody always runs it."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.errors import LastOperator, OwnRole
from accounts.models import ApprovalStatus, Entity, StaffRole, User


@transaction.atomic
def change_staff_role(*, user: User, role: StaffRole, by: User) -> User:
    """The user with the new role at the distributor.

    Raises:
        OwnRole: It is the admin's own account, an operator's or a closed one.
        LastOperator: The distributor would be left without an admin.
    """
    # The distributor first, in the order of all rooms: of two admins who demote each other one must wait.
    Entity.objects.select_for_update().filter(pk=user.tenant_id or 0).first()
    locked: User = User.objects.select_for_update().get(pk=user.pk)
    if locked.staff_role == role:
        return locked
    if locked.pk == by.pk:
        raise OwnRole(_("Nobody changes the role of their own account. Ask another admin."))
    if locked.is_superuser or locked.closed_at is not None:
        raise OwnRole(_("This account cannot have a role at the distributor."))
    keep_an_admin(user=locked)
    locked.staff_role = role
    with deed("user.role", by=by):
        locked.save(update_fields=["staff_role"])
    user.staff_role = role
    return locked


def keep_an_admin(*, user: User) -> None:
    """Refuses what would take the distributor's only admin away; call it in a transaction.

    Raises:
        LastOperator: There is no other one.
    """
    if user.staff_role != StaffRole.ADMIN or not user.is_approved:
        return
    others = User.objects.select_for_update().exclude(pk=user.pk)
    approved = others.filter(is_active=True, approval_status=ApprovalStatus.APPROVED)
    if not approved.filter(tenant_id=user.tenant_id, staff_role=StaffRole.ADMIN).exists():
        raise LastOperator(_("This is the distributor’s only admin. Make someone else an admin first."))
