"""How secrets that must be read again are kept: encrypted, with keys from the environment.

Second factors are, and the keys with which the portal shows itself to others. `manage.py rotate_mfa_keys` encrypts
all of them anew; a room that keeps some hears `resealing`.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.errors import SecretUnreadable

UNREADABLE = "A secret was encrypted with a key that MFA_ENCRYPTION_KEYS lacks."


def seal(text: str) -> str:
    """The text, encrypted with the first key."""
    return _ring().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text that was sealed with any of the keys.

    Raises:
        SecretUnreadable: With none of them: the key it was sealed with is gone.
    """
    try:
        return _ring().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(UNREADABLE) from None


def reseal(sealed: str) -> str:
    """The same secret, encrypted with the first key.

    Raises:
        SecretUnreadable: No key opens it.
    """
    try:
        return _ring().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(UNREADABLE) from None


def _ring() -> MultiFernet:
    # The derived key stays last, so that an installation can go over from none to its own. Its salt is the name of
    # the module where it was first made: with another one nothing sealed would open.
    keys: list[str | bytes] = [*settings.MFA_ENCRYPTION_KEYS, _derived()]
    return MultiFernet([Fernet(key) for key in keys])


def _derived() -> bytes:
    return base64.urlsafe_b64encode(salted_hmac("accounts.mfa.keys", "fernet", algorithm="sha256").digest())
