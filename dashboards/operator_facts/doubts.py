"""Hits of the quality rules in words, and the readings around one as a drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.speech import plain_words
from dashboards.times import day_words, hour_words, moment_words, span_words
from meters.models import HitState, IntervalReading, Meter, Quality, QualityHit, QualityRule
from meters.services.quality import why_not

TONES = {HitState.OPEN: "attention", HitState.ACCEPTED: "", HitState.CORRECTED: "good", HitState.GONE: ""}
# What a reader should think of first, by rule.
ADVICE = {
    QualityRule.GAP: gettext_lazy(
        "Nothing arrived for this time. Late readings fill it by themselves; after a day it is estimated. If the "
        "power was off, note an outage instead."
    ),
    QualityRule.DUPLICATE: gettext_lazy(
        "A file said two different things about one interval; neither was stored. Ask the sender which one is right."
    ),
    QualityRule.OVERLAP: gettext_lazy("Intervals of a file reach into each other; ask the sender for a clean file."),
    QualityRule.NEGATIVE: gettext_lazy(
        "The meter is not known to feed into the grid. If it does, say so at the meter; else the value is wrong."
    ),
    QualityRule.SPIKE: gettext_lazy(
        "More than three times the highest usual value, and far above this hour on other days: often a wrong unit "
        "or a catch-up after a gap. A new big appliance is a reason to accept."
    ),
    QualityRule.STUCK: gettext_lazy(
        "The meter says the same again and again. A hanging display is corrected; an empty building is accepted."
    ),
    QualityRule.FUTURE: gettext_lazy("The interval has not ended yet: the meter’s or the sender’s clock is ahead."),
    QualityRule.DAY_LENGTH: gettext_lazy(
        "On days when clocks change there are 23 or 25 hours; the sender seems to write 24. Ask for the day again."
    ),
    QualityRule.REGISTER: gettext_lazy(
        "The register showed less than before: it was exchanged, or it starts again at a limit that is not noted."
    ),
}


@dataclass(frozen=True)
class Doubt:
    """One hit as a row."""

    hit: QualityHit
    when: str
    value: str
    usual: str
    tone: str
    url: str


def doubts_of(hits: Sequence[QualityHit], zone: ZoneInfo) -> list[Doubt]:
    """The hits in words; their meters are loaded."""
    return [
        Doubt(
            hit,
            when_of(hit, zone),
            _energy(hit.value_wh),
            _energy(hit.usual_wh),
            TONES[HitState(hit.state)],
            reverse("operator_quality_hit", args=[hit.pk]),
        )
        for hit in hits
    ]


def when_of(hit: QualityHit, zone: ZoneInfo) -> str:
    """From when to when, on the distributor's clock."""
    if hit.end - hit.start < timedelta(hours=20):
        return span_words(hit.start, hit.end, zone)
    return _("%(start)s to %(end)s") % {"start": moment_words(hit.start, zone), "end": moment_words(hit.end, zone)}


def _energy(wh: int | None) -> str:
    return "" if wh is None else f"{plain_words(wh / 1000)} kWh"


def untried_words(hit: QualityHit) -> str:
    """Why an open gap was not estimated by itself; empty where nothing was tried."""
    return why_not(hit.reason) if hit.state == HitState.OPEN else ""


def found_hits(
    rows: QuerySet[QualityHit], *, meters: QuerySet[Meter] | None, rule: str, state: str
) -> QuerySet[QualityHit]:
    """The hits of these meters, of a rule and in a state (empty: every), newest first."""
    if meters is not None:
        rows = rows.filter(meter__in=meters.order_by().values("pk"))
    if rule in QualityRule.values:
        rows = rows.filter(rule=rule)
    if state in HitState.values:
        rows = rows.filter(state=state)
    return rows.select_related("meter", "decided_by").order_by("-start", "pk")


def open_counts(rows: QuerySet[QualityHit]) -> dict[str, int]:
    """How many hits are open, by rule."""
    counted = rows.filter(state=HitState.OPEN).order_by().values_list("rule").annotate(count=Count("pk"))
    return dict(counted)


def doubtful(meters: QuerySet[Meter], rule: str, start: datetime) -> QuerySet[Meter]:
    """Those with an open hit of a rule since a moment."""
    open_ones = Q(state=HitState.OPEN, rule=rule, end__gt=start)
    return meters.filter(pk__in=QualityHit.objects.filter(open_ones).values("meter"))


