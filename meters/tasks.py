"""Jobs of this room."""

from celery import shared_task
from django.utils import timezone

from meters.models import QualityMark
from meters.services import batches
from meters.services.quality.fill import fill_due_gaps
from meters.services.quality.marks import check_marked
from meters.services.rollups import refresh_rollups as refresh
from organizations.models import Distributor


@shared_task
def run_imports() -> None:
    """Checks, stores and undoes the imports that wait, one after the other; beat calls it often."""
    while batches.work_next():
        pass


@shared_task
def sweep_imports() -> None:
    """Finds imports whose worker died: they begin again, or are marked as failed."""
    batches.sweep_batches()


@shared_task
def check_quality_marks() -> None:
    """Looks at all readings that changed; beat calls it often, and what fails is still marked the next time."""
    for distributor in Distributor.objects.filter(pk__in=QualityMark.objects.values("distributor")):
        check_marked(distributor=distributor)


@shared_task
def estimate_gaps() -> None:
    """Fills gaps that no late reading has filled; a second call finds them filled."""
    for distributor in Distributor.objects.order_by("pk"):
        fill_due_gaps(distributor=distributor, now=timezone.now())


@shared_task
def refresh_rollups() -> None:
    """Makes the sums again of what has changed; beat calls it often, and what is left is marked still."""
    refresh(limit=200)
