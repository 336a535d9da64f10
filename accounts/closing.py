"""Closing an account for good: the person goes, what the law keeps stays without a name."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import exports
from accounts.audit import deed
from accounts.errors import AlreadyClosed, LastOperator
from accounts.language import language_of
from accounts.models import ApiToken, ApprovalStatus, Entity, PersonalExport, StaffRole, User
from accounts.services import set_approval
from accounts.signals import account_closed, account_closing, closing_asked
from common.retry import retried


@retried
@transaction.atomic
def close_account(*, user: User, by: User) -> None:
    """Closes the account for good and takes name and address out of it; it cannot be undone.

    Sessions, tokens, second factors, choices, notices and copies of data go at once. Ledger, participations and
    readings stay, of a holder without a name. A farewell mail goes to the old address.

    Raises:
        AlreadyClosed: It was closed before.
        LastOperator: Nobody else runs the distributor, or the installation.
        PortalError: A higher room refuses, such as for an organization's last admin.
    """
    ask_to_close(user=user)
    locked: User = User.objects.select_for_update().get(pk=user.pk)
    email, language, now = locked.email, language_of(locked), timezone.now()
    with deed("account.closed", by=by):
        account_closing.send(sender=User, user=locked, by=by, at=now)
        _end_access(locked)
        set_approval(user=locked, status=ApprovalStatus.REJECTED, by=by)
        locked.refresh_from_db()
        _forget(locked)
        locked.closed_at = now
        locked.save()
    account_closed.send(sender=User, user=locked, email=email, language=language)


def ask_to_close(*, user: User) -> None:
    """Raises what `close_account` would, and changes nothing. Locks, in the order of all rooms: the distributor
    first, then what higher rooms look at, the person last."""
    with transaction.atomic():
        if user.tenant_id is not None:
            Entity.objects.select_for_update().get(pk=user.tenant_id)
        fresh = User.objects.get(pk=user.pk)
        if fresh.closed_at is not None:
            raise AlreadyClosed(_("This account is closed already."))
        _keep_an_operator(fresh)
        closing_asked.send(sender=User, user=fresh)


def _keep_an_operator(user: User) -> None:
    others = User.objects.select_for_update().exclude(pk=user.pk)
    others = others.filter(is_active=True, approval_status=ApprovalStatus.APPROVED)
    if user.is_superuser and not others.filter(is_superuser=True).exists():
        raise LastOperator(_("You are the only platform operator. Make someone else one first."))
    if user.staff_role != StaffRole.ADMIN or not user.is_approved:
        return
    if not others.filter(tenant_id=user.tenant_id, staff_role=StaffRole.ADMIN).exists():
        raise LastOperator(_("This is the distributor’s only admin. Make someone else an admin first."))


def _end_access(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()
    for token in ApiToken.objects.filter(user=user):
        token.delete()
    Authenticator.objects.filter(user=user).delete()
    exports.discard(PersonalExport.objects.filter(user=user))
    EmailAddress.objects.filter(user=user).delete()


def _forget(user: User) -> None:
    user.email = f"closed-{user.pk}@closed.invalid"
    user.first_name = user.last_name = user.theme = user.language = ""
    user.quiet_from = user.quiet_until = user.last_login = None
    user.staff_role, user.is_active = StaffRole.NONE, False
    # A platform operator without a distributor is only possible as such; without `is_active` it opens nothing.
    user.is_superuser = user.is_superuser and user.tenant_id is None
    user.set_unusable_password()
