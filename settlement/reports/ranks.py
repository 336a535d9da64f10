"""Who saved most in a season of a program, and how often each meter stayed below its forecast."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.intervals import day_bounds
from events.models import Participation, Program
from events.models.participation import NOT_COUNTED
from meters.models import Meter
from meters.selectors import BelowForecast
from meters.services.rollups import compared_of_meters
from settlement.models import SettlementLine
from settlement.reports.season import Season, events_in
from settlement.selectors import Saved, rank_by_savings, saved_by_meter

NO_FORECAST = BelowForecast(0, 0, 0, 0)


@dataclass(frozen=True)
class Place:
    """One meter's place by what it saved in the settled events of a season; equal savings share it.

    Attributes:
        joined: events that it took part in.
        below: its readings against its forecast over all of the season, the first system's figures.
    """

    rank: int
    meter: Meter
    saved: Saved
    joined: int
    below: BelowForecast


def season_ranks(*, program: Program, season: Season) -> list[Place]:
    """The meters that were asked in a season, who saved most first. A fixed number of queries.

    Only final runs count.
    """
    events = list(events_in(program, season).values_list("pk", flat=True))
    joined = _joined(events)
    saved = saved_by_meter(lines=SettlementLine.objects.filter(run__event__in=events))
    meters = Meter.objects.select_related("distributor").in_bulk(sorted({*joined, *saved}))
    start, end = day_bounds(season.first, program.zone)[0], day_bounds(season.last, program.zone)[1]
    below = compared_of_meters(meter_ids=list(meters), start=start, end=end) if meters else {}
    return [
        Place(
            place.rank,
            meters[place.meter_id],
            saved.get(place.meter_id, Saved()),
            joined.get(place.meter_id, 0),
            below.get(place.meter_id, NO_FORECAST),
        )
        for place in rank_by_savings(saved=saved, meter_ids=meters)
    ]


def _joined(events: Sequence[int]) -> dict[int, int]:
    """Meter id -> in how many of the events it took part; 0 for those who always skipped."""
    asked = Participation.objects.filter(event__in=events).values_list("meter_id", "state")
    found: dict[int, int] = {}
    for meter_id, state in asked:
        found[meter_id] = found.get(meter_id, 0) + (state not in NOT_COUNTED)
    return found
