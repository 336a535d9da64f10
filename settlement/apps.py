from django.apps import AppConfig

from events.rules import register_rules
from settlement.baselines import get_preset, preset_names, rule_hash


class SettlementConfig(AppConfig):
    """Settlement runs and the ledger."""

    name = "settlement"

    def ready(self) -> None:
        from settlement import audited, export_parts, receivers  # noqa: F401  # registers them

        register_rules({name: rule_hash(get_preset(name)) for name in preset_names()})
