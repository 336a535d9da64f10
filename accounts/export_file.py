"""The file of one person's data: a ZIP with each part as JSON and as CSV, and a README."""

import csv
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from common.spreadsheet import safe_cell

Rows = Iterable[Mapping[str, Any]]


def write_archive(path: Path, parts: Iterable[Any], user: User) -> None:
    """Writes the ZIP to `path`, readable to nobody else on this machine; whole, or not at all.

    Rows go from the database to the disk one by one: a meter's years do not fit into memory.
    """
    folder = path.with_suffix(".part")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        unfinished = folder / "archive.zip"
        with _private(unfinished, "wb") as target, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            lines = [_add(archive, folder, part, user) for part in parts]
            archive.writestr(_entry("README.txt"), _readme(user, lines))
        unfinished.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _add(archive: zipfile.ZipFile, folder: Path, part: Any, user: User) -> str:
    """Adds one part; the line of the README about it."""
    names = [folder / f"{part.name}.json", folder / f"{part.name}.csv"]
    with _private(names[0], "w") as as_json, _private(names[1], "w") as as_csv:
        count = _write(part.rows(user), as_json, as_csv)
    for name in names:
        archive.write(name, name.name)
        name.unlink()
    rows = ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}
    return f"{part.name}: {part.title} ({rows})"


def _write(rows: Rows, as_json: IO[str], as_csv: IO[str]) -> int:
    """How many rows were written to both files."""
    table, count = csv.writer(as_csv), 0
    as_json.write("[")
    for row in rows:
        if not count:
            table.writerow([safe_cell(name) for name in row])
        as_json.write(",\n" if count else "\n")
        as_json.write(json.dumps(dict(row), cls=DjangoJSONEncoder, ensure_ascii=False))
        table.writerow([cell(value) for value in row.values()])
        count += 1
    as_json.write("\n]\n" if count else "]\n")
    return count


def cell(value: Any) -> Any:
    """A value as a spreadsheet takes it: numbers as they are, everything else a text that is no formula."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    plain = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    return safe_cell(plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False))


def _readme(user: User, lines: Iterable[str]) -> str:
    asked = timezone.now().astimezone(timezone.get_default_timezone())
    head = _(
        "This is what the Demand Response Portal keeps about you (%(address)s), as of %(when)s.\n\n"
        "Each part is here twice with the same content: as .csv, which a spreadsheet opens, and as .json, for "
        "programs. Times are in UTC, energy is in watt-hours (1000 of them are one kilowatt-hour). Readings and "
        "forecasts are those of the days on which the meter was yours. Your password and the keys of your tokens "
        "are stored only in a form that nobody can read, so they are not here.\n\n"
        "Keep this file where nobody else finds it, or delete it after reading.\n"
    ) % {"address": user.email, "when": f"{asked:%Y-%m-%d %H:%M} UTC"}
    return head + "\n" + "\n".join(lines) + "\n"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=timezone.now().timetuple()[:6])
    entry.external_attr = 0o600 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


@contextmanager
def _private(path: Path, mode: str) -> Iterator[Any]:
    """A new file that only its owner may open."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    with os.fdopen(handle, mode, **text) as stream:  # type: ignore[call-overload]  # text or bytes, as the mode says
        yield stream
