"""One hash over many, of which each can show that it is in it without showing the others."""

import hashlib
from collections.abc import Sequence


def root_of(leaves: Sequence[str]) -> str:
    """The hash over these hashes, whatever their order; empty for none.

    Sorted, then joined in pairs, level by level; one without a neighbour goes up as it is.
    """
    level = sorted(leaves)
    while len(level) > 1:
        level = _joined(level)
    return level[0] if level else ""


def path_of(leaf: str, leaves: Sequence[str]) -> list[list[str]]:
    """What leads from one of the hashes to the root: the neighbour on each level and its side.

    Raises:
        ValueError: It is none of them.
    """
    level, path = sorted(leaves), []
    place = level.index(leaf)
    while len(level) > 1:
        other = place ^ 1
        if other < len(level):
            path.append(["left" if other < place else "right", level[other]])
        level, place = _joined(level), place // 2
    return path


def _joined(level: Sequence[str]) -> list[str]:
    pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
    return [hashlib.sha256("".join(pair).encode()).hexdigest() if len(pair) == 2 else pair[0] for pair in pairs]
