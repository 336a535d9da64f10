"""Jobs of this room."""

from celery import shared_task

from accounts import exports


@shared_task
def write_exports() -> None:
    """Writes the copies of own data that wait; beat calls it often, so that no wake-up can be lost."""
    while exports.build_next():
        pass


@shared_task
def sweep_exports() -> None:
    """Deletes copies whose time is over."""
    exports.sweep()
