from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    """Distributors, organizations, membership and roles."""

    name = "organizations"

    def ready(self) -> None:
        from accounts.homes import register_home
        from accounts.language import register_default
        from delivery.quiet import register_zones
        from delivery.tenants import say
        from organizations import audited, export_parts, receivers  # noqa: F401  # connects them
        from organizations.hosts import site_url_for
        from organizations.notices import language_of_distributor, zone_of_distributor
        from organizations.sender import sender_of

        say(sender=sender_of, site_url=site_url_for)
        register_home(site_url_for)
        register_default(language_of_distributor)
        register_zones(zone_of_distributor)
