"""One text and one hash for one set of values."""

import hashlib
from typing import Any

from settlement.baselines import canonical_json


def digest(data: dict[str, Any]) -> str:
    """The SHA-256 of the canonical text of JSON values, 64 hexadecimal digits: same values, same hash.

    >>> digest({"b": 1, "a": [2]}) == digest({"a": [2], "b": 1})
    True
    """
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()
