"""What a meter used before its holder had it is nobody's baseline and stands in no evidence."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from events.models import Participation, ParticipationState
from events.services import record_completed_event
from events.tests.world import PAST, make_program
from meters.models import Exclusion, IntervalReading, MeterMap, Prediction
from settlement.baselines import PRESETS, get_preset, rule_data, rule_hash
from settlement.errors import NoEvidence
from settlement.models import BaselineRule, LineStatus
from settlement.placebo.noise import noise_of
from settlement.services import settle
from settlement.services.lines import common_of, lines_of
from settlement.services.measuring.case import open_case
from settlement.services.measuring.participants import read_participants, read_states, states_of
from settlement.services.measuring.work import Measurement
from settlement.services.paying import open_pay
from settlement.tests.test_evidence import DAYS, both, bundle, history, opened_line
from settlement.tests.world import EVENT_DAY, local, put
from settlement.traces import opened
from tests.builder import make_meter, make_user, make_world, map_meter

pytestmark = pytest.mark.django_db
DAY_MATCHING = [name for name, preset in PRESETS.items() if preset.method == "DAY_MATCHING"]
# A Tuesday six business days before the event.
MOVED = date(2026, 7, 14)


def moved_in(world, at):
    """The newcomer who has the home from that moment on, in place of its resident."""
    MeterMap.objects.filter(meter=world.here.home, entity_id=world.here.resident.pk).update(valid_to=at)
    newcomer = make_user(world.here.distributor)
    map_meter(world.here.home, newcomer, valid_from=at)
    return newcomer


def make_moved(at=None, **terms):
    """A world whose home changed hands at noon of the moving day, and a past event."""
    world = make_world()
    newcomer = moved_in(world, at or local(MOVED, 12))
    program = make_program(world.here.distributor, **terms)
    history(world.here.home, 1000, 611)
    history(world.here.school, 60_000, 20_000)
    return world, newcomer, record_completed_event(program=program, start=PAST[0], end=PAST[1])


def outcomes(data):
    return {date.fromisoformat(row["day"]): row["outcome"] for row in data["result"]["usual"]["days"]}


def holds(data):
    verdict, wrong = both(data)
    return verdict.wrong == wrong == []


@pytest.mark.parametrize("preset", DAY_MATCHING)
def test_no_reading_of_the_former_holder_is_looked_at_or_handed_over(preset):
    world, newcomer, event = make_moved(preset=preset)
    line = opened_line(settle(event=event), world.here.home)
    data = bundle(line.run, world.here.home)
    starts = [start for start, _wh, _estimated in data["participant"]["readings"]]
    own = IntervalReading.objects.visible_to(newcomer).filter(meter=world.here.home, start__in=starts)
    assert line.holder_id == newcomer.pk
    assert own.count() == len(starts) > 0
    assert min(starts) > local(MOVED, 23).isoformat()
    kept = {day for day, why in outcomes(data).items() if why in ("USED", "KEPT", "NOT_SELECTED")}
    assert min(kept) > MOVED
    others = {day for day, why in outcomes(data).items() if why == "OTHER_HOLDER"}
    assert all(day <= MOVED for day in others)
    assert holds(data)
    # Whoever gives back the days of others is found out.
    if others:
        data["participant"]["excluded"] = {}
        assert not holds(data)


def test_days_of_others_do_not_count_in_a_trial_either():
    world, _newcomer, event = make_moved()
    run = settle(event=event, preset="ten-in-ten-ratio-20")
    data = bundle(run, world.here.home)
    assert {why for day, why in outcomes(data).items() if day <= MOVED} <= {"OTHER_HOLDER", "WEEKEND", "HOLIDAY"}
    # Five own business days suffice for this rule; others' would have filled the ten.
    assert list(outcomes(data).values()).count("USED") == 5
    assert holds(data)


def test_who_has_come_too_late_is_not_measured_by_others_ordinary_or_event_days():
    world, newcomer, event = make_moved(local(date(2026, 7, 20), 12), preset="ten-in-ten")
    for number, day in enumerate(DAYS[4:12]):
        span = {"start": local(day, 16), "end": local(day, 18), "source": f"test {number}"}
        Exclusion.objects.create(distributor=world.here.distributor, kind="event", meter=world.here.home, **span)
    line = opened_line(settle(event=event), world.here.home)
    data = bundle(line.run, world.here.home)
    assert (line.status, line.credit, line.holder_id) == (LineStatus.INSUFFICIENT_HISTORY, 0, newcomer.pk)
    assert "EVENT_DAY" not in outcomes(data).values()
    assert holds(data)


@pytest.mark.parametrize("name", ["ten-in-ten-ratio-20", "predicted-ratio"])
def test_hours_of_the_event_day_before_the_move_are_not_compared_or_handed_over(name):
    world = make_world()
    newcomer = moved_in(world, local(EVENT_DAY, 14))
    adjustment = get_preset("ten-in-ten-ratio-20").adjustment
    rule = replace(get_preset("forecast"), name="predicted-ratio", adjustment=adjustment)
    make_own(world, rule)
    program = make_program(world.here.distributor, preset=name)
    history(world.here.home, 1000, 611)
    for start in (local(EVENT_DAY, 12) + number * timedelta(minutes=30) for number in range(12)):
        Prediction.objects.create(
            meter=world.here.home, start=start, wh=900, lower_wh=0, upper_wh=9000,
            issued_at=local(EVENT_DAY, 1), forecast_number=1,
        )  # fmt: skip
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    data = bundle(settle(event=event), world.here.home)
    starts = [start for start, _wh, _estimated in data["participant"]["readings"]]
    own = IntervalReading.objects.visible_to(newcomer).filter(meter=world.here.home, start__in=starts)
    assert own.count() == len(starts) == 6
    if name == "predicted-ratio":
        assert data["result"]["usual"]["flags"] == ["WINDOW_INCOMPLETE"]
        assert data["result"]["status"] == "ok"
    assert holds(data)


def make_own(world, rule):
    """The rule as one of the distributor's own."""
    data = rule_data(rule)
    BaselineRule.objects.create(
        distributor=world.here.distributor, name=rule.name, description=rule.description, data=data,
        sha256=rule_hash(rule),
    )  # fmt: skip


