"""A season of a program: its events in figures, what they cost and spared, and whether people tire of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from common.intervals import day_bounds, local_day
from common.money import round_half_up
from events.models import Event, EventState, Participation, ParticipationState, Program, ProgramVersion
from events.models.participation import NOT_COUNTED
from settlement.costs import posted_for, standby_of
from settlement.exact import from_cents, sum_of_cents
from settlement.models import LedgerBatch, LineStatus, RunKind, SettlementLine, SettlementRun
from settlement.reports.fatigue import Fatigue, fatigue
from settlement.selectors import counted_runs

NOTHING = Decimal("0.00")
# Events that took place; an announced one is none yet.
OVER = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED, EventState.CLOSED)
MEASURED = (LineStatus.OK, LineStatus.NO_NOMINATION)


@dataclass(frozen=True)
class Season:
    """Local days [first, last] over which events are counted together, and how the address names them."""

    key: str
    first: date
    last: date

    def has(self, day: date) -> bool:
        """Whether the day lies in it."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class EventFigures:
    """One event of the season.

    Attributes:
        number: its place among the events of the season, from 1.
        run_kind: how binding the figures are; None where nobody has worked it out.
        asked: meters that were asked; `joined` those of them that did not skip.
        measured: meters that could be measured; the delivered energy is theirs.
        delivered_wh: floored for each meter: what somebody used more is not taken off.
        nominated_kw: of those who were settled.
        credit, demand_savings: what the event cost, and what its kW would have cost at the wholesale price.
    """

    event: Event
    number: int
    run_kind: RunKind | None
    asked: int = 0
    joined: int = 0
    measured: int = 0
    delivered_wh: int = 0
    nominated_kw: Decimal = Decimal(0)
    credit: Decimal = NOTHING
    demand_savings: Decimal = NOTHING

    @property
    def hours(self) -> float:
        """How long it took."""
        return (self.event.end - self.event.start).total_seconds() / 3600

    @property
    def delivered_kw(self) -> float:
        """Mean kW of all together."""
        return self.delivered_wh / 1000 / self.hours

    @property
    def kw_each(self) -> float | None:
        """Mean kW per measured meter."""
        return self.delivered_kw / self.measured if self.measured else None

    @property
    def share_joined(self) -> float | None:
        """How many of those asked took part."""
        return self.joined / self.asked if self.asked else None

    @property
    def share_delivered(self) -> float | None:
        """Delivered of nominated."""
        return self.delivered_kw / float(self.nominated_kw) if self.nominated_kw else None


@dataclass(frozen=True)
class SeasonReport:
    """A program's season; `standby` is what its months of standing by cost besides, `adjusted` what adjustments do."""

    program: Program
    season: Season
    events: tuple[EventFigures, ...]
    standby: Decimal = NOTHING
    adjusted: Decimal = NOTHING

    @property
    def worked_out(self) -> list[EventFigures]:
        """The events that have figures."""
        return [each for each in self.events if each.run_kind is not None]

    @property
    def delivered_kw(self) -> float:
        """The sum of the events' mean kW."""
        return sum(each.delivered_kw for each in self.worked_out)

    @property
    def delivered_wh(self) -> int:
        """Saved in events."""
        return sum(each.delivered_wh for each in self.worked_out)

    @property
    def nominated_kw(self) -> Decimal:
        """The sum of what was nominated for the events."""
        return sum((each.nominated_kw for each in self.worked_out), Decimal(0))

    @property
    def share_delivered(self) -> float | None:
        """Delivered of nominated, over the events with nominations."""
        promised = [each for each in self.worked_out if each.nominated_kw]
        nominated = float(sum(each.nominated_kw for each in promised))
        return sum(each.delivered_kw for each in promised) / nominated if nominated else None

    @property
    def share_joined(self) -> float | None:
        """Of all the times that a meter was asked, how often it took part."""
        asked = sum(each.asked for each in self.events)
        return sum(each.joined for each in self.events) / asked if asked else None

    @property
    def cost(self) -> Decimal:
        """Rewards, adjustments of them, and pay for standing by."""
        return sum((each.credit for each in self.worked_out), NOTHING) + self.adjusted + self.standby

    @property
    def cost_per_kw(self) -> Decimal | None:
        """What one kW delivered in one event cost."""
        delivered = self.delivered_kw
        return round_half_up(self.cost / Decimal(repr(delivered))) if delivered else None

    @property
    def demand_savings(self) -> Decimal:
        """Delivered kW at the wholesale price of each event's terms."""
        return sum((each.demand_savings for each in self.worked_out), NOTHING)

    @property
    def net(self) -> Decimal:
        """What is left of the savings."""
        return self.demand_savings - self.cost

    @property
    def has_estimates(self) -> bool:
        """Whether a figure may still change."""
        return any(each.run_kind != RunKind.FINAL for each in self.worked_out)

    @property
    def fatigue(self) -> Fatigue:
        """kW per meter against the number of the event."""
        return fatigue([(each.number, each.kw_each) for each in self.worked_out if each.kw_each is not None])


