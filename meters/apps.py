from django.apps import AppConfig


class MetersConfig(AppConfig):
    """Meters, dated maps, claim codes, readings, predictions, exclusions."""

    name = "meters"

    def ready(self) -> None:
        from meters import audited, export_parts, import_notices, notices, receivers, rollup_receivers  # noqa: F401  # connects them
