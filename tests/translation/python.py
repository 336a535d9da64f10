"""Words in Python that a page shows and nobody marked for translation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Where words for pages and mails are made.
FOLDERS = (
    "accounts",
    "dashboards",
    "delivery",
    "drportal",
    "events",
    "forecasting",
    "meters",
    "openadr",
    "organizations",
    "settlement",
)
# Commands, files for them, start-up checks, the API and its documentation speak English: see docs/development.md.
ENGLISH = (
    "tests/", "migrations/", "management/", "demo/", "engines/", "baselines/", "meters/api/", "meters/formats/",
    "meters/services/archive/", "drportal/legacy/",
    "api.py", "serializers.py", "checks.py", "env.py", "settings.py", "catalogs.py", "health.py", "finders.py",
    "meters/services/register.py", "meters/services/files.py", "meters/services/checks.py",
    "meters/services/columns.py", "meters/services/predictions.py", "meters/services/slots.py",
    "meters/services/series.py", "meters/services/ingest.py", "meters/services/register_reads.py",
    "organizations/founding.py", "forecasting/services.py",
)  # fmt: skip
GETTEXT = {
    "_", "_now", "_lazy", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext",
    "pgettext_lazy", "npgettext",
}  # fmt: skip
# For programmers and logs, never on a page.
UNSEEN = {"debug", "info", "warning", "error", "exception", "critical", "ValueError", "TypeError", "LookupError",
          "RuntimeError", "AssertionError", "ImproperlyConfigured", "NotImplementedError", "RunSQL",
          "ChartDataError", "compile", "UnknownFigureError"}  # fmt: skip
_SENTENCE = re.compile(r"[^\W\d_]{2,}[,;:]? [^\W\d_]{2,}")
_SQL = re.compile(
    r"\b(SELECT|UPDATE|INSERT|DELETE|NEW\.|OLD\.|WHERE|EXISTS|COALESCE|DECLARE|constraint failed|IS NOT NULL"
    r"|SET STATEMENT|AND|GROUP BY|ORDER BY|IN \()|^[a-z]+_[a-z_]+, "
)


def files() -> list[Path]:
    """The modules whose words people read on pages and in mails."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if not any(part in path.relative_to(ROOT).as_posix() for part in ENGLISH))


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each text of two words or more that no gettext is around."""
    tree = ast.parse(source)
    quiet = _quiet(tree)
    for node in ast.walk(tree):
        if id(node) in quiet:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _SENTENCE.search(text) and not _SQL.search(text):
            yield node.lineno, text


def _quiet(tree: ast.Module) -> set[int]:
    """Ids of the nodes that are docstrings, inside of gettext, or not for people."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet.add(id(node.value))
        if isinstance(node, ast.Call) and _name(node.func) in GETTEXT | UNSEEN:
            quiet.update(id(each) for argument in node.args for each in ast.walk(argument))
        if isinstance(node, ast.JoinedStr):
            quiet.update(id(part) for part in node.values)
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            quiet.update(id(each) for each in ast.walk(node.returns))
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            quiet.update(id(each) for each in ast.walk(node.annotation))
    return quiet


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
