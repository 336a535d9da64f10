"""What the application's own MariaDB user may not do, whatever SQL it is made to send."""

import os
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError, load_backend

from common.constraints import AppendOnly, TriggerConstraint
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


def _ways_past() -> Iterator[str]:
    """Statements that would undo what every table that refuses UPDATE or DELETE holds."""
    for model in apps.get_models():
        table = model._meta.db_table
        guards = [
            (one.name, event)
            for one in model._meta.constraints
            if isinstance(one, TriggerConstraint)
            for event in one.on
            if event == "DELETE" or isinstance(one, AppendOnly)
        ]
        if guards:
            yield f"TRUNCATE TABLE {table}"
            yield f"DROP TABLE {table}"
            yield f"ALTER TABLE {table} DROP COLUMN id"
        yield from (f"DROP TRIGGER {name}_{event.lower()}" for name, event in guards)


def test_the_tables_that_money_rests_on_are_among_them():
    tables = {words.split()[-1] for words in _ways_past() if words.startswith("TRUNCATE")}
    kept = ("ledgerbatch", "ledgerentry", "settlementrun", "settlementline", "rundecision", "adjustment", "monthrun",
            "monthline", "frozenprediction", "sheetreading", "baselinerule", "dispute")  # fmt: skip
    agreed = ("programversion", "consent", "nomination", "eventnote")
    assert tables >= {f"settlement_{name}" for name in kept} | {f"events_{name}" for name in agreed}


@pytest.mark.parametrize("statement", [*_ways_past(), "CREATE TABLE mine (id INT)"])
def test_it_cannot_get_past_the_append_only_tables(application, statement):
    with application.cursor() as cursor, pytest.raises(DatabaseError, match="denied"):
        cursor.execute(statement)
