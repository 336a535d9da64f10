from django.apps import AppConfig


class OpenadrConfig(AppConfig):
    """Devices over OpenADR, and the portal as a device of others."""

    name = "openadr"

    def ready(self) -> None:
        from openadr import audited  # noqa: F401  # registers
