"""Undoing an import on whose readings a settlement rests: a second person, then a further run."""

import io
from datetime import date, datetime, time

import pytest
from django.db.models import F, Sum

from common.intervals import resolve_local
from dashboards.tests.story import add_readings, line_of, make_program, past_event, settled
from delivery.models import Notice
from events.models import EventState
from meters.errors import ImportRefused
from meters.models import BatchSource, BatchState, IntervalReading
from meters.services import batches
from settlement.models import Account, LedgerEntry, SettlementRun
from settlement.services import approve_run, check_chain, post_run, settle
from settlement.traces import opened
from tests.builder import make_admin

pytestmark = pytest.mark.django_db


def bring(side, rows, by=None):
    """Rows of (meter, start, Wh) as an import that is stored."""
    text = "meter,start,wh\n" + "".join(f"{meter.number},{start.isoformat()},{wh}\n" for meter, start, wh in rows)
    batch = batches.take_file(
        distributor=side.distributor,
        source=BatchSource.PAGE,
        name="late.csv",
        stream=io.BytesIO(text.encode()),
        options={},
        by=by or side.admin,
    )
    batches.check_batch(batch=batch)
    batches.store_batch(batch=batch, by=by or side.admin)
    assert batches.work_next()
    batch.refresh_from_db()
    assert batch.state == BatchState.STORED, batch.failure
    return batch


def lowered(side, event, wh):
    readings = IntervalReading.objects.filter(meter=side.home, start__gte=event.start, start__lt=event.end)
    return [(side.home, start, wh) for start in readings.values_list("start", flat=True)]


@pytest.fixture
def event(here):
    add_readings(here.home, days=8)
    return past_event(make_program(here, here.home))


@pytest.fixture
def batch(here, event):
    """An import that lowers the use in the event, which is settled and posted after it."""
    batch = bring(here, lowered(here, event, 100))
    settled(event)
    return batch


def owed(side):
    entries = LedgerEntry.objects.filter(account=Account.OWED, holder_id=side.resident.pk)
    return entries.aggregate(sum=Sum("amount"))["sum"]


def undone(batch, by):
    batches.confirm_undo(batch=batch, by=by)
    assert batches.work_next()
    batch.refresh_from_db()
    return batch


def test_an_import_that_nothing_rests_on_is_undone_by_one_person(here, event):
    batch = bring(here, lowered(here, event, 100))
    batches.ask_undo(batch=batch, by=here.admin, reason="wrong meter")
    assert batches.work_next()
    batch.refresh_from_db()
    assert (batch.state, batch.undone_by) == (BatchState.UNDONE, here.admin)
    assert {wh for _meter, start, _wh in lowered(here, event, 0) for wh in [reading(here, start)]} == {400}


def reading(side, start):
    return IntervalReading.objects.get(meter=side.home, start=start).energy_wh


def test_an_import_that_a_settlement_rests_on_needs_a_second_admin(here, batch):
    other = make_admin(here.distributor)
    batches.ask_undo(batch=batch, by=here.admin, reason="wrong meter")
    batch.refresh_from_db()
    assert batch.state == BatchState.UNDO_ASKED
    assert not batches.work_next()
    assert [event["run"] for event in batch.totals["settled"]] == [1]
    with pytest.raises(ImportRefused, match="second person"):
        batches.confirm_undo(batch=batch, by=here.admin)
    for nobody in (here.staff, here.auditor, here.organization_admin):
        with pytest.raises(ImportRefused, match="Only an admin"):
            batches.confirm_undo(batch=batch, by=nobody)
    assert Notice.objects.get(user=other).title == "The undo of late.csv waits for you"
    assert undone(batch, other).state == BatchState.UNDONE


def test_the_event_is_settled_again_and_the_difference_waits_to_be_posted(here, event, batch):
    before = owed(here)
    assert before > 0
    batches.ask_undo(batch=batch, by=here.admin, reason="wrong meter")
    undone(batch, make_admin(here.distributor))
    assert batch.totals["again"] == [{"event": event.pk, "run": 2, "problem": ""}]
    assert line_of(event, here.home).credit == 0
    assert owed(here) == before
    newest = SettlementRun.objects.get(event=event, number=2)
    assert newest.created_by == batch.undone_by
    approve_run(run=newest, by=here.admin)
    post_run(run=newest)
    assert owed(here) == 0
    assert check_chain(distributor=here.distributor) is None


def test_a_refused_undo_leaves_all_as_it_was_and_can_be_asked_for_again(here, event, batch):
    other = make_admin(here.distributor)
    for answer in (other, here.admin):
        batches.ask_undo(batch=batch, by=here.admin, reason="wrong meter")
        batches.refuse_undo(batch=batch, by=answer)
        batch.refresh_from_db()
        assert batch.state == BatchState.STORED
    assert settle(event=event).number == 1


def test_a_worker_that_dies_between_undo_and_settlement_loses_neither(here, event, batch, monkeypatch):
    from meters.services.batches import work

    other = make_admin(here.distributor)
    batches.ask_undo(batch=batch, by=here.admin, reason="wrong meter")
    batches.confirm_undo(batch=batch, by=other)
    with monkeypatch.context() as patch:
        patch.setattr(work.batch_undone, "send", lambda **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            batches.work_next()
    batch.refresh_from_db()
    assert batch.state == BatchState.UNDOING
    assert batches.work_next()
    batch.refresh_from_db()
    assert (batch.state, [answer["run"] for answer in batch.totals["again"]]) == (BatchState.UNDONE, [2])
    assert batch.totals["undo"]["restored"] == 2


def test_readings_of_other_meters_and_of_later_days_touch_no_event(here, event, batch):
    add_readings(here.neighbor_home, days=2)
    start = event.end.replace(minute=0)
    other = bring(here, [(here.neighbor_home, start, 150)])
    batches.ask_undo(batch=other, by=here.admin, reason="wrong")
    assert batches.work_next()
    other.refresh_from_db()
    assert other.state == BatchState.UNDONE


def test_a_day_that_the_baseline_looked_at_counts_too(here, event):
    settled(event)
    days = opened(line_of(event, here.home))["days"]
    # On a Monday the first ones are a weekend, whose readings are not looked at.
    day = next(date.fromisoformat(each["day"]) for each in days if each["outcome"] == "USED")
    noon = resolve_local(datetime.combine(day, time(12)), here.distributor.zone)
    start = IntervalReading.objects.filter(meter=here.home, start__gte=noon).earliest("start").start
    batch = bring(here, [(here.home, start, 450)])
    assert [found["event"] for found in batch.totals["settled"]] == [event.pk]


def test_a_closed_event_keeps_its_settlement_and_the_undo_says_so(here, event, batch):
    closed = {"state": EventState.CLOSED, "modification_number": F("modification_number") + 1}
    type(event).objects.filter(pk=event.pk).update(**closed)
    batches.ask_undo(batch=batch, by=here.admin, reason="wrong meter")
    undone(batch, make_admin(here.distributor))
    (again,) = batch.totals["again"]
    assert again["run"] is None
    assert again["problem"]
    assert SettlementRun.objects.filter(event=event).count() == 1


def test_a_reason_is_needed(here, batch):
    with pytest.raises(ImportRefused, match="Say why"):
        batches.ask_undo(batch=batch, by=here.admin, reason="  ")
