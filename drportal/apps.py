"""The project's own app (commands, checks) and its admin site."""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


class PortalAdminConfig(AdminConfig):
    """Django's admin with our site."""

    default_site = "drportal.admin.PortalAdminSite"


class PortalConfig(AppConfig):
    """Commands and checks that span rooms."""

    name = "drportal"
    label = "portal"

    def ready(self) -> None:
        from drportal import checks  # noqa: F401  # registers them
        from drportal.names import translate_names

        translate_names()

        # Sent only for apps with models, which this one has not.
        post_migrate.connect(create_cache_table, sender=apps.get_app_config("accounts"))


def create_cache_table(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """The table of the database cache belongs to the schema: `migrate` alone makes a working portal.

    With Redis too, as counters of attempts fall back to it.
    """
    call_command("createcachetable", "cache", database=using, verbosity=0)
