"""Settlement by the clock: when an estimate is made, when the final run, and when nothing."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from delivery.models import Notice
from events.models import Event, EventState, Nomination
from events.services import record_completed_event
from meters.models import HitState, IntervalReading, Quality, QualityHit, QualityRule
from settlement.models import LedgerBatch, RunKind, SettlementRun
from settlement.services import clock, settle
from settlement.services.clock import data_state, deadline, settle_by_clock
from settlement.services.late import events_with_late_readings
from settlement.tests.world import make_case

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def case():
    """The event as one that was called, not recorded afterwards."""
    # A run is made now, long after the event: only a far deadline is still ahead then.
    world, program, event = make_case(data_deadline_days=390)
    Event.objects.filter(pk=event.pk).update(created_at=event.start - DAY)
    event.refresh_from_db()
    for row in Nomination.objects.filter(enrollment__program=program):
        Nomination.objects.create(enrollment=row.enrollment, kw=row.kw, valid_from=event.start - DAY, source="list")
    return world, program, event


def kinds():
    return [run.kind for run in SettlementRun.objects.order_by("number")]


def take_away(world, event, count=1):
    """The school's last readings of the event."""
    IntervalReading.objects.filter(meter=world.here.school, start__gte=event.end - count * 30 * MINUTE).delete()


def put_one_more(world, event):
    IntervalReading.objects.create(meter=world.here.school, start=event.end - HOUR, energy_wh=20_000)


def test_an_estimate_follows_at_once_when_all_readings_are_in(case):
    _, _, event = case
    assert data_state(event).is_whole
    (run,) = settle_by_clock(now=event.end + MINUTE)
    assert (run.kind, run.created_by) == (RunKind.PRELIMINARY, None)
    assert not LedgerBatch.objects.exists()
    assert settle_by_clock(now=event.end + 2 * MINUTE) == []


def test_missing_readings_are_waited_for_a_quarter_of_an_hour(case):
    world, _, event = case
    take_away(world, event)
    assert (data_state(event).present, data_state(event).expected) == (7, 8)
    assert settle_by_clock(now=event.end + MINUTE) == []
    assert len(settle_by_clock(now=event.end + 15 * MINUTE)) == 1


def test_without_any_reading_there_is_no_estimate(case):
    _, _, event = case
    IntervalReading.objects.filter(start__gte=event.start).delete()
    assert settle_by_clock(now=event.end + DAY) == []


def test_a_late_reading_makes_another_estimate_after_the_pause(case):
    world, _, event = case
    take_away(world, event, 2)
    (first,) = settle_by_clock(now=event.end + 15 * MINUTE)
    put_one_more(world, event)
    assert settle_by_clock(now=first.created_at + 5 * HOUR) == []
    (second,) = settle_by_clock(now=first.created_at + 6 * HOUR)
    assert (second.number, second.kind) == (2, RunKind.PRELIMINARY)


def test_the_final_run_comes_a_day_later_and_waits_for_approval(case):
    _, _, event = case
    settle_by_clock(now=event.end + MINUTE)
    later = SettlementRun.objects.get().created_at + DAY
    (run,) = settle_by_clock(now=later)
    assert run.kind == RunKind.FINAL
    assert not LedgerBatch.objects.exists()
    assert settle_by_clock(now=later + DAY) == []
    assert kinds() == [RunKind.PRELIMINARY, RunKind.FINAL]
    event.refresh_from_db()
    assert event.state == EventState.MEASURED


def test_a_filled_gap_of_the_event_holds_the_final_run_until_the_deadline(case):
    world, _, event = case
    filled = IntervalReading.objects.filter(meter=world.here.school, start__gte=event.start, start__lt=event.end)
    filled.update(quality=Quality.ESTIMATED)
    assert (data_state(event).present, data_state(event).estimated, data_state(event).is_whole) == (8, 4, False)
    settle_by_clock(now=event.end + MINUTE)
    later = SettlementRun.objects.get().created_at + 2 * DAY
    (run,) = settle_by_clock(now=later)
    assert run.kind == RunKind.PRELIMINARY
    filled.update(quality=Quality.MEASURED)
    (run,) = settle_by_clock(now=later + DAY)
    assert run.kind == RunKind.FINAL


def test_after_the_deadline_a_filled_gap_is_given_up(case):
    world, _, event = case
    IntervalReading.objects.filter(meter=world.here.school, start__gte=event.start).update(quality=Quality.ESTIMATED)
    (run,) = settle_by_clock(now=deadline(event))
    assert run.kind == RunKind.FINAL


def test_a_doubt_about_a_reading_holds_the_final_run_until_the_deadline(case):
    world, _, event = case
    here = world.here
    QualityHit.objects.create(
        distributor=here.distributor,
        meter=here.home,
        rule=QualityRule.SPIKE,
        start=event.start,
        end=event.end,
        state=HitState.OPEN,
    )
    (estimate,) = settle_by_clock(now=event.end + 2 * DAY)
    assert estimate.kind == RunKind.PRELIMINARY
    (final,) = settle_by_clock(now=max(deadline(event), estimate.created_at + DAY))
    assert final.kind == RunKind.FINAL


def test_tests_and_what_was_recorded_afterwards_are_left_alone(case):
    _, _, event = case
    Event.objects.filter(pk=event.pk).update(is_test=True)
    assert settle_by_clock(now=event.end + DAY) == []
    Event.objects.filter(pk=event.pk).update(is_test=False, created_at=event.end + HOUR)
    assert settle_by_clock(now=event.end + DAY) == []


def test_people_hear_of_one_estimate_and_that_it_is_provisional(case, monkeypatch):
    world, _, event = case
    monkeypatch.setattr("settlement.notices.NEWS", timedelta(days=10_000))
    take_away(world, event, 2)
    settle_by_clock(now=event.end + 15 * MINUTE)
    put_one_more(world, event)
    settle_by_clock(now=SettlementRun.objects.get().created_at + 6 * HOUR)
    assert kinds() == [RunKind.PRELIMINARY] * 2
    notices = Notice.objects.filter(user=world.here.resident, title__startswith="Provisional")
    assert "$2.24" in notices.get().title
    assert "readings up to" in notices.get().body


def test_an_event_that_breaks_does_not_stop_the_others(case, monkeypatch, caplog):
    _, program, event = case
    other = record_completed_event(program=program, start=event.start + DAY, end=event.end + DAY)
    Event.objects.filter(pk=other.pk).update(created_at=other.start - DAY)
    real = clock.data_state

    def broken(each):
        if each == event:
            raise OperationalError("Deadlock found")
        return real(each)

    monkeypatch.setattr(clock, "data_state", broken)
    monkeypatch.setattr(clock, "deadline", lambda each: each.end)
    (run,) = settle_by_clock(now=other.end + MINUTE)
    assert run.event == other
    assert "Deadlock found" in caplog.text
    assert "Traceback" in caplog.text


def test_readings_that_come_after_a_final_run_are_found(case):
    world, program, event = case
    distributor = program.distributor
    take_away(world, event)
    settle(event=event, by=world.here.admin)
    assert settle_by_clock(now=event.end + DAY) == []
    assert events_with_late_readings(distributor) == []
    IntervalReading.objects.create(meter=world.here.school, start=event.end - 30 * MINUTE, energy_wh=20_000)
    assert events_with_late_readings(distributor) == [event.pk]
    assert events_with_late_readings(world.there.distributor) == []
    settle(event=event, by=world.here.admin)
    assert events_with_late_readings(distributor) == []
