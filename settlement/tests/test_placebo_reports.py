"""Placebo reports: ordered, computed by a worker, kept; the command; and the noise beside a reward."""

from datetime import date, timedelta
from fractions import Fraction
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from meters.models import IntervalReading
from settlement.baselines import get_preset
from settlement.errors import NothingToAudit
from settlement.models import PlaceboReport, ReportState
from settlement.placebo.noise import Unknown, noise_from, noise_of
from settlement.services import settle
from settlement.services.placebo import open_audit, order_report, run_audit, work_report, work_reports
from settlement.tasks import work_placebo
from settlement.tests.world import EVENT_DAY, make_case, put

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST, LAST = date(2026, 7, 1), date(2026, 7, 17)


def fill(meter, low, high, days=70):
    """Business days before the event that use `low` and `high` Wh a half hour by turns, noon to six."""
    number = 0
    for age in range(days, 0, -1):
        day = EVENT_DAY - age * DAY
        if day.weekday() < 5:
            put(meter, day, (low, high)[number % 2])
            number += 1


@pytest.fixture
def case():
    world, program, event = make_case(preset="three-day")
    fill(world.here.home, 900, 1100)
    fill(world.here.school, 60_000, 60_000)
    return world, program, event


def order(program, by=None, **more):
    asked = {"first": FIRST, "last": LAST, "hours": [16, 17]} | more
    return order_report(program=program, by=by, **asked)


def test_a_report_is_ordered_worked_and_kept(case):
    world, program, _event = case
    report = order(program, world.here.admin)
    assert (report.state, report.made_by) == (ReportState.WAITING, world.here.admin)
    work_placebo()
    report.refresh_from_db()
    assert (report.state, report.percent, report.problem) == (ReportState.DONE, 100, "")
    assert len(report.inputs_sha256) == 64
    result = report.result
    assert (result["meters"], result["days"], result["hours"]) == (2, 13, [16, 17])
    rules = {row["preset"]: row for row in result["rules"]}
    # The school never differs; the home misses by 200 or so Wh an hour of 2000, of 122 000 together.
    assert rules["three-day"]["bias"] == pytest.approx(0, abs=0.001)
    assert 0 < rules["three-day"]["for_nothing"] < 0.002
    assert result["in_force"] == "three-day"
    assert [row["preset"] for row in result["not_applicable"]] == ["forecast", "control-group"]


def test_money_counts_at_the_programs_price_up_to_the_nomination(case):
    """The mean of three alternating days misses by 133 or 67 Wh a half hour: over 13 days of 2 hours, priced 2.80."""
    _world, program, _event = case
    audit = open_audit(program=program, first=FIRST, last=LAST, hours=[17], presets=["three-day"])
    row = run_audit(audit).data["rules"][0]
    kwh = row["for_nothing"] * run_audit(audit).data["used_wh"] / 1000
    price = float(program.current.rate_per_kw)
    assert row["money"] == pytest.approx(kwh * price, rel=1e-3)


def test_the_same_inputs_have_the_same_result_and_hash_and_other_readings_another(case):
    world, program, _event = case
    audit = open_audit(program=program, first=FIRST, last=LAST, hours=[17], presets=[])
    first, again = run_audit(audit), run_audit(audit)
    assert (first.sha256, first.data) == (again.sha256, again.data)
    put(world.here.home, LAST, 1234)
    assert run_audit(audit).sha256 != first.sha256


def test_asking_twice_for_the_same_is_one_report(case):
    _world, program, _event = case
    assert order(program) == order(program)
    assert order(program, hours=[7]) != order(program)


def test_a_finished_or_running_report_is_not_worked_again_but_a_dead_one_is(case):
    _world, program, _event = case
    report = order(program)
    assert work_report(pk=report.pk)
    assert not work_report(pk=report.pk)
    running = order(program, hours=[7])
    PlaceboReport.objects.filter(pk=running.pk).update(state=ReportState.WORKING, touched_at=timezone.now())
    assert work_reports() == 0
    PlaceboReport.objects.filter(pk=running.pk).update(touched_at=timezone.now() - timedelta(minutes=6))
    assert work_reports() == 1


def test_what_cannot_be_audited_fails_with_a_sentence(case):
    _world, program, _event = case
    report = order(program, first=date(2020, 1, 1), last=date(2020, 2, 1))
    work_reports()
    report.refresh_from_db()
    assert report.state == ReportState.FAILED
    assert "None of these days can be audited" in report.problem


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"first": LAST, "last": FIRST}, "before the first"),
        ({"first": date(2020, 1, 1)}, "at most 366 days"),
        ({"hours": []}, "whole numbers"),
        ({"hours": [24]}, "whole numbers"),
        ({"hours": [True]}, "whole numbers"),
    ],
)
def test_nonsense_is_refused_when_it_is_asked_for(case, more, words):
    _world, program, _event = case
    with pytest.raises(NothingToAudit, match=words):
        order(program, **more)


