"""Large settlements: begun by a click, finished by a worker, thrown away where they can not be made."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from events.models import EventState
from events.services import record_completed_event
from events.services.life import move
from events.tests.world import PAST
from settlement.models import RunKind, SettlementRun
from settlement.services import background, post_run, reopen_run, settle
from settlement.services.background import finish_runs, settle_or_begin
from settlement.services.progress import run_progress
from settlement.tests.world import EVENT_DAY, make_case, put

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """Two participants are too many to wait for, and no worker is at it."""
    monkeypatch.setattr(background, "MOST_AT_ONCE", 1)
    cache.delete(background.GUARD)


def test_a_small_settlement_is_made_at_once(monkeypatch):
    world, _, event = make_case()
    monkeypatch.setattr(background, "MOST_AT_ONCE", 2)
    assert settle_or_begin(event=event, by=world.here.admin).sealed_at is not None
    assert run_progress(event=event) is None


def test_a_large_one_is_begun_and_a_worker_finishes_it_in_the_name_of_who_asked():
    world, _, event = make_case()
    assert settle_or_begin(event=event, by=world.here.admin) is None
    now = run_progress(event=event)
    assert (now.done, now.total, now.kind) == (0, 2, RunKind.FINAL)
    assert settle_or_begin(event=event, by=world.here.staff) is None
    assert event.runs.count() == 1
    (run,) = finish_runs()
    assert (run.number, run.created_by, run.lines.count()) == (1, world.here.admin, 2)
    assert (run_progress(event=event), finish_runs()) == (None, [])


def test_one_that_says_nothing_new_leaves_the_old_run():
    world, _, event = make_case()
    old = settle(event=event)
    settle_or_begin(event=event, by=world.here.admin)
    assert finish_runs() == [old]
    assert list(SettlementRun.objects.all()) == [old]
    put(world.here.home, EVENT_DAY, 700)
    settle_or_begin(event=event, by=world.here.admin)
    assert [run.number for run in finish_runs()] == [2]


def test_one_that_can_not_be_made_is_thrown_away_and_does_not_stop_others():
    world, program, event = make_case()
    run = settle(event=event)
    post_run(run=run)
    reopen_run(run=run, by=world.here.admin, reason="a meter was swapped")
    other = record_completed_event(program=program, start=PAST[0] - DAY, end=PAST[1] - DAY)
    for each in (event, other):
        settle_or_begin(event=each, by=world.here.admin)
    event.refresh_from_db()
    move(event, EventState.CLOSED)
    assert [run.event for run in finish_runs()] == [other]
    assert not SettlementRun.objects.filter(sealed_at__isnull=True).exists()


def test_while_one_worker_is_at_it_another_does_nothing():
    world, _, event = make_case()
    settle_or_begin(event=event, by=world.here.admin)
    cache.add(background.GUARD, True, 60)
    assert finish_runs() == []
    cache.delete(background.GUARD)
    assert len(finish_runs()) == 1


def test_one_that_breaks_does_not_stop_the_others(monkeypatch, caplog):
    world, program, event = make_case()
    other = record_completed_event(program=program, start=PAST[0] - DAY, end=PAST[1] - DAY)
    for each in (event, other):
        settle_or_begin(event=each, by=world.here.admin)
    real = background.settle

    def broken(**asked):
        if asked["event"] == event:
            raise ValueError("what nobody thought of")
        return real(**asked)

    monkeypatch.setattr(background, "settle", broken)
    assert [run.event for run in finish_runs()] == [other]
    assert "what nobody thought of" in caplog.text
    monkeypatch.setattr(background, "settle", real)
    assert [run.event for run in finish_runs()] == [event]
