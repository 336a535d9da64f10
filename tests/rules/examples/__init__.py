"""A violating example of every named constraint of ours."""

from tests.rules.examples import (
    books,
    calling,
    devices,
    disputes,
    evidence,
    fairness,
    imports,
    meters,
    money,
    people,
    programs,
    quality,
    room,
    tenancy,
    upstream,
)
from tests.rules.examples.example import Example

# The primary key alone makes these unique: they exist so that composite foreign keys can point to them.
TARGETS = (
    "entity_id_kind",
    "entity_id_tenant",
    "meter_id_distributor",
    "program_id_exclusive",
    "program_version_id_program",
)

EXAMPLES: dict[str, Example] = (
    people.EXAMPLES
    | meters.EXAMPLES
    | money.EXAMPLES
    | programs.EXAMPLES
    | books.EXAMPLES
    | disputes.EXAMPLES
    | tenancy.EXAMPLES
    | imports.EXAMPLES
    | quality.EXAMPLES
    | room.EXAMPLES
    | calling.EXAMPLES
    | evidence.EXAMPLES
    | fairness.EXAMPLES
    | devices.EXAMPLES
    | upstream.EXAMPLES
)
__all__ = ["EXAMPLES", "TARGETS", "Example"]
