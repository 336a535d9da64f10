"""manage.py settle_event."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from events.models import Event, EventState, Program
from events.services import record_completed_event
from events.tests.world import PAST, make_announced, make_draft, make_program
from settlement.models import LedgerBatch, SettlementRun
from settlement.services import COLUMNS, approve_run, refuse_run
from settlement.services import settle as settle_event
from settlement.tests.world import make_case, put_history
from tests.builder import make_admin, make_distributor, make_meter, make_world

pytestmark = pytest.mark.django_db
SPAN = {"start": "2026-07-22T16:00", "end": "2026-07-22T18:00"}


@pytest.fixture
def world():
    world = make_world()
    make_program(world.here.distributor)
    put_history(world.here.home, 1000, 600)
    put_history(world.here.school, 60_000, 20_000)
    return world


def settle(**options):
    """What the command prints."""
    out = StringIO()
    defaults = {"program": "Load response", "distributor": "Hither"} | SPAN
    call_command("settle_event", stdout=out, **defaults | options)
    return out.getvalue()


def test_the_event_is_recorded_settled_and_posted(world):
    text = settle()
    assert "Run             1, three-day\n" in text
    assert "Meters          2" in text
    assert "Delivered       161.600 kWh" in text
    assert "Credit          142.24 USD" in text
    assert "Demand savings  836.28 USD" in text
    assert "Not measured    none" in text
    event = Event.objects.get()
    assert (event.start, event.state) == (datetime(2026, 7, 22, 20, tzinfo=UTC), EventState.SETTLED)
    assert LedgerBatch.objects.count() == 1


def test_the_same_call_twice_is_the_same_run_and_says_so(world):
    settle()
    assert "the same inputs, the same run" in settle()
    assert (Event.objects.count(), SettlementRun.objects.count(), LedgerBatch.objects.count()) == (1, 1, 1)


def test_times_with_an_offset_mean_the_same_event(world):
    settle()
    settle(start="2026-07-22T20:00Z", end="2026-07-22T22:00:00+00:00")
    assert Event.objects.count() == 1


def test_the_csv_file_has_the_agreed_columns_and_exact_texts(world, tmp_path):
    silent = make_meter(world.here.distributor, "A-silent", contracted_kw=2)
    make_program(world.here.distributor)
    file = tmp_path / "out.csv"
    assert "Not measured    1 too few comparable days" in settle(csv=str(file))
    with file.open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == list(COLUMNS)
    assert rows[0][:6] == [
        *("meter", "baseline_kwh", "event_kwh", "performance_kwh", "nomination_kw", "performance_factor")
    ]
    assert rows[0][6:] == ["delivered_kwh", "credit", "demand_savings", "status"]
    assert rows[1] == [silent.number, "", "", "", "2.000", "", "", "0.00", "0.00", "insufficient_history"]
    assert rows[2] == [
        *("Hither-home", "4.000000", "2.400000", "1.600000", "1.000", "0.800000", "1.600000"),
        *("2.24", "8.28", "ok"),
    ]


def test_another_rule_is_an_estimate_and_is_not_posted(world):
    assert "it is not paid" in settle(preset="ten-in-ten")
    assert not LedgerBatch.objects.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"program": "Other"}, "There are: Load response"),
        ({"distributor": "Nobody"}, "no distributor"),
        ({"distributor": None}, "Say which distributor"),
        ({"end": "2026-07-22T15:00"}, "end must be after the start"),
        ({"start": "2026-07-20T15:00"}, "at most 24 hours"),
        ({"start": "2099-07-22T15:00", "end": "2099-07-22T16:00"}, "not over yet"),
        ({"start": "2026-07-22T16:10"}, "30-minute intervals"),
        ({"start": "yesterday"}, "--start: 'yesterday' is not a time"),
        ({"start": "2025-11-02T01:30", "end": "2025-11-02T03:00"}, "happens twice"),
        ({"start": "2026-03-08T02:30", "end": "2026-03-08T04:00"}, "does not exist"),
        ({"preset": "best-day"}, "three-day"),
        ({"csv": "/no/such/folder/out.csv"}, "cannot be written"),
    ],
)
def test_what_cannot_be_settled_is_refused_in_one_sentence(world, options, words):
    with pytest.raises(CommandError, match=words):
        settle(**options)
    assert Event.objects.exists() == ("csv" in options)  # a file can be asked for again


def test_events_to_come_drafts_and_programs_without_meters_are_refused(world, time_machine):
    program = make_program(world.here.distributor)
    announced, draft = make_announced(program, days=3), make_draft(program, days=2)
    span = {"start": announced.start.isoformat(), "end": announced.end.isoformat()}
    with pytest.raises(CommandError, match="not over yet"):
        settle(**span)
    time_machine.move_to(announced.end)
    assert "Not measured    2 too few comparable days" in settle(**span)
    with pytest.raises(CommandError, match="event is draft"):
        settle(start=draft.start.isoformat(), end=draft.end.isoformat())
    empty = make_program(make_distributor("Empty"))
    with pytest.raises(CommandError, match="No meter is enrolled"):
        settle(distributor=empty.distributor.name)


def test_an_event_that_was_recorded_before_is_found():
    _, program, event = make_case()
    settle()
    assert program.events.get() == event


def test_a_run_that_was_there_is_posted_only_once_somebody_approved_it(world):
    event = record_completed_event(program=Program.objects.get(name="Load response"), start=PAST[0], end=PAST[1])
    run = settle_event(event=event)
    assert "not posted: this run was there before" in settle()
    assert not LedgerBatch.objects.exists()
    second = make_admin(event.program.distributor)
    refuse_run(run=run, by=second, reason="the school was closed")
    assert "refused (the school was closed)" in settle()
    approve_run(run=run, by=second)
    assert "Note" not in settle()
    assert LedgerBatch.objects.get().run == run
