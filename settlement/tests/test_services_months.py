"""A month of standing by: B3, who is paid for what, corrections as differences, four eyes, and what keeps it open."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from common.money import parse_fraction, round_half_up
from events.models import Enrollment, Nomination, ParticipationState
from events.services import record_completed_event
from events.tests.world import make_program
from meters.models import MeterMap
from settlement.baselines.reservation import Called, Month, Standing, reservation, reservations
from settlement.errors import MonthOpen, NotApproved, ReasonMissing, StaleRun
from settlement.models import Account, BatchKind, LedgerEntry, MonthDecision, MonthLine, MonthRun, MonthWord
from settlement.services import (
    approve_month,
    approve_run,
    balance,
    check_chain,
    post_month,
    post_run,
    refuse_month,
    refuse_run,
    settle,
    settle_month,
)
from settlement.services.months.clock import settle_months
from settlement.services.months.work import missing_events
from settlement.tests.world import local, put
from tests.builder import make_admin, make_user, make_world

JULY = date(2026, 7, 1)
AUGUST = date(2026, 8, 1)
DAYS = [date(2026, 7, day) for day in (7, 8, 9, 10, 13, 14, 15, 16, 17)]
# Before readings of July's events are given up, and when the days for them are over.
JUNE = datetime(2026, 6, 1, 4, tzinfo=UTC)
EARLY, LATE = datetime(2026, 8, 2, tzinfo=UTC), datetime(2026, 9, 15, tzinfo=UTC)
D = Decimal


def test_b3_the_factor_is_exact_and_the_pay_its_share():
    events = [Called(2, 95, 100, D(18)), Called(4, 60, 100, D(18))]
    assert reservation(events).factor == Fraction(43, 60)
    assert reservation(events).credit == D("1290.00")
    assert reservation([Called(1, 300, 100, D(18))]).credit == D("1800.00")
    assert reservation([Called(1, -5, 100, D(18))]).credit == 0
    assert reservation([]).credit == 0


def test_a_month_without_an_event_pays_the_nomination_for_the_time_stood_by():
    whole = Month(standing=[Standing(Fraction(1), 100, D(18))])
    raised = Month(standing=[Standing(Fraction(1, 2), 100, D(18)), Standing(Fraction(1, 4), 200, D(20))])
    assert reservations({1: whole})[1].credit == D("1800.00")
    assert reservations({1: raised})[1].credit == D("1900.00")


CALLS = st.builds(
    Called,
    st.integers(1, 24),
    st.decimals(-50, 200, places=3),
    st.decimals("0.001", 150, places=3),
    st.decimals(0, 30, places=4),
)
PARTS = st.tuples(st.decimals("0.001", 150, places=3), st.decimals(0, 30, places=4))


@given(
    st.lists(st.tuples(st.lists(CALLS, max_size=3), st.lists(PARTS, max_size=3)), min_size=1, max_size=5),
    st.lists(st.integers(1, 1000), min_size=16, max_size=16),
)
def test_the_holders_of_a_meter_are_paid_one_month_of_its_nomination_together(holders, cuts):
    # The month is cut into parts of these lengths, so that no two holders have the same time.
    lengths = iter(Fraction(cut, sum(cuts)) for cut in cuts)
    months = {
        number: Month(called, [Standing(next(lengths), kw, price) for kw, price in parts])
        for number, (called, parts) in enumerate(holders)
    }
    found = reservations(months)
    worths = [Fraction(each.nomination_kw) * Fraction(each.price_per_kw_month) for month in months.values()
              for each in (*month.called, *month.standing)]  # fmt: skip
    assert sum(each.credit for each in found.values()) <= round_half_up(max(worths, default=Fraction(0)))
    assert sum(each.month_share for each in found.values()) <= 1
    assert all(each.credit >= 0 and 0 <= each.factor <= 1 for each in found.values())


def event_on(world, program, day, hours, kw, *, is_posted=True):
    """An event of July with so many kW of 100."""
    put(world.here.school, day, 100_000 - kw * 500, hours)
    event = record_completed_event(program=program, start=local(day, hours[0]), end=local(day, hours[1]))
    if is_posted:
        post_run(run=settle(event=event))
    return event


def events_of(world, program):
    """Two posted events of July: 95 of 100 kW over two hours, 60 of 100 over four."""
    for day in DAYS:
        put(world.here.school, day, 100_000, (12, 20))
    return [event_on(world, program, DAYS[5], (16, 18), 95), event_on(world, program, DAYS[8], (12, 16), 60)]


def paid(world, program, month=JULY):
    """The month, worked out, approved and posted."""
    run = settle_month(program=program, month=month)
    approve_month(run=run, by=world.here.admin)
    post_month(run=run, by=world.here.admin)
    run.refresh_from_db()
    return run


def enrolled(program, meter, since, kw=None):
    """The meter's enrollment as it was from a moment on; with a promise of kW from then on."""
    Enrollment.objects.filter(program=program, meter=meter).update(enrolled_at=since)
    row = Enrollment.objects.get(program=program, meter=meter)
    if kw is not None:
        Nomination.objects.create(enrollment=row, kw=kw, valid_from=since, source="at joining")
    return row


