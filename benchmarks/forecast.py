"""An issue of forecasts from readings to predictions, against the engine alone on arrays in memory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks import world
from benchmarks.clock import interleaved
from benchmarks.database import fill
from benchmarks.report import Goal, Of, Row, rates
from forecasting.engines import forecast
from forecasting.histories import Known, known_at
from forecasting.services import ENGINES, issue_forecast
from meters.models import Meter, Prediction
from organizations.models import Distributor
from tests.builder import make_distributor

METERS = {"small": 20, "full": 1_000}
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
TIMES = 3
# Whole days before the first issue; there are more readings than the 90 days that are looked at.
DAYS = 91
HOURS = 48
GOALS = (Goal("≥", 0.5), Goal("≥", 150, Of.CORE))


def measure(scale: str) -> Iterator[Row]:
    """Half-hour meters with 91 days of readings, 48 hours ahead; each repetition issues a day later."""
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, METERS[scale])
    slots = (DAYS + 2 * TIMES) * world.SLOTS_PER_DAY
    fill(world.make_readings(meters, FIRST, world.make_energies(len(meters), slots)))
    for engine in ENGINES:
        yield _row(distributor, meters, engine)


def _row(distributor: Distributor, meters: list[Meter], engine: str) -> Row:
    first_day = DAYS + TIMES * ENGINES.index(engine)
    issues = [FIRST + timedelta(days=first_day + number) for number in range(TIMES)]
    known = [known_at(meters, issued_at, frozenset()) for issued_at in issues]
    took = interleaved(
        TIMES,
        {
            "portal": lambda number: issue_forecast(distributor=distributor, issued_at=issues[number], engine=engine),
            "engine": lambda number: _fit_all(list(known[number].values()), issues[number], engine),
        },
    )
    numbers = Prediction.objects.filter(meter__in=meters, start__gte=issues[-1])
    assert numbers.count() == len(meters) * HOURS * 2, "every meter has its predictions"
    what = f"{engine}: readings to predictions / engine in memory"
    # The goals are of the engine that issues by default.
    goals = GOALS if engine == ENGINES[0] else ()
    return rates(what, "meters/s", len(meters), took["portal"], took["engine"], goals)


def _fit_all(known: list[Known], issued_at: datetime, engine: str) -> None:
    for each in known:
        forecast(each.history, issued_at, HOURS * 2, engine)
