"""The pages of the placebo audit and of integrity flags."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.attention import needs_of
from settlement.models import FlagCheck, FlagKind, IntegrityFlag, PlaceboReport, ReportState
from settlement.services import settle
from settlement.services.placebo.reports import MOST_WAITING
from settlement.tests.placebo_world import placebo_result
from settlement.tests.world import EVENT_DAY, make_case, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return make_case()


def report_of(program, **fields):
    values = {
        "program": program,
        "first_day": date(2026, 6, 1),
        "last_day": date(2026, 6, 12),
        "hours": [7, 17],
        "state": ReportState.DONE,
        "result": placebo_result(),
        "finished_at": timezone.now(),
    }
    return PlaceboReport.objects.create(**(values | fields))


def test_without_an_audit_an_admin_is_asked_to_start_one_and_an_auditor_told_who_does(case, client):
    world, program, _event = case
    url = reverse("operator_placebo", args=[program.pk])
    client.force_login(world.here.admin)
    page = client.get(url).content.decode()
    assert "No audit yet" in page
    assert "Start the audit" in page
    client.force_login(world.here.auditor)
    assert "Start the audit" not in client.get(url).content.decode()


def test_an_audit_is_ordered_and_its_progress_shown(case, client):
    world, program, _event = case
    client.force_login(world.here.admin)
    url = reverse("operator_placebo", args=[program.pk])
    answer = client.post(url, {"first": "2026-06-01", "last": "2026-06-30", "hours": "7, 17"}, follow=True)
    assert "A new audit is under way" in answer.content.decode()
    report = PlaceboReport.objects.get()
    assert (report.hours, report.made_by) == ([7, 17], world.here.admin)
    now = client.get(reverse("operator_placebo_progress", args=[program.pk])).json()
    assert (now["moving"], now["percent"]) == (True, None)
    PlaceboReport.objects.update(state=ReportState.WORKING, percent=40, touched_at=timezone.now())
    assert client.get(reverse("operator_placebo_progress", args=[program.pk])).json()["text"] == "40 % done"


def test_one_audit_too_many_is_refused_with_a_sentence(case, client):
    world, program, _event = case
    client.force_login(world.here.admin)
    for hour in range(MOST_WAITING):
        report_of(program, hours=[hour], state=ReportState.WAITING, result={}, finished_at=None)
    body = {"first": "2026-06-01", "last": "2026-06-30", "hours": "7, 17"}
    answer = client.post(reverse("operator_placebo", args=[program.pk]), body)
    assert answer.status_code == 200
    assert "3 reports wait or are being computed." in answer.text
    assert PlaceboReport.objects.count() == MOST_WAITING


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"hours": "noon"}, "Write hours like"),
        ({"hours": "7,25"}, "whole numbers from 0 to 23"),
        ({"first": "2026-07-01"}, "before the first one"),
        ({"first": ""}, "required"),
    ],
)
def test_nonsense_is_answered_beside_the_form(case, client, data, words):
    world, program, _event = case
    client.force_login(world.here.admin)
    body = {"first": "2026-06-01", "last": "2026-06-30", "hours": "7, 17"} | data
    page = client.post(reverse("operator_placebo", args=[program.pk]), body).content.decode()
    assert words in page
    assert not PlaceboReport.objects.exists()


def test_a_finished_audit_says_what_it_means_and_why_each_rule_lost(case, client):
    world, program, _event = case
    report_of(program)
    client.force_login(world.here.staff)
    page = client.get(reverse("operator_placebo", args=[program.pk])).content.decode()
    assert "Chosen on the earlier 5 days, where it paid 5.6 % (4.6 % – 6.6 %)" in page
    assert "on the later 5 days, which had no say" in page
    assert "It has comparable days for 80.0 % of the hours" in page
    assert "Chosen on the earlier half of the days, and how it did on the later half" in page
    assert "The rule in force (three-day) would have paid for 7.0 % of all load: $17.50 for each hour" in page
    assert "really paid $40.00, which is $20.00 for each hour" in page
    assert "About 88 % of that is what an ordinary day would have paid as well." in page
    assert "Recommended is weighted-twelve-additive: it pays for 5.6 % of load instead of 7.0 %." in page
    assert "its bias of +11.0 % lies outside ±1 %" in page
    assert "on ordinary days nobody is held out" in page
    assert "only 25 % of the hours" in page
    assert "3 meters were not drawn" in page


def test_a_failed_audit_says_why_and_the_one_before_stays(case, client):
    world, program, _event = case
    report_of(program)
    report_of(program, state=ReportState.FAILED, problem="None of these days can be audited.", result={})
    client.force_login(world.here.admin)
    page = client.get(reverse("operator_placebo", args=[program.pk])).content.decode()
    assert "None of these days can be audited." in page
    assert "What this means" in page


def test_the_file_holds_every_figure_and_is_missing_before_the_first_audit(case, client):
    world, program, _event = case
    client.force_login(world.here.staff)
    url = reverse("operator_placebo_csv", args=[program.pk])
    assert client.get(url).status_code == 404
    report_of(program)
    rows = client.get(url).content.decode().splitlines()
    # Three rules: one row each, two hours, five segments and one meter; three that were not tried.
    assert len(rows) == 1 + 3 * (1 + 2 + 2 + 5 + 1) + 3


@pytest.fixture
def flag(case):
    _world, _program, event = case
    run = settle(event=event)
    FlagCheck.objects.create(run=run)
    line = run.lines.get(meter__number="Hither-home")
    return IntegrityFlag.objects.create(line=line, kind=FlagKind.OLD_POOL, numbers={"days": 41})


def test_the_queue_shows_open_flags_and_filters(case, flag, client):
    world = case[0]
    client.force_login(world.here.staff)
    url = reverse("operator_flags")
    assert "The newest comparable day lies 41 days before the event" in client.get(url).content.decode()
    assert "Nothing looks odd" in client.get(url, {"kind": "record"}).content.decode()
    assert "Nothing looks odd" in client.get(url, {"find": "school"}).content.decode()
    assert "41 days" in client.get(url, {"find": "home", "kind": "old_pool"}).content.decode()


def test_an_open_flag_of_a_replaced_run_is_over(case, flag, client):
    world, _program, event = case
    put(world.here.home, EVENT_DAY, 500)
    FlagCheck.objects.create(run=settle(event=event))
    client.force_login(world.here.staff)
    assert "Nothing looks odd" in client.get(reverse("operator_flags")).content.decode()


def test_an_admin_decides_with_a_note_and_the_need_goes(case, flag, client):
    world = case[0]
    client.force_login(world.here.admin)
    assert [need.title for need in needs_of(world.here.admin) if need.url == reverse("operator_flags")] == [
        "1 reward looks odd"
    ]
    url = reverse("operator_flag", args=[flag.pk])
    assert "This field is required" in client.post(url, {"state": "cleared"}).content.decode()
    page = client.post(url, {"state": "cleared", "note": "Holiday home"}, follow=True).content.decode()
    assert "Your decision is kept" in page
    assert "Holiday home" in page
    assert not [need for need in needs_of(world.here.admin) if need.url == reverse("operator_flags")]


def test_who_only_reads_decides_nothing(case, flag, client):
    client.force_login(case[0].here.auditor)
    url = reverse("operator_flag", args=[flag.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"state": "cleared", "note": "x"}).status_code == 403
    client.force_login(case[0].there.admin)
    assert client.get(url).status_code == 404


def test_lists_have_a_fixed_number_of_queries(case, flag, client, django_assert_max_num_queries):
    client.force_login(case[0].here.staff)
    client.get(reverse("operator_flags"))
    with django_assert_max_num_queries(20):
        client.get(reverse("operator_flags"))
