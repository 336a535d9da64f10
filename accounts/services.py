"""What happens to an account."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.audit import deed
from accounts.errors import UnknownScope
from accounts.models import ApiToken, ApprovalStatus, Scope, User
from accounts.signals import approval_asked, approval_changed

USE_NOTED_EVERY = timedelta(minutes=5)


@transaction.atomic
def set_approval(*, user: User, status: ApprovalStatus, by: User | None) -> User:
    """The user with its new status. The one way in which the gate opens and closes.

    Sessions and tokens of a user who is not approved are refused at their next request, because both look
    here; higher rooms end what they keep themselves in a receiver of `approval_changed`.
    """
    if User.objects.filter(pk=user.pk).exclude(approval_status=status).exists():
        approval_asked.send(sender=User, user=user, status=status)
    locked: User = User.objects.select_for_update().get(pk=user.pk)
    if locked.approval_status != status:
        locked.approval_status = status
        locked.save(update_fields=["approval_status"])
        approval_changed.send(sender=User, user=locked, status=status, by=by)
    user.approval_status = status
    return locked


def scopes_for(user: User) -> list[Scope]:
    """The scopes that make sense in a token of this person: customers and those who only read cannot write."""
    return [scope for scope in Scope if user.may_manage or scope.value.endswith(":read")]


@transaction.atomic
def issue_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    by: User | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its key; the key cannot be had again.

    Raises:
        UnknownScope: One of the scopes does not exist.
    """
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown:
        raise UnknownScope(f"There is no scope “{unknown[0]}”. Known: {', '.join(Scope.values)}.")
    key = ApiToken.new_key()
    with deed("token.issued", by=by):
        token = ApiToken.objects.create(
            user=user, name=name, digest=ApiToken.digest_of(key), scopes=wanted, expires_at=expires_at
        )
    return token, key


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User | None = None) -> None:
    """Ends a token at once; one that has ended stays as it is."""
    locked = ApiToken.objects.select_for_update().get(pk=token.pk)
    if locked.revoked_at is None:
        locked.revoked_at = timezone.now()
        with deed("token.revoked", by=by):
            locked.save(update_fields=["revoked_at"])


def note_use(*, token: ApiToken) -> None:
    """Notes that the token is used, at most once in five minutes."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at <= now - USE_NOTED_EVERY:
        due = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
