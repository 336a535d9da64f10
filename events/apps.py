from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Programs and events."""

    name = "events"

    def ready(self) -> None:
        from events import notices  # noqa: F401  # registers the handler of the outbox
