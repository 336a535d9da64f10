"""A month at the wholesale meter, from readings and settled events, worked by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from common.money import parse_fraction
from dashboards.tests.operator_tools import browser
from events.services import record_completed_event
from events.tests.world import make_program
from meters.models import Prediction
from meters.services.rollups import rebuild_rollups
from settlement.baselines.control import student
from settlement.control_intervals import saved_between
from settlement.models import RunKind
from settlement.reports.wholesale import t_90
from settlement.reports.wholesale_month import months_with_events, wholesale_cost, wholesale_month
from settlement.services import settle
from settlement.tests.test_control_intervals import make_group_case
from settlement.tests.world import EVENT_DAY, POOL, make_case, put

pytestmark = pytest.mark.django_db
JULY = date(2026, 7, 9)
FIRST, SECOND = datetime(2026, 7, 22, 20, tzinfo=UTC), datetime(2026, 7, 22, 21, tzinfo=UTC)


@pytest.fixture
def case():
    """The usual case; the home used 900, 1000 and 1100 Wh a half hour on the three days before."""
    world, program, event = make_case()
    for day, wh in zip(POOL, (900, 1000, 1100), strict=True):
        put(world.here.home, day, wh)
    rebuild_rollups(distributor=world.here.distributor)
    return world, program, event


def july(world):
    return wholesale_month(user=world.here.admin, distributor=world.here.distributor, month=JULY)


def test_each_hour_of_an_event_has_what_all_saved_and_how_sure_that_is(case):
    world, _program, event = case
    settle(event=event)
    month = july(world)
    # Home 2 × (1000 − 600), school 2 × (60,000 − 20,000).
    assert [(each.start, each.reduction.energy_wh) for each in month.hours] == [(FIRST, 80_800), (SECOND, 80_800)]
    assert month.load_wh[FIRST] == 41_200
    # Totals of 121,800, 122,000 and 122,200 Wh: standard deviation 200, t 2.920, √(1 + 1/3).
    assert [round(each.reduction.width_wh, 1) for each in month.hours] == [674.3, 674.3]
    assert [(each.meters, each.is_estimate, each.minutes) for each in month.hours] == [(2, False, 60)] * 2


def test_the_suppliers_hour_is_worth_what_was_taken_off_it(case):
    world, _program, event = case
    settle(event=event)
    value = july(world).value(cost_per_kw=Decimal("10.35"), billed_at=FIRST)
    assert (value.peak.kw, value.peak_without.kw, value.coincident_kw) == (Fraction(412, 10), 122, Fraction(808, 10))
    assert (value.low_kw, value.high_kw) == (Fraction(80_126, 1000), Fraction(81_474, 1000))
    assert (value.avoided_cost, value.low_cost, value.high_cost) == (
        Decimal("836.28"), Decimal("829.30"), Decimal("843.26")
    )  # fmt: skip


def test_the_months_own_peak_lay_on_another_day_and_the_event_moved_nothing(case):
    world, _program, event = case
    settle(event=event)
    value = july(world).value(cost_per_kw=Decimal("10.35"))
    assert (value.peak.kw, value.avoided_kw, value.coincident_kw) == (Fraction(1222, 10), 0, 0)


def test_the_hours_add_up_to_what_was_settled(case):
    world, _program, event = case
    run = settle(event=event)
    settled = sum(parse_fraction(line.performance_wh) for line in run.lines.all())
    assert sum(each.reduction.energy_wh for each in july(world).hours) == settled


def test_who_used_more_counts_against_it(case):
    world, _program, event = case
    put(world.here.home, EVENT_DAY, 1500, (16, 18))
    settle(event=event)
    assert july(world).hours[0].reduction.energy_wh == 80_000 - 1000


def test_an_event_beginning_within_an_hour_counts_there_with_its_share(case):
    world, program, _event = case
    half = timedelta(minutes=30)
    later = record_completed_event(program=program, start=FIRST - 3 * half, end=FIRST - 2 * half)
    settle(event=later)
    (hour,) = july(world).hours
    assert (hour.start, hour.minutes) == (FIRST - timedelta(hours=2), 30)
    # Noon to six uses the event's energy on that day: 400 and 40,000 less in the half hour.
    assert hour.reduction.energy_wh == 40_400
    assert round(hour.reduction.width_wh, 1) == 337.2


def test_an_estimate_counts_until_there_is_a_final_run(case):
    world, _program, event = case
    settle(event=event, kind=RunKind.PRELIMINARY)
    assert {each.is_estimate for each in july(world).hours} == {True}
    settle(event=event)
    assert {each.is_estimate for each in july(world).hours} == {False}


def test_what_nobody_has_worked_out_is_named(case):
    world, _program, event = case
    month = july(world)
    assert (month.hours, month.open_events) == ((), (event,))


def test_a_meter_in_two_events_at_once_is_counted_once(case):
    world, _program, event = case
    another = make_program(world.here.distributor, "Another")
    twin = record_completed_event(program=another, start=event.start, end=event.end)
    settle(event=event)
    settle(event=twin)
    assert july(world).reductions[FIRST].energy_wh == 80_800


def test_without_sums_nothing_is_said(case):
    world, _program, event = case
    settle(event=event)
    empty = wholesale_month(user=world.here.admin, distributor=world.here.distributor, month=date(2025, 1, 1))
    assert empty.value(cost_per_kw=Decimal(1)) is None
    assert (empty.hours, empty.open_events) == ((), ())


def test_months_and_price_come_from_the_events(case):
    world, _program, _event = case
    here = world.here.distributor
    assert months_with_events(distributor=here) == [date(2026, 7, 1)]
    assert wholesale_cost(distributor=here, month=JULY) == Decimal("10.35")
    assert wholesale_cost(distributor=here, month=date(2020, 1, 1)) == Decimal("10.35")
    assert wholesale_cost(distributor=world.there.distributor, month=JULY) == 0


def test_student_becomes_normal():
    assert (t_90(2), t_90(30), t_90(400)) == (2.920, 1.697, 1.645)


def test_an_event_paid_by_predictions_has_no_interval_and_the_others_keep_theirs(case):
    world, _program, event = case
    by_forecast = make_program(world.here.distributor, "By forecast", preset="forecast")
    start = FIRST - timedelta(hours=3)
    later = record_completed_event(program=by_forecast, start=start, end=start + timedelta(hours=1))
    for meter, wh in ((world.here.home, 1200), (world.here.school, 70_000)):
        Prediction.objects.bulk_create(
            Prediction(
                meter=meter, start=start + number * timedelta(minutes=30), wh=wh, lower_wh=0, upper_wh=90_000,
                issued_at=start - timedelta(hours=9), forecast_number=1,
            )
            for number in range(2)
        )  # fmt: skip
    settle(event=event)
    settle(event=later)
    month = july(world)
    assert month.unsure == (later,)
    value = month.value(cost_per_kw=Decimal("10.35"), billed_at=FIRST)
    assert (value.low_kw, value.high_kw) == (Fraction(80_126, 1000), Fraction(81_474, 1000))
    reader = browser(world.here.admin)
    page = reader.get("/ops/wholesale?month=2026-07").content.decode()
    assert "Of these events nobody can say how sure they are" in page
    assert "In 9 of 10 cases" in page


def test_of_an_event_with_a_control_group_its_own_interval_counts():
    world, _program, event = make_group_case(9)
    rebuild_rollups(distributor=world.here.distributor)
    run = settle(event=event)
    month = july(world)
    # Half of the 95 % interval, at 90 %, over two hours that are taken as independent.
    half = saved_between(run).half_wh * t_90(8) / student(8) / 2**0.5
    assert [each.reduction.width_wh for each in month.hours] == pytest.approx([half, half])
    assert month.unsure == ()
    assert month.value(cost_per_kw=Decimal(1), billed_at=FIRST).low_kw is not None