@dataclass(frozen=True)
class Plot:
    """Readings around a hit in a square of 1000 × 1000; `spans` are (x, width) of the hit and of gaps, in percent."""

    line: str
    estimated: str
    hit: tuple[str, str]
    gaps: Sequence[tuple[str, str]]
    y_ticks: Sequence[tuple[str, str]]
    x_ticks: Sequence[tuple[str, str, str]]
    rows: Sequence[tuple[str, str, str]]


# Around the hit; of a long one only the beginning and as much after it.
_BESIDE, _LONGEST = timedelta(hours=18), timedelta(days=4)


def plot_of(hit: QualityHit, zone: ZoneInfo) -> Plot:
    """The readings from 18 hours before the hit until as long after it. One query."""
    step = timedelta(minutes=hit.meter.interval_minutes)
    first, last = hit.start - _BESIDE, min(hit.end + _BESIDE, hit.start + _LONGEST)
    found = IntervalReading.objects.filter(meter=hit.meter_id, start__gte=first, start__lt=last).order_by("start")
    readings = list(found.values_list("start", "energy_wh", "quality"))
    low, high = _bounds([wh for _start, wh, _quality in readings])
    frame = _Frame(first, last, low, high)
    starts = [start for start, _wh, _quality in readings]
    holes = [(a + step, b) for a, b in pairwise(starts) if b - a > step]
    return Plot(
        line=frame.steps([(start, wh) for start, wh, quality in readings if quality != Quality.ESTIMATED], step),
        estimated=frame.steps([(start, wh) for start, wh, quality in readings if quality == Quality.ESTIMATED], step),
        hit=frame.span(hit.start, min(hit.end, last)),
        gaps=[frame.span(*hole) for hole in holes],
        y_ticks=[(f"{100 - 25 * at}%", plain_words((low + (high - low) * at / 4) / 1000)) for at in range(5)],
        x_ticks=[frame.tick(at, zone) for at in range(3)],
        rows=[
            (moment_words(start, zone), f"{plain_words(wh / 1000)}", str(Quality(quality).label))
            for start, wh, quality in readings
            if hit.start - 4 * step <= start < hit.end + 4 * step
        ][:200],
    )


def _bounds(values: Sequence[int]) -> tuple[int, int]:
    """The lower and the upper edge in Wh, four ticks of 1, 2 or 5 times a power of ten apart, with 0 between them.

    >>> _bounds([-30, 900]), _bounds([])
    ((-500, 1500), (0, 4))
    """
    lowest, highest = min([0, *values]), max([1, *values])
    for turn in count():
        tick = (1, 2, 5)[turn % 3] * 10 ** (turn // 3)
        low = lowest // tick * tick
        if low + 4 * tick >= highest:
            break
    return low, low + 4 * tick


@dataclass(frozen=True)
class _Frame:
    first: datetime
    last: datetime
    low: int
    high: int

    def x(self, moment: datetime) -> float:
        return (moment - self.first) / (self.last - self.first)

    def y(self, wh: int) -> float:
        return 1000 - 1000 * (wh - self.low) / (self.high - self.low)

    def steps(self, readings: Sequence[tuple[datetime, int]], step: timedelta) -> str:
        """A flat step per reading; a missing one breaks the line."""
        path, end = "", None
        for start, wh in readings:
            path += f"V{self.y(wh):.1f}" if start == end else f"M{self.x(start) * 1000:.1f} {self.y(wh):.1f}"
            end = start + step
            path += f"H{self.x(end) * 1000:.1f}"
        return path

    def span(self, start: datetime, end: datetime) -> tuple[str, str]:
        """Where it begins and how wide it is; never too narrow to be seen."""
        return f"{self.x(start) * 100:.2f}%", f"{max(self.x(end) - self.x(start), 0.006) * 100:.2f}%"

    def tick(self, at: int, zone: ZoneInfo) -> tuple[str, str, str]:
        moment = self.first + (self.last - self.first) * at / 2
        minutes = timedelta(minutes=moment.minute % 60, seconds=moment.second, microseconds=moment.microsecond)
        words = f"{day_words(moment, zone)}, {hour_words(moment - minutes, zone)}"
        return f"{self.x(moment - minutes) * 100:.2f}%", words, ("start", "middle", "end")[at]
