"""The files of one archived month: parquet, with a manifest of their checksums. No database here.

polars is imported with this module, so only what archives imports it: it takes as much memory as half a web worker.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from meters.errors import ArchiveRefused

MANIFEST = "manifest.json"
VERSION = 1
READINGS = {
    "meter": pl.String,
    "meter_id": pl.Int64,
    "start": pl.Int64,
    "energy_wh": pl.Int64,
    "predicted_wh": pl.Int64,
    "quality": pl.Int64,
}
PREDICTIONS = {
    "meter": pl.String,
    "meter_id": pl.Int64,
    "start": pl.Int64,
    "wh": pl.Int64,
    "lower_wh": pl.Int64,
    "upper_wh": pl.Int64,
    "issued_at": pl.String,
    "forecast_number": pl.Int64,
}


@dataclass(frozen=True)
class Part:
    """One file of some meters: `table` is "readings" or "predictions"."""

    name: str
    table: str
    rows: int
    wh: int
    sha256: str


@dataclass
class Manifest:
    """What a month's folder holds; starts are seconds since 1970 UTC, energies Wh."""

    distributor: str
    month: str
    archived_at: str
    parts: list[Part] = field(default_factory=list)
    version: int = VERSION

    def count(self, table: str) -> int:
        """The rows of one table."""
        return sum(part.rows for part in self.parts if part.table == table)

    @property
    def energy_wh(self) -> int:
        """The energy of all readings."""
        return sum(part.wh for part in self.parts if part.table == "readings")

    def text(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


class MonthWriter:
    """Writes a month beside its place and puts it there as a whole, or leaves nothing."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self.unfinished = folder.with_name(folder.name + ".part")
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.unfinished.mkdir(mode=0o700, parents=True)

    def add(self, table: str, frame: pl.DataFrame) -> None:
        """One more file, if there are rows."""
        if not frame.height:
            return
        number = 1 + sum(part.table == table for part in self.manifest.parts)
        path = self.unfinished / f"{table}-{number:05}.parquet"
        frame.write_parquet(path, compression="zstd", statistics=True)
        _sync(path)
        part = Part(path.name, table, frame.height, _wh(table, frame), sha256_of(path))
        self.manifest.parts.append(part)

    def finish(self) -> str:
        """Puts the month in its place; the SHA-256 of the manifest."""
        path = self.unfinished / MANIFEST
        path.write_text(self.manifest.text(), encoding="utf-8")
        _sync(path)
        old = self.folder.with_name(self.folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(old)
        self.unfinished.rename(self.folder)
        _sync(self.folder.parent)
        shutil.rmtree(old, ignore_errors=True)
        return sha256_of(self.folder / MANIFEST)

    def abandon(self) -> None:
        """Leaves nothing."""
        shutil.rmtree(self.unfinished, ignore_errors=True)


def read_manifest(folder: Path, sha256: str | None = None) -> Manifest:
    """The manifest of a month.

    Raises:
        ArchiveRefused: It is missing, damaged, or not the one with that checksum.
    """
    path = folder / MANIFEST
    try:
        if sha256 is not None and sha256_of(path) != sha256:
            raise ArchiveRefused(f"{path} is not the manifest that was written.")
        found = json.loads(path.read_text(encoding="utf-8"))
        parts = [Part(**part) for part in found.pop("parts")]
        manifest = Manifest(**found, parts=parts)
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise ArchiveRefused(f"{path} cannot be read: {problem}.") from None
    if manifest.version != VERSION:
        raise ArchiveRefused(f"{path} has version {manifest.version}; this portal reads {VERSION}.")
    return manifest


def read_parts(folder: Path, manifest: Manifest) -> Iterator[tuple[Part, pl.DataFrame]]:
    """Each file with its rows, after its checksum, rows and energy were compared.

    Raises:
        ArchiveRefused: A file is missing or differs.
    """
    for part in manifest.parts:
        path = folder / part.name
        try:
            good = sha256_of(path) == part.sha256
        except OSError:
            raise ArchiveRefused(f"{path} is missing.") from None
        if not good:
            raise ArchiveRefused(f"{path} is damaged: its checksum is another one.")
        frame = pl.read_parquet(path)
        if (frame.height, _wh(part.table, frame)) != (part.rows, part.wh):
            raise ArchiveRefused(f"{path} does not hold what the manifest says.")
        yield part, frame


def sha256_of(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _wh(table: str, frame: pl.DataFrame) -> int:
    return int(frame["energy_wh" if table == "readings" else "wh"].sum())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
