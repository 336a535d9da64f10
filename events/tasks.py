"""Jobs of events."""

from celery import shared_task

from events import notices, services


@shared_task
def advance_events() -> None:
    """Starts and ends events by the clock; beat calls it every few seconds."""
    services.advance_events()


@shared_task
def recheck_waiting() -> None:
    """Lets in whoever waits for readings and has enough of them now; beat calls it every day."""
    services.recheck_waiting()


@shared_task
def remind() -> None:
    """Reminds of events that begin within an hour; beat calls it every minute."""
    notices.remind()
