from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """The outbox and its handlers."""

    name = "delivery"

    def ready(self) -> None:
        from delivery import mail  # noqa: F401  # registers its handler