@pytest.fixture
def case(db):
    world = make_world()
    world.here.school.contracted_kw = D(100)
    world.here.school.save()
    program = make_program(world.here.distributor, rate="0", rate_per_kwh=D(1), capacity_per_kw_month=D(18))
    return world, program


@pytest.fixture
def since_june(db, time_machine):
    """A case whose terms and enrollment are older than the month; it is September by now."""
    found = in_june(time_machine)
    time_machine.move_to(LATE)
    return found


def in_june(time_machine, **terms):
    """A world made in June, with a program that pays for standing by."""
    time_machine.move_to(JUNE)
    world = make_world()
    world.here.school.contracted_kw = D(100)
    world.here.school.save()
    fields = {"rate": "0", "rate_per_kwh": D(1), "capacity_per_kw_month": D(18)}
    return world, make_program(world.here.distributor, **(fields | terms))


def test_what_nobody_agreed_to_pays_no_month(case):
    world, program = case
    events = events_of(world, program)
    # A correction that was computed and not approved: 60 kW would have been 90.
    put(world.here.school, DAYS[8], 100_000 - 90 * 500, (12, 16))
    refused = settle(event=events[1], by=world.here.admin)
    assert refused.number == 2
    paid(world, program)
    assert LedgerEntry.objects.get(batch__kind=BatchKind.MONTH, account=Account.OWED).amount == D("1290.00")


def test_b3_through_the_services(case):
    world, program = case
    events_of(world, program)
    assert balance(holder=world.here.organization) == D("430.00")
    run = settle_month(program=program, month=date(2026, 7, 31))
    line = run.lines.get(meter=world.here.school)
    assert (parse_fraction(line.factor), line.credit) == (Fraction(43, 60), D("1290.00"))
    assert [event["counted_kw"] for event in line.trace["events"]] == ["95/1", "60/1"]
    assert balance(holder=world.here.organization) == D("430.00")
    assert paid(world, program) == run
    assert balance(holder=world.here.organization) == D("1720.00")
    assert settle_month(program=program, month=JULY) == run
    run.refresh_from_db()
    assert run.batch.kind == BatchKind.MONTH
    assert check_chain(distributor=world.here.distributor) is None


def test_a_corrected_event_makes_a_new_run_that_posts_the_difference(case):
    world, program = case
    event = events_of(world, program)[1]
    first = paid(world, program)
    put(world.here.school, DAYS[8], 100_000 - 45_000, (12, 16))
    post_run(run=settle(event=event))
    second = paid(world, program)
    line = second.lines.get()
    assert (second.number, line.credit) == (2, D("1650.00"))
    posted = second.batch.entries.filter(account=Account.OWED).values_list("amount", flat=True)
    assert list(posted) == [line.credit - first.lines.get().credit]


