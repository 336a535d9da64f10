"""An event made longer while it ran, and who stopped at the end that was told: measured, paid and shown to that end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from events.models import Participation
from events.services import record_completed_event
from events.tests.world import PAST, make_program
from meters.models import Prediction
from settlement.evidence.bundle import bundle_of
from settlement.evidence.verify import verify
from settlement.evidence.verify_reward import check
from settlement.services import settle
from settlement.tests.test_evidence import history, make_control_case
from settlement.tests.world import EVENT_DAY, make_case, put, told_before
from settlement.traces import opened
from tests.builder import make_world

pytestmark = pytest.mark.django_db
TOLD = datetime(2026, 7, 22, 21, tzinfo=UTC)
D = Decimal
FIGURES = (
    "status", "baseline_wh", "event_wh", "performance_wh", "delivered_wh", "nomination_kw", "performance_factor",
    "credit", "demand_savings",
)  # fmt: skip


def stops(event, meter, at=TOLD):
    Participation.objects.filter(event=event, meter=meter).update(until=at)


def figures(line):
    return {name: getattr(line, name) for name in FIGURES}


def primary(run, meter):
    lines = run.lines.select_related("run__event__program__distributor", "run__event__version", "meter", "holder")
    return lines.filter(meter=meter).order_by("pk").first()


@pytest.mark.parametrize("preset", ["three-day", "ten-in-ten-ratio-20", "five-in-ten"])
def test_who_stops_as_told_has_the_line_of_an_event_that_ended_then(preset):
    world = make_world()
    long, short = (make_program(world.here.distributor, name=name, preset=preset) for name in ("long", "short"))
    for meter, usual, now in ((world.here.home, 1000, 611), (world.here.school, 60_000, 20_000)):
        history(meter, usual, now)
    put(world.here.home, EVENT_DAY, 5000, hours=(17, 18))  # back to dinner: nobody is to pay for that
    longer = told_before(record_completed_event(program=long, start=PAST[0], end=PAST[1]))
    told = told_before(record_completed_event(program=short, start=PAST[0], end=TOLD))
    for meter in (world.here.home, world.here.school):
        stops(longer, meter)
    found, expected = settle(event=longer), settle(event=told)
    for meter in (world.here.home, world.here.school):
        mine, theirs = primary(found, meter), primary(expected, meter)
        assert figures(mine) == figures(theirs)
        assert {key: value for key, value in opened(mine).items() if key != "until"} == opened(theirs)


def test_the_others_count_to_the_later_end():
    world, _, event = make_case()
    before = figures(primary(settle(event=event), world.here.school))
    stops(event, world.here.home)
    run = settle(event=event)
    assert run.number == 2  # another end is another settlement
    assert figures(primary(run, world.here.school)) == before
    assert opened(primary(run, world.here.home))["event"]["end"] == "2026-07-22T21:00:00Z"


def test_a_penalty_is_by_the_hours_agreed_to():
    world, _, event = make_case(penalty_per_kw=D(3))
    put(world.here.school, EVENT_DAY, 60_000, hours=(17, 18))
    told_before(event)
    assert settle(event=event).lines.get(meter=world.here.school, kind="penalty").credit == D("-30.00")
    stops(event, world.here.school)
    assert not settle(event=event).lines.filter(meter=world.here.school, kind="penalty").exists()


@pytest.mark.parametrize(
    "terms", [{}, {"rate_per_kwh": D("0.5"), "penalty_per_kw": D(3)}, {"preset": "ten-in-ten-ratio-20"}]
)
@pytest.mark.parametrize("is_gap", [False, True])
def test_both_verifiers_count_to_the_same_end(terms, is_gap):
    world, _, event = make_case(**terms)
    history(world.here.home, 1000, 611)
    if is_gap:
        world.here.home.readings.filter(start=PAST[0]).delete()
    told_before(event)
    stops(event, world.here.home)
    stops(event, world.here.school, TOLD - timedelta(minutes=30))
    run = settle(event=event)
    for meter in (world.here.home, world.here.school):
        data = bundle_of(primary(run, meter))
        assert verify(data).wrong == []
        assert [words for holds, words in check(data)[0] if not holds] == []
        assert data["participant"]["until"] < data["header"]["event"]["end"]


def test_the_same_ends_are_the_same_run():
    world, _, event = make_case()
    stops(event, world.here.home)
    assert settle(event=event) == settle(event=event)
    stops(event, world.here.home, None)
    assert settle(event=event).number == 2


def test_an_end_that_is_no_earlier_than_the_events_changes_nothing():
    world, _, event = make_case()
    run = settle(event=event)
    stops(event, world.here.home, event.end)
    assert settle(event=event) == run


def shown_right(line):
    data = bundle_of(line)
    return verify(data).wrong == [] and all(holds for holds, _words in check(data)[0])


def test_predictions_count_to_the_same_end():
    world, _, event = make_case(preset="forecast")
    for number in range(4):
        Prediction.objects.create(
            meter=world.here.home, start=PAST[0] + number * timedelta(minutes=30), wh=1000, lower_wh=0,
            upper_wh=9000, issued_at=PAST[0] - timedelta(hours=20), forecast_number=1,
        )  # fmt: skip
    stops(event, world.here.home)
    line = primary(settle(event=event), world.here.home)
    assert (line.baseline_wh, line.event_wh, shown_right(line)) == ("2000/1", 1200, True)


def test_homes_held_out_by_lot_are_compared_to_the_same_end():
    world, event = make_control_case(6)
    stops(event, world.here.home)
    line = primary(settle(event=event), world.here.home)
    assert (line.status, len(opened(line)["slots"]), shown_right(line)) == ("ok", 2, True)
