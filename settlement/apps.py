from django.apps import AppConfig


class SettlementConfig(AppConfig):
    """Settlement runs and the ledger."""

    name = "settlement"

    def ready(self) -> None:
        from events import expectation
        from events.rules import register_own_rules, register_rules
        from settlement import attention, audited, dispute_receivers, export_parts, forecast_receiver, receivers  # noqa: F401  # registers them
        from settlement.baselines import PRESETS
        from settlement.own_rules import own_rules, rule_from
        from settlement.reports.past_response import past_response, spent_on

        register_rules(rule_from(preset) for preset in PRESETS.values())
        register_own_rules(own_rules)
        expectation.register(past_response=past_response, spent=spent_on)
