"""What one violating example consists of."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from tests.rules.kit import Kit

Change = tuple[Model, dict[str, Any]]


@dataclass(frozen=True)
class Example:
    """How to break one constraint.

    Attributes:
        new: A row, not saved, that may not come in.
        change: A saved row, and the values that it may not get.
        delete: A saved row that may not go.
        earlier: Constraints that necessarily refuse the same example, and may be named in its place.
        filled: Ways ("save new", "form new", …) on which the portal mends the row instead of refusing it.
        elsewhere: Ways that do not apply, each with the reason.
    """

    new: Callable[[Kit], Model] | None = None
    change: Callable[[Kit], Change] | None = None
    delete: Callable[[Kit], Model] | None = None
    earlier: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)


def again(row: Model, **values: Any) -> Model:
    """The row once more, as a new one."""
    twin = copy(row)
    twin.pk = None
    twin._state = copy(row._state)
    twin._state.adding = True
    for name, value in values.items():
        setattr(twin, name, value)
    return twin
