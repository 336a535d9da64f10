"""What changed and has to be looked at: marked in the transaction of the change, looked at in the background."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from meters.models import HitState, Meter, QualityHit, QualityMark, QualityRule
from meters.services.quality.check import check_quality
from meters.services.quality.rules import DAY
from meters.services.quality.store import CheckResult
from organizations.models import Distributor

# Marks of one turn: a worker that is killed repeats no more than these.
MARKS_PER_TURN = 500


def mark_quality(*, distributor_id: int, meter_ids: Sequence[int], start: datetime, end: datetime) -> None:
    """Marks meters over [start, end) as changed."""
    if meter_ids and end > start:
        whole = (end + timedelta(seconds=1)).replace(microsecond=0) if end.microsecond else end
        QualityMark.objects.create(
            distributor_id=distributor_id, meter_ids=list(meter_ids), start=start.replace(microsecond=0), end=whole
        )


def check_marked(*, distributor: Distributor) -> CheckResult:
    """Looks at everything that is marked, oldest first; a mark goes only when its span was looked at."""
    total, own = CheckResult(), QualityMark.objects.filter(distributor=distributor).order_by("pk")
    newest = own.last()
    while newest and (marks := list(own.filter(pk__lte=newest.pk)[:MARKS_PER_TURN])):
        for (start, end), ids in _by_span(marks).items():
            # Deleted meters have no readings any more.
            meters = list(Meter.objects.filter(distributor=distributor, pk__in=ids).order_by("pk"))
            result = check_quality(distributor=distributor, meters=meters, start=start, end=end)
            total += result
            # Their new readings came with a mark of their own; a prediction did not.
            mark_quality(distributor_id=distributor.pk, meter_ids=result.changed_meanwhile, start=start, end=end)
        QualityMark.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    _end_futures(distributor)
    return total


def _end_futures(distributor: Distributor) -> None:
    """What was of a time to come is not any more when that has passed: no reading changes with it."""
    open_ones = QualityHit.objects.filter(distributor=distributor, rule=QualityRule.FUTURE, state=HitState.OPEN)
    open_ones.filter(end__lte=timezone.now()).update(state=HitState.GONE)


def _by_span(marks: Sequence[QualityMark]) -> dict[tuple[datetime, datetime], set[int]]:
    """The meters of each span of whole days of UTC: those that report together are read together."""
    meters: dict[tuple[datetime, datetime], set[int]] = defaultdict(set)
    for mark in marks:
        first = int(mark.start.timestamp()) // DAY * DAY
        last = -(-int(mark.end.timestamp()) // DAY) * DAY
        meters[datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)].update(mark.meter_ids)
    return meters
