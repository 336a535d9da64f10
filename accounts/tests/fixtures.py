"""Fixtures of the tests about people."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def quick_and_unlimited(settings: Any) -> Iterator[None]:
    """A fast password hasher, kept mail texts, and rate limits that know nothing of earlier tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Django's test runner puts its own in place of the outbox; here that one is only the last step.
    settings.EMAIL_BACKEND = "delivery.mail.OutboxEmailBackend"
    settings.DELIVERY_EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.DEMO = True
    cache.clear()
    yield
    cache.clear()
