"""Both databases give the same answers, from the meter list to the hashes of the ledger."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.spine import write_files

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Result = dict[str, Any]


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    """The URL of an empty database next to the one of the tests; gone afterwards."""
    name = f"{connection.settings_dict['NAME']}_spine"
    options = connection.settings_dict["TEST"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET {options['CHARSET']} COLLATE {options['COLLATION']}")
    yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE `{name}`")


def spine_on(url: str, folder: Path, name: str) -> Result:
    """What came of the spine in that database."""
    variables = os.environ | {"DATABASE_URL": url, "VAR_DIR": str(folder / "var")}
    command = [sys.executable, "-m", "tests.spine", str(folder), name]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3_000:]
    result: Result = json.loads((folder / name).read_text())
    return result


def check_substance(result: Result) -> None:
    """That there was something to compare: every part of the spine left its trace."""
    readings, lines = result["readings"], result["lines"]
    assert len(readings) > 12_000
    assert sum(predicted is not None for *_, predicted, _, _ in readings) > 2_500
    assert any(saving for *_, saving, _ in readings)
    assert len(result["revisions"]) == 1
    assert len(result["runs"]) == 3
    assert {number for _, number, *_ in result["runs"]} == {1, 2}
    assert sum(float(row[-3]) > 0 for row in lines) >= 10
    assert len({row[4] for row in lines}) >= 6  # holders: residents, the school, nobody yet
    assert {number for number, *_ in result["entries"]} == {1, 2, 3}
    assert result["broken_at"] is None


def test_the_spine_gives_the_same_on_sqlite_and_mariadb(tmp_path: Path, mariadb_url: str) -> None:
    write_files(tmp_path)
    on_sqlite = spine_on(f"sqlite:///{tmp_path / 'spine.sqlite3'}", tmp_path, "sqlite.json")
    on_mariadb = spine_on(mariadb_url, tmp_path, "mariadb.json")
    check_substance(on_sqlite)
    assert on_sqlite.keys() == on_mariadb.keys()
    for part, expected in on_sqlite.items():
        found = on_mariadb[part]
        if found != expected:
            # A whole month of readings side by side would help nobody.
            differing = [pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1]]
            pytest.fail(f"{part}: {len(expected)} and {len(found)} rows; first difference: {differing[:1]}")
