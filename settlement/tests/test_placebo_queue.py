"""Placebo reports that wait: one at a time, a few per distributor, and none for ever."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from events.tests.world import make_program
from settlement.errors import TooManyReports
from settlement.models import PlaceboReport, ReportState
from settlement.services.placebo import open_audit, order_report, reports, run_audit, work_report, work_reports
from settlement.tasks import work_placebo
from settlement.tests.test_placebo_reports import FIRST, LAST, fill
from settlement.tests.world import make_case

pytestmark = pytest.mark.django_db
LONG_AGO = reports.SILENT + timedelta(minutes=1)


@pytest.fixture
def case():
    world, program, _event = make_case(preset="three-day")
    fill(world.here.home, 900, 1100)
    fill(world.here.school, 60_000, 60_000)
    cache.delete(reports.GUARD)
    return world, program


def order(program, hour, **more):
    return order_report(**{"program": program, "first": FIRST, "last": LAST, "hours": [hour], "by": None} | more)


def fallen_silent(report, attempts):
    """The report as a worker leaves it that was killed."""
    PlaceboReport.objects.filter(pk=report.pk).update(
        state=ReportState.WORKING, attempts=attempts, touched_at=timezone.now() - LONG_AGO
    )


def test_a_second_worker_leaves_the_queue_alone_while_one_is_at_it(case, monkeypatch):
    _world, program = case
    first, second = order(program, 16), order(program, 17)
    seen = []

    def meanwhile(audit_case, progress):
        seen.append(work_reports())
        return run_audit(audit_case, progress)

    monkeypatch.setattr(reports, "run_audit", meanwhile)
    assert work_reports() == 2
    assert seen == [0, 0]
    for row in (first, second):
        row.refresh_from_db()
        assert (row.state, row.attempts) == (ReportState.DONE, 1)


def test_the_queue_goes_on_after_a_report_that_broke(case, monkeypatch):
    _world, program = case
    broken = order(program, 16)

    def breaks(audit_case, progress):
        raise RuntimeError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(reports, "run_audit", breaks)
        with pytest.raises(RuntimeError):
            work_placebo()
    broken.refresh_from_db()
    assert broken.state == ReportState.FAILED
    order(program, 17)
    assert work_reports() == 1


def test_a_few_reports_of_a_distributor_wait_and_one_more_is_refused_with_a_sentence(case):
    world, program = case
    other = make_program(world.here.distributor, name="Another program")
    for hour in range(reports.MOST_WAITING - 1):
        order(program, hour)
    order(other, 16)
    for refused in (program, other):
        with pytest.raises(TooManyReports, match="3 reports wait"):
            order(refused, 20)
    assert order(other, 16).hours == [16]
    # Another distributor's do not count.
    assert order(make_program(world.there.distributor), 16).state == ReportState.WAITING


def test_a_finished_report_makes_room_for_the_next(case):
    _world, program = case
    for hour in range(reports.MOST_WAITING):
        order(program, hour + 14)
    assert work_reports() == reports.MOST_WAITING
    assert order(program, 20).state == ReportState.WAITING


def test_a_report_whose_workers_died_twice_has_failed(case):
    _world, program = case
    report = order(program, 16)
    fallen_silent(report, attempts=reports.MOST_ATTEMPTS)
    assert work_reports() == 0
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.FAILED, reports.MOST_ATTEMPTS)
    assert "shorter" in report.problem
    assert report.finished_at is not None


def test_a_report_whose_worker_died_once_is_begun_again(case):
    _world, program = case
    report = order(program, 16)
    fallen_silent(report, attempts=1)
    assert work_reports() == 1
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.DONE, 2)


def test_a_worker_that_was_given_up_neither_finishes_nor_fails_the_report_of_the_next(case, monkeypatch):
    _world, program = case
    report = order(program, 16)

    def taken_over(audit_case, progress):
        PlaceboReport.objects.filter(pk=report.pk).update(attempts=2, percent=7)
        progress(60)
        pytest.fail("computed on although another worker has it")

    monkeypatch.setattr(reports, "run_audit", taken_over)
    assert not work_report(pk=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts, report.percent) == (ReportState.WORKING, 2, 7)


def test_a_worker_taken_over_right_before_the_end_stores_nothing(case, monkeypatch):
    _world, program = case
    report = order(program, 16)

    def late(audit_case, progress):
        found = run_audit(audit_case, progress)
        PlaceboReport.objects.filter(pk=report.pk).update(attempts=2)
        return found

    monkeypatch.setattr(reports, "run_audit", late)
    assert not work_report(pk=report.pk)
    report.refresh_from_db()
    assert (report.state, report.result) == (ReportState.WORKING, {})


def test_the_computation_shows_signs_of_life_after_every_rule(case):
    _world, program = case
    audit = open_audit(program=program, first=FIRST, last=LAST, hours=[16], presets=["three-day", "ten-in-ten"])
    signs = []
    run_audit(audit, signs.append)
    assert signs == sorted(signs)
    # Two rules, measured and judged, besides the readings and the end.
    assert len(signs) >= 6
    assert signs[-1] == 100
