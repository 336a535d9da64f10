"""docs/access.md as data: the table that people review is the one that is tried."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from tests.access.routes import Route

FILE = Path(settings.BASE_DIR) / "docs" / "access.md"
ROLES = (
    "visitor", "revoked", "waiting", "resident", "resident B", "member", "org admin", "org admin 2",
    "staff", "auditor", "admin", "admin B", "platform", "token", "no scope",
)  # fmt: skip
GROUPS = {
    "everybody": ROLES,
    "tokens": ("token", "no scope"),
    "customers": ("resident", "resident B", "member", "org admin", "org admin 2"),
    "the others": (),
}
_TOKEN = re.compile(r"<[^>]+>|\*|\{|\}|,|[^<*{},]+")
_SIGNS = {"*": "[^/<>]+", "{": "(?:", "}": ")", ",": "|"}


@dataclass(frozen=True, eq=False)
class Row:
    """One line: an address (with the names of objects in it), methods, and what each role gets."""

    address: str
    methods: tuple[str, ...]
    expected: dict[str, str]
    line: int

    @property
    def is_pattern(self) -> bool:
        """Whether it speaks of many routes; a row with the address itself goes before it."""
        return "*" in self.address

    @property
    def objects(self) -> list[str]:
        """Names of the objects in the path."""
        return re.findall(r"<([^>]+)>", self.path)

    @property
    def path(self) -> str:
        """The address without its query."""
        return self.address.partition("?")[0]

    def fits(self, route: Route) -> bool:
        """Whether the route has this address."""
        return fits(self.path, route.template)


def fits(pattern: str, template: str) -> bool:
    """Whether an address is meant by one of the table, where `*` stands for one part and `<…>` for an object.

    >>> fits("/admin/{a,b}/*/<row>/change/", "/admin/a/c/<object_id>/change/")
    True
    """
    parts = (_SIGNS.get(part) or _literal(part) for part in _TOKEN.findall(pattern))
    return re.fullmatch("".join(parts), template) is not None


def _literal(part: str) -> str:
    return "<[^>]+>" if part.startswith("<") else re.escape(part)


@cache
def rows() -> tuple[Row, ...]:
    """Every line of every table."""
    return tuple(_rows(FILE.read_text()))


def _rows(text: str) -> Iterator[Row]:
    columns: list[tuple[str, ...]] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            columns = []
        elif cells[0] == "Address":
            columns = _columns(cells[2:])
        elif columns and not line.startswith("|--"):
            expected = {role: cell.strip("`") for names, cell in zip(columns, cells[2:], strict=True) for role in names}
            for address in re.findall(r"`([^`]+)`", cells[0]):
                yield Row(address, tuple(cells[1].split(", ")), expected, number)


def _columns(headings: list[str]) -> list[tuple[str, ...]]:
    named = [[role for name in heading.split(", ") for role in GROUPS.get(name, (name,))] for heading in headings]
    rest = [role for role in ROLES if not any(role in names for names in named)]
    found = [tuple(rest if heading == "the others" else names) for heading, names in zip(headings, named, strict=True)]
    if sorted(role for names in found for role in names) != sorted(ROLES):
        raise AssertionError(f"The columns {headings} do not hold every role once.")
    return found


def rows_of(route: Route, table: Iterable[Row]) -> dict[str, list[Row]]:
    """Method -> the rows that speak of the route; patterns only where no row names it."""
    fitting = [row for row in table if row.fits(route)]
    found: dict[str, list[Row]] = {}
    for method in {method for row in fitting for method in row.methods}:
        mine = [row for row in fitting if method in row.methods]
        found[method] = [row for row in mine if not row.is_pattern] or mine[:1]
    return found
