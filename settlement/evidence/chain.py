"""The fingerprints of a reward's inputs, from its line up to the whole run."""

from typing import Any

from settlement.hash_tree import path_of
from settlement.models import SettlementLine


def chain_of(line: SettlementLine) -> dict[str, Any]:
    """What is needed, beside header and participant, to compute the run's fingerprint from the line's."""
    run = line.run
    leaves = set(run.lines.order_by().values_list("inputs_sha256", flat=True)) - {""}
    return {
        "line_sha256": line.inputs_sha256,
        "path": path_of(line.inputs_sha256, sorted(leaves)) if line.inputs_sha256 in leaves else [],
        "run": run.number,
        "run_sha256": run.inputs_sha256,
    }
