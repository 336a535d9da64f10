"""The worked examples, row by row: by pure function, and through the command from readings to the ledger.

B3 through the services is in test_services_months.py, D1 to D3 are in meters/tests/test_worked_examples.py.
"""

import os
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from common.money import parse_fraction
from events.services import record_completed_event
from events.tests.world import make_program
from meters.models import IntervalReading
from settlement.baselines import (
    BaselineStatus,
    Floor,
    Reading,
    capacity_factor,
    compute_baseline,
    correction,
    energy_credit,
    points,
    reservation_credit,
    rule_data,
    rule_hash,
)
from settlement.models import Account, BaselineRule, LedgerEntry, LineKind, LineStatus, RunKind
from settlement.services import check_ledger, settle
from settlement.tests import baseline_examples as examples
from settlement.tests import world as half_hours
from settlement.tests.baseline_examples import A1, EVENT_DAY, WORKED
from settlement.traces import opened
from tests.builder import make_distributor, make_meter, make_user, map_meter

TABLE = (
    Path(os.environ.get("DRPORTAL_SHARED_DATA", settings.BASE_DIR.parent / "shared" / "data"))
    / "baselines"
    / "worked_examples.md"
)
D = Decimal
every_rule = pytest.mark.parametrize("row", WORKED.values(), ids=WORKED)


def make_example(since=date(2026, 7, 1)):
    """The table's meter in the database, its program paying 2.00 per kWh and 100 points by A1's rule."""
    distributor = make_distributor("Larkfield", timezone="America/Los_Angeles")
    meter = make_meter(distributor, "A1", contracted_kw=5, interval_minutes=60)
    map_meter(meter, make_user(distributor))
    IntervalReading.objects.bulk_create(
        IntervalReading(meter=meter, start=start, energy_wh=reading.energy_wh)
        for start, reading in examples.table(since).items()
    )
    program = make_program(
        distributor, preset=A1.name, rate="0", rate_per_kwh=D("2.00"), points_per_kwh=100,
        holidays=tuple(examples.HOLIDAYS),
    )  # fmt: skip
    for day in examples.EXCLUDED:
        record_completed_event(program=program, start=examples.local(day, 16), end=examples.local(day, 18))
    return program, meter


def settled(program, **options):
    """The newest run that the command made of the event, and what it printed."""
    out = StringIO()
    call_command(
        "settle_event",
        program=program.name,
        start=f"{EVENT_DAY}T16:00",
        end=f"{EVENT_DAY}T18:00",
        stdout=out,
        **options,
    )
    event = program.events.get(start=examples.local(EVENT_DAY, 16))
    return event.runs.order_by("number").last(), out.getvalue()


def owed(unit):
    entries = LedgerEntry.objects.filter(account=Account.OWED, unit=unit)
    return list(entries.order_by("pk").values_list("amount", flat=True))


def restated():
    readings = examples.table()
    readings[examples.local(EVENT_DAY, 17)] = Reading(1900)
    return readings


@every_rule
def test_a_and_v3_by_pure_function(row):
    baseline = compute_baseline(examples.plan_for(row.preset), examples.history())
    assert baseline.status is BaselineStatus.OK
    assert baseline.used_days == row.used
    assert tuple(slot.unadjusted_wh for slot in baseline.slots) == row.unadjusted
    assert baseline.adjustment_applied == row.applied
    assert tuple(slot.baseline_wh for slot in baseline.slots) == row.settled
    assert sum(baseline.counted_deltas_wh) == row.delivered
    assert baseline.actual_wh == 3100


@pytest.mark.django_db
@every_rule
def test_a_and_v3_through_the_command(row):
    program, _ = make_example()
    rule = row.preset
    if rule is examples.MIDDLE_PLAIN:
        BaselineRule.objects.create(
            distributor=program.distributor, name=rule.name, data=rule_data(rule), sha256=rule_hash(rule)
        )
    run, words = settled(program, preset=rule.name)
    assert run.kind == (RunKind.FINAL if rule is A1 else RunKind.TRIAL)
    line = run.lines.get()
    trace = opened(line)
    used = {day["rank"]: day["day"] for day in trace["days"] if day["outcome"] == "USED"}
    assert [used[rank] for rank in sorted(used)] == [day.isoformat() for day in row.used]
    for name, values in (("unadjusted_wh", row.unadjusted), ("baseline_wh", row.settled)):
        assert tuple(parse_fraction(slot[name]) for slot in trace["slots"]) == values
    applied = trace["adjustment_applied"]
    assert (None if applied is None else parse_fraction(applied)) == row.applied
    assert (line.delivered_wh, line.event_wh, line.status) == (row.delivered, 3100, LineStatus.OK)
    assert f"{row.delivered / 1000:.3f} kWh" in words


