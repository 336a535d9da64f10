"""The cap per season: shared by a season's events, an input only where it binds, and never exceeded by the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest

from events.services import record_completed_event
from events.tests.world import PAST
from settlement.errors import SeasonFull
from settlement.models import Account, LedgerBatch, LedgerEntry
from settlement.services import approve_adjustment, ask_adjustment, post_run, refuse_run, settle
from settlement.tests.world import EVENT_DAY, make_case, put
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
D = Decimal


def owed(meter):
    entries = LedgerEntry.objects.filter(account=Account.OWED, unit="money", line__meter=meter).order_by("pk")
    return list(entries.values_list("amount", flat=True))


def capped_pair(cap):
    """Two events that would pay the home 1.60 each, of so much a season."""
    world, program, event = make_case(rate="0", rate_per_kwh=D("1"), cap_per_season=cap)
    day = timedelta(days=1)
    put(world.here.home, EVENT_DAY + day, 600)
    put(world.here.school, EVENT_DAY + day, 60_000)
    return world.here.home, event, record_completed_event(program=program, start=PAST[0] + day, end=PAST[1] + day)


def test_other_events_are_an_input_only_where_they_leave_too_little_of_the_season():
    home, first, second = capped_pair(D("100.00"))
    run = settle(event=first)
    settle(event=second)
    assert settle(event=first) == run
    assert "paid_before" not in run.lines.get(meter=home).trace


def test_what_a_capped_season_leaves_is_settled_anew_when_it_grows():
    home, first, second = capped_pair(D("2.00"))
    settle(event=first)
    run = settle(event=second)
    assert run.lines.get(meter=home).trace["paid_before"] == "1.60"
    assert (settle(event=second), settle(event=first).number) == (run, 1)
    put(home, EVENT_DAY, 700)
    settle(event=first)
    assert settle(event=second).lines.get(meter=home).credit == D("0.80")


def test_a_posting_above_the_seasons_cap_waits_for_the_correction_that_makes_room():
    home, first, second = capped_pair(D("2.00"))
    paid = settle(event=first)
    post_run(run=paid)
    put(home, EVENT_DAY, 1000)
    less, more = settle(event=first), settle(event=second)
    with pytest.raises(SeasonFull, match="1 participant would get more"):
        post_run(run=more)
    assert not LedgerBatch.objects.filter(run=more).exists()
    post_run(run=less)
    post_run(run=more)
    assert owed(home) == [D("1.60"), D("-1.60"), D("1.60")]


def test_a_correction_downwards_is_posted_whatever_the_season_says():
    home, first, second = capped_pair(D("2.00"))
    for event in (first, second):
        post_run(run=settle(event=event))
    put(home, EVENT_DAY, 900)
    post_run(run=settle(event=first))
    assert owed(home) == [D("1.60"), D("0.40"), D("-1.20")]


def test_a_refused_run_leaves_the_season_to_others():
    home, first, second = capped_pair(D("2.00"))
    refuse_run(run=settle(event=first), by=make_admin(home.distributor), reason="no")
    run = settle(event=second)
    assert run.lines.get(meter=home).credit == D("1.60")
    post_run(run=run)
    assert owed(home) == [D("1.60")]


def test_a_refused_correction_frees_nothing_of_what_is_posted():
    home, first, second = capped_pair(D("2.00"))
    post_run(run=settle(event=first))
    put(home, EVENT_DAY, 1000)
    refuse_run(run=settle(event=first), by=make_admin(home.distributor), reason="no")
    run = settle(event=second)
    assert run.lines.get(meter=home).credit == D("0.40")
    post_run(run=run)
    assert owed(home) == [D("1.60"), D("0.40")]


def test_what_an_adjustment_took_back_and_a_correction_took_up_is_free_again():
    home, first, second = capped_pair(D("2.00"))
    run = settle(event=first)
    post_run(run=run)
    line = run.lines.get(meter=home)
    admins = [make_admin(home.distributor) for _ in range(2)]
    asked = ask_adjustment(
        distributor=home.distributor, holder=line.holder, amount=D("-1.60"), reason="wrong", by=admins[0], line=line
    )
    approve_adjustment(adjustment=asked, by=admins[1])
    put(home, EVENT_DAY, 1000)
    post_run(run=settle(event=first))
    post_run(run=settle(event=second))
    assert owed(home) == [D("1.60"), D("-1.60"), D("1.60")]
