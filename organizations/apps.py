from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    """Distributors, organizations, membership and roles."""

    name = "organizations"

    def ready(self) -> None:
        from organizations import receivers  # noqa: F401  # connects them
