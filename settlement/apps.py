from django.apps import AppConfig


class SettlementConfig(AppConfig):
    """Settlement runs and the ledger."""

    name = "settlement"