def seasons_of(*, program: Program, today: date) -> list[Season]:
    """The seasons to choose from, the newest first: each published season, and each calendar year with an event.

    Today's year is always there. Two queries.
    """
    versions = ProgramVersion.objects.filter(program=program, published_at__isnull=False)
    dated = versions.filter(season_start__isnull=False, season_end__isnull=False)
    spans = {(first, last) for first, last in dated.values_list("season_start", "season_end") if first and last}
    starts = Event.objects.filter(program=program, is_test=False, state__in=OVER).values_list("start", flat=True)
    years = {today.year} | {local_day(start, program.zone).year for start in starts}
    named = [Season(f"{first}_{last}", first, last) for first, last in spans]
    named += [Season(str(year), date(year, 1, 1), date(year, 12, 31)) for year in years]
    return sorted(named, key=lambda season: (season.first, season.key), reverse=True)


def default_season(*, seasons: Sequence[Season], version: ProgramVersion | None, today: date) -> Season:
    """The season of the terms in force where they name one, else today's year."""
    if version is not None and version.season_start and version.season_end:
        wanted = f"{version.season_start}_{version.season_end}"
        return next(season for season in seasons if season.key == wanted)
    return next(season for season in seasons if season.key == str(today.year))


def season_report(*, program: Program, season: Season) -> SeasonReport:
    """All figures of a season. At most ten queries, two more per 500 events."""
    events = list(_events(program, season))
    runs = counted_runs(events)
    run_ids = [run.pk for run in runs.values()]
    measured, money = _measured(run_ids), _money(run_ids)
    asked = _asked(events)
    figures = tuple(
        EventFigures(
            event,
            number,
            RunKind(runs[event.pk].kind) if event.pk in runs else None,
            **asked.get(event.pk, {}),
            **measured.get(event.pk, {}),
            **money.get(event.pk, {}),
        )
        for number, event in enumerate(events, start=1)
    )
    standby = standby_of(program=program, first=season.first, last=season.last)
    return SeasonReport(program, season, figures, standby, _adjusted(figures, runs))


def _adjusted(figures: Sequence[EventFigures], runs: Mapping[int, SettlementRun]) -> Decimal:
    """What the ledger has for the events beside what their runs say, where the run that counts is posted."""
    counted = [run.pk for run in runs.values()]
    posted = set(LedgerBatch.objects.filter(run__in=counted).values_list("run__event", flat=True))
    owed = posted_for(posted)
    return sum((owed.get(each.event.pk, NOTHING) - each.credit for each in figures if each.event.pk in posted), NOTHING)


def events_in(program: Program, season: Season) -> QuerySet[Event]:
    """The events of a season that took place, tests left out."""
    start, end = day_bounds(season.first, program.zone)[0], day_bounds(season.last, program.zone)[1]
    return Event.objects.filter(program=program, is_test=False, state__in=OVER, start__gte=start, start__lt=end)


def _events(program: Program, season: Season) -> QuerySet[Event]:
    return events_in(program, season).select_related("program__distributor").order_by("start", "pk")


def _measured(run_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    # The measurement stands on one line of each meter; further lines have no baseline.
    lines = SettlementLine.objects.filter(run__in=run_ids).order_by()
    primary = Q(baseline_wh__isnull=False)
    rows = lines.values("run__event_id").annotate(
        measured=Count("pk", filter=primary & Q(status__in=MEASURED)),
        delivered=Sum("delivered_wh"),
        nominated=Sum("nomination_kw", filter=primary),
    )
    return {
        row["run__event_id"]: {
            "measured": row["measured"],
            "delivered_wh": int(row["delivered"] or 0),
            "nominated_kw": Decimal(str(row["nominated"] or 0)).quantize(Decimal("0.001")),
        }
        for row in rows
    }


def _money(run_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    lines = SettlementLine.objects.filter(run__in=run_ids).order_by().values("run__event_id")
    rows = lines.annotate(paid=sum_of_cents("credit"), spared=sum_of_cents("demand_savings"))
    return {
        row["run__event_id"]: {"credit": from_cents(row["paid"]), "demand_savings": from_cents(row["spared"])}
        for row in rows
    }


def _asked(events: Sequence[Event]) -> dict[int, dict[str, Any]]:
    rows = Participation.objects.filter(event__in=[event.pk for event in events]).order_by().values("event_id")
    counts = rows.annotate(
        asked=Count("pk", filter=~Q(state=ParticipationState.HELD_OUT)),
        joined=Count("pk", filter=~Q(state__in=NOT_COUNTED)),
    )
    return {row["event_id"]: {"asked": row["asked"], "joined": row["joined"]} for row in counts}
