"""What every test shares: the MariaDB marker, and a flush that gets past triggers."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.utils import translation
from hypothesis import settings as examples

from tests.builder import Side, World, make_world

# The same examples at every run: what is green stays green. `HYPOTHESIS=explore` looks further, by luck.
examples.register_profile("steady", derandomize=True, database=None, deadline=None)
examples.register_profile("explore", deadline=None, max_examples=1000)
examples.load_profile(os.environ.get("HYPOTHESIS", "steady"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips what needs MariaDB on other databases; on its lane leaves out what no database can change."""
    if connection.vendor != "mysql":
        skip = pytest.mark.skip(reason="needs MariaDB: SQLite has one writer and no users")
        for item in items:
            if item.get_closest_marker("mariadb"):
                item.add_marker(skip)
    elif os.environ.get("DRPORTAL_LANE") == "mariadb":
        pure = [item for item in items if not _touches_database(item)]
        config.hook.pytest_deselected(items=pure)
        items[:] = [item for item in items if _touches_database(item)]


def _touches_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "django_db_setup"}
    marked = any(item.get_closest_marker(name) for name in ("django_db", "mariadb"))
    return marked or bool(fixtures & set(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session", autouse=True)
def _own_cache() -> Iterator[None]:
    """A database of Redis for each worker: what one clears is not taken from another in the middle of a test."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    if not settings.REDIS_URL:
        yield
        return
    own = {**settings.CACHES["default"], "LOCATION": f"{settings.REDIS_URL}?db={number}"}
    with override_settings(CACHES={**settings.CACHES, "default": own}):
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_imports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Folders for uploaded files and certificates: numbers begin anew in each test database, and the portal's own
    files stay."""
    with override_settings(IMPORT_DIR=tmp_path_factory.mktemp("imports"), VAR_DIR=tmp_path_factory.mktemp("var")):
        yield


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A request leaves its reader's language in the thread; no test meets that of the one before."""
    yield
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """A quick hash: the real one takes a third of a second on purpose, in every small world."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _flush_past_triggers() -> Iterator[None]:
    """Lets transactional tests empty tables whose triggers refuse DELETE; the portal itself cannot."""
    patch = pytest.MonkeyPatch()
    operations, plain = connection.ops, connection.ops.execute_sql_flush
    if connection.vendor == "mysql":
        patch.setattr(operations, "sql_flush", _truncate_filled)
    else:
        patch.setattr(operations, "execute_sql_flush", lambda sql: _without_delete_triggers(plain, sql))
    yield
    patch.undo()


def _truncate_filled(style: Any, tables: list[str], **kwargs: Any) -> list[str]:
    """TRUNCATE, which fires no trigger, of the tables that hold rows: of an empty one it takes as long."""
    quoted = [connection.ops.quote_name(table) for table in tables]
    if not quoted:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"EXISTS(SELECT 1 FROM {table})" for table in quoted))  # noqa: S608
        filled = cursor.fetchone()
    truncate = [f"TRUNCATE {table};" for table, some in zip(quoted, filled, strict=True) if some]
    return ["SET FOREIGN_KEY_CHECKS = 0;", *truncate, "SET FOREIGN_KEY_CHECKS = 1;"]


def _without_delete_triggers(flush: Any, statements: list[str]) -> None:
    """Runs a flush while the triggers on DELETE are away; SQLite keeps their text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_delete'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        try:
            flush(statements)
        finally:
            for _name, sql in triggers:
                cursor.execute(sql)


@pytest.fixture
def world(db: None) -> World:
    """Two distributors with everybody in them."""
    return make_world()


@pytest.fixture
def here(world: World) -> Side:
    """The first of the two."""
    return world.here
