"""Saved in events, earned, ranks and totals."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events.services import record_completed_event
from events.tests.world import PAST
from settlement.models import RunKind, SettlementLine, SettlementRun
from settlement.selectors import (
    Saved,
    distributor_totals,
    lines_of_events,
    rank_by_savings,
    saved_by_event,
    saved_by_holder,
    saved_by_meter,
    saved_in_total,
)
from settlement.services import settle
from settlement.tests.world import EVENT_DAY, make_case, put

pytestmark = pytest.mark.django_db
ALL = SettlementLine.objects.all


@pytest.fixture
def settled():
    """A case with one event settled twice and estimated once, and an earlier one in which nothing was saved."""
    world, program, event = make_case()
    settle(event=event)
    put(world.here.home, EVENT_DAY, 500)
    settle(event=event)
    settle(event=event, preset="ten-in-ten")
    day = timedelta(days=1)
    earlier = record_completed_event(program=program, start=PAST[0] - day, end=PAST[1] - day)
    put(world.here.home, EVENT_DAY - day, 500)
    for days in (5, 6):
        for meter, wh in ((world.here.home, 1000), (world.here.school, 60_000)):
            put(meter, EVENT_DAY - days * day, wh)
    settle(event=earlier)
    return world, event, earlier


def test_only_the_newest_final_run_of_an_event_is_counted(settled):
    world, _, _ = settled
    saved = saved_by_meter(lines=ALL())
    # In the earlier event the home saved 4 x 500 Wh as well; of 1 kW nominated that is the whole.
    assert saved[world.here.home.pk] == Saved(2, 4000, Decimal("5.60"), Decimal("20.70"))
    assert saved[world.here.school.pk] == Saved(2, 160_000, Decimal("140.00"), Decimal("828.00"))


def test_holders_events_and_the_whole_add_up(settled):
    world, event, earlier = settled
    by_holder, by_event = saved_by_holder(lines=ALL()), saved_by_event(lines=ALL())
    assert set(by_holder) == {world.here.resident.pk, world.here.organization.pk}
    assert set(by_event) == {event.pk, earlier.pk}
    total = saved_in_total(lines=ALL())
    assert total.events == 2
    for parts in (by_holder, by_event):
        assert sum(part.saved_wh for part in parts.values()) == total.saved_wh == 164_000
        assert sum(part.earned for part in parts.values()) == total.earned == Decimal("145.60")
    assert distributor_totals(distributor=world.here.distributor) == total
    assert distributor_totals(distributor=world.there.distributor) == Saved()


def test_what_somebody_sees_is_what_is_summed(settled):
    world, event, _ = settled
    mine = SettlementLine.objects.visible_to(world.here.resident)
    assert saved_in_total(lines=mine).earned == Decimal("5.60")
    assert lines_of_events(lines=mine).first().run.event == event
    assert saved_in_total(lines=SettlementLine.objects.visible_to(world.there.admin)) == Saved()


def test_a_rank_is_by_savings_and_shared_by_equals():
    saved = {1: Saved(1, 5), 2: Saved(1, 9), 3: Saved(1, 5)}
    ranked = rank_by_savings(saved=saved, meter_ids=[4, 3, 2, 1])
    assert [(place.rank, place.meter_id) for place in ranked] == [(1, 2), (2, 1), (2, 3), (4, 4)]


def test_cents_are_summed_exactly(settled):
    world, event, _ = settled
    meter = world.here.neighbor_home
    for kind in (RunKind.TRIAL, RunKind.FINAL):
        number = event.runs.count() + 1
        run = SettlementRun.objects.create(event=event, number=number, kind=kind, inputs_sha256=f"{number:064}")
        for paid in ("energy", "bonus", "flat"):
            SettlementLine.objects.create(run=run, meter=meter, kind=paid, status="ok", credit=Decimal("0.10"))
        SettlementRun.objects.filter(pk=run.pk).update(sealed_at=timezone.now())
        expected = "0.30" if kind == RunKind.FINAL else "0.00"
        assert str(saved_in_total(lines=ALL().filter(run=run)).earned) == expected
    assert str(saved_by_meter(lines=ALL())[meter.pk].earned) == "0.30"


def test_lines_of_a_run_that_is_being_written_count_nowhere(settled):
    world, event, _ = settled
    before = saved_in_total(lines=ALL())
    run = SettlementRun.objects.create(event=event, number=event.runs.count() + 1, inputs_sha256="f" * 64)
    SettlementLine.objects.create(run=run, meter=world.here.home, status="ok", credit=Decimal(5), delivered_wh=5)
    assert saved_in_total(lines=ALL()) == before


def test_each_figure_is_one_query(settled, django_assert_num_queries):
    for selector in (saved_by_meter, saved_by_holder, saved_by_event, saved_in_total):
        with django_assert_num_queries(1):
            selector(lines=ALL())
