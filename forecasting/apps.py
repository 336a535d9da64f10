from django.apps import AppConfig


class ForecastingConfig(AppConfig):
    """Issues of forecasts."""

    name = "forecasting"
