"""A real utility's two settlements of 2021, recomputed to the cent from half-hour readings.

Skipped where the shared data are absent; nothing of them is stored in this project.
"""

import csv
import gzip
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from common import intervals
from settlement.baselines import (
    CapacityTerms,
    Event,
    Exclusion,
    MeterHistory,
    Reading,
    compute_baseline,
    compute_reward,
    get_preset,
    make_plan,
)
from settlement.tests import real_program as real

ZONE = ZoneInfo("America/New_York")
HOLIDAYS = frozenset(date.fromisoformat(day) for day in real.HOLIDAYS)
EVENT_DAYS = dict.fromkeys(
    [date(2021, 3, 29), date(2021, 5, 25), date(2021, 6, 14), date(2021, 7, 29)], Exclusion.EVENT
)
TERMS = CapacityTerms(rate_per_kw=real.RATE, wholesale_cost_per_kw=Decimal("10.35"))
UTILITY_TOLERANCE = Fraction(1, 1_000_000)  # its sheet has six decimals

pytestmark = real.needs_data


@pytest.fixture(scope="module")
def plans():
    found = {}
    for text, _end in real.events():
        start = intervals.parse_local(text, ZONE)
        event = Event(start, start + timedelta(hours=1), ZONE)
        found[text] = make_plan(get_preset("three-day"), event, 30, HOLIDAYS)
    return found


@pytest.fixture(scope="module")
def readings(plans):
    """Meter -> readings, only where the two plans look."""
    wanted = {start for plan in plans.values() for start in plan.reading_starts(plan.pool_days())}
    # No clock change lies inside the data: local time is four hours behind UTC throughout.
    texts = {(start - timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M"): start for start in wanted}
    found = defaultdict(dict)
    with gzip.open(real.FOLDER / "readings.csv.gz", "rt", newline="", encoding="utf-8") as source:
        for row in csv.reader(source):
            if row[1] in texts:
                found[row[0]][texts[row[1]]] = Reading(int(Decimal(row[3]) * 1000))
    return found


@pytest.fixture(scope="module")
def settle(plans, readings):
    """The function that settles one row of the sheet with a nomination."""

    def settle_row(row, nomination):
        plan = plans[row["event"]]
        oldest = plan.pool_days()[-1].day
        history = MeterHistory(readings[row["meter"]], 30, EVENT_DAYS, loaded_from=oldest)
        baseline = compute_baseline(plan, history)
        return baseline, compute_reward(baseline, TERMS, nomination)

    return settle_row


def test_the_local_times_of_the_data_are_read_right(plans):
    starts = [start for plan in plans.values() for start in plan.reading_starts(plan.pool_days())]
    assert {start.astimezone(ZONE).utcoffset() for start in starts} == {timedelta(hours=-4)}
    for text, plan in plans.items():
        assert plan.event.start.astimezone(UTC) == datetime.fromisoformat(f"{text}-04:00")


def test_energies_and_factors_of_every_row_agree(settle):
    compared = 0
    for row in real.sheet():
        baseline, reward = settle(row, Decimal(row["nomination_kw"]))
        if row["meter"] == real.blank():
            continue
        due = {
            "baseline_kwh": baseline.baseline_wh / 1000,
            "event_kwh": Fraction(baseline.actual_wh, 1000),
            "performance_kwh": reward.performance_wh / 1000,
            "performance_factor": reward.performance_factor,
            "delivered_kwh": reward.delivered_wh / 1000,
        }
        for column, value in due.items():
            assert abs(value - Fraction(row[column])) <= UTILITY_TOLERANCE, (row["meter"], column)
        compared += 1
    assert compared == 88


def test_the_meter_that_the_sheet_left_blank_is_due_nothing(settle):
    blank = [row for row in real.sheet() if row["meter"] == real.blank()]
    rewards = [settle(row, Decimal(row["nomination_kw"]))[1] for row in blank]
    assert [reward.performance_wh / 1000 for reward in rewards] == real.performances_of_blank()
    assert [str(reward.credit) for reward in rewards] == ["0.00", "0.00"]


def test_with_the_sheets_nominations_all_ninety_credits_agree_to_the_cent(settle):
    sheet = real.sheet()
    credits = [settle(row, Decimal(row["nomination_kw"]))[1].credit for row in sheet]
    assert len(credits) == 90
    assert credits == [real.paid(row) for row in sheet]


def test_all_ninety_demand_savings_agree_to_the_cent(settle):
    for row in real.sheet():
        savings = settle(row, Decimal(row["nomination_kw"]))[1].demand_savings
        assert abs(savings - Decimal(row["demand_savings_usd"])) <= Decimal("0.00501"), row["meter"]


def test_with_the_meters_own_nominations_one_credit_differs(settle):
    differing = {}
    for row in real.sheet():
        credit = settle(row, Decimal(real.nominations()[row["meter"]]))[1].credit
        if credit != real.paid(row):
            differing[row["event"], row["meter"]] = (str(credit), str(real.paid(row)))
    assert len(differing) == 1
    assert differing == real.wrongly_paid()


def test_the_days_behind_the_two_events(settle):
    by_event = {row["event"]: settle(row, 1)[0] for row in real.sheet()}
    for event, _end in real.events():
        assert list(by_event[event].used_days) == real.used_days(event)