@pytest.mark.django_db
@pytest.mark.parametrize("name", [A1.name, "five-in-ten", "high-four-of-five"])
def test_a7_through_the_command(name):
    program, _ = make_example(since=date(2026, 7, 16))
    run, words = settled(program, preset=name)
    line = run.lines.get()
    assert (line.status, line.credit, line.points) == (LineStatus.INSUFFICIENT_HISTORY, 0, 0)
    assert "0.00 USD" in words
    assert not LedgerEntry.objects.exists()


def test_b1_and_b6_by_pure_function():
    before, after = (
        compute_baseline(examples.plan_for(A1), examples.history(readings=readings)).counted_deltas_wh
        for readings in (examples.table(), restated())
    )
    assert (sum(before), sum(after)) == (2052, 1752)
    assert points(sum(before), 100) == 205
    paid, due = (energy_credit(deltas, D("2.00")) for deltas in (before, after))
    assert (str(paid), str(due), str(correction(paid, due))) == ("4.10", "3.50", "-0.60")


@pytest.mark.django_db
def test_b1_and_b6_through_the_command():
    program, meter = make_example()
    run, words = settled(program)
    line = run.lines.get()
    assert (line.kind, line.credit, line.points, line.delivered_wh) == (LineKind.ENERGY, D("4.10"), 205, 2052)
    assert line.trace["pay"]["quantity"] == "513/250"
    assert "4.10 USD" in words
    IntervalReading.objects.filter(meter=meter, start=examples.local(EVENT_DAY, 17)).update(energy_wh=1900)
    run, _ = settled(program)
    assert (run.lines.get().credit, run.lines.get().delivered_wh) == (D("3.50"), 1752)
    assert (owed("money"), owed("points")) == ([D("4.10"), D("-0.60")], [D(205), D(-30)])
    assert check_ledger(distributor=program.distributor).holds


each_floor = pytest.mark.parametrize(("floor", "credit"), [(Floor.EVENT, "0.40"), (Floor.INTERVAL, "1.20")])


@each_floor
def test_b2_by_pure_function(floor, credit):
    assert str(energy_credit([Fraction(600), Fraction(-400)], D("2.00"), floor)) == credit


@pytest.mark.django_db
@each_floor
def test_b2_through_the_services(floor, credit):
    world, _, event = half_hours.make_case(rate="0", rate_per_kwh=D("2.00"), floor=floor.value)
    half_hours.put(world.here.home, half_hours.EVENT_DAY, 700, (16, 17))
    half_hours.put(world.here.home, half_hours.EVENT_DAY, 1200, (17, 18))
    assert settle(event=event).lines.get(meter=world.here.home).credit == D(credit)


def test_b3_by_pure_function():
    factor = capacity_factor([(2, 95), (4, 60)], 100)
    assert factor == Fraction(43, 60)
    assert str(reservation_credit(100, D("18.00"), factor)) == "1290.00"
    assert str(energy_credit([Fraction(2 * 95_000), Fraction(4 * 60_000)], D("1.00"))) == "430.00"


@pytest.mark.skipif(not TABLE.is_file(), reason="the table of the worked examples is not here")
def test_no_row_of_the_table_is_missing_here_and_its_bold_numbers_are_ours():
    rows = dict(re.findall(r"^\| ([ABDV]\d) \|(.*)$", TABLE.read_text(encoding="utf-8"), re.MULTILINE))
    bold = {name: re.findall(r"\*\*(.+?)\*\*", text) for name, text in rows.items()}
    ours = {name: ["{}/{}".format(*row.settled), str(row.delivered)] for name, row in WORKED.items()}
    ours |= {"B1": ["4.10", "205"], "B3": ["1290.00"], "B6": ["−0.60"]}
    assert {name: found for name, found in bold.items() if found} == ours
    assert rows.keys() - ours.keys() == {"A7", "B2", "D1", "D2", "D3"}
