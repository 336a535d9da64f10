"""Events that pay by predictions and are moved, prolonged or announced early: each hour has its own notice."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from events.models import EventState
from events.services import advance_events, change_event
from events.tests.world import make_announced, make_program
from meters.models import IntervalReading, Prediction
from settlement.baselines import Event, MeterHistory, Predicted, Reading, Told, forecast_baseline, get_preset, make_plan
from settlement.evidence import verify_reward
from settlement.evidence.bundle import bundle_of
from settlement.evidence.recompute import recompute
from settlement.evidence.verify import verify
from settlement.models import FrozenPrediction, SettlementLine, ToldSpan
from settlement.services import settle
from settlement.services.freeze import note_told
from tests.builder import make_world

HALF_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZONE = ZoneInfo("America/New_York")


def predict(meter, start, hours, wh, issued_at):
    """The forecast in force from now on; it replaces the one before."""
    starts = [start + number * HALF_HOUR for number in range(2 * hours)]
    Prediction.objects.filter(meter=meter, start__in=starts).delete()
    Prediction.objects.bulk_create(
        Prediction(
            meter=meter, start=moment, wh=wh, lower_wh=0, upper_wh=90_000, issued_at=issued_at, forecast_number=1
        )
        for moment in starts
    )


def use(meter, start, hours, wh):
    starts = [start + number * HALF_HOUR for number in range(2 * hours)]
    IntervalReading.objects.bulk_create(IntervalReading(meter=meter, start=moment, energy_wh=wh) for moment in starts)


def settled_line(event, meter):
    run = settle(event=event)
    lines = SettlementLine.objects.select_related("run__event__program__distributor", "run__event__version", "meter")
    return lines.filter(run=run, meter=meter).order_by("pk").first()


def holds_everywhere(line):
    """The evidence of a line, after portal and single file came to its cents."""
    data = json.loads(json.dumps(bundle_of(line)))
    assert verify(data).wrong == []
    assert [words for holds, words in verify_reward.check(data)[0] if not holds] == []
    assert recompute(data) == verify_reward.recompute(data) == data["result"]
    return data


@pytest.fixture
def told(db, time_machine):
    """A world, its event of tomorrow 18:00 to 19:00 by predictions, and the time machine."""
    time_machine.move_to(datetime(2026, 7, 20, 14, 0, 0, 700_000, tzinfo=ZONE), tick=False)
    world = make_world()
    program = make_program(world.here.distributor, preset="forecast")
    start = datetime(2026, 7, 21, 18, tzinfo=ZONE)
    # Within the very second of the notice.
    predict(world.here.home, start, 1, 1000, datetime(2026, 7, 20, 14, 0, 0, 500_000, tzinfo=ZONE))
    event = make_announced(program, days=1)
    event = change_event(event=event, start=start, end=start + HOUR)
    return world, event, start, time_machine


@pytest.mark.django_db
def test_a_moved_event_is_paid_by_what_was_predicted_before_it_was_moved(told):
    world, event, start, clock = told
    thursday = start + 2 * DAY
    clock.move_to(start - 6 * HOUR, tick=False)
    predict(world.here.home, thursday, 1, 1200, start - 7 * HOUR)
    event = change_event(event=event, start=thursday, end=thursday + HOUR)
    # A later forecast knows of the event.
    predict(world.here.home, thursday, 1, 3000, thursday - 3 * HOUR)
    use(world.here.home, thursday, 1, 700)
    clock.move_to(thursday + DAY, tick=False)
    advance_events()
    line = settled_line(event, world.here.home)
    assert (line.status, line.baseline_wh, line.delivered_wh) == ("ok", "2400/1", 1000)
    data = holds_everywhere(line)
    data["participant"]["basis"]["predictions"][0][2] = (thursday - HOUR).isoformat()
    assert recompute(data)["status"] == verify_reward.recompute(data)["status"] == "insufficient_history"


@pytest.mark.django_db
def test_hours_added_while_it_runs_have_the_notice_of_their_own(told):
    world, event, start, clock = told
    home = world.here.home
    # The morning's forecast: it knows of the first hour, and not that there will be a second.
    predict(home, start, 2, 5000, start - 10 * HOUR)
    clock.move_to(start + HALF_HOUR, tick=False)
    advance_events()
    event.refresh_from_db()
    assert event.state == EventState.ACTIVE
    event = change_event(event=event, start=start, end=start + 2 * HOUR)
    predict(home, start + HOUR, 1, 9000, start + HALF_HOUR + timedelta(minutes=1))
    use(home, start, 2, 700)
    clock.move_to(start + DAY, tick=False)
    advance_events()
    line = settled_line(event, home)
    # The first hour by what was known on the day before, the second by the morning's.
    assert (line.status, line.baseline_wh) == ("ok", "12000/1")
    assert len(holds_everywhere(line)["participant"]["basis"]["told"]) == ToldSpan.objects.count()


@pytest.mark.django_db
def test_an_hour_moved_away_and_back_keeps_its_first_notice(told):
    world, event, start, clock = told
    event = change_event(event=event, start=start + HOUR, end=start + 2 * HOUR)
    predict(world.here.home, start, 3, 5000, start - 10 * HOUR)
    clock.move_to(start - 9 * HOUR, tick=False)
    event = change_event(event=event, start=start, end=start + HOUR)
    use(world.here.home, start, 1, 700)
    clock.move_to(start + DAY, tick=False)
    advance_events()
    assert settled_line(event, world.here.home).baseline_wh == "2000/1"


@pytest.mark.django_db
def test_an_event_announced_before_anything_was_predicted_pays_nobody(told):
    world, event, start, clock = told
    school = world.here.school
    predict(school, start, 1, 60_000, start - 10 * HOUR)
    use(school, start, 1, 20_000)
    clock.move_to(start + DAY, tick=False)
    advance_events()
    assert settled_line(event, school).status == "insufficient_history"
    assert FrozenPrediction.objects.filter(meter=school).count() == 0


@pytest.mark.django_db
def test_the_same_hours_said_again_are_no_new_notice(told):
    _world, event, _start, clock = told
    count = ToldSpan.objects.count()
    clock.shift(HOUR)
    assert not note_told(event=event)
    assert ToldSpan.objects.count() == count


def test_each_interval_has_the_limit_of_its_own_notice():
    """Told Monday of 18:00 to 19:00, and at 18:30 of the hour until 20:00."""
    monday, start = datetime(2026, 7, 20, 14, tzinfo=UTC), datetime(2026, 7, 21, 22, tzinfo=UTC)
    told = (Told(monday, start, start + HOUR), Told(start + HALF_HOUR, start, start + 2 * HOUR))
    plan = make_plan(get_preset("forecast"), Event(start, start + 2 * HOUR, ZONE, monday), 30, frozenset())
    readings = {moment: Reading(400) for moment in plan.slots}
    issued = [monday, monday, start, start]
    known = {moment: Predicted(1000, at) for moment, at in zip(plan.slots, issued, strict=True)}
    found = forecast_baseline(plan, MeterHistory(readings, 30), known, told=told)
    assert (found.status, found.baseline_wh) == ("OK", 4000)
    late = known | {plan.slots[1]: Predicted(1000, start)}
    assert forecast_baseline(plan, MeterHistory(readings, 30), late, told=told).status == "INSUFFICIENT_HISTORY"
