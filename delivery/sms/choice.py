"""Which provider this installation has."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from delivery.sms.base import SmsBackend

OURS = {"console": "delivery.sms.backends.ConsoleBackend", "file": "delivery.sms.backends.FileBackend"}


def is_on() -> bool:
    """Whether text messages can be sent at all."""
    return bool(settings.SMS_BACKEND)


def backend() -> SmsBackend:
    """The provider named in SMS_BACKEND.

    Raises:
        ImproperlyConfigured: There is none, or it is no provider.
    """
    return _load(settings.SMS_BACKEND)


@cache
def _load(name: str) -> SmsBackend:
    try:
        kind = import_string(OURS.get(name, name))
    except ImportError as problem:
        raise ImproperlyConfigured(f"The setting SMS_BACKEND is wrong: “{name}” cannot be loaded.") from problem
    if not (isinstance(kind, type) and issubclass(kind, SmsBackend)):
        raise ImproperlyConfigured(f"The setting SMS_BACKEND is wrong: “{name}” is no provider of text messages.")
    return kind()
