"""The catalogs of translated messages: taken from the sources by GNU gettext, compiled by Babel."""

import contextlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages
from django.test.utils import override_settings

SOURCE = "en"
# Tools and tests speak English only.
OUTSIDE = ("var", "tests", "benchmarks", "simulator", "deploy", "docs", "static", "conftest.py", "management")


class Extract(makemessages.Command):
    """Django's, without guesses: a new text is untranslated, never a likeness of an old one."""

    # The names under which our modules know gettext.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_now", "--keyword=_lazy"]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]


def rooms(root: Path) -> list[Path]:
    """The folders of the project's apps."""
    return sorted(path.parent for path in root.glob("*/__init__.py") if path.parent.name not in OUTSIDE)


def languages() -> list[str]:
    """Codes of the languages that need a catalog."""
    return [code for code, _name in settings.LANGUAGES if code != SOURCE]


def can_extract() -> bool:
    """Whether GNU gettext is on this machine."""
    return all(shutil.which(program) for program in ("xgettext", "msgmerge", "msguniq", "msgattrib"))


def extract(root: Path, folder: Path) -> None:
    """Brings the catalogs under `folder` up to the sources under `root`; what nobody says any more goes."""
    with contextlib.chdir(root), override_settings(LOCALE_PATHS=[folder]):
        folder.mkdir(parents=True, exist_ok=True)
        call_command(
            Extract(),
            locale=languages(),
            ignore_patterns=list(OUTSIDE),
            no_wrap=True,
            no_obsolete=True,
            add_location="file",
            verbosity=0,
        )


def paths(folder: Path) -> Iterator[Path]:
    """The catalogs under a folder."""
    yield from sorted(folder.glob("*/LC_MESSAGES/*.po"))


def read(path: Path) -> Catalog:
    """One catalog."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name)


def compiled(path: Path) -> bytes:
    """What stands in the .mo beside a .po."""
    made = io.BytesIO()
    write_mo(made, read(path))
    return made.getvalue()


def compile_all(folder: Path) -> int:
    """How many catalogs under a folder were compiled."""
    found = list(paths(folder))
    for path in found:
        path.with_suffix(".mo").write_bytes(compiled(path))
    return len(found)
