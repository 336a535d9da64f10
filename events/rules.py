"""The baseline rules that a program may choose: the presets, and the distributor's own.

The room that computes them stands above this one and says at start-up which there are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from events.errors import UnknownRule

if TYPE_CHECKING:
    # The room above registers its rules before the models are loaded.
    from organizations.models import Distributor


@dataclass(frozen=True)
class Rule:
    """One baseline rule to choose.

    Attributes:
        data: the whole rule as JSON values, to be frozen in a version.
        sha256: of the rule's canonical text.
        words: what it does, in plain words.
    """

    name: str
    data: dict[str, Any]
    sha256: str
    words: str


OwnRules = Callable[["Distributor"], list[Rule]]

_presets: dict[str, Rule] = {}
_own: list[OwnRules] = []


def register_rules(rules: Iterable[Rule]) -> None:
    """Makes rules known to every distributor."""
    _presets.update({rule.name: rule for rule in rules})


def register_own_rules(find: OwnRules) -> None:
    """Makes known who finds a distributor's own rules."""
    if find not in _own:
        _own.append(find)


def rules_of(distributor: "Distributor | None") -> dict[str, Rule]:
    """The rules a distributor may choose by name: the presets in the order of the registry, then its own by name."""
    own = [] if distributor is None else [rule for find in _own for rule in find(distributor)]
    return _presets | {rule.name: rule for rule in own if rule.name not in _presets}


def rule_of(distributor: "Distributor | None", name: str) -> Rule:
    """The rule of this name as it stands now.

    Raises:
        UnknownRule: listing the known names.
    """
    # Nearly always a preset: those need no query.
    known = _presets if name in _presets else rules_of(distributor)
    try:
        return known[name]
    except KeyError:
        words = _("There is no baseline rule “%(name)s”. Known: %(known)s.")
        raise UnknownRule(words % {"name": name[:40], "known": ", ".join(known)}) from None


def rule_names(distributor: "Distributor | None" = None) -> list[str]:
    """The known names, those of every distributor and this one's own."""
    return list(rules_of(distributor))


def rule_sha256(name: str, distributor: "Distributor | None" = None) -> str:
    """The hash of the rule as it stands now.

    Raises:
        UnknownRule: listing the known names.
    """
    return rule_of(distributor, name).sha256
