"""Adjustments: two people, a reason, and no resident below zero."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from settlement.errors import BadAdjustment, NotApproved, ReasonMissing
from settlement.models import Adjustment, AdjustmentState, BatchKind, LedgerBatch, Unit
from settlement.services import (
    approve_adjustment,
    ask_adjustment,
    balance,
    check_chain,
    post_run,
    refuse_adjustment,
    settle,
)
from settlement.tests.world import EVENT_DAY, make_case, put
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def case():
    """A world whose event is posted: 2.24 are owed to the resident, 140.00 to the organization."""
    world, _, event = make_case()
    run = settle(event=event)
    post_run(run=run)
    return world, run, make_admin(world.here.distributor)


def ask(case, holder=None, amount="5.00", reason="goodwill", **more):
    here = case[0].here
    return ask_adjustment(
        distributor=here.distributor,
        holder=holder or here.resident,
        amount=D(amount),
        reason=reason,
        by=here.admin,
        **more,
    )


def test_an_adjustment_is_posted_by_a_second_person_with_both_entries(case):
    world, _, second = case
    asked = ask(case)
    assert not LedgerBatch.objects.filter(kind=BatchKind.ADJUSTMENT).exists()
    with pytest.raises(NotApproved):
        approve_adjustment(adjustment=asked, by=world.here.admin)
    posted = approve_adjustment(adjustment=asked, by=second)
    assert approve_adjustment(adjustment=asked, by=second).batch == posted.batch
    assert (posted.state, posted.batch.reason, posted.batch.posted_by) == (
        AdjustmentState.APPROVED,
        "goodwill",
        second,
    )
    assert sorted(posted.batch.entries.values_list("amount", flat=True)) == [D("-5.00"), D("5.00")]
    assert balance(holder=world.here.resident) == D("7.24")
    assert check_chain(distributor=world.here.distributor) is None


def test_a_refused_adjustment_posts_nothing_and_is_decided_once(case):
    world, _, second = case
    asked = ask(case)
    with pytest.raises(ReasonMissing):
        refuse_adjustment(adjustment=asked, by=second, reason=" ")
    with pytest.raises(NotApproved):
        refuse_adjustment(adjustment=asked, by=world.here.admin, reason="no")
    refused = refuse_adjustment(adjustment=asked, by=second, reason="not ours")
    assert (refused.state, refused.answer) == (AdjustmentState.REFUSED, "not ours")
    with pytest.raises(BadAdjustment):
        approve_adjustment(adjustment=asked, by=second)
    assert balance(holder=world.here.resident) == D("2.24")


@pytest.mark.parametrize("amount", ["0", "0.001", "NaN", "1E12"])
def test_an_amount_that_cannot_be_is_refused(case, amount):
    with pytest.raises(BadAdjustment):
        ask(case, amount=amount)


def test_points_are_whole(case):
    with pytest.raises(BadAdjustment):
        ask(case, amount="1.5", unit=Unit.POINTS)
    approve_adjustment(adjustment=ask(case, amount="7", unit=Unit.POINTS), by=case[2])
    assert balance(holder=case[0].here.resident, unit=Unit.POINTS) == 7
    assert balance(holder=case[0].here.resident) == D("2.24")


def test_a_resident_never_falls_below_zero_whatever_a_line_has_paid(case):
    world, run, second = case
    with pytest.raises(BadAdjustment, match=r"2\.24"):
        ask(case, amount="-2.25")
    line = run.lines.get(meter=world.here.home)
    both = [ask(case, amount="-2.24"), ask(case, amount="-2.00", line=line)]
    approve_adjustment(adjustment=both[0], by=second)
    assert balance(holder=world.here.resident) == 0
    # What the line paid was taken back already, without naming it.
    with pytest.raises(BadAdjustment):
        approve_adjustment(adjustment=both[1], by=second)
    with pytest.raises(BadAdjustment):
        ask(case, amount="-0.25", line=line)
    assert balance(holder=world.here.resident) == 0


def test_two_that_are_asked_for_at_once_cannot_both_take_the_same_money(case):
    first, again = ask(case, amount="-2.00"), ask(case, amount="-2.00")
    approve_adjustment(adjustment=first, by=case[2])
    with pytest.raises(BadAdjustment):
        approve_adjustment(adjustment=again, by=case[2])


def test_an_organization_may_owe(case):
    world, _, second = case
    approve_adjustment(adjustment=ask(case, holder=world.here.organization, amount="-200"), by=second)
    assert balance(holder=world.here.organization) == D("-60.00")


def test_another_holders_reward_is_no_reason(case):
    world, run, _ = case
    with pytest.raises(BadAdjustment):
        ask(case, line=run.lines.get(meter=world.here.school))


def test_only_what_is_in_the_ledger_is_adjusted(case):
    world, run, second = case
    estimate = settle(event=run.event, preset="ten-in-ten")
    with pytest.raises(BadAdjustment, match="not in the ledger"):
        ask(case, line=estimate.lines.get(meter=world.here.home))
    asked = ask(case, amount="-1.00", line=run.lines.get(meter=world.here.home))
    put(world.here.home, EVENT_DAY, 700)
    newer = settle(event=run.event)
    with pytest.raises(BadAdjustment, match="not in the ledger"):
        ask(case, line=newer.lines.get(meter=world.here.home))
    post_run(run=newer)
    # The correction has put right what the adjustment was about.
    with pytest.raises(BadAdjustment, match="worked out anew"):
        approve_adjustment(adjustment=asked, by=second)
    assert balance(holder=world.here.resident) == D("1.68")


def test_the_database_holds_the_two_people(case):
    asked = ask(case)
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.filter(pk=asked.pk).update(
            state=AdjustmentState.REFUSED, decided_by=case[0].here.admin, answer="x"
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.filter(pk=asked.pk).update(amount=D(9))
    with pytest.raises(IntegrityError), transaction.atomic():
        asked.delete()
