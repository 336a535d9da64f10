"""What people decide about hits: accept, correct, and undo an acceptance. Callers check `managed_by`."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from meters.errors import MeterError
from meters.models import HitState, IntervalReading, QualityHit, QualityRule
from meters.services.corrections import correct_readings
from meters.services.locks import lock_meters
from meters.services.quality.fill import LONGEST, FillResult, estimate_gap

# What can be done besides accepting; of a file's refused rows nothing was stored that could be corrected.
VALUE, TAKE_AWAY, ESTIMATE = "value", "take_away", "estimate"
CORRECTIONS = {
    QualityRule.GAP: (VALUE, ESTIMATE),
    QualityRule.NEGATIVE: (VALUE, ESTIMATE, TAKE_AWAY),
    QualityRule.SPIKE: (VALUE, ESTIMATE, TAKE_AWAY),
    QualityRule.STUCK: (ESTIMATE, TAKE_AWAY),
    QualityRule.FUTURE: (TAKE_AWAY,),
}


class HitDecided(MeterError):
    """Somebody was faster, or the readings changed meanwhile."""


@transaction.atomic
def accept_hits(*, hits: Iterable[QualityHit], by: User, reason: str) -> int:
    """How many hits were accepted: those that are open still. They stay so while their value is the same.

    Raises:
        MeterError: There is no reason.
    """
    words = _reason(reason)
    wanted = [hit.pk for hit in hits]
    open_ones = QualityHit.objects.filter(pk__in=wanted, state=HitState.OPEN).order_by("pk").select_for_update()
    found = list(open_ones)
    for hit in found:
        _decide(hit, HitState.ACCEPTED, by, words)
        record("hit.accept", target=hit, by=by, reason=words)
    return len(found)


@transaction.atomic
def undo_accept(*, hit: QualityHit, by: User) -> QualityHit:
    """The hit, open again.

    Raises:
        HitDecided: It is not accepted any more.
    """
    locked = _locked(hit, HitState.ACCEPTED)
    locked.state, locked.reason = HitState.OPEN, ""
    locked.decided_by = locked.decided_at = None
    locked.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    record("hit.reopen", target=locked, by=by)
    return locked


@transaction.atomic
def set_value(*, hit: QualityHit, wh: int, by: User, reason: str) -> QualityHit:
    """Each interval of the hit gets this energy; what stood there stays as a revision.

    Raises:
        HitDecided: It is not open any more.
        MeterError: There is no reason, or the hit is none that a value can correct.
    """
    words = _allowed(hit, VALUE, reason)
    locked = _taken(hit)
    step = timedelta(minutes=locked.meter.interval_minutes)
    starts = [locked.start + number * step for number in range((locked.end - locked.start) // step)]
    correct_readings(meter=locked.meter, values=dict.fromkeys(starts, wh), by=by, reason=words)
    return _corrected(locked, by, words)


@transaction.atomic
def take_away(*, hit: QualityHit, by: User, reason: str) -> QualityHit:
    """The readings of the hit are gone; what stood there stays as revisions.

    Raises:
        HitDecided: It is not open any more.
        MeterError: There is no reason.
    """
    words = _allowed(hit, TAKE_AWAY, reason)
    locked = _taken(hit)
    _remove(locked, by, words)
    return _corrected(locked, by, words)


@transaction.atomic
def replace_by_estimate(*, hit: QualityHit, by: User, reason: str) -> tuple[QualityHit, FillResult]:
    """The readings of the hit are taken away, if there are any, and estimated.

    Raises:
        HitDecided: It is not open any more.
        NothingToEstimate: No slot of it can be estimated; then everything is as before.
        MeterError: There is no reason, or the hit is none that an estimate can correct.
    """
    words = _allowed(hit, ESTIMATE, reason)
    locked = _taken(hit)
    if locked.rule != QualityRule.GAP:
        _remove(locked, by, words)
    filled = estimate_gap(meter=locked.meter, start=locked.start, end=locked.end, by=by)
    return _corrected(locked, by, words), filled


def corrections_of(hit: QualityHit) -> tuple[str, ...]:
    """The ways in which this hit can be corrected now."""
    if hit.state != HitState.OPEN or hit.end - hit.start > LONGEST:
        return ()
    return CORRECTIONS.get(QualityRule(hit.rule), ())


def _allowed(hit: QualityHit, way: str, reason: str) -> str:
    if hit.state == HitState.OPEN and way not in corrections_of(hit):
        raise MeterError(_("This cannot be corrected in that way."))
    return _reason(reason)


def _reason(reason: str) -> str:
    words = reason.strip()[:200]
    if not words:
        raise MeterError(_("Say why: the reason stays with the reading."))
    return words


def _taken(hit: QualityHit) -> QualityHit:
    """The open hit, locked after its meter: the order of everybody who writes both."""
    lock_meters([hit.meter_id], distributor=hit.distributor)
    return _locked(hit, HitState.OPEN)


def _locked(hit: QualityHit, state: HitState) -> QualityHit:
    # The hit alone: MariaDB would lock what is joined to it as well.
    rows = QualityHit.objects.select_for_update()
    locked = rows.get(pk=hit.pk)
    if locked.state != state:
        raise HitDecided(_("This was decided meanwhile: look at it again."))
    return locked


def _remove(hit: QualityHit, by: User, reason: str) -> None:
    rows = IntervalReading.objects.filter(meter=hit.meter_id, start__gte=hit.start, start__lt=hit.end)
    starts = list(rows.values_list("start", flat=True))
    if starts:
        correct_readings(meter=hit.meter, values=dict.fromkeys(starts, None), by=by, reason=reason)


def _corrected(hit: QualityHit, by: User, reason: str) -> QualityHit:
    _decide(hit, HitState.CORRECTED, by, reason)
    record("hit.correct", target=hit, by=by, reason=reason)
    return hit


def _decide(hit: QualityHit, state: HitState, by: User, reason: str) -> None:
    hit.state, hit.reason, hit.decided_by, hit.decided_at = state, reason, by, timezone.now()
    hit.save(update_fields=["state", "reason", "decided_by", "decided_at"])
