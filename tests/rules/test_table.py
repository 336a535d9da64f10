"""Each cell of the table in docs/rules.md is proved, on whichever database the suite runs."""

import pytest

from tests.rules import deltas, holders, ids, people
from tests.rules.table import PROOFS, VERBS, Cell, cells

MODULES = (deltas, holders, ids, people)
RULES = 10
PATHS = 5


def test_the_table_is_whole() -> None:
    table = cells()
    assert len(table) == RULES * PATHS
    assert set(table.values()) == set(VERBS)


def test_every_cell_has_a_proof_and_every_proof_a_cell() -> None:
    assert {cell: verb for cell, (verb, _proof) in PROOFS.items()} == cells()


@pytest.mark.django_db
@pytest.mark.parametrize("cell", cells(), ids=lambda cell: f"{cell[0]}, {cell[1]}")
def test_the_cell_holds(cell: Cell) -> None:
    _verb, proof = PROOFS[cell]
    proof()
