from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Programs and events."""

    name = "events"
