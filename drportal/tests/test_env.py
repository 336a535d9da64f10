import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from drportal import env


def test_documentation_lists_exactly_the_variables_that_are_read():
    rows = re.findall(
        r"^\| `(\w+)` \| (?:`(.*?)`|empty) \| (.+) \|$",
        (env.BASE_DIR / "docs/settings.md").read_text(),
        re.MULTILINE,
    )
    documented = [(name, default, meaning) for name, default, meaning in rows]
    assert documented == [(v.name, v.default, v.meaning) for v in env.VARIABLES.values()]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DEBUG", "maybe"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("DATABASE_URL", "postgres://x/y"),
        ("REDIS_URL", "localhost:6379"),
        ("SITE_URL", "example.com"),
        ("SECRET_KEY", "short"),
        ("LOG_LEVEL", "loud"),
        ("EMAIL_URL", "pigeon://roof"),
    ],
)
def test_bad_value_is_refused_in_one_sentence_that_names_it(name, text, monkeypatch):
    monkeypatch.setenv(name, text)
    with pytest.raises(ImproperlyConfigured, match=f"^The setting {name} is wrong: [^\n]+\\.$") as refusal:
        env.read(name)
    if name in ("SECRET_KEY", "DATABASE_URL"):
        assert text not in str(refusal.value)


def test_bad_value_stops_the_start():
    outcome = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=env.BASE_DIR,
        env={**os.environ, "DEBUG": "maybe"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode != 0
    assert "The setting DEBUG is wrong: “maybe” must be true or false." in outcome.stderr


def test_secret_key_is_made_once_and_private(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY")
    first = env.secret_key(tmp_path / "new")
    assert len(first) >= 50
    assert env.secret_key(tmp_path / "new") == first
    assert stat.S_IMODE((tmp_path / "new/secret_key").stat().st_mode) == 0o600


def test_database_url_of_mariadb_is_read_whole():
    entry = env.database("mysql://portal:p%40ss@db:3307/drp?unix_socket=/run/m.sock")
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"], entry["NAME"]) == (
        "portal",
        "p@ss",
        "db",
        "3307",
        "drp",
    )
    assert entry["OPTIONS"]["unix_socket"] == "/run/m.sock"
    assert entry["OPTIONS"]["isolation_level"] == "read committed"
