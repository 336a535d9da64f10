"""The admin site."""

from django.contrib.admin import AdminSite


class PortalAdminSite(AdminSite):
    """Django's admin."""
