"""Whether a bundle holds: nothing in it was changed, and its inputs give its result by the portal's own engine."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from settlement.baselines import BaselineError
from settlement.canonical import digest
from settlement.evidence.bundle import FORMAT, SECTIONS
from settlement.evidence.recompute import recompute

Data = dict[str, Any]
Check = tuple[bool, str]
WORDS = {
    "about": "whom and what it is about",
    "header": "event, prices, holidays and fingerprint of the rule",
    "rule": "the rule",
    "participant": "readings, left-out days and agreed power",
    "result": "the result",
    "ledger": "the postings",
}


@dataclass(frozen=True)
class Verdict:
    """What was checked, and what the inputs give.

    Attributes:
        checks: (whether it holds, what) in order.
        sha256: of the recomputed result.
    """

    about: Data
    checks: list[Check]
    result: Data

    @property
    def wrong(self) -> list[str]:
        """What does not hold."""
        return [words for holds, words in self.checks if not holds]

    @property
    def sha256(self) -> str:
        """The fingerprint of the recomputed result."""
        return digest(self.result)


def verify(bundle: Any) -> Verdict:
    """All checks of a bundle, those that fail among them.

    Raises:
        ValueError: It is no bundle, or its inputs cannot be computed with.
    """
    if not isinstance(bundle, dict) or bundle.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}.")
    try:
        result = recompute(bundle)
        checks = [*_unchanged(bundle), *_chain(bundle), *_same(result, bundle["result"]), *_posted(bundle)]
        return Verdict(bundle["about"], checks, result)
    except (KeyError, TypeError, AttributeError, IndexError, ArithmeticError, BaselineError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _unchanged(bundle: Data) -> list[Check]:
    told = bundle["fingerprints"]
    checks = [
        (digest(bundle[name]) == told.get(name), f"Unchanged since it was made: {WORDS[name]}") for name in SECTIONS
    ]
    sealed = {key: value for key, value in bundle.items() if key != "sha256"}
    checks.append((digest(sealed) == bundle["sha256"], "The file as a whole has its fingerprint"))
    frozen = digest(bundle["rule"]) == bundle["header"]["rule_sha256"]
    return [*checks, (frozen, "The rule is the one that the program's terms froze")]


def _chain(bundle: Data) -> list[Check]:
    told, line = bundle["chain"], digest(bundle["participant"])
    run = digest({"header": bundle["header"], "participants": climb(line, told["path"])})
    known = (run, digest({"inputs": run, "run": told["run"]}))
    return [
        (line == told["line_sha256"], "Readings and agreed power are those that the settlement looked at"),
        (told["run_sha256"] in known, "They belong to the whole settlement, whose fingerprint follows from them"),
    ]


def climb(leaf: str, path: list[list[str]]) -> str:
    """The root to which a hash and its neighbours lead."""
    for side, other in path:
        pair = other + leaf if side == "left" else leaf + other
        leaf = hashlib.sha256(pair.encode()).hexdigest()
    return leaf


def _same(result: Data, told: Data) -> list[Check]:
    usual, theirs = result["usual"], told["usual"]
    return [
        (usual["days"] == theirs["days"], "Days that count and days left out: the same by our own sum"),
        (usual["slots"] == theirs["slots"], "Usual use and use in each interval: the same by our own sum"),
        (result["lines"] == told["lines"], "Amount of each line: the same by our own sum"),
        (result == told, "Everything else in the result: the same by our own sum"),
    ]


def _posted(bundle: Data) -> list[Check]:
    entries = [entry for batch in bundle["ledger"] for entry in batch["entries"]]
    if not entries:
        return []
    owed = sum((Decimal(entry["amount"]) for entry in entries), Decimal(0))
    return [(f"{owed:.2f}" == bundle["result"]["total"], "What was posted to the account is the amount")]
