"""The catalogs: complete, faithful to what they translate, compiled, and taken from the sources of today."""

import re
import shutil
import string
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from django.conf import settings

from drportal import catalogs

FOLDER = settings.LOCALE_PATHS[0]
PATHS = list(catalogs.paths(FOLDER))
PERCENT = re.compile(r"%\(\w+\)[\d.]*[sdf]|%[sd]|%%")


def messages(path: Path) -> list[Message]:
    """The translations of a catalog, without its head."""
    return [message for message in catalogs.read(path) if message.id]


def pairs(path: Path) -> list[tuple[str, str]]:
    """Each text with its translation; of plurals the form for one and the form for several, each with its own."""
    found = []
    for message in messages(path):
        if isinstance(message.id, tuple):
            found += list(zip(message.id, message.string, strict=True))
        else:
            found.append((message.id, message.string))
    return found


def places(text: str) -> list[str]:
    """What is filled into a text: %(name)s and {name}, sorted."""
    named = [f"{{{name}}}" for _, name, *_ in string.Formatter().parse(PERCENT.sub("", text)) if name]
    return sorted([*PERCENT.findall(text), *named])


def tags(text: str) -> list[tuple[str, list]]:
    """The HTML elements of a text with their attributes, in order."""
    seen: list[tuple[str, list]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list) -> None:
            seen.append((tag, attrs))

    Tags().feed(text)
    return seen


def edges(text: str) -> tuple[str, str]:
    """The blanks and line ends before and after a text."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def test_every_language_has_its_catalog():
    assert {path.parents[1].name for path in PATHS} == set(catalogs.languages())


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parents[1].name)
def test_everything_is_translated_and_nothing_guessed(path):
    assert not [message.id for message in messages(path) if message.fuzzy]
    assert not [original for original, said in pairs(path) if not said.strip()]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parents[1].name)
def test_translations_hold_the_same_places_tags_and_edges(path):
    wrong = []
    for message in messages(path):
        several = isinstance(message.id, tuple)
        originals = message.id if several else (message.id,)
        for number, said in enumerate(message.string if several else (message.string,)):
            if not said:
                continue  # another test counts those
            # A form for one may leave out or take over what only the other form of the original says.
            known = [places(original) for original in originals]
            if places(said) not in known or (not several and places(said) != known[0]):
                wrong.append(("places", originals, said))
            original = originals[min(number, len(originals) - 1)]
            if tags(said) != tags(original):
                wrong.append(("tags", original, said))
            if edges(said) != edges(original):
                wrong.append(("edges", original, said))
    assert wrong == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parents[1].name)
def test_plurals_have_every_form(path):
    catalog = catalogs.read(path)
    several = [message for message in catalog if isinstance(message.id, tuple)]
    assert several
    assert {len(message.string) for message in several} == {catalog.num_plurals}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parents[1].name)
def test_compiled_catalog_says_what_the_readable_one_says(path):
    def content(compiled: bytes) -> dict:
        def flat(text: str | list | tuple) -> tuple:
            return (text,) if isinstance(text, str) else tuple(text)

        entries = [message for message in read_mo(BytesIO(compiled)) if message.id]
        return {(message.context, flat(message.id)): flat(message.string) for message in entries}

    committed = content(path.with_suffix(".mo").read_bytes())
    assert len(committed) == len(messages(path))
    assert committed == content(catalogs.compiled(path)), "run: make messages"


@pytest.mark.slow
@pytest.mark.skipif(not catalogs.can_extract(), reason="needs GNU gettext (Debian: apt-get install gettext)")
def test_catalogs_are_up_to_the_sources(tmp_path):
    root = tmp_path / "root"
    # Extraction writes beside the templates while it works, so it works on a copy.
    for folder in (*catalogs.rooms(settings.BASE_DIR), settings.BASE_DIR / "templates"):
        leave = shutil.ignore_patterns("tests", "__pycache__", "*.sqlite3")
        shutil.copytree(folder, root / folder.name, ignore=leave)
    fresh = tmp_path / "locale"
    shutil.copytree(FOLDER, fresh)
    catalogs.extract(root, fresh)
    for path in PATHS:
        ours = {(message.context, message.id) for message in messages(path)}
        now = {(message.context, message.id) for message in messages(fresh / path.relative_to(FOLDER))}
        assert {"new": now - ours, "gone": ours - now} == {"new": set(), "gone": set()}, "run: make messages"


def test_a_wrong_translation_is_found():
    assert places("%(a)s of %(b)d {c} 100 %%") == ["%%", "%(a)s", "%(b)d", "{c}"]
    assert places("%(a)s") != places("%(b)s")
    assert tags("<strong>x</strong>") != tags("x")
    assert edges(" x") != edges("x")
