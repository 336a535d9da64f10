from django.apps import AppConfig


class MetersConfig(AppConfig):
    """Meters, dated maps, readings, predictions, exclusions."""

    name = "meters"

    def ready(self) -> None:
        from meters import receivers  # noqa: F401  # connects them
