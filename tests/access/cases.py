"""The cases that the table stands for: route × method × role, with the address filled in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.access.bodies import body_of
from tests.access.outcome import SAFE, Outcome, send, values_for
from tests.access.routes import Route, all_routes
from tests.access.table import Row, fits, rows, rows_of
from tests.access.watch import Rows
from tests.access.world import AccessWorld


@dataclass(frozen=True)
class Case:
    """One request of one role, and the row that says what comes of it."""

    route: Route
    row: Row
    method: str
    role: str

    @property
    def expected(self) -> str:
        return self.row.expected[self.role]

    def address(self, access: AccessWorld, *, side: str = "here") -> str:
        """Path and query with the objects of a side."""
        life = access.here if side == "here" else access.there
        path = self.route.address(values_for(access, self.route, self.row.objects, side=side))
        query = self.row.address[len(self.row.path) :]
        return path + re.sub(r"<([^>]+)>", lambda found: str(life.objects[found[1]]), query)

    def is_as_told(self, word: str) -> bool:
        """Whether the row says so; a place may be written with `*` and names of objects."""
        return word == self.expected or (self.expected.startswith("/") and fits(self.expected, word))

    def body(self, access: AccessWorld) -> dict[str, Any]:
        """What is sent."""
        return {} if self.method in SAFE else body_of(access, self.route, self.address(access))

    def outcome(self, access: AccessWorld, before: Rows, **kwargs: Any) -> Outcome:
        """What comes of it now; `kwargs` are the browser's."""
        return send(access.roles[self.role], before, self.method, self.address(access), self.body(access), **kwargs)

    def known_outcome(self, access: AccessWorld, before: Rows) -> Outcome:
        """What came of it once; those of writes are kept, because several tests look at them."""
        known = access.outcomes.get(self)
        if known is None:
            known = self.outcome(access, before)
            if known.changes:
                access.outcomes[self] = known
        return known


@cache
def all_cases() -> tuple[Case, ...]:
    """Every route with every method that the table gives it, for every role."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    table = rows()
    for route in all_routes():
        for method, found in rows_of(route, table).items():
            for row in found:
                for role in row.expected:
                    yield Case(route, row, method, role)
