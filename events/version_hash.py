"""What a version of a program says, as one text and one hash."""

import hashlib
import json
from datetime import date, time
from decimal import Decimal
from typing import Any

from events.models import ProgramVersion
from events.term_fields import NAMES

FORMAT = 1


def version_data(version: ProgramVersion) -> dict[str, Any]:
    """Everything that a version says, as JSON values: amounts as texts with the decimals of their columns."""
    terms = {name: _plain(name, getattr(version, name)) for name in NAMES}
    return {
        "format": FORMAT,
        "program": version.program_id,
        "number": version.number,
        "terms": terms,
        "rule": version.rule,
        "rule_sha256": version.rule_sha256,
    }


def version_sha256(version: ProgramVersion) -> str:
    """The SHA-256 of the canonical text of `version_data`: sorted keys, no spaces, UTF-8 as it is."""
    text = json.dumps(version_data(version), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        places: int = ProgramVersion._meta.get_field(name).decimal_places  # type: ignore[union-attr]  # a column, never the other side of a relation
        return f"{value:.{places}f}"
    if isinstance(value, (date, time)):
        return value.isoformat()
    # A choice is written as what it stores.
    return str(value) if isinstance(value, str) else value
