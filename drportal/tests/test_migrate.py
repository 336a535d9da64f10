import os
import sqlite3
import subprocess
import sys

import pytest

from drportal import env


@pytest.mark.slow
def test_migrate_alone_makes_a_working_portal(tmp_path):
    """The table of the database cache is there too: without it no log-in gets past the rate limits."""
    file = tmp_path / "new.sqlite3"
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=env.BASE_DIR,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": "", "VAR_DIR": str(tmp_path)},
        check=True,
    )
    with sqlite3.connect(file) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    connection.close()
    assert {"cache", "accounts_entity", "meters_intervalreading", "django_session"} <= tables
    assert mode == "wal"
