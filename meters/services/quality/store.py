"""Keeps the hits of meters equal to what was found, and what people decided about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone

from meters.models import HitState, ImportBatch, Meter, QualityHit, QualityRule
from meters.services.doubts import Doubt
from meters.services.locks import lock_meters
from meters.services.quality.finding import CHECKED, Finding
from meters.services.quality.rules import Found
from organizations.models import Distributor

_COLUMNS = ["end", "slots", "value_wh", "usual_wh", "state", "found_at", "decided_by", "decided_at", "reason", "batch"]
_BATCH = 500


@dataclass(frozen=True)
class CheckResult:
    """Hits that are new or open again, hits that are gone, and meters left out because they changed meanwhile."""

    opened: int = 0
    gone: int = 0
    changed_meanwhile: tuple[int, ...] = ()

    def __add__(self, other: "CheckResult") -> "CheckResult":
        changed = (*self.changed_meanwhile, *other.changed_meanwhile)
        return CheckResult(self.opened + other.opened, self.gone + other.gone, changed)


@transaction.atomic
def store_findings(
    *,
    distributor: Distributor,
    findings: Mapping[int, Sequence[Finding]],
    versions: Mapping[int, int],
    span: tuple[int, int],
) -> CheckResult:
    """Makes the hits that touch the span those that were found, under locks on the meters.

    A meter whose readings changed since they were read is left out: what was found is of the day before.
    """
    ids = sorted(findings)
    lock_meters(ids, distributor=distributor)
    current = dict(Meter.objects.filter(pk__in=ids).values_list("pk", "data_version"))
    same = [pk for pk in ids if current.get(pk) == versions.get(pk)]
    start, end = moment(span[0]), moment(span[1])
    known = QualityHit.objects.filter(meter__in=same, rule__in=CHECKED, start__lt=end, end__gt=start)
    writer = _Writer(distributor, {(hit.meter_id, QualityRule(hit.rule), hit.start): hit for hit in known})
    for pk in same:
        for rule, found in findings[pk]:
            writer.keep(pk, rule, found)
    return writer.done(tuple(pk for pk in ids if pk not in set(same)))


@transaction.atomic
def note_refused(*, distributor: Distributor, doubts: Sequence[Doubt], batch: ImportBatch) -> int:
    """How many hits are new or open again: what an import refused of meters that exist."""
    ids = sorted({doubt.meter_id for doubt in doubts})
    own = set(lock_meters(ids, distributor=distributor).ids.tolist())
    starts = {moment(doubt.start) for doubt in doubts}
    known = QualityHit.objects.filter(meter__in=own, rule__in={doubt.rule for doubt in doubts}, start__in=starts)
    writer = _Writer(distributor, {(hit.meter_id, QualityRule(hit.rule), hit.start): hit for hit in known}, batch)
    seen = set()
    for doubt in doubts:
        key = doubt.meter_id, doubt.rule, doubt.start
        if doubt.meter_id in own and key not in seen:
            seen.add(key)
            writer.keep(doubt.meter_id, doubt.rule, Found(doubt.start, doubt.end, doubt.slots, doubt.value_wh))
    return writer.done(is_check=False).opened


class _Writer:
    """Compares what was found with the stored hits and writes the differences."""

    def __init__(
        self,
        distributor: Distributor,
        known: dict[tuple[int, QualityRule, datetime], QualityHit],
        batch: ImportBatch | None = None,
    ) -> None:
        self.distributor, self.known, self.batch = distributor, known, batch
        self.new: list[QualityHit] = []
        self.changed: list[QualityHit] = []
        self.now = timezone.now()

    def keep(self, meter_id: int, rule: QualityRule, found: Found) -> None:
        """The hit of this finding: new, as it was, or open again with the new value."""
        hit = self.known.pop((meter_id, rule, moment(found.start)), None)
        if hit is None:
            hit = QualityHit(
                distributor=self.distributor, meter_id=meter_id, rule=rule, start=moment(found.start), batch=self.batch
            )
            self._open(hit, found)
            self.new.append(hit)
        elif hit.state in (HitState.GONE, HitState.CORRECTED) or _differs(hit, found):
            self._open(hit, found)
            self.changed.append(hit)
        elif _facts(hit) != _facts_of(found):
            _tell(hit, found)
            self.changed.append(hit)

    def _open(self, hit: QualityHit, found: Found) -> None:
        _tell(hit, found)
        hit.state, hit.found_at, hit.reason = HitState.OPEN, self.now, ""
        hit.batch = self.batch
        hit.decided_by = hit.decided_at = None

    def done(self, left_out: tuple[int, ...] = (), *, is_check: bool = True) -> CheckResult:
        """Writes everything; known hits of a check that were not found again are gone, unless somebody corrected them.

        What an import refused was never stored, so that no look at what is stored can say that it is gone.
        """
        reopened = sum(hit.state == HitState.OPEN and hit.found_at == self.now for hit in self.changed)
        checked = [hit for (_meter, rule, _start), hit in self.known.items() if rule in CHECKED]
        ended = [hit for hit in checked if is_check and hit.batch_id is None]
        gone = [hit for hit in ended if hit.state in (HitState.OPEN, HitState.ACCEPTED)]
        for hit in gone:
            hit.state = HitState.GONE
        QualityHit.objects.bulk_create(self.new, batch_size=_BATCH)
        QualityHit.objects.bulk_update([*self.changed, *gone], _COLUMNS, batch_size=_BATCH)
        return CheckResult(len(self.new) + reopened, len(gone), left_out)


def _differs(hit: QualityHit, found: Found) -> bool:
    """Whether what somebody decided was about something else.

    A run that goes on with its value is the same run; another value, or other slots that are missing, are not.
    """
    if hit.rule in (QualityRule.GAP, QualityRule.DAY_LENGTH):
        return (hit.end, hit.slots) != (moment(found.end), found.slots)
    return hit.value_wh != found.value_wh


def _facts(hit: QualityHit) -> tuple[object, ...]:
    return hit.end, hit.slots, hit.value_wh, hit.usual_wh


def _facts_of(found: Found) -> tuple[object, ...]:
    return moment(found.end), found.slots, found.value_wh, found.usual_wh


def _tell(hit: QualityHit, found: Found) -> None:
    hit.end, hit.slots, hit.value_wh, hit.usual_wh = moment(found.end), found.slots, found.value_wh, found.usual_wh


def moment(seconds: int) -> datetime:
    """The instant, aware."""
    return datetime.fromtimestamp(seconds, UTC)
