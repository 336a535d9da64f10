"""Two settlements, postings and recordings at once. Only MariaDB has two writers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.limits import forgive
from common.errors import PortalError
from events.models import Event, ParticipationState
from events.services import (
    advance_events,
    find_or_record_event,
    notify_event,
    opt_out,
    record_completed_event,
    schedule_event,
)
from events.tests.world import PAST, make_announced, make_draft, make_program
from settlement.errors import NotApproved, SeasonFull
from settlement.models import (
    Adjustment,
    BatchKind,
    DecisionKind,
    Dispute,
    DisputeState,
    LedgerBatch,
    LedgerEntry,
    SettlementLine,
    SettlementRun,
)
from settlement.services import (
    approve_adjustment,
    approve_run,
    ask_adjustment,
    balance,
    check_chain,
    open_dispute,
    post_run,
    refuse_run,
    resolve_against,
    resolve_by_adjusting,
    settle,
)
from settlement.tests.world import EVENT_DAY, make_case, put, put_history
from tests.builder import make_admin, make_distributor, make_meter, make_user, map_meter
from tests.races.two import WAYS

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
each_way = pytest.mark.parametrize("way", WAYS)


def hold_meter(distributor):
    """A meter that somebody has: others are asked for nothing."""
    map_meter(make_meter(distributor, contracted_kw=1), make_user(distributor))


def race(way, first, second):
    """Both writers, neither of them refused by the database."""
    writers = WAYS[way](first, second)
    strange = [writer.refused for writer in writers if not isinstance(writer.refused, PortalError | None)]
    assert strange == []
    return writers


@each_way
def test_two_settlements_at_once_are_one_run(way):
    _, _, event = make_case()
    race(way, lambda: settle(event=event), lambda: settle(event=event))
    assert SettlementRun.objects.get().lines.count() == 2


@each_way
def test_two_postings_at_once_are_one_batch(way):
    world, _, event = make_case()
    run = settle(event=event)
    race(way, lambda: post_run(run=run), lambda: post_run(run=run))
    assert (LedgerBatch.objects.count(), LedgerEntry.objects.count()) == (1, 4)
    assert check_chain(distributor=world.here.distributor) is None


@each_way
def test_two_runs_of_one_distributor_posted_at_once_are_one_chain(way):
    distributor = make_distributor()
    meter = make_meter(distributor, contracted_kw=1)
    put_history(meter, 1000, 600)
    runs = []
    for name in "AB":
        program = make_program(distributor, name)
        runs.append(settle(event=record_completed_event(program=program, start=PAST[0], end=PAST[1])))
    race(way, lambda: post_run(run=runs[0]), lambda: post_run(run=runs[1]))
    assert [batch.number for batch in LedgerBatch.objects.all()] == [1, 2]
    assert check_chain(distributor=distributor) is None


@each_way
def test_an_event_that_two_record_at_once_is_one_event(way):
    distributor = make_distributor()
    make_meter(distributor, contracted_kw=1)
    program = make_program(distributor)

    def record():
        find_or_record_event(program=program, start=PAST[0], end=PAST[1])

    race(way, record, record)
    assert Event.objects.get().participations.count() == 1


@each_way
def test_two_clocks_move_an_event_on_once(way):
    distributor = make_distributor()
    hold_meter(distributor)
    event = make_announced(make_program(distributor))
    race(way, lambda: advance_events(now=event.start), lambda: advance_events(now=event.start))
    event.refresh_from_db()
    assert event.modification_number == 3


@each_way
def test_an_answer_at_the_last_moment_is_either_taken_or_refused(way):
    distributor = make_distributor()
    hold_meter(distributor)
    event = make_announced(make_program(distributor))
    mine = event.participations.get()
    answer, _ = race(way, lambda: opt_out(participation=mine), lambda: advance_events(now=event.start))
    mine.refresh_from_db()
    taken = ParticipationState.OPTED_OUT if answer.refused is None else ParticipationState.NO_RESPONSE
    assert mine.state == taken


@each_way
def test_two_who_announce_tell_people_once(way):
    distributor = make_distributor()
    hold_meter(distributor)
    event = schedule_event(event=make_draft(make_program(distributor)))
    writers = race(way, lambda: notify_event(event=event), lambda: notify_event(event=event))
    assert sorted(writer.refused is None for writer in writers) == [False, True]
    event.refresh_from_db()
    assert event.modification_number == 2


@each_way
def test_two_who_approve_one_adjustment_at_once_post_it_once(way):
    world, _, event = make_case()
    post_run(run=settle(event=event))
    here = world.here
    adjustment = ask_adjustment(
        distributor=here.distributor, holder=here.resident, amount=Decimal("-2.00"), reason="paid twice", by=here.admin
    )
    second = make_admin(here.distributor)

    def approve():
        approve_adjustment(adjustment=adjustment, by=second)

    race(way, approve, approve)
    assert LedgerBatch.objects.filter(kind=BatchKind.ADJUSTMENT).count() == 1
    assert balance(holder=here.resident) == Decimal("0.24")
    assert check_chain(distributor=here.distributor) is None


@each_way
def test_who_approves_and_who_refuses_at_once_leave_one_word_that_counts(way):
    world, _, event = make_case()
    run = settle(event=event)
    admin, second = world.here.admin, make_admin(world.here.distributor)
    race(
        way,
        lambda: approve_run(run=run, by=admin),
        lambda: refuse_run(run=run, by=second, reason="shut"),
    )
    assert run.decisions.count() == 2
    newest = run.decisions.order_by("pk").last()
    if newest.kind == DecisionKind.REFUSED:
        with pytest.raises(NotApproved):
            post_run(run=run)
    else:
        assert post_run(run=run).number == 1


def capped_events():
    """Two events of which each alone would pay the home 1.60 of the season's 2.00."""
    world, program, event = make_case(rate="0", rate_per_kwh=Decimal(1), cap_per_season=Decimal("2.00"))
    day = timedelta(days=1)
    put(world.here.home, EVENT_DAY + day, 600)
    put(world.here.school, EVENT_DAY + day, 60_000)
    return world.here, [event, record_completed_event(program=program, start=PAST[0] + day, end=PAST[1] + day)]


