"""How the secrets behind second factors are kept: encrypted, with keys from the environment."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.errors import SecretUnreadable


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
        raise SecretUnreadable("A second factor was encrypted with a key that MFA_ENCRYPTION_KEYS lacks.") from None


def reseal(sealed: str) -> str:
    """The same secret, encrypted with the first key.

    Raises:
        SecretUnreadable: No key opens it.
    """
    try:
        return _ring().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable("A second factor was encrypted with a key that MFA_ENCRYPTION_KEYS lacks.") from None


def _ring() -> MultiFernet:
    # The derived key stays last, so that an installation can go over from none to its own.
    keys: list[str | bytes] = [*settings.MFA_ENCRYPTION_KEYS, _derived()]
    return MultiFernet([Fernet(key) for key in keys])


def _derived() -> bytes:
    return base64.urlsafe_b64encode(salted_hmac("accounts.mfa.keys", "fernet", algorithm="sha256").digest())
