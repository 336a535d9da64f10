"""Words in templates that nobody marked for translation."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HUMAN = ("alt", "title", "aria-label", "aria-description", "placeholder", "data-label", "data-confirm", "label")
SILENT = ("script", "style", "code", "pre")
# Units, names and signs that are the same in every language.
SAME = {
    "kWh", "kW", "Wh", "MWh", "kB", "CSV", "csv", "JSON", "XLSX", "API", "OpenADR", "English", "Español", "PNG", "UTC",
    "IP",
}  # fmt: skip

_COMMENT = re.compile(r"{#.*?#}|{% *comment.*?endcomment *%}|<!--.*?-->", re.S)
_BLOCK = re.compile(r"{% *blocktrans(?:late)?\b(?P<head>.*?)%}.*?{% *endblocktrans(?:late)? *%}", re.S)
# Names of style classes, and elements whose name is a variable.
_CLASSES = re.compile(r"{% *block \w*class *%}.*?{% *endblock *\w* *%}")
_ELEMENT = re.compile(r"(</?){{.*?}}")
_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.S)
_LITERAL = re.compile(
    r"""(?:\b(?:title|label|text|lead|caption|\w+_label|\w+_text)=|\|default:(?=\"[A-Z]))"([^"{]*)\""""
)
_WORD = re.compile(r"[^\W\d_]{2,}")
# Entities, and codes such as 7KQ2-M4XD.
_NO_WORD = re.compile(r"&\w+;|\b[A-Z0-9]{4}(-[A-Z0-9]{4})+\b")


def words_in(text: str) -> list[str]:
    """The words of a text that a translation would change."""
    return [
        word for word in _WORD.findall(re.sub(r"&\w+;|\b[A-Z0-9]{4}(-[A-Z0-9]{4})+\b", " ", text)) if word not in SAME
    ]


def unmarked(source: str, *, is_html: bool = True) -> Iterator[tuple[int, str]]:
    """(line, text) of each visible text or human attribute that stands in no translate or blocktranslate."""
    source = _ELEMENT.sub(r"\1div", _CLASSES.sub("", _COMMENT.sub(_lines_of, source)))
    for found in _TAG.finditer(_BLOCK.sub(_lines_of, source)):
        if not re.match(r"{% *(translate|trans|url|static|load|block|extends|if|elif)\b", found[0]):
            for text in _LITERAL.findall(found[0]):
                if words_in(text):
                    yield source.count("\n", 0, found.start()) + 1, text
    bare = _TAG.sub(_lines_of, _BLOCK.sub(_lines_of, source))
    if is_html:
        parser = _Texts()
        parser.feed(bare)
        yield from parser.found
    else:
        for line, text in enumerate(bare.splitlines(), start=1):
            if words_in(re.sub(r"\S*/\S*", " ", text)):
                yield line, text.strip()


def _lines_of(match: re.Match[str]) -> str:
    """As many line ends as were there, so that the numbers of lines stay."""
    return "\n" * match[0].count("\n")


class _Texts(HTMLParser):
    """Collects what a reader would see or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        known = dict(attrs)
        names = [*HUMAN, *(["value"] if tag == "input" and known.get("type") in ("submit", "button") else [])]
        if tag == "meta" and known.get("name") == "description":
            names.append("content")
        for name in names:
            if words_in(known.get(name) or ""):
                self.found.append((self.getpos()[0], f"{name}: {known[name]}"))

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent and words_in(data):
            self.found.append((self.getpos()[0], " ".join(data.split())))


def ours() -> list[Path]:
    """Every page and mail template of the portal."""
    folders = [ROOT / "templates", *ROOT.glob("*/templates")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".html", ".txt")]
    return sorted(files)
