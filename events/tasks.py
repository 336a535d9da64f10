"""Jobs of events."""

from celery import shared_task

from events import services


@shared_task
def advance_events() -> None:
    """Starts and ends events by the clock; beat calls it every few seconds."""
    services.advance_events()
