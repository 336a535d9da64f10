"""What readers of files say, in the reader's language."""

import ast
import re
from pathlib import Path

import pytest
from django.utils.translation import override

from meters import problem_words
from meters.problem_words import problem_in_words

ROOM = Path(problem_words.__file__).parent
SAYS = [
    *sorted((ROOM / "formats").glob("*.py")),
    *(ROOM / "services" / f"{name}.py" for name in ("checks", "files", "register_reads", "outage_files")),
]
# Not said of a file: files that we write, refusals of programs, and parts of sentences.
OTHER = re.compile(
    r"<|^(Green Button|Electric energy|Energy in Wh|tuple\[|a series$|no codes$|nested too|the connection)"
    r"|^(the same row$|.further names)"
)
# Sentences that begin or go on with one of a few words.
WHOLE = {
    "7 gives another value for the same interval": "the same row gives another value for the same interval",
    "7; the meter has intervals of 7": "lasts 7 minutes; the meter has intervals of 7",
    "there is no 7 of this name": "there is no feeder of this name",
}
SENTENCE = re.compile(r"[a-z]{2,}[,;:]? [a-z“…]")
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b|^meter_id, at$")


def sentences() -> list[str]:
    """Every sentence in the code that reads and checks files, `7` in its places."""
    found = set()
    for path in SAYS:
        tree = ast.parse(path.read_text())
        quiet = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        quiet |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            text = "" if id(node) in quiet else _text(node)
            if SENTENCE.search(text) and not OTHER.search(text) and not SQL.search(text):
                found.add(WHOLE.get(text, text))
    return sorted(found)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("sentence", sentences())
def test_every_sentence_about_a_file_is_found_in_the_catalog(sentence):
    with override("es"):
        said = [problem_in_words(sentence), problem_in_words(f"july 2026.csv {sentence}.")]
    assert said != [sentence, f"july 2026.csv {sentence}."]


def test_english_stays_as_it_was_said():
    for sentence in sentences():
        for said in (sentence, f"july.csv {sentence}."):
            assert problem_in_words(said) == said


def test_places_keep_what_stood_in_them():
    with override("es"):
        assert problem_in_words("“%(text)s” is not a number") == "“%(text)s” no es un número"
        assert problem_in_words("july 2026.csv has no column “start”.") == "july 2026.csv no tiene la columna “start”."
        assert problem_in_words("rows 100 % wrong") == "rows 100 % wrong"
        assert problem_in_words("") == ""


def test_a_hostile_sentence_is_answered_at_once():
    with override("es"):
        sentence = "has its energies in , as its header says, not in " * 10
        assert problem_in_words(sentence) == sentence