@each_way
def test_two_events_settled_at_once_share_the_seasons_cap(way):
    here, events = capped_events()
    race(way, lambda: settle(event=events[0]), lambda: settle(event=events[1]))
    lines = SettlementLine.objects.filter(meter=here.home)
    assert sorted(lines.values_list("credit", flat=True)) == [Decimal("0.40"), Decimal("1.60")]
    for event in events:
        post_run(run=settle(event=event))
    assert balance(holder=here.resident) == Decimal("2.00")


# Who is refused does not wait in its transaction for the other one.
@pytest.mark.parametrize("way", [way for way in WAYS if way != "first inside second"])
def test_two_postings_at_once_never_pay_above_the_seasons_cap(way):
    here, events = capped_events()
    post_run(run=settle(event=events[0]))
    put(here.home, EVENT_DAY, 1000)
    less, more = settle(event=events[0]), settle(event=events[1])
    lines = SettlementLine.objects.filter(meter=here.home)
    assert [lines.get(run=run).credit for run in (less, more)] == [0, Decimal("1.60")]
    _, poster = race(way, lambda: post_run(run=less), lambda: post_run(run=more))
    # Before the other event's money is taken back there is no room for this one's.
    is_refused = isinstance(poster.refused, SeasonFull)
    assert balance(holder=here.resident) == (0 if is_refused else Decimal("1.60"))
    post_run(run=settle(event=events[1]))
    assert balance(holder=here.resident) == Decimal("1.60")
    assert check_chain(distributor=here.distributor) is None


@each_way
@pytest.mark.parametrize("other", ["against", "adjust"])
def test_two_who_decide_one_dispute_at_once_leave_one_outcome(way, other):
    world, _, event = make_case()
    run = settle(event=event)
    post_run(run=run)
    here, second = world.here, make_admin(world.here.distributor)
    line = run.lines.select_related("run__event__program").get(meter=here.home)
    dispute = open_dispute(line=line, category="reading", by=here.resident)

    def adjust(by):
        resolve_by_adjusting(dispute=dispute, outcome="You are right.", amount=Decimal(1), by=by)

    ways = {
        "against": lambda: resolve_against(dispute=dispute, outcome="It is right.", by=second),
        "adjust": lambda: adjust(second),
    }
    writers = race(way, lambda: adjust(here.admin), ways[other])
    assert sorted(writer.refused is None for writer in writers) == [False, True]
    dispute.refresh_from_db()
    assert Adjustment.objects.count() == int(dispute.state == DisputeState.IN_FAVOR)
    assert balance(holder=here.resident) == Decimal("2.24")


@each_way
def test_two_objections_at_once_are_one_dispute(way):
    world, _, event = make_case()
    run = settle(event=event)
    line = run.lines.select_related("run__event__program").get(meter=world.here.home)

    # Another test's person may have had this number in the hour before.
    forgive("dispute", str(world.here.resident.pk))

    def object_to_it():
        open_dispute(line=line, category="reading", by=world.here.resident)

    race(way, object_to_it, object_to_it)
    assert Dispute.objects.count() == 1


@each_way
def test_a_correction_posted_while_an_adjustment_of_the_same_line_is_approved_takes_it_once(way):
    world, _, event = make_case()
    paid = settle(event=event)
    post_run(run=paid)
    here, second = world.here, make_admin(world.here.distributor)
    line = paid.lines.select_related("run__event").get(meter=here.home)
    asked = {"distributor": here.distributor, "holder": here.resident, "line": line, "by": here.admin}
    adjustment = ask_adjustment(**asked, amount=Decimal("-2.24"), reason="the meter was wrong")
    put(here.home, EVENT_DAY, 900)
    run = settle(event=event)
    race(way, lambda: post_run(run=run), lambda: approve_adjustment(adjustment=adjustment, by=second))
    due = run.lines.get(meter=here.home).credit
    # Whoever comes first, the other one finds it: the correction counts the adjustment, or it is refused as replaced.
    assert (balance(holder=here.resident), due) == (due, Decimal("0.56"))
    assert check_chain(distributor=here.distributor) is None


@each_way
def test_two_postings_of_two_events_at_once_take_a_resident_to_zero_and_no_further(way):
    world, program, event = make_case()
    day = timedelta(days=1)
    put(world.here.home, EVENT_DAY + day, 600)
    put(world.here.school, EVENT_DAY + day, 20_000)
    other = record_completed_event(program=program, start=PAST[0] + day, end=PAST[1] + day)
    here, second = world.here, make_admin(world.here.distributor)
    for each in (event, other):
        post_run(run=settle(event=each))
    spent = balance(holder=here.resident) - 1
    asked = {"distributor": here.distributor, "holder": here.resident, "by": here.admin, "reason": "paid out"}
    approve_adjustment(adjustment=ask_adjustment(**asked, amount=-spent), by=second)
    for place in range(2):
        put(here.home, EVENT_DAY + place * day, 1000)
    runs = [settle(event=each) for each in (event, other)]
    race(way, lambda: post_run(run=runs[0]), lambda: post_run(run=runs[1]))
    assert LedgerBatch.objects.filter(run__in=runs).count() == 2
    assert balance(holder=here.resident) == 0
    assert check_chain(distributor=here.distributor) is None
