"""Who must have a second factor, who has one, and what happens to it."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters_now
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.errors import AccountError
from accounts.models import User
from accounts.sealing import reseal, unseal
from accounts.sessions.services import end_sessions
from accounts.signals import resealing

# What proves a person at log-in; recovery codes only replace one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# In the data of an authenticator app's row: the newest 30 seconds whose code was used.
LAST_USED = "last_counter"


def must_have_factor(user: User) -> bool:
    """Whether the person may do so much that a password alone is too little."""
    return bool(settings.MFA_REQUIRED) and user.may_manage


def has_factor(user: User) -> bool:
    """Whether an authenticator app or a passkey stands behind the account; one query."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def may_remove(authenticator: Authenticator) -> bool:
    """Whether the factor may go: not the last one of somebody who must have one."""
    user = User.objects.get(pk=authenticator.user_id)
    others = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exclude(pk=authenticator.pk)
    is_factor = authenticator.type in FACTORS
    return not is_factor or not must_have_factor(user) or others.exists()


def give_app(*, user: User, secret: str = "") -> str:
    """The secret of the account's authenticator app, which it has from now on; made at random unless given.

    For the demonstration and for tests: people set up their own on the page.
    """
    secret = secret or generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


@transaction.atomic
def spend_code(*, user: User, code: str) -> Authenticator | None:
    """The authenticator whose code this is, which is then used up; None for a code that is wrong or was used.

    allauth remembers used codes in the cache for thirty seconds, and takes no code at all while the cache is
    away; here the row itself remembers, for as long as the code could be valid.
    """
    rows = Authenticator.objects.select_for_update().filter(user_id=user.pk).exclude(type=Authenticator.Type.WEBAUTHN)
    for row in rows.order_by("pk"):
        is_app = row.type == Authenticator.Type.TOTP
        if _spend_app_code(row, code) if is_app else row.wrap().validate_code(code):
            return row
    return None


def _spend_app_code(row: Authenticator, code: str) -> bool:
    secret, digits = unseal(row.data["secret"]), "".join(code.split())
    for counter in counters_now():
        expected = format_hotp_value(hotp_value(secret, counter))
        if counter > row.data.get(LAST_USED, 0) and constant_time_compare(digits, expected):
            row.data[LAST_USED] = counter
            row.save(update_fields=["data"])
            return True
    return False


@transaction.atomic
def reset_factors(*, user: User, by: User | None, reason: str) -> int:
    """How many factors the person lost by this: all, recovery codes too, to set up new ones at the next log-in.

    Sessions end too: a lost phone may be in somebody's hands, signed in.

    For somebody who lost phone and codes, once it is certain who asks. The record says who did it and why.

    Raises:
        AccountError: No reason is given.
    """
    if not reason.strip():
        raise AccountError(_("Say why, and how you made sure that it is them."))
    mine = Authenticator.objects.filter(user_id=user.pk)
    count = int(mine.count())
    mine.delete()
    end_sessions(user=user, by=by)
    record("mfa.reset", target=user, by=by, reason=reason, details={"factors": count})
    return count


def rotate_keys() -> int:
    """How many factors are encrypted with the first key now: all that have a secret.

    Raises:
        SecretUnreadable: One cannot be decrypted; nothing is changed.
    """
    with transaction.atomic():
        rows = Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk")
        return sum(_rotate(row) for row in rows)


@transaction.atomic
def rotate_all_keys() -> tuple[int, int]:
    """How many factors, and how many secrets of other rooms, are encrypted with the first key now.

    Raises:
        SecretUnreadable: One cannot be decrypted; nothing is changed.
    """
    factors = rotate_keys()
    return factors, sum(int(count or 0) for _receiver, count in resealing.send(sender=None))


def _rotate(row: Authenticator) -> bool:
    data = row.data
    for name in {"secret", "seed"} & data.keys():
        data[name] = reseal(data[name])
    row.save(update_fields=["data"])
    return True
