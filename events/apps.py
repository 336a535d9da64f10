from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Programs and events."""

    name = "events"

    def ready(self) -> None:
        from events import audited, export_parts, notices, receivers, sections  # noqa: F401  # registers and connects
