from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """The outbox and its handlers; notices and who wants them."""

    name = "delivery"

    def ready(self) -> None:
        from delivery import export_parts, jobs, mail, receivers, sections  # noqa: F401  # registers and connects
        from delivery.sms import outgoing  # noqa: F401
