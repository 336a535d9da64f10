"""What happens to an account."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.errors import UnknownScope
from accounts.models import ApiToken, ApprovalStatus, Scope, User
from accounts.signals import approval_changed


@transaction.atomic
def set_approval(*, user: User, status: ApprovalStatus, by: User | None) -> User:
    """The user with its new status. The one way in which the gate opens and closes.

    Sessions and tokens of a user who is not approved are refused at their next request, because both look
    here; higher rooms end what they keep themselves in a receiver of `approval_changed`.
    """
    locked: User = User.objects.select_for_update().get(pk=user.pk)
    if locked.approval_status != status:
        locked.approval_status = status
        locked.save(update_fields=["approval_status"])
        approval_changed.send(sender=User, user=locked, status=status, by=by)
    user.approval_status = status
    return locked


@transaction.atomic
def issue_token(
    *, user: User, name: str, scopes: Iterable[str], expires_at: datetime | None = None
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
    token = ApiToken.objects.create(
        user=user, name=name, digest=ApiToken.digest_of(key), scopes=wanted, expires_at=expires_at
    )
    return token, key


def revoke_token(*, token: ApiToken) -> None:
    """Ends a token at once."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