def test_event_days_and_days_that_do_not_count_are_no_ordinary_days(case):
    world, program, event = case
    audit = open_audit(program=program, first=FIRST, last=EVENT_DAY, hours=[17], presets=["three-day"])
    assert EVENT_DAY in audit.event_days
    assert run_audit(audit).data["last"] == "2026-07-21"
    assert event.program == program
    assert world.here.home in audit.meters


def call(**options):
    out = StringIO()
    defaults = {"program": "Load response", "distributor": "Hither", "first": "2026-07-01", "last": "2026-07-17"}
    call_command("placebo", stdout=out, **defaults | options)
    return out.getvalue()


def test_the_command_says_what_it_found_and_stores_nothing(case, tmp_path):
    text = call(preset=["three-day", "ten-in-ten", "control-group"], hours="16,17", csv=str(tmp_path / "out.csv"))
    assert "13 ordinary days from 2026-07-01 to 2026-07-17, hours 16, 17" in text
    assert "control-group" in text
    assert "nobody is held out" in text
    assert "Paid in 0 settled events" in text
    assert not PlaceboReport.objects.exists()
    head, *rows = (tmp_path / "out.csv").read_text().splitlines()
    assert head.startswith("preset,scope,name,cells,median_rrmse")
    assert sum(row.split(",")[1] == "meter" for row in rows) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"program": "Other"}, "There are: Load response"),
        ({"preset": ["best-day"]}, "Known are"),
        ({"hours": "noon"}, "no list of hours"),
        ({"hours": "25"}, "whole numbers"),
        ({"first": "yesterday"}, "not a day"),
        ({"first": "2020-01-01", "last": "2020-03-01"}, "None of these days"),
        ({"csv": "/no/such/folder/out.csv"}, "cannot be written"),
    ],
)
def test_the_command_refuses_in_one_sentence(case, options, words):
    with pytest.raises(CommandError, match=words):
        call(**options)


def test_what_was_paid_in_events_stands_beside(case):
    _world, program, event = case
    settle(event=event)
    audit = open_audit(program=program, first=FIRST, last=LAST, hours=[17], presets=["three-day"])
    paid = run_audit(audit).data["paid"]
    assert (paid["events"], paid["hours"]) == (1, 2.0)
    assert float(paid["money"]) > 0


def test_noise_by_hand():
    """Errors of ±300 and ±400 Wh are √125000 = 353.6 Wh typically; 707 Wh saved are twice that."""
    found = noise_from(np.array([300.0, -400.0] * 5), 707)
    assert (found.typical_wh, found.ratio, found.days) == (354, 2.0, 10)
    assert "may be chance" in noise_from(np.array([300.0, -400.0] * 5), 100).words
    assert "saved here" not in noise_from(np.array([300.0, -400.0] * 5), -100).words
    assert noise_from(np.array([300.0] * 7), 707) is None
    assert noise_from(np.zeros(20), 707) is None


def test_a_rewards_noise_is_that_of_its_own_meter_and_hours(case):
    world, _program, event = case
    run = settle(event=event)
    line = run.lines.select_related("run__event__program__distributor", "run__event__version", "meter").get(
        meter=world.here.home
    )
    found = noise_of(line)
    # Days of 1100 and 900 Wh a half hour by turns, against the mean of the three days before.
    expected = [abs(_miss(number)) for number in range(2)]
    assert expected[0] == expected[1] == Fraction(400, 3) * 4
    assert found.typical_wh == pytest.approx(533, abs=1)
    assert found.ratio == pytest.approx(float(Fraction(line.performance_wh)) / (1600 / 3), abs=0.01)
    school = noise_of(run.lines.select_related("meter").get(meter=world.here.school))
    assert isinstance(school, Unknown)
    assert "too few ordinary days" in school.words


def _miss(number):
    days = [900, 1100, 900, 1100, 900]
    return 4 * (Fraction(sum(days[number : number + 3]), 3) - days[number + 3])


def test_noise_reads_one_meter_with_few_queries(case, django_assert_max_num_queries):
    world, _program, event = case
    run = settle(event=event)
    line = run.lines.select_related("run__event__program__distributor", "run__event__version", "meter").get(
        meter=world.here.home
    )
    with django_assert_max_num_queries(4):
        noise_of(line)


def test_estimates_and_missing_readings_are_left_out(case):
    world, program, _event = case
    IntervalReading.objects.filter(meter=world.here.home).delete()
    audit = open_audit(program=program, first=FIRST, last=LAST, hours=[17], presets=["three-day"])
    found = run_audit(audit).data
    assert [row["number"] for row in found["meter_rows"]] == [world.here.school.number]
    assert get_preset("three-day").name == found["rules"][0]["preset"]
