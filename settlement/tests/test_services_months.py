"""A month of standing by: B3, corrections as differences, and what keeps a month open."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from common.money import parse_fraction
from events.services import record_completed_event
from events.tests.world import make_program
from settlement.baselines.reservation import Called, reservation
from settlement.errors import MonthOpen
from settlement.models import Account, BatchKind, LedgerEntry, MonthLine
from settlement.services import balance, check_chain, post_run, settle, settle_month
from settlement.tests.world import local, put
from tests.builder import make_world

JULY = date(2026, 7, 1)
DAYS = [date(2026, 7, day) for day in (7, 8, 9, 10, 13, 14, 15, 16, 17)]
D = Decimal


def test_b3_the_factor_is_exact_and_the_pay_its_share():
    events = [Called(2, 95, 100, D(18)), Called(4, 60, 100, D(18))]
    assert reservation(events).factor == Fraction(43, 60)
    assert reservation(events).credit == D("1290.00")
    assert reservation([Called(1, 300, 100, D(18))]).credit == D("1800.00")
    assert reservation([Called(1, -5, 100, D(18))]).credit == 0
    assert reservation([]).credit == 0


def events_of(world, program):
    """Two posted events of July: 95 of 100 kW over two hours, 60 of 100 over four."""
    school = world.here.school
    for day in DAYS:
        put(school, day, 100_000, (12, 20))
    found = []
    for day, hours, kw in ((DAYS[5], (16, 18), 95), (DAYS[8], (12, 16), 60)):
        put(school, day, 100_000 - kw * 500, hours)
        event = record_completed_event(program=program, start=local(day, hours[0]), end=local(day, hours[1]))
        post_run(run=settle(event=event))
        found.append(event)
    return found


@pytest.fixture
def case(db):
    world = make_world()
    world.here.school.contracted_kw = D(100)
    world.here.school.save()
    program = make_program(world.here.distributor, rate="0", rate_per_kwh=D(1), capacity_per_kw_month=D(18))
    return world, program


def test_what_nobody_agreed_to_pays_no_month(case):
    world, program = case
    events = events_of(world, program)
    # A correction that was computed and not approved: 60 kW would have been 90.
    put(world.here.school, DAYS[8], 100_000 - 90 * 500, (12, 16))
    refused = settle(event=events[1], by=world.here.admin)
    assert refused.number == 2
    settle_month(program=program, month=JULY)
    assert LedgerEntry.objects.get(batch__kind=BatchKind.MONTH, account=Account.OWED).amount == D("1290.00")


def test_b3_through_the_services(case):
    world, program = case
    events_of(world, program)
    assert balance(holder=world.here.organization) == D("430.00")
    run = settle_month(program=program, month=date(2026, 7, 31))
    line = run.lines.get(meter=world.here.school)
    assert (parse_fraction(line.factor), line.credit) == (Fraction(43, 60), D("1290.00"))
    assert [event["counted_kw"] for event in line.trace["events"]] == ["95/1", "60/1"]
    assert balance(holder=world.here.organization) == D("1720.00")
    assert settle_month(program=program, month=JULY) == run
    assert run.batch.kind == BatchKind.MONTH
    assert check_chain(distributor=world.here.distributor) is None


def test_a_corrected_event_makes_a_new_run_that_posts_the_difference(case):
    world, program = case
    event = events_of(world, program)[1]
    first = settle_month(program=program, month=JULY)
    put(world.here.school, DAYS[8], 100_000 - 45_000, (12, 16))
    post_run(run=settle(event=event))
    second = settle_month(program=program, month=JULY)
    line = second.lines.get()
    assert (second.number, line.credit) == (2, D("1650.00"))
    posted = second.batch.entries.filter(account=Account.OWED).values_list("amount", flat=True)
    assert list(posted) == [line.credit - first.lines.get().credit]


def test_a_month_waits_for_all_of_its_events(case):
    world, program = case
    events_of(world, program)
    record_completed_event(program=program, start=local(DAYS[4], 16), end=local(DAYS[4], 17))
    with pytest.raises(MonthOpen, match="1 of"):
        settle_month(program=program, month=JULY)


def test_a_month_that_is_not_over_is_not_paid(case):
    _, program = case
    with pytest.raises(MonthOpen):
        settle_month(program=program, month=date.today() + timedelta(days=1))  # noqa: DTZ011


def test_without_a_price_nothing_is_paid(case):
    world, _ = case
    plain = make_program(world.here.distributor, "Plain")
    assert settle_month(program=plain, month=JULY) is None
    assert not MonthLine.objects.exists()


def test_the_command_says_what_it_paid(case):
    world, program = case
    events_of(world, program)
    name, out = world.here.distributor.name, StringIO()
    call_command("settle_month", program=program.name, month="2026-07", distributor=name, stdout=out)
    assert "1290.00 USD" in out.getvalue()
    assert "43/60" in out.getvalue()
    with pytest.raises(CommandError, match="2026-07"):
        call_command("settle_month", program=program.name, month="July", distributor=name)
    assert LedgerEntry.objects.filter(batch__kind=BatchKind.MONTH).count() == 2
