"""How much was tried, for whoever reads the end of a run."""

from collections import Counter

_COUNTS: Counter[str] = Counter()


def count(what: str) -> None:
    """One more of it."""
    _COUNTS[what] += 1


def told() -> str:
    """All counts of this run in one line; empty where nothing was tried."""
    return ", ".join(f"{number:,} {what}" for what, number in sorted(_COUNTS.items()))
