"""A database of the benchmarks' own, and the plain SQL that stands against the portal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import MySQLdb
import numpy as np
from django.core.management import call_command
from django.db import connection

from common.errors import PortalError
from meters.services import Readings

NAME = "test_drportal_bench"
ROWS = 10_000
READINGS = "meters_intervalreading"
PREDICTIONS = "meters_prediction"


class NoDatabase(PortalError):
    """There is no MariaDB to measure on."""


@contextmanager
def own_database() -> Iterator[None]:
    """An empty migrated database, dropped at the end; the one of DATABASE_URL is not touched.

    Raises:
        NoDatabase: DATABASE_URL names no MariaDB.
    """
    if connection.vendor != "mysql":
        raise NoDatabase(
            "The benchmarks measure MariaDB, and DATABASE_URL names SQLite. `make bench` starts a server of its own."
        )
    before = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = NAME
    with redirect_stdout(StringIO()):
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


@contextmanager
def another(name: str, *, keep: bool) -> Iterator[bool]:
    """Another migrated database on the same server, which the connection uses meanwhile; whether it is new."""
    before = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = %s", [name])
        made = not cursor.fetchone()[0]
        if made:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    use(name)
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield made
    except BaseException:
        # Half made is worse than none.
        keep = keep and not made
        raise
    finally:
        if not keep:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")
        use(before)


def empty(name: str) -> None:
    """Makes a database anew."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    use(name)
    call_command("migrate", verbosity=0, interactive=False)


def use(name: str) -> None:
    """Lets the connection look into another database."""
    connection.close()
    connection.settings_dict["NAME"] = name


def bytes_per_row(table: str) -> float:
    """The size of a table, divided by its rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE TABLE {table}")
        cursor.fetchall()
        cursor.execute(
            "SELECT data_length + index_length FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name = %s",
            [table],
        )
        (size,) = cursor.fetchone()
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        return float(size / cursor.fetchone()[0])


def about() -> str:
    """The server's version, and the settings that decide about speed."""
    names = ("version", "innodb_buffer_pool_size", "innodb_flush_log_at_trx_commit", "innodb_flush_method")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'@@{name}' for name in names)}")
        version, pool, flush, method = cursor.fetchone()
    return f"MariaDB {version}, buffer pool {pool // 2**20} MB, flush at commit {flush} ({method})"


def same_table(name: str) -> str:
    """The name of a new empty table that is like that of the readings: columns, key and check."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} LIKE {READINGS}")
    return name


def time_texts(starts: np.ndarray) -> list[str]:
    """Seconds since 1970 UTC as the database writes them."""
    return [text.replace("T", " ") for text in np.datetime_as_string(starts.astype("datetime64[s]")).tolist()]


def insert_statements(table: str, readings: Readings) -> list[str]:
    """Multi-row INSERT statements of constants."""
    columns = (readings.meter_ids.tolist(), time_texts(readings.starts), readings.energies_wh.tolist())
    values = [f"({meter},'{start}',{wh},0)" for meter, start, wh in zip(*columns, strict=True)]
    head = f"INSERT INTO {table} (meter_id, start, energy_wh, quality) VALUES "
    return [head + ",".join(values[first : first + ROWS]) for first in range(0, len(values), ROWS)]


def insert_predictions(readings: Readings) -> None:
    """A prediction, with a band of a quarter, for each of these readings."""
    columns = (readings.meter_ids.tolist(), time_texts(readings.starts), readings.energies_wh.tolist())
    values = [
        f"({meter},'{start}',{wh},{wh * 3 // 4},{wh * 5 // 4},'{start}',1)"
        for meter, start, wh in zip(*columns, strict=True)
    ]
    head = f"INSERT INTO {PREDICTIONS} (meter_id, start, wh, lower_wh, upper_wh, issued_at, forecast_number) VALUES "
    run_all([head + ",".join(values[first : first + ROWS]) for first in range(0, len(values), ROWS)])


def run_all(statements: Sequence[str]) -> None:
    """Run them in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("COMMIT")


def fill(readings: Readings) -> None:
    """Put readings into the portal's table as quickly as can be, for benchmarks that begin with them there."""
    run_all(insert_statements(READINGS, readings))


def write_for_load(path: Path, readings: Readings) -> None:
    """The file that `load` reads."""
    columns = (readings.meter_ids.tolist(), time_texts(readings.starts), readings.energies_wh.tolist())
    path.write_text("".join(f"{meter}\t{start}\t{wh}\t0\n" for meter, start, wh in zip(*columns, strict=True)))


def loading_refused(path: Path, table: str) -> str:
    """Why the server does not take LOAD DATA LOCAL INFILE; empty if it does. Leaves the file's rows out."""
    empty = path.with_suffix(".empty")
    empty.write_text("")
    try:
        load(empty, table)
    except MySQLdb.Error as problem:
        return str(problem)
    return ""


def load(path: Path, table: str) -> None:
    """LOAD DATA LOCAL INFILE, over a connection that may, in one transaction."""
    handle = MySQLdb.connect(**connection.get_connection_params(), local_infile=1)
    try:
        columns = "(meter_id, start, energy_wh, quality)"
        handle.cursor().execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table} {columns}")
        handle.commit()
    finally:
        handle.close()
