"""Jobs of the outbox."""

from celery import shared_task

from delivery import idempotency, receipts, services


@shared_task
def sweep_outbox() -> None:
    """Delivers what is due; beat calls it every few seconds."""
    services.drain()


@shared_task
def sweep_sent_requests() -> None:
    """Forgets answers under idempotency keys after a week."""
    idempotency.sweep_sent_requests()


@shared_task
def give_up_silent() -> None:
    """Ends what was sent and of which no receipt came for days."""
    receipts.give_up_silent()
