"""docs/rules.md as data, and the tests that claim its cells."""

from collections.abc import Callable
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
VERBS = ("fills", "refuses", "—")
COLUMNS = {"save": "save", "form and admin": "form", "bulk_create": "bulk", "update()": "update", "raw SQL": "raw"}

Cell = tuple[str, str]
Proof = Callable[[], None]
PROOFS: dict[Cell, tuple[str, Proof]] = {}


def proves(rule: str, path: str, verb: str) -> Callable[[Proof], Proof]:
    """Decorator: the function proves what this cell says."""
    assert verb in VERBS
    assert (rule, path) not in PROOFS

    def keep(proof: Proof) -> Proof:
        PROOFS[rule, path] = verb, proof
        return proof

    return keep


def cells() -> dict[Cell, str]:
    """The verb of each cell of the document's table, by rule and write path."""
    rows = [line.strip("| \n").split(" | ") for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    header, *body = rows
    paths = [COLUMNS[name] for name in header[1:]]
    return {
        (row[0], path): text.split(":")[0].strip() for row in body for path, text in zip(paths, row[1:], strict=True)
    }
