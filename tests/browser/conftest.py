"""One town and one server for the package, one browser, a watched reader per test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser import town as towns
from tests.browser.hands import Hands, Person
from tests.browser.reader import LARGE, Reader

CHROMIUM = os.environ.get("DRPORTAL_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
SETTINGS = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    # Django's test runner puts its own mail backend in the place of the outbox.
    "EMAIL_BACKEND": "delivery.mail.OutboxEmailBackend",
    "DELIVERY_EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
    "DEMO": True,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives Chromium and needs the database."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """In the place of pytest-django's fixture, which would empty the tables after each test: the town stays."""


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A SQLite file: the server's threads cannot share a database in memory."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        django_settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(file)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser; closed with the package, as a process can have one Playwright at a time."""
    if not CHROMIUM:
        pytest.skip("no Chromium: install it or name it in DRPORTAL_CHROMIUM")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split(), timeout=90_000)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def town(django_db_setup: None, django_db_blocker) -> Iterator[towns.Town]:
    """The town, built once and left as the tests change it; the tables are empty afterwards."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("run tests/browser by itself: other tests have made a database in memory")
    # Playwright's loop runs in this thread, and Django would take every query for one of a coroutine.
    allowed = pytest.MonkeyPatch()
    allowed.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with django_db_blocker.unblock(), override_settings(**SETTINGS):
        try:
            yield towns.build()
        finally:
            call_command("flush", verbosity=0, interactive=False)
    allowed.undo()


@pytest.fixture(scope="package")
def site(town: towns.Town) -> Iterator[str]:
    """The portal's address."""
    server = LiveServer("localhost")
    server._live_server_modified_settings.enable()
    # Mails lead to it.
    with override_settings(SITE_URL=server.url):
        yield server.url
    server.stop()
    server._live_server_modified_settings.disable()


@pytest.fixture(scope="package")
def profile_of(site: str, chromium: Browser) -> Callable[[User], BrowserContext]:
    """The browser profile of somebody who is signed in, kept: what it has fetched once, it need not fetch again."""
    profiles: dict[int, BrowserContext] = {}

    def profile_of(user: User) -> BrowserContext:
        if user.pk not in profiles:
            profiles[user.pk] = _profile(chromium)
            profiles[user.pk].add_cookies([{"name": "sessionid", "value": _session_of(user), "url": site}])
        return profiles[user.pk]

    return profile_of


def _profile(chromium: Browser) -> BrowserContext:
    context = chromium.new_context(color_scheme="light", reduced_motion="reduce", locale="en-US")
    context.set_default_timeout(20_000)
    return context


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture
def visit(
    site: str, chromium: Browser, profile_of: Callable[[User], BrowserContext]
) -> Iterator[Callable[..., Reader]]:
    """Opens a page for somebody, or for a visitor in a new profile; every fault in any of them fails the test."""
    readers: list[Reader] = []
    visitors: list[BrowserContext] = []

    def visit(user: User | None = None, width: int = LARGE) -> Reader:
        if user is None:
            visitors.append(_profile(chromium))
        context = visitors[-1] if user is None else profile_of(user)
        readers.append(Reader(context, site, width))
        return readers[-1]

    yield visit
    faults = [fault for reader in readers for fault in reader.faults]
    for reader in readers:
        reader.page.close()
    for context in visitors:
        context.close()
    assert faults == []


@pytest.fixture
def person(visit: Callable[..., Reader], request: pytest.FixtureRequest) -> Person:
    """Somebody with a keyboard and a browser of their own, in the look of the test (`look`).

    Counters of attempts begin anew: all people of all tests come from one address.
    """
    cache.clear()
    width, scheme, *audits = request.getfixturevalue("look")
    return lambda: Hands(visit(None, width), width, scheme, tuple(audits))


@pytest.fixture
def visitor(visit: Callable[..., Reader]) -> Reader:
    """Somebody who is not signed in."""
    return visit()
