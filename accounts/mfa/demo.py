"""The demonstration's second factor: one secret for all of its people, and the code of this moment."""

from pathlib import Path

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters_now
from django.conf import settings

from accounts.mfa.services import LAST_USED
from accounts.models import User
from accounts.sealing import unseal


def secret_in(folder: Path) -> str:
    """The demonstration's one secret: made at random the first time, kept in a private file."""
    file = folder / "factor"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(generate_totp_secret())
    return file.read_text()


def code_for(user: User) -> str:
    """The code with which a person of the demonstration comes in now; empty for everybody else, everywhere else.

    Only the demonstration's own secret is ever told, not that of somebody who set up another.
    """
    file = settings.VAR_DIR / "town" / "factor"
    if not settings.DEMO or not file.exists():
        return ""
    row = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    secret = file.read_text()
    if row is None or unseal(row.data["secret"]) != secret:
        return ""
    _earlier, now, next_one = counters_now()
    counter = now if row.data.get(LAST_USED, 0) < now else next_one
    return str(format_hotp_value(hotp_value(secret, counter)))
