from django.apps import AppConfig


class OpenadrConfig(AppConfig):
    """Devices over OpenADR, and the portal as a device of others."""

    name = "openadr"

    def ready(self) -> None:
        from openadr import attention, audited, receivers  # noqa: F401  # registers and connects
        from openadr.upstream import attention as upstream_attention  # noqa: F401
        from openadr.upstream import receivers as upstream_receivers  # noqa: F401
