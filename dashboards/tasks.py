"""Jobs of pages."""

from celery import shared_task

from dashboards.selectors import event_warm


@shared_task
def warm_rooms() -> None:
    """Works out the usual use of events before anybody opens their rooms; beat calls it often."""
    event_warm.warm_rooms()
