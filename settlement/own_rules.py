"""The rules that a program may choose, as the room of programs wants to know them."""

import json

from django.utils.translation import gettext as _

from events.models import ProgramVersion
from events.rules import Rule
from organizations.models import Distributor
from settlement.baselines import PRESETS, Preset, get_preset, preset_from_data, rule_hash, rule_json
from settlement.errors import RuleChanged
from settlement.models import BaselineRule


def rule_from(preset: Preset) -> Rule:
    """The rule to choose that a preset is."""
    return Rule(preset.name, json.loads(rule_json(preset)), rule_hash(preset), preset.description)


def own_rules(distributor: Distributor) -> list[Rule]:
    """The rules that a distributor made, by name. One query."""
    rows = BaselineRule.objects.filter(distributor=distributor).order_by("name")
    return [Rule(row.name, row.data, row.sha256, row.description) for row in rows]


def rule_named(*, distributor: Distributor, name: str) -> Preset:
    """The preset of this name, or the distributor's own rule.

    Raises:
        UnknownPreset: listing the known presets.
    """
    if name not in PRESETS:
        own = BaselineRule.objects.filter(distributor=distributor, name=name).first()
        if own is not None:
            return preset_from_data(own.data)
    return get_preset(name)


def frozen_rule(version: ProgramVersion) -> Preset:
    """The rule that a version froze, read from what it froze and not from what goes by that name now.

    Raises:
        RuleChanged: What is frozen is not what its hash says.
        InvalidPreset: It cannot be read.
    """
    # Versions from before rules were frozen whole know only name and hash.
    rule = preset_from_data(version.rule) if version.rule else get_preset(version.preset)
    if rule_hash(rule) != version.rule_sha256:
        words = _("The rule %(name)s has changed since %(version)s was published.")
        raise RuleChanged(words % {"name": rule.name, "version": str(version)})
    return rule
