"""What participants delivered in past events, and what is expected of them by it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import sqrt
from statistics import fmean, variance

from django.db.models import Case, Count, F, FloatField, Max, Q, QuerySet, Sum, Value, When

from events.models import Event, Program
from meters.models import Meter
from settlement.costs import posted_for, standby_of
from settlement.models import LineStatus, SettlementLine, SettlementRun
from settlement.reports.wholesale import t_90
from settlement.selectors import newest_runs

# What people do changes over the seasons; more than the last twenty events say little of the next one.
RECENT = 20
WATT = Decimal("0.001")


@dataclass(frozen=True)
class Past:
    """What one meter delivered: events, the sum of its mean kW in each, the sum of their squares, and its kind.

    `last` is when the newest of them began.
    """

    events: int
    total_kw: float
    squares: float
    kind: str = ""
    last: datetime | None = None

    @property
    def mean_kw(self) -> float:
        """Mean kW per event."""
        return self.total_kw / self.events

    @property
    def scatter(self) -> float:
        """The sum of squared differences from the meter's own mean."""
        return max(0.0, self.squares - self.total_kw**2 / self.events)


@dataclass(frozen=True)
class Expected:
    """What one meter is expected to deliver: mean kW, shrunk, and the 90 % interval of its own mean.

    Without an interval nothing tells how far its events scatter.
    """

    kw: float
    low_kw: float | None = None
    high_kw: float | None = None


def past_response(*, meter_ids: Collection[int], program: Program) -> Mapping[int, Decimal]:
    """Meter id -> mean kW expected of it, shrunk towards the mean of its kind; without a past it is left out.

    Three queries, however many meters.
    """
    wanted = set(meter_ids)
    found = {pk: past for pk, past in past_of(program).items() if pk in wanted}
    return {pk: Decimal(kw).quantize(WATT) for pk, kw in shrunk(found).items()}


def shrunk(pasts: Mapping[int, Past]) -> dict[int, float]:
    """Each meter's mean, drawn towards its kind's by as much as chance alone may explain. Pure.

    >>> shrunk({1: Past(2, 4.0, 8.0), 2: Past(2, 8.0, 32.0)})
    {1: 2.0, 2: 4.0}
    """
    return {pk: expected.kw for pk, expected in expected_of(pasts).items()}


def expected_of(pasts: Mapping[int, Past]) -> dict[int, Expected]:
    """The same with an interval for each. Pure.

    Empirical Bayes with moments: within a kind a meter's events scatter by σ² around its own mean, the meters' own
    means by τ² around the kind's; a meter with n events keeps τ² / (τ² + σ²/n) of its distance to the kind's mean.
    Where no meter of a kind has two events, nothing tells σ² from τ², and half of the distance is kept.

    The interval is ± t · √(k σ²/n + (1 − k)² (v + 2 d² / (m − 1))): k is what is kept, v the variance of the kind's
    mean, d the meter's distance to it, m the meters of the kind; t is Student's with as many degrees of freedom as σ²
    has. The last term is for τ² being estimated too (Morris 1983, whose m − 3 we cannot afford with few meters).
    Nobody delivers less than nothing, so it ends at zero.
    """
    kinds: dict[str, dict[int, Past]] = defaultdict(dict)
    for pk, past in pasts.items():
        kinds[past.kind][pk] = past
    found: dict[int, Expected] = {}
    for members in kinds.values():
        found |= _of_kind(members)
    return found


def _of_kind(members: Mapping[int, Past]) -> dict[int, Expected]:
    events = sum(past.events for past in members.values())
    mean = sum(past.total_kw for past in members.values()) / events
    spread = _spread(members.values())
    if spread is None:
        return {pk: Expected(mean + 0.5 * (past.mean_kw - mean)) for pk, past in members.items()}
    within, between = spread
    of_mean = sum(past.events**2 * (between + within / past.events) for past in members.values()) / events**2
    bound = t_90(events - len(members))
    found = {}
    for pk, past in members.items():
        noise = within / past.events
        kept = between / (between + noise) if between + noise > 0 else 1.0
        away = past.mean_kw - mean
        unsure = of_mean + 2 * away**2 / max(1, len(members) - 1)
        kw, width = mean + kept * away, bound * sqrt(kept * noise + (1 - kept) ** 2 * unsure)
        found[pk] = Expected(kw, max(0.0, kw - width), kw + width)
    return found


def _spread(members: Iterable[Past]) -> tuple[float, float] | None:
    """σ² within meters and τ² between them; None where no meter has two events."""
    rows = list(members)
    freedom = sum(past.events - 1 for past in rows)
    if not freedom:
        return None
    within = sum(past.scatter for past in rows) / freedom
    means = [past.mean_kw for past in rows]
    noise = within * fmean(1 / past.events for past in rows)
    return within, max(0.0, variance(means) - noise) if len(means) > 1 else 0.0


def past_of(program: Program) -> dict[int, Past]:
    """Meter id -> what it delivered in the newest settled events of a program. Three queries."""
    hours = _recent_hours(program)
    if not hours:
        return {}
    each = [When(run=pk, then=Value(1 / (1000 * length))) for pk, length in hours.items()]
    kw = F("delivered_wh") * Case(*each, output_field=FloatField())
    # The measurement stands on one line per meter; further lines have no baseline.
    lines = SettlementLine.objects.filter(run__in=list(hours), baseline_wh__isnull=False)
    measured = lines.filter(Q(status=LineStatus.OK) | Q(status=LineStatus.NO_NOMINATION)).order_by()
    sums = measured.values("meter").annotate(
        events=Count("run", distinct=True),
        total=Sum(kw, output_field=FloatField()),
        squares=Sum(kw * kw, output_field=FloatField()),
        last=Max("run__event__start"),
    )
    rows = list(sums.values_list("meter", "events", "total", "squares", "last"))
    kinds = dict(Meter.objects.filter(distributor=program.distributor_id).values_list("pk", "usage_kind"))
    return {pk: Past(events, total, squares, kinds.get(pk, ""), last) for pk, events, total, squares, last in rows}


def _recent_hours(program: Program) -> dict[int, float]:
    """Run id -> hours of its event, for the runs that count of the newest events; tests say nothing."""
    runs: QuerySet[SettlementRun] = newest_runs().filter(event__program=program, event__is_test=False)
    rows = runs.order_by("-event__start").values_list("pk", "event__start", "event__end")[:RECENT]
    return {pk: (end - start).total_seconds() / 3600 for pk, start, end in rows}


def spent_on(events: Collection[Event], *, program: Program, first: date, last: date) -> Decimal:
    """What the ledger has for these events, adjustments among it, and for the season's months of standing by."""
    of_events = sum(posted_for([event.pk for event in events]).values(), Decimal(0))
    return of_events + standby_of(program=program, first=first, last=last)
