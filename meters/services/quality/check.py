"""Finds what looks wrong in spans that changed, and keeps the hits in step with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.utils import timezone

from common.intervals import to_utc
from meters.models import Meter
from meters.models.exclusion import NOT_USUAL
from meters.services.archive.removed import Span, removed_spans
from meters.services.exclusions import excluded_spans
from meters.services.locks import zone_of
from meters.services.quality import rules
from meters.services.quality.finding import Finding, Look
from meters.services.quality.reading import days_of, neighbours, values_of
from meters.services.quality.rules import DAY, HISTORY_DAYS
from meters.services.quality.store import CheckResult, store_findings
from organizations.models import Distributor

# Rows of readings in memory at once: some 30 MB.
CHUNK_ROWS = 500_000
CHUNK_METERS = 500
# On both sides of a span: the day's neighbours and room for a run that began before.
_MARGIN = 2 * DAY


@dataclass(frozen=True)
class _Window:
    """What is read: meters over [start, end), which the rules judge; `margin` seconds more on each side."""

    distributor: Distributor
    meters: Sequence[Meter]
    start: int
    end: int
    margin: int = _MARGIN


def check_quality(
    *, distributor: Distributor, meters: Sequence[Meter] | None = None, start: datetime, end: datetime
) -> CheckResult:
    """Looks at readings that changed in [start, end), of these meters or of all; the hits are right afterwards.

    What a reading says about others is looked at too: 28 days on, whose usual values it belongs to, and the
    whole of a gap or run that it ends or joins. So checking each change leaves the same hits as checking all.
    """
    if meters is None:
        meters = list(Meter.objects.filter(distributor=distributor).order_by("pk"))
    first, last = int(to_utc(start).timestamp()), int(to_utc(end).timestamp())
    span = first // DAY * DAY - 2 * DAY, last // DAY * DAY + (HISTORY_DAYS + 2) * DAY
    result = CheckResult()
    for chunk in _chunks(meters, span[1] - span[0] + 2 * _MARGIN):
        findings: dict[int, list[Finding]] = {}
        versions = {meter.pk: meter.data_version for meter in Meter.objects.filter(pk__in=[m.pk for m in chunk])}
        now = int(timezone.now().timestamp())
        for look in _looks(_Window(distributor, chunk, *span)):
            findings[look.meter.pk] = look.findings(now)
        result += store_findings(distributor=distributor, findings=findings, versions=versions, span=span)
    return result


def _chunks(meters: Sequence[Meter], seconds: int) -> Iterator[Sequence[Meter]]:
    shortest = min((meter.interval_minutes for meter in meters), default=60) * 60
    size = min(CHUNK_METERS, max(1, CHUNK_ROWS // (seconds // shortest)))
    yield from (meters[at : at + size] for at in range(0, len(meters), size))


def _looks(window: _Window) -> Iterator[Look]:
    """A look at each meter; where the window cuts a run that touches the span, it is made longer for that meter."""
    low, high = window.start - window.margin, window.end + window.margin
    removed = removed_spans(distributor_id=window.distributor.pk)
    outages = _outages(window.meters)
    ids = [meter.pk for meter in window.meters]
    values, beside, history = values_of(ids, low, high), neighbours(ids, low, high), days_of(ids, low, high)
    cut: list[Meter] = []
    for meter in window.meters:
        before, after = beside.get(meter.pk, (None, None))
        zone = zone_of(meter.zone_name, window.distributor)
        none = [*removed, *outages[meter.pk]]
        look = Look(meter, zone, window.start, window.end, values[meter.pk], before, after, history[meter.pk], none)
        if _is_cut(look):
            cut.append(meter)
        else:
            yield _with_history(look, window.margin)
    if cut:
        yield from _looks(_Window(window.distributor, cut, window.start, window.end, window.margin * 4))


def _outages(meters: Sequence[Meter]) -> dict[int, list[Span]]:
    """The times of each meter in which nobody expects readings: of all time, since a gap may be of any length."""
    spans = excluded_spans(meters=meters, start=datetime(1970, 1, 1, tzinfo=UTC), end=datetime(9000, 1, 1, tzinfo=UTC))
    return {
        pk: [Span(int(each.start.timestamp()), int(each.end.timestamp())) for each in own if each.kind in NOT_USUAL]
        for pk, own in spans.items()
    }


def _is_cut(look: Look) -> bool:
    """Whether a run of one value goes on outside of the window."""
    values, step = look.values, look.step
    if not len(values):
        return False
    runs = list(rules.stretches(~values.estimated, values.starts, step, values.energy_wh))
    signs = list(rules.stretches((values.energy_wh < 0) & ~values.estimated, values.starts, step))
    last_place = len(values) - 1
    for first, last in (*runs, *signs):
        if first == 0 and look.before == values.starts[0] - step and values.starts[last] + step > look.start:
            return True
        if last == last_place and look.after == values.starts[-1] + step and values.starts[first] < look.end:
            return True
    return False


def _with_history(look: Look, margin: int) -> Look:
    """The look with four weeks more of readings before it, if a value may be a spike; else as it is."""
    peaks, _zeros = look.history.before(look.values.starts)
    inside = (look.values.starts >= look.start) & (look.values.starts < look.end)
    if not (rules.may_be_spikes(look.values, look.step, peaks) & inside).any():
        return look
    pk = look.meter.pk
    low, high = look.start - margin - (HISTORY_DAYS + 1) * DAY, look.end + margin
    before, after = neighbours([pk], low, high)[pk]
    return replace(look, values=values_of([pk], low, high)[pk], before=before, after=after)
