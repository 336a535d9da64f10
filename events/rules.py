"""The baseline rules that a program may choose.

The room that computes them stands above this one and says at start-up which there are.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from events.errors import UnknownRule

_hashes: dict[str, str] = {}


def register_rules(hashes: Mapping[str, str]) -> None:
    """Makes rules known: name -> SHA-256 of the rule's canonical text."""
    _hashes.update(hashes)


def rule_names() -> list[str]:
    """The known names, in the order in which they were registered."""
    return list(_hashes)


def rule_sha256(name: str) -> str:
    """The hash of the rule as it stands now.

    Raises:
        UnknownRule: listing the known names.
    """
    try:
        return _hashes[name]
    except KeyError:
        known = ", ".join(_hashes)
        words = _("There is no baseline rule “%(name)s”. Known: %(known)s.")
        raise UnknownRule(words % {"name": name[:40], "known": known}) from None
