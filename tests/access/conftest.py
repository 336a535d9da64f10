"""One world for the whole package; each request is rolled back."""

import logging
from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.base import Template
from django.test import override_settings

from drportal import urls
from tests.access import figures, world
from tests.access.watch import Rows, snapshot

# No hashing that costs time, no rate limits between cases, the page of sent mail there.
SETTINGS = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
    "SESSION_ENGINE": "django.contrib.sessions.backends.db",
    # Mail is a row, as in the portal itself.
    "EMAIL_BACKEND": "delivery.mail.OutboxEmailBackend",
    "DEMO": True,
}


def _plain_refusal(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(str(exception), status=403 if isinstance(exception, PermissionDenied) else 404)


@pytest.fixture(scope="package")
def plain() -> Iterator[None]:
    """Thousands of refusals without their page (a test of its own reads it), and pages without what tests record."""
    patch = pytest.MonkeyPatch()
    patch.setattr(urls, "handler403", _plain_refusal, raising=False)
    patch.setattr(urls, "handler404", _plain_refusal, raising=False)
    patch.setattr(Template, "_render", lambda self, context: self.nodelist.render(context))
    yield
    patch.undo()


@pytest.fixture(scope="package")
def access(django_db_setup: None, django_db_blocker, plain: None) -> Iterator[world.AccessWorld]:
    """The world, gone at the end."""
    with django_db_blocker.unblock(), override_settings(**SETTINGS), transaction.atomic():
        logging.disable(logging.ERROR)  # thousands of refusals
        yield world.build()
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


@pytest.fixture(scope="package")
def before(access: world.AccessWorld) -> Rows:
    """Every row of the world as it was built."""
    return snapshot()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was tried."""
    if told := figures.told():
        terminalreporter.write_line(f"Access: {told}")
