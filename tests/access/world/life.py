"""What is in one side of the world, by the names that the access matrix uses."""

from dataclasses import dataclass, field
from typing import Any

from tests.builder import Side


@dataclass
class Life:
    """Rows of one side by the names that docs/access.md uses, and one row per model for the admin."""

    side: Side
    objects: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    # Number of a meter that nobody has, and the code on its bill.
    claim: tuple[str, str] = ("", "")
