"""The project: settings, URLs, Celery, the admin site, the API router, and the commands that span rooms."""

from drportal.celery import app as celery_app

__all__ = ["celery_app"]
