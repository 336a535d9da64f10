"""Where the files of imports lie: a private folder each, shared by the web processes and the workers."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from meters.errors import ImportRefused
from meters.models import ImportBatch

_PIECE = 1 << 20
_LONGEST_NAME = 100
_INCOMING = "incoming-"
# A half-received upload that nobody finished: its process was killed.
_STALE_SECONDS = 86_400


class Received(NamedTuple):
    """A file that has arrived: its size and hash."""

    size_bytes: int
    sha256: str


def folder_of(batch: ImportBatch) -> Path:
    """The import's own folder."""
    return root() / str(batch.pk)


def upload_of(batch: ImportBatch) -> Path:
    """The file as it was uploaded; it is not there for imports from the command line."""
    return folder_of(batch) / "upload" / batch.file_name


def errors_of(batch: ImportBatch) -> Path:
    """The list of rows that were left out, as CSV."""
    return folder_of(batch) / "errors.csv"


def root() -> Path:
    """The folder of all imports, which only the portal may enter."""
    path = Path(settings.IMPORT_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def make_folder(batch: ImportBatch) -> Path:
    """The import's folder, made if it is not there."""
    path = folder_of(batch)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def safe_name(name: str) -> str:
    """The last part of a name without what cannot stand in one, short enough for every file system.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\\\data\\\\may.csv"), safe_name("\\n"), safe_name("..")
    ('passwd', 'may.csv', 'readings', 'readings')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if sign.isprintable()).strip()
    cut = shown.encode("utf-8", "ignore")[-_LONGEST_NAME:].decode("utf-8", "ignore")
    return cut if cut.strip(".") else "readings"


@contextmanager
def incoming() -> Iterator[Path]:
    """A new private folder that is gone afterwards, unless it was moved.

    Raises:
        ImportRefused: The disk is full, or the folder of imports cannot be made.
    """
    try:
        path = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=root()))
    except OSError as problem:
        raise _not_kept(problem) from problem
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def receive(stream: BinaryIO, file: Path) -> Received:
    """Writes the stream to a new file in a new folder, in bounded memory.

    Raises:
        ImportRefused: It is larger than the portal takes, or the disk is full.
    """
    digest, size = hashlib.sha256(), 0
    try:
        file.parent.mkdir(mode=0o700)
        # Only the portal's own user may read it.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > settings.IMPORT_MAX_BYTES:
                    raise too_large()
                digest.update(piece)
                target.write(piece)
    except OSError as problem:
        raise _not_kept(problem) from problem
    return Received(size, digest.hexdigest())


def _not_kept(problem: OSError) -> ImportRefused:
    return ImportRefused(_("The file could not be kept (%(why)s). Try again later.") % {"why": problem.strerror})


def look_at(file: Path) -> Received:
    """Size and hash of a file where it lies; zeros of one that cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                digest.update(piece)
    except OSError:
        return Received(0, digest.hexdigest())
    return Received(size, digest.hexdigest())


def settle_in(folder: Path, batch: ImportBatch) -> None:
    """Makes what has arrived the folder of its import."""
    # Numbers begin anew with a new database; what lies under this one belongs to no row.
    shutil.rmtree(folder_of(batch), ignore_errors=True)
    folder.rename(folder_of(batch))


def too_large() -> ImportRefused:
    """The refusal of a file that is larger than the portal takes."""
    megabytes = settings.IMPORT_MAX_BYTES // 1_000_000
    return ImportRefused(
        _("The file is larger than %(size)s MB. Split it, or pack it with gzip (.csv.gz).") % {"size": megabytes}
    )


def sweep_incoming() -> None:
    """Removes uploads whose process ended before they were complete."""
    oldest = time.time() - _STALE_SECONDS
    for path in root().glob(f"{_INCOMING}*"):
        if path.stat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)
