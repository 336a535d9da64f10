"""What keeps a foreign key within one distributor: a refusal of the database, or a reason why none is needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import Entity
from tests.rules.examples.example import Change
from tests.rules.kit import Kit


@dataclass(frozen=True)
class Refused:
    """The database refuses a stranger's row in this key.

    Attributes:
        by: the constraint that says so, or names of which one does.
        change: a stored row, and what it may not get. The same, as a new row, may not come in either.
        fresh: values that a new row needs besides, so that nothing else refuses it.
    """

    by: tuple[str, ...]
    change: Callable[[Kit], Change]
    fresh: Callable[[Kit], Mapping[str, Any]] = lambda kit: {}


@dataclass(frozen=True)
class Only:
    """The key needs no rule, and why."""

    reason: str


def foreign_holder(kit: Kit) -> Entity:
    return kit.entity_of(kit.foreign_organization)


def to(name: str, row: str, value: str) -> Callable[[Kit], Change]:
    """A change of one of the kit's rows to another of its rows."""
    return lambda kit: (getattr(kit, row), {name: getattr(kit, value)})
