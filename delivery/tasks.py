"""Jobs of the outbox."""

from celery import shared_task

from delivery import services


@shared_task
def sweep_outbox() -> None:
    """Delivers what is due; beat calls it every few seconds."""
    services.drain()
