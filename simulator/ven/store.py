"""What VENs must remember over a restart: one SQLite file for any number of them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.ven.reports import DataQuality, Value

_TABLES = """
CREATE TABLE IF NOT EXISTS ven (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
    ven TEXT, r_id TEXT, start INTEGER, seconds INTEGER NOT NULL, value REAL NOT NULL,
    quality TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (ven, r_id, start)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS thing (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
"""


class Store:
    """The memory of VENs; in the file at `path`, or for this process only without one.

    `waiting` holds energies that no VTN has acknowledged yet.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._base = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._base.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _TABLES)
        # A file of before values had a quality.
        if "quality" not in {row[1] for row in self._base.execute("PRAGMA table_info(waiting)")}:
            self._base.execute("ALTER TABLE waiting ADD COLUMN quality TEXT NOT NULL DEFAULT ''")
        self._depth = 0

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All writes inside happen together or not at all."""
        if self._depth:
            yield
            return
        self._base.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        else:
            self._base.execute("COMMIT")
        finally:
            self._depth = 0

    def load(self, ven: str) -> dict[str, Any]:
        """What `save` kept; empty at first."""
        row = self._base.execute("SELECT state FROM ven WHERE name = ?", (ven,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def save(self, ven: str, state: dict[str, Any]) -> None:
        self._base.execute("INSERT OR REPLACE INTO ven VALUES (?, ?)", (ven, json.dumps(state)))

    def keep(self, ven: str, value: Value) -> None:
        """Keeps an energy until it is acknowledged. The first word counts: a repeated one changes nothing."""
        row = (ven, value.r_id, value.start, value.seconds, value.value, str(value.quality))
        self._base.execute(
            "INSERT INTO waiting (ven, r_id, start, seconds, value, quality) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (ven, r_id, start) DO NOTHING",
            row,
        )

    def waiting(self, ven: str) -> list[Value]:
        """The energies not acknowledged yet, oldest first."""
        rows = self._base.execute(
            "SELECT r_id, start, seconds, value, quality FROM waiting WHERE ven = ? ORDER BY start, r_id", (ven,)
        )
        return [
            Value(r_id, start, seconds, value, DataQuality(quality)) for r_id, start, seconds, value, quality in rows
        ]

    def drop(self, ven: str, values: Iterable[Value]) -> None:
        """Forgets energies that were acknowledged."""
        rows = [(ven, value.r_id, value.start) for value in values]
        with self.at_once():
            self._base.executemany("DELETE FROM waiting WHERE ven = ? AND r_id = ? AND start = ?", rows)

    def get(self, name: str) -> bytes | None:
        """Anything else that was put."""
        row = self._base.execute("SELECT content FROM thing WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def put(self, name: str, content: bytes) -> None:
        self._base.execute("INSERT OR REPLACE INTO thing VALUES (?, ?)", (name, content))

    def close(self) -> None:
        self._base.close()
