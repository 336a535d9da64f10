"""Integrity flags: found by hand-worked numbers, decided by people, and never in the way of a reward."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from accounts.models import AuditEntry
from events.models import Enrollment, EnrollmentState, Participation, ParticipationState
from events.services import record_completed_event
from events.tests.world import make_program
from meters.models import IntervalReading
from settlement.errors import FlagDecided
from settlement.integrity import high_pool, old_pool, record_delivery, window_load
from settlement.models import FlagCheck, FlagKind, FlagState, IntegrityFlag, SettlementRun
from settlement.selectors import open_flags
from settlement.services import settle
from settlement.services.flags import check_due_runs, check_run, decide_flag
from settlement.tests.world import EVENT_DAY, local, make_case, put
from settlement.words.flags import flag_words
from tests.builder import make_meter

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def business_days(count, before=EVENT_DAY):
    found, day = [], before
    while len(found) < count:
        day -= DAY
        if day.weekday() < 5:
            found.append(day)
    return found


def flags_of(meter):
    return {flag.kind: flag for flag in IntegrityFlag.objects.filter(line__meter=meter)}


def test_three_sigmas_by_hand():
    """10 and 14 by turns: mean 12, deviation √(48/11) = 2.089; 18.3 lies 3.02 above, 18.2 only 2.97."""
    history = [10.0, 14.0] * 6
    assert window_load(18.2, history) is None
    assert window_load(18.3, history) == {"wh": 18.3, "mean_wh": 12.0, "sigmas": 3.016, "days": 12}
    assert window_load(99, history[:8]) is None
    assert window_load(99, [12.0] * 12) is None


def test_old_and_high_pools_and_records_by_hand():
    assert old_pool(date(2026, 7, 22), [date(2026, 6, 20), date(2026, 6, 21)]) == {"days": 31}
    assert old_pool(date(2026, 7, 22), []) is None
    assert high_pool([100, 160], [100.0] * 10) == {"pool_wh": 130.0, "before_wh": 100.0, "share": 0.3}
    assert high_pool([100], [0.0] * 10) is None
    assert record_delivery(2.1, [1, 2, 0]) == {"kw": 2.1, "most_kw": 2.0, "events": 3}


def test_an_ordinary_run_has_no_flags_and_is_looked_at_once():
    _world, _program, event = make_case()
    run = settle(event=event)
    assert check_run(run=run) == 0
    assert FlagCheck.objects.get(run=run).found == 0
    assert check_due_runs() == 0


def test_use_raised_before_the_event_is_flagged_and_the_reward_stays():
    world, _program, event = make_case(preset="three-day-additive-20")
    home = world.here.home
    for number, day in enumerate(business_days(20)):
        put(home, day, 1000 + 10 * (number % 2))
    put(home, EVENT_DAY, 3000, hours=(12, 15))
    run = settle(event=event)
    before = run.lines.get(meter=home).credit
    assert check_due_runs() == 1
    flag = flags_of(home)[FlagKind.WINDOW_LOAD]
    # Three hours of 3000 Wh a half hour, where 1000 or 1010 were usual.
    assert (flag.numbers["wh"], flag.numbers["mean_wh"], flag.numbers["days"]) == (18000, 6030, 20)
    assert "18.000 kWh were used" in flag_words(flag)
    assert run.lines.get(meter=home).credit == before
    assert SettlementRun.objects.get(pk=run.pk).sealed_at is not None


def test_a_rule_without_adjustment_gains_nothing_by_use_before_the_event():
    world, _program, event = make_case(preset="three-day")
    for number, day in enumerate(business_days(20)):
        put(world.here.home, day, 1000 + 10 * (number % 2))
    put(world.here.home, EVENT_DAY, 3000, hours=(12, 15))
    settle(event=event)
    check_due_runs()
    assert FlagKind.WINDOW_LOAD not in flags_of(world.here.home)


def test_high_comparable_days_are_flagged():
    world, _program, event = make_case(preset="three-day")
    for day in business_days(30)[3:]:
        put(world.here.home, day, 500)
    settle(event=event)
    check_due_runs()
    flag = flags_of(world.here.home)[FlagKind.HIGH_POOL]
    # 3 days of 1000, and 27 of 500 before them.
    assert flag.numbers == {"pool_wh": 1000.0, "before_wh": 500.0, "share": 1.0}
    assert "100 % more" in flag_words(flag)


def test_old_comparable_days_are_flagged():
    world, _program, event = make_case(preset="three-day")
    home = world.here.home
    IntervalReading.objects.filter(meter=home).delete()
    old = business_days(40)[30:33]
    for day in old:
        put(home, day, 1000)
    put(home, EVENT_DAY, 600)
    settle(event=event)
    check_due_runs()
    flag = flags_of(home)[FlagKind.OLD_POOL]
    assert flag.numbers == {"days": (EVENT_DAY - old[0]).days}


def test_a_meter_in_two_programs_is_flagged_with_the_other_ones_name():
    world, _program, event = make_case(preset="three-day")
    other = make_program(world.here.distributor, name="Other offer")
    # Only the home stays in it.
    Enrollment.objects.filter(program=other).exclude(meter=world.here.home).delete()
    Enrollment.objects.filter(program=other).update(enrolled_at=event.start - DAY)
    settle(event=event)
    check_due_runs()
    flag = flags_of(world.here.home)[FlagKind.TWO_PROGRAMS]
    assert flag.numbers == {"programs": ["Other offer"], "called": False}
    assert "Other offer" in flag_words(flag)
    assert FlagKind.TWO_PROGRAMS not in flags_of(world.here.school)


def test_the_days_that_a_rule_does_not_average_are_of_its_pool_all_the_same():
    """Five days of 1000 and five of 600 in the pool: the five highest are averaged, the pool is 800."""
    world, _program, event = make_case(preset="high-five-of-ten")
    for number, day in enumerate(business_days(40)):
        put(world.here.home, day, 1000 if number < 5 else 600 if number < 10 else 700)
    settle(event=event)
    check_due_runs()
    assert FlagKind.HIGH_POOL not in flags_of(world.here.home)


def test_the_newest_day_of_the_pool_counts_whether_it_is_averaged_or_not():
    world, _program, event = make_case(preset="high-five-of-ten")
    home = world.here.home
    IntervalReading.objects.filter(meter=home).delete()
    for number, day in enumerate(business_days(40)):
        # All but the newest lie more than 30 days back, and are higher.
        if number == 0 or number >= 23:
            put(home, day, 500 if number == 0 else 1000)
    put(home, EVENT_DAY, 600)
    settle(event=event)
    check_due_runs()
    assert FlagKind.OLD_POOL not in flags_of(home)


def honest_town(count=300):
    """Meters whose hours are drawn alike each day, log-normal with a deviation of 0.35: Wh by (meter, day, hour)."""
    random = np.random.default_rng(20261123)
    days = [EVENT_DAY, *business_days(45)]
    energy = np.rint(random.lognormal(7, 0.35, (count, len(days), 6))).astype(int)
    return days, energy


def test_of_honest_meters_as_many_are_flagged_as_the_definitions_say():
    world, _program, event = make_case(preset="high-five-of-ten-ratio-20")
    days, energy = honest_town()
    meters = [make_meter(world.here.distributor, f"town-{n}", interval_minutes=60) for n in range(len(energy))]
    IntervalReading.objects.bulk_create(
        IntervalReading(meter=meter, start=local(day, 12 + hour), energy_wh=int(energy[row, at, hour]))
        for row, meter in enumerate(meters)
        for at, day in enumerate(days)
        for hour in range(6)
    )
    Participation.objects.bulk_create(
        Participation(event=event, meter=meter, state=ParticipationState.MEASURED) for meter in meters
    )
    run = settle(event=event)
    check_run(run=run)
    found = IntegrityFlag.objects.filter(line__run=run, line__meter__in=meters)
    flagged = {kind: set(found.filter(kind=kind).values_list("line__meter", flat=True)) for kind in FlagKind.values}
    # 14:00 to 16:00 local is the event's; its window are the three hours that end one hour before.
    within = sum((event.start - day * DAY).date() in days for day in range(1, 61))
    usual = energy[:, 1 : within + 1, 4:6].mean(axis=2)
    pool, before = usual[:, :10].mean(axis=1), usual[:, 10:].mean(axis=1)
    high = {meters[row].pk for row in np.flatnonzero(pool > 1.25 * before)}
    window = energy[:, : within + 1, 0:3].sum(axis=2)
    spread = window[:, 1:].std(axis=1, ddof=1)
    odd = {meters[row].pk for row in np.flatnonzero(window[:, 0] > window[:, 1:].mean(axis=1) + 3 * spread)}
    assert flagged[FlagKind.HIGH_POOL] == high
    assert flagged[FlagKind.WINDOW_LOAD] == odd
    assert len(high) <= 0.03 * len(meters)
    assert len(odd) <= 0.03 * len(meters)
    assert not flagged[FlagKind.OLD_POOL] | flagged[FlagKind.TWO_PROGRAMS] | flagged[FlagKind.RECORD]


def test_of_a_late_notice_the_hours_before_it_are_looked_at():
    """Told at noon of an event at 16:00: the rule compares 9 to 12 and not 12 to 15."""
    world, _program, event = make_case(preset="three-day-additive-20")
    home = world.here.home
    for number, day in enumerate(business_days(20)):
        put(home, day, 1000 + 10 * (number % 2), hours=(8, 18))
    put(home, EVENT_DAY, 1000, hours=(8, 12))
    put(home, EVENT_DAY, 3000, hours=(12, 15))
    type(event).objects.filter(pk=event.pk).update(notified_at=local(EVENT_DAY, 12))
    event.refresh_from_db()
    settle(event=event)
    check_due_runs()
    assert FlagKind.WINDOW_LOAD not in flags_of(home)
    put(home, EVENT_DAY, 3000, hours=(9, 12))
    settle(event=event)
    check_due_runs()
    assert flags_of(home)[FlagKind.WINDOW_LOAD].numbers["wh"] == 18000


@pytest.mark.parametrize("became", ["left", "paused", "asked again"])
def test_what_became_of_the_other_program_since_changes_nothing(became):
    world, _program, event = make_case(preset="three-day")
    other = make_program(world.here.distributor, name="Other offer")
    Enrollment.objects.filter(program=other).exclude(meter=world.here.home).delete()
    Enrollment.objects.filter(program=other).update(enrolled_at=event.start - DAY)
    row = Enrollment.objects.get(program=other)
    if became == "paused":
        row.state = EnrollmentState.PAUSED
    else:
        row.ended_at = event.start + DAY
    row.save()
    if became == "asked again":
        row.state, row.enrolled_at, row.ended_at = EnrollmentState.APPLIED, event.end + 2 * DAY, None
        row.save()
    settle(event=event)
    check_due_runs()
    assert flags_of(world.here.home)[FlagKind.TWO_PROGRAMS].numbers["programs"] == ["Other offer"]


@pytest.mark.parametrize("was", ["left before", "joined later", "refused"])
def test_who_was_not_in_the_other_program_then_is_not_flagged(was):
    world, _program, event = make_case(preset="three-day")
    other = make_program(world.here.distributor, name="Other offer")
    fields = {
        "left before": {"enrolled_at": event.start - 2 * DAY, "ended_at": event.start - DAY},
        "joined later": {"enrolled_at": event.start + DAY},
        "refused": {"enrolled_at": event.start - DAY, "state": EnrollmentState.REFUSED},
    }[was]
    Enrollment.objects.filter(program=other).update(**fields)
    settle(event=event)
    check_due_runs()
    assert FlagKind.TWO_PROGRAMS not in flags_of(world.here.home)


@pytest.fixture
def flag():
    """A flag of an old pool, as if found."""
    _world, _program, event = make_case()
    run = settle(event=event)
    FlagCheck.objects.create(run=run)
    line = run.lines.order_by("pk").first()
    found = IntegrityFlag.objects.create(line=line, kind=FlagKind.OLD_POOL, numbers={"days": 40})
    found.admin = _world.here.admin
    return found


def test_a_decision_needs_a_note_and_leaves_its_line_in_the_history(flag):
    with pytest.raises(FlagDecided, match="note"):
        decide_flag(flag=flag, state="cleared", note="  ", by=flag.admin)
    with pytest.raises(FlagDecided, match="too long"):
        decide_flag(flag=flag, state="cleared", note="x" * 301, by=flag.admin)
    found = decide_flag(flag=flag, state="cleared", note="Holiday home", by=flag.admin)
    assert (found.state, found.decided_by, found.note) == (FlagState.CLEARED, flag.admin, "Holiday home")
    assert AuditEntry.objects.filter(tenant=flag.admin.tenant_id, act="flag.decide").exists()
    assert not open_flags(IntegrityFlag.objects.all()).exists()


def test_of_two_decisions_at_once_the_second_is_told(flag):
    decide_flag(flag=flag, state="confirmed", note="Seen", by=flag.admin)
    with pytest.raises(FlagDecided, match="meanwhile"):
        decide_flag(flag=flag, state="confirmed", note="Seen too", by=flag.admin)
    again = decide_flag(flag=flag, state="open", note="New facts", by=flag.admin)
    assert (again.state, again.decided_by, again.decided_at) == (FlagState.OPEN, None, None)


def test_what_was_decided_holds_for_a_later_run_with_the_same_numbers():
    world, _program, event = make_case(preset="three-day")
    home = world.here.home
    for day in business_days(30)[3:]:
        put(home, day, 500)
    settle(event=event)
    check_due_runs()
    decide_flag(flag=flags_of(home)[FlagKind.HIGH_POOL], state="cleared", note="Heat wave", by=world.here.admin)
    # Only the school's readings change.
    put(world.here.school, EVENT_DAY, 30_000)
    settle(event=event)
    check_due_runs()
    states = IntegrityFlag.objects.filter(line__meter=home, kind=FlagKind.HIGH_POOL).values_list("state", "note")
    assert list(states) == [("cleared", "Heat wave")] * 2


def test_a_record_takes_three_earlier_events():
    world, program, event = make_case(preset="three-day")
    for age, used in ((1, 900), (2, 950), (5, 920)):
        start = event.start - age * DAY
        put(world.here.home, start.date(), used, hours=(16, 18))
        for day in business_days(4, before=start.date()):
            put(world.here.home, day, 1000)
    for age in (5, 2, 1):
        start = event.start - age * DAY
        put_day = start.date()
        earlier = record_completed_event(program=program, start=start, end=start + 2 * timedelta(hours=1))
        put(world.here.home, put_day, {1: 900, 2: 950, 5: 920}[age], hours=(16, 18))
        settle(event=earlier)
    run = settle(event=event)
    check_due_runs()
    delivered = run.lines.get(meter=world.here.home).delivered_wh
    flag = flags_of(world.here.home).get(FlagKind.RECORD)
    assert flag is not None
    assert flag.numbers["kw"] == pytest.approx(delivered / 2000)
    assert flag.numbers["events"] == 3
    assert Decimal(str(flag.numbers["kw"])) > Decimal(str(flag.numbers["most_kw"]))


def test_runs_of_long_ago_are_left_alone(time_machine):
    _world, _program, event = make_case()
    run = settle(event=event)
    time_machine.move_to(run.sealed_at + 8 * DAY)
    assert check_due_runs() == 0
    assert not FlagCheck.objects.exists()
