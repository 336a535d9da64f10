from django.apps import AppConfig


class OpenadrConfig(AppConfig):
    """Devices over OpenADR."""

    name = "openadr"