def test_a_day_that_begins_with_the_move_is_the_newcomers():
    world, _newcomer, event = make_moved(local(MOVED, 0), preset="ten-in-ten")
    data = bundle(settle(event=event), world.here.home)
    assert outcomes(data)[MOVED] == "USED"
    assert outcomes(data)[MOVED - timedelta(days=1)] == "OTHER_HOLDER"


def test_a_holder_whose_row_was_ended_and_begun_again_keeps_all_days():
    world = make_world()
    map_of = MeterMap.objects.filter(meter=world.here.home, entity_id=world.here.resident.pk)
    map_of.update(valid_to=local(MOVED, 12))
    map_meter(world.here.home, world.here.resident, valid_from=local(MOVED, 12))
    program = make_program(world.here.distributor, preset="ten-in-ten")
    history(world.here.home, 1000, 611)
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    data = bundle(settle(event=event), world.here.home)
    assert "OTHER_HOLDER" not in outcomes(data).values()


def test_who_had_the_meter_for_long_keeps_the_fingerprint_that_it_had_before():
    world, _newcomer, event = make_moved(preset="three-day")
    data = bundle(settle(event=event), world.here.school)["participant"]
    assert set(data) == {"meter", "holder", "minutes", "nomination_kw", "excluded", "readings"}
    # The rule never came to the days before the move.
    assert set(bundle(settle(event=event), world.here.home)["participant"]) == set(data)


def test_a_move_that_is_dated_anew_is_another_input_and_the_old_evidence_is_closed():
    world, newcomer, event = make_moved(preset="ten-in-ten")
    first = settle(event=event)
    maps = MeterMap.objects.filter(meter=world.here.home)
    maps.filter(entity_id=newcomer.pk).update(valid_from=local(date(2026, 7, 16), 12))
    assert sorted(states_of(read_participants(event=event))) == sorted(read_states(event))
    second = settle(event=event)
    assert second.pk != first.pk
    assert holds(bundle(second, world.here.home))
    with pytest.raises(NoEvidence, match="before you had the meter"):
        bundle(first, world.here.home)


def test_the_one_by_one_way_says_the_same_of_a_newcomer():
    world, _newcomer, event = make_moved(preset="three-day")
    put(world.here.home, EVENT_DAY - timedelta(days=1), 990, quality=1)
    case, paying = open_case(event=event, preset="ten-in-ten"), open_pay(event)
    run = settle(event=event, preset="ten-in-ten")
    for row in Measurement(case).rows(read_participants(event=event)):
        line = lines_of(run, case, row, paying)[0]
        kept = run.lines.get(meter=line.meter_id)
        assert (line.inputs_sha256, opened(line)) == (kept.inputs_sha256, opened(kept))
    assert common_of(case) == run.common


def test_a_home_that_was_held_out_is_not_judged_by_its_former_holder():
    world = make_world()
    program = make_program(world.here.distributor, preset="control-group", control_share=Decimal("0.1"))
    history(world.here.home, 1000, 611)
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    for number in range(6):
        meter, holder = make_meter(world.here.distributor, f"held-{number}"), make_user(world.here.distributor)
        map_meter(meter, holder, valid_from=local(date(2026, 7, 20) if number == 5 else MOVED, 0))
        history(meter, 800 + 40 * number, 700 + 30 * number)
        Participation.objects.create(event=event, meter=meter, holder=holder, state=ParticipationState.HELD_OUT)
    data = bundle(settle(event=event), world.here.home)
    assert data["participant"]["basis"]["members"] == 5


def test_the_noise_beside_a_reward_is_the_holders_own():
    world, _newcomer, event = make_moved(preset="three-day")
    before = noise_of(opened_line(settle(event=event), world.here.home))
    assert noise_of(opened_line(settle(event=event), world.here.school)).days > 8
    assert not hasattr(before, "days")


def test_days_of_earlier_events_stand_in_the_evidence_without_their_readings():
    world, _newcomer, event = make_moved(preset="ten-in-ten")
    span = {"start": local(DAYS[1], 16), "end": local(DAYS[1], 18), "source": "event 9"}
    Exclusion.objects.create(distributor=world.here.distributor, kind="event", meter=world.here.school, **span)
    data = bundle(settle(event=event), world.here.school)
    assert outcomes(data)[DAYS[1]] == "EVENT_DAY"
    assert not any(start.startswith(DAYS[1].isoformat()) for start, _wh, _guess in data["participant"]["readings"])
    assert holds(json.loads(json.dumps(data)))