def test_a_month_is_posted_once_another_person_approved_it(case):
    world, program = case
    events_of(world, program)
    second = make_admin(world.here.distributor)
    run = settle_month(program=program, month=JULY, by=world.here.admin)
    with pytest.raises(NotApproved):
        post_month(run=run, by=second)
    with pytest.raises(NotApproved):
        approve_month(run=run, by=world.here.admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        MonthDecision.objects.create(run=run, kind=MonthWord.APPROVED, decided_by=world.here.admin)
    with pytest.raises(ReasonMissing):
        refuse_month(run=run, by=second, reason=" ")
    refuse_month(run=run, by=second, reason="The nomination is wrong")
    with pytest.raises(NotApproved, match="nomination"):
        post_month(run=run, by=second)
    approve_month(run=run, by=second)
    batch = post_month(run=run, by=world.here.admin)
    assert post_month(run=run, by=second) == batch
    with pytest.raises(StaleRun):
        refuse_month(run=run, by=second, reason="Too late")


def test_a_month_whose_events_changed_since_is_not_posted(case):
    world, program = case
    event = events_of(world, program)[1]
    run = settle_month(program=program, month=JULY)
    approve_month(run=run, by=world.here.admin)
    put(world.here.school, DAYS[8], 100_000 - 45_000, (12, 16))
    post_run(run=settle(event=event))
    with pytest.raises(StaleRun):
        post_month(run=run, by=world.here.admin)
    newer = settle_month(program=program, month=JULY)
    with pytest.raises(StaleRun):
        approve_month(run=run, by=world.here.admin)
    assert newer.number == 2


def test_two_holders_of_a_meter_in_a_month_are_paid_its_nomination_once(case):
    world, program = case
    for day in DAYS:
        put(world.here.school, day, 100_000, (12, 20))
    event_on(world, program, DAYS[3], (16, 18), 100)
    moved = local(date(2026, 7, 11), 0)
    MeterMap.objects.filter(meter=world.here.school, entity_id=world.here.organization.pk).update(valid_to=moved)
    other = make_user(world.here.distributor)
    MeterMap.objects.create(meter=world.here.school, entity_id=other.pk, valid_from=moved)
    enrolled(program, world.here.school, moved, D(100))
    event_on(world, program, DAYS[8], (12, 16), 100)
    paid(world, program)
    amounts = dict(MonthLine.objects.values_list("holder", "credit"))
    assert amounts == {world.here.organization.pk: D("600.00"), other.pk: D("1200.00")}


def test_a_month_waits_for_all_of_its_events_until_their_readings_are_given_up(case):
    world, program = case
    events_of(world, program)
    left = event_on(world, program, DAYS[4], (16, 17), 40, is_posted=False)
    with pytest.raises(MonthOpen, match="1 of"):
        settle_month(program=program, month=JULY, now=EARLY)
    run = settle_month(program=program, month=JULY, now=LATE)
    assert run.lines.get().credit == D("1290.00")
    assert missing_events(program=program, first=JULY) == [left]


def test_a_refused_final_holds_up_no_month(case):
    world, program = case
    events_of(world, program)
    event = event_on(world, program, DAYS[4], (16, 17), 40, is_posted=False)
    run = settle(event=event)
    with pytest.raises(MonthOpen):
        settle_month(program=program, month=JULY, now=EARLY)
    refuse_run(run=run, by=world.here.admin, reason="The meter was swapped")
    month = settle_month(program=program, month=JULY, now=EARLY)
    assert month.lines.get().credit == D("1290.00")
    assert [row.word for row in missing_events(program=program, first=JULY)] == ["refused"]
    # Once it is posted after all, the month follows.
    approve_run(run=run, by=world.here.admin)
    post_run(run=run, by=world.here.admin)
    assert settle_month(program=program, month=JULY, now=EARLY).number == 2


def test_a_month_that_is_not_over_is_not_paid(case):
    _, program = case
    with pytest.raises(MonthOpen):
        settle_month(program=program, month=date.today() + timedelta(days=1))  # noqa: DTZ011


def test_without_a_price_nothing_is_paid(case):
    world, _ = case
    plain = make_program(world.here.distributor, "Plain")
    assert settle_month(program=plain, month=JULY) is None
    assert not MonthLine.objects.exists()


def test_a_month_without_an_event_pays_the_nomination(since_june):
    world, program = since_june
    run = paid(world, program)
    line = run.lines.get(meter=world.here.school)
    assert (line.credit, line.factor, line.holder_id) == (D("1800.00"), "1/1", world.here.organization.pk)
    assert line.trace["standing"][0]["nomination_kw"] == "100.000"


def test_an_event_that_was_skipped_in_time_costs_nothing_and_counts_for_nothing(since_june):
    world, program = since_june
    for day in DAYS:
        put(world.here.school, day, 100_000, (12, 20))
    event = event_on(world, program, DAYS[5], (16, 18), 95, is_posted=False)
    event.participations.filter(meter=world.here.school).update(state=ParticipationState.OPTED_OUT)
    post_run(run=settle(event=event))
    assert settle_month(program=program, month=JULY).lines.get(meter=world.here.school).credit == D("1800.00")


def test_who_joined_within_the_month_is_paid_for_the_rest_of_it(since_june):
    world, program = since_june
    enrolled(program, world.here.school, local(date(2026, 7, 17), 0), D(100))
    line = settle_month(program=program, month=JULY).lines.get(meter=world.here.school)
    # 15 of 31 days.
    assert line.credit == round_half_up(Fraction(1800 * 15, 31))
    assert parse_fraction(line.trace["month_share"]) == Fraction(15, 31)


def test_what_somebody_else_promised_before_binds_nobody(since_june):
    world, program = since_june
    moved = local(date(2026, 7, 1), 0)
    MeterMap.objects.filter(meter=world.here.school, entity_id=world.here.organization.pk).update(valid_to=moved)
    other = make_user(world.here.distributor)
    MeterMap.objects.create(meter=world.here.school, entity_id=other.pk, valid_from=moved)
    run = settle_month(program=program, month=JULY)
    assert run is None or not run.lines.filter(meter=world.here.school).exists()


def test_a_posted_month_keeps_who_stood_by_whatever_enrollments_say_later(since_june):
    world, program = since_june
    run = paid(world, program)
    Enrollment.objects.update(enrolled_at=datetime(2026, 10, 1, tzinfo=UTC))
    assert settle_month(program=program, month=JULY) == run


def test_outside_of_the_season_nobody_stands_by(db, time_machine):
    season = {"season_start": date(2026, 6, 1), "season_end": date(2026, 7, 31)}
    _, program = in_june(time_machine, **season)
    time_machine.move_to(LATE)
    assert settle_month(program=program, month=AUGUST) is None
    assert settle_month(program=program, month=JULY) is not None


def test_the_clock_works_out_what_is_due_and_posts_nothing(since_june):
    _, program = since_june
    found = settle_months()
    assert [(run.program, run.month) for run in found] == [
        (program, date(2026, 6, 1)),
        (program, JULY),
        (program, AUGUST),
    ]
    assert not LedgerEntry.objects.exists()
    assert all(run.created_by is None for run in found)
    # Nothing has happened since.
    assert settle_months() == []
    assert MonthRun.objects.count() == 3


def test_the_clock_follows_a_corrected_event(case):
    world, program = case
    event = events_of(world, program)[1]
    assert [run.number for run in settle_months() if run.month == JULY] == [1]
    paid(world, program)
    put(world.here.school, DAYS[8], 100_000 - 45_000, (12, 16))
    post_run(run=settle(event=event))
    assert [run.number for run in settle_months() if run.month == JULY] == [2]


def test_the_command_works_out_and_posts_only_for_an_approver(case):
    world, program = case
    events_of(world, program)
    given = {"program": program.name, "month": "2026-07", "distributor": world.here.distributor.name}
    out = StringIO()
    call_command("settle_month", **given, stdout=out)
    assert "1290.00 USD" in out.getvalue()
    assert "43/60" in out.getvalue()
    assert "not posted" in out.getvalue()
    assert not LedgerEntry.objects.filter(batch__kind=BatchKind.MONTH).exists()
    with pytest.raises(CommandError, match="2026-07"):
        call_command("settle_month", **(given | {"month": "July"}))
    with pytest.raises(CommandError, match="--approver"):
        call_command("settle_month", **given, post=True)
    with pytest.raises(CommandError, match="no admin"):
        call_command("settle_month", **given, post=True, approver=world.there.admin.email)
    for _ in range(2):
        call_command("settle_month", **given, post=True, approver=world.here.admin.email, stdout=out)
    assert LedgerEntry.objects.filter(batch__kind=BatchKind.MONTH).count() == 2
    assert MonthDecision.objects.get().decided_by == world.here.admin
