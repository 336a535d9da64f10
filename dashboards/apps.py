from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """Pages and charts."""

    name = "dashboards"
