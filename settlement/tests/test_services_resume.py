"""A run written part by part: killed, met by corrections, worked on by two, and split in other ways."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.models import Nomination, Participation, ParticipationState
from events.services import enroll_all, record_completed_event
from events.tests.world import PAST, make_program
from meters.models import IntervalReading, Meter
from settlement.errors import EstimateAfterFinal, EstimateNotPosted, StillArriving
from settlement.models import LedgerEntry, LineStatus, RunKind, SettlementLine, SettlementRun
from settlement.services import post_run, runs, settle
from settlement.services.measuring.work import Measurement
from settlement.services.progress import run_progress
from settlement.tests.world import EVENT_DAY, POOL, make_case, put, put_history
from settlement.traces import opened
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db
PATIENCE = 120
COUNT = 7


@pytest.fixture
def town():
    """Seven meters with different use, and their past event."""
    distributor = make_distributor()
    meters = [make_meter(distributor, contracted_kw=Decimal(place + 1)) for place in range(COUNT)]
    for place, meter in enumerate(meters):
        put_history(meter, 1000 + 10 * place, 600 + place)
    event = record_completed_event(program=make_program(distributor), start=PAST[0], end=PAST[1])
    return meters, event


def told(run):
    """All that the lines of a run say, without ids."""
    columns = ("meter__number", "kind", "status", "credit", "baseline_wh", "performance_wh", "inputs_sha256", "trace")
    return sorted(map(str, run.lines.values_list(*columns)))


class Stopped(Exception):
    """Stands for a process that is gone."""


def stop_after(monkeypatch, parts, then=None):
    """The next settlement ends after so many parts, as if killed; or something else happens then, once."""
    written = iter(range(parts))
    real = Measurement.rows

    def rows(self, participants):
        if next(written, None) is None:
            monkeypatch.setattr(Measurement, "rows", real)
            if then is None:
                raise Stopped
            then()
        return real(self, participants)

    monkeypatch.setattr(Measurement, "rows", rows)


def test_what_was_begun_is_finished_and_no_line_is_written_twice(town, monkeypatch):
    _, event = town
    monkeypatch.setattr(runs, "PART", 2)
    stop_after(monkeypatch, 2)
    with pytest.raises(Stopped):
        settle(event=event)
    begun = SettlementRun.objects.get()
    assert (begun.sealed_at, begun.inputs_sha256, begun.lines.count()) == (None, None, 4)
    assert run_progress(event=event) == (4, COUNT, RunKind.FINAL)
    event.refresh_from_db()
    assert event.state == "completed"
    counted = Counter()
    real = Measurement.rows

    def rows(self, participants):
        counted.update(participant.meter_id for participant in participants)
        return real(self, participants)

    monkeypatch.setattr(Measurement, "rows", rows)
    run = settle(event=event)
    assert (run.pk, run.number, len(counted)) == (begun.pk, 1, 3)
    assert Counter(run.lines.values_list("meter_id", flat=True)).most_common(1)[0][1] == 1
    assert run.lines.count() == COUNT
    assert run_progress(event=event) is None
    assert {"ground", "parts"}.isdisjoint(run.common)


def test_an_open_run_pays_nothing(town, monkeypatch):
    _, event = town
    monkeypatch.setattr(runs, "PART", 2)
    stop_after(monkeypatch, 1)
    with pytest.raises(Stopped):
        settle(event=event)
    with pytest.raises(EstimateNotPosted):
        post_run(run=SettlementRun.objects.get())


@pytest.mark.parametrize("change", ["reading", "nomination", "opted_out", "exclusion_version", "newcomer"])
def test_what_changes_in_the_middle_never_makes_a_mixed_run(town, monkeypatch, change):
    meters, event = town

    def changes():
        first = meters[0]
        if change == "reading":
            put(first, EVENT_DAY, 100)
            put(first, POOL[0], 3000)
        elif change == "nomination":
            enrollment = event.program.enrollments.get(meter=first)
            Nomination.objects.filter(enrollment=enrollment)._raw_delete("default")
            Nomination.objects.create(enrollment=enrollment, kw=Decimal("0.1"), valid_from=PAST[0], source="list")
        elif change == "opted_out":
            Participation.objects.filter(event=event, meter=first).update(state=ParticipationState.OPTED_OUT)
        elif change == "newcomer":
            late = Participation.objects.filter(event=event, meter=meters[1])
            late.update(holder=None, state=ParticipationState.INVITED)
        Meter.objects.filter(pk=first.pk).update(data_version=F("data_version") + 1)

    monkeypatch.setattr(runs, "PART", 2)
    if change == "newcomer":
        Participation.objects.filter(event=event, meter=meters[1]).update(state=ParticipationState.OPTED_OUT)
    stop_after(monkeypatch, 2, then=changes)
    run = settle(event=event)
    monkeypatch.undo()
    fresh = settle(event=event)
    assert told(fresh) == told(run)
    assert fresh == run


def test_readings_that_never_stop_changing_are_refused_and_what_is_written_stays(town, monkeypatch):
    meters, event = town
    real = Measurement.rows

    def rows(self, participants):
        found = real(self, participants)
        Meter.objects.filter(pk=meters[0].pk).update(data_version=runs.timezone.now().microsecond + len(seen))
        seen.append(1)
        return found

    seen = []
    monkeypatch.setattr(Measurement, "rows", rows)
    with pytest.raises(StillArriving):
        settle(event=event)
    monkeypatch.undo()
    assert settle(event=event).lines.count() == COUNT


def test_a_resumed_run_under_another_calendar_begins_again(town, monkeypatch):
    _, event = town
    monkeypatch.setattr(runs, "PART", 2)
    stop_after(monkeypatch, 2)
    with pytest.raises(Stopped):
        settle(event=event)
    begun = SettlementRun.objects.get()
    SettlementRun.objects.filter(pk=begun.pk).update(common=begun.common | {"ground": "another"})
    run = settle(event=event)
    monkeypatch.undo()
    assert (run.pk, run.lines.count()) == (begun.pk, COUNT)


SLOW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@SLOW
@given(part=st.integers(1, 9), order=st.permutations(range(COUNT)))
def test_neither_the_split_nor_the_order_of_rows_changes_a_byte(town, part, order):
    meters, event = town
    whole = settle(event=event)
    readings = list(IntervalReading.objects.filter(meter__in=meters))
    IntervalReading.objects.filter(meter__in=meters).delete()
    IntervalReading.objects.bulk_create(sorted(readings, key=lambda row: order[meters.index(row.meter)]))
    size, runs.PART = runs.PART, part
    try:
        assert settle(event=event) == whole
        # Thrown away and written anew in other parts, it is the same again.
        before, sha256 = told(whole), whole.inputs_sha256
        trial = settle(event=event, preset="ten-in-ten")
        work = runs._Work(event, "ten-in-ten", None, None)
        assert runs._written(work) == trial
    finally:
        runs.PART = size
    assert (told(whole), whole.inputs_sha256) == (before, sha256)
    assert SettlementRun.objects.filter(sealed_at__isnull=True).count() == 0


@pytest.mark.parametrize("part", [1, 3, 100])
def test_each_split_writes_the_same_lines_and_the_same_hash(town, monkeypatch, part):
    _, event = town
    monkeypatch.setattr(runs, "PART", 2)
    first = settle(event=event, kind=RunKind.PRELIMINARY)
    monkeypatch.setattr(runs, "PART", part)
    run = settle(event=event)
    assert told(run) == told(first)
    again = settle(event=event, preset="three-day-additive-20")
    assert {row.status for row in again.lines.all()} == {LineStatus.OK}


def test_an_estimate_says_up_to_when_readings_are_in_and_moves_nothing(town, time_machine):
    meters, event = town
    time_machine.move_to(PAST[1] + timedelta(days=1))
    IntervalReading.objects.filter(meter=meters[0], start__gte=PAST[0] + (PAST[1] - PAST[0]) / 2).delete()
    run = settle(event=event, kind=RunKind.PRELIMINARY)
    assert (run.kind, run.data_through) == (RunKind.PRELIMINARY, PAST[0] + (PAST[1] - PAST[0]) / 2)
    line = run.lines.get(meter=meters[0])
    assert (line.status, line.credit) == (LineStatus.DATA_PENDING, 0)
    assert opened(line)["pending_from"] == "2026-07-22T21:00:00Z"
    event.refresh_from_db()
    assert event.state == "completed"
    with pytest.raises(EstimateNotPosted):
        post_run(run=run)
    put(meters[0], EVENT_DAY, 600)
    later = settle(event=event, kind=RunKind.PRELIMINARY)
    assert (later.number, later.data_through) == (2, PAST[1])
    assert settle(event=event).number == 3
    with pytest.raises(EstimateAfterFinal):
        settle(event=event, kind=RunKind.PRELIMINARY)


def test_a_test_event_is_measured_and_pays_nothing(town):
    _, event = town
    type(event).objects.filter(pk=event.pk).update(is_test=True)
    run = settle(event=event)
    assert {(row.status, row.credit, row.demand_savings) for row in run.lines.all()} == {("ok", 0, 0)}
    line = run.lines.first()
    assert opened(line)["test"] is True
    assert line.delivered_wh > 0
    run.event.refresh_from_db()
    with pytest.raises(EstimateNotPosted):
        post_run(run=run)


def test_who_was_held_out_has_no_line(town):
    meters, event = town
    Participation.objects.filter(event=event, meter=meters[0]).update(state=ParticipationState.HELD_OUT)
    assert not settle(event=event).lines.filter(meter=meters[0]).exists()


CHILD = """
import django, os, signal, sys
django.setup()
from events.models import Event
from settlement.services import runs, settle
runs.PART = 2
real, left = runs.lines_of, [int(sys.argv[2])]
def lines_of(*given):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given)
runs.lines_of = lines_of
settle(event=Event.objects.get(pk=int(sys.argv[1])))
"""


def process(event, most):
    """A process of its own settles the event, and is killed in the middle of the given participant."""
    params = connection.get_connection_params()
    where = f"{params.get('host', '')}/{params['database']}?unix_socket={params.get('unix_socket', '')}"
    url = f"mysql://{params['user']}:{params.get('password', '')}@{where.removesuffix('?unix_socket=')}"
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(event.pk), str(most)],
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "drportal.settings"},
    )


@pytest.mark.slow
@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_the_next_call_goes_on(town):
    _, event = town
    assert process(event, 5).wait(PATIENCE) == -signal.SIGKILL
    begun = SettlementRun.objects.get()
    assert (begun.sealed_at, begun.lines.count()) == (None, 4)
    run = settle(event=event)
    assert (run.pk, run.number, run.lines.count()) == (begun.pk, 1, COUNT)
    assert sum(row.credit for row in run.lines.all()) > 0
    assert post_run(run=run).entries.count() == 2 * COUNT


@pytest.mark.slow
@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_write_one_run_and_pay_once(town):
    _, event = town
    both = [process(event, 1000) for _ in range(2)]
    assert [child.wait(PATIENCE) for child in both] == [0, 0]
    run = SettlementRun.objects.get()
    assert (run.number, run.lines.count(), SettlementLine.objects.count()) == (1, COUNT, COUNT)
    assert post_run(run=run) == post_run(run=run)
    assert LedgerEntry.objects.count() == 2 * COUNT


@pytest.mark.parametrize("preset", ["forecast", "control-group", "ten-in-ten-ratio-20"])
def test_every_kind_of_rule_can_be_tried(preset):
    world, program, event = make_case()
    enroll_all(program=program)
    run = settle(event=event, preset=preset)
    assert (run.kind, run.lines.count()) == (RunKind.TRIAL, 2)
    assert all(opened(line)["preset"] == preset for line in run.lines.all())
    assert world.here.home in {line.meter for line in run.lines.all()}
