"""What the application's own MariaDB user may not do, whatever SQL it is made to send."""

import os
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError, load_backend

from drportal import env

URL = os.environ.get("DRPORTAL_TEST_APP_DATABASE_URL", "")
pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.django_db,
    pytest.mark.skipif(not URL, reason="no application user here: run make test LANE=mariadb"),
]


@pytest.fixture
def application() -> Iterator[BaseDatabaseWrapper]:
    """A connection to the test database as the application's user."""
    entry = connection.settings_dict | env.database(URL) | {"NAME": connection.settings_dict["NAME"]}
    own = load_backend(entry["ENGINE"]).DatabaseWrapper(entry, "application")
    yield own
    own.close()


def test_it_reads(application):
    with application.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM settlement_ledgerentry")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE TABLE settlement_ledgerentry",
        "DROP TABLE settlement_ledgerentry",
        "DROP TRIGGER ledger_entry_append_only_delete",
        "ALTER TABLE settlement_ledgerentry DROP COLUMN amount",
        "CREATE TABLE mine (id INT)",
    ],
)
def test_it_cannot_get_past_the_append_only_tables(application, statement):
    with application.cursor() as cursor, pytest.raises(DatabaseError, match="denied"):
        cursor.execute(statement)
