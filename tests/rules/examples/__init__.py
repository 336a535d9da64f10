"""A violating example of every named constraint of ours."""

from tests.rules.examples import imports, meters, money, people, quality, tenancy
from tests.rules.examples.example import Example

# The primary key alone makes these unique: they exist so that composite foreign keys can point to them.
TARGETS = ("entity_id_kind", "entity_id_tenant", "meter_id_distributor", "program_version_id_program")

EXAMPLES: dict[str, Example] = (
    people.EXAMPLES | meters.EXAMPLES | money.EXAMPLES | tenancy.EXAMPLES | imports.EXAMPLES | quality.EXAMPLES
)
__all__ = ["EXAMPLES", "TARGETS", "Example"]
