"""Sign of life and progress of the process that works on an import: a small file beside the upload.

Not a row: while one transaction stores a file, SQLite lets nobody else write, and its own rows show only at its
end. The file works on both databases and without Redis.
"""

import json
import os
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from meters.models import ImportBatch
from meters.services.batches.folder import folder_of, make_folder

BEAT_SECONDS = 1.0
_NAME = "pulse.json"


class Seen(NamedTuple):
    """What the pulse says: how much of the file is read, and when it last beat."""

    done: int
    size: int
    at: datetime


class Pulse:
    """Beats while it is entered, whatever the process does meanwhile; it ends with the process."""

    def __init__(self, batch: ImportBatch) -> None:
        self._file = make_folder(batch) / _NAME
        self._done, self._size = 0, batch.size_bytes
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"import {batch.pk}", daemon=True)

    def show(self, done: int, size: int) -> None:
        """Says how much of the file is read; for `meters.formats.Progress`."""
        self._done, self._size = done, size

    def __enter__(self) -> "Pulse":
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            self._write()

    def _write(self) -> None:
        # A full disk must not end the import, which needs none.
        with suppress(OSError):
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps({"done": self._done, "size": self._size}))
            os.replace(new, self._file)


def pulse_of(batch: ImportBatch) -> Seen | None:
    """What the process that works on the import said last; None where none does."""
    path: Path = folder_of(batch) / _NAME
    try:
        content = json.loads(path.read_text())
        return Seen(int(content["done"]), int(content["size"]), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except (OSError, ValueError, KeyError):
        return None
