"""Programs, versions, enrollments and nominations."""

from datetime import date, time, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from common.holiday_calendar import UnknownCalendar
from events.errors import BadTerms, NotNominated, UnknownProgram, UnknownRule
from events.holiday_calendar import holiday_days
from events.models import Enrollment, Nomination, Program, ProgramVersion
from events.selectors import newest_nominations, nominations_at
from events.services import (
    create_program,
    end_enrollment,
    enroll,
    enroll_all,
    nominate,
    program_named,
    publish_version,
)
from events.tests.world import make_program, make_terms
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def distributor():
    return make_distributor("Cooperative")


def run(*args):
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_the_same_terms_make_no_new_version_and_others_do(distributor):
    first, is_new = create_program(distributor=distributor, name="A", terms=make_terms())
    assert (first.number, is_new) == (1, True)
    again, is_new = create_program(distributor=distributor, name="A", terms=make_terms(rate="2.8000"))
    assert (again.pk, is_new) == (first.pk, False)
    other, is_new = publish_version(program=first.program, terms=make_terms(rate="2.81"))
    assert (other.number, is_new) == (2, True)
    back, _ = publish_version(program=first.program, terms=make_terms())
    assert back.number == 3
    assert first.program.current == back


def test_a_version_freezes_the_hash_of_its_rule(distributor):
    version, _ = create_program(distributor=distributor, name="A", terms=make_terms("ten-in-ten"))
    assert len(version.rule_sha256) == 64


@pytest.mark.parametrize("rate", ["-0.01", "NaN", "Infinity", "2.80001", "1e9"])
def test_impossible_prices_are_refused(rate):
    with pytest.raises(BadTerms):
        make_terms(rate=rate)


def test_an_unknown_rule_or_calendar_makes_no_program(distributor):
    with pytest.raises(UnknownRule, match="three-day"):
        create_program(distributor=distributor, name="A", terms=make_terms("best-day"))
    for code in ("Atlantis", "US-ZZ"):
        with pytest.raises(UnknownCalendar):
            make_terms(holiday_calendar=code)
    assert not Program.objects.exists()


def test_holidays_are_the_calendars_and_the_versions_own(distributor):
    terms = make_terms(holiday_calendar="US", holidays=(date(2021, 4, 2),))
    version, _ = create_program(distributor=distributor, name="A", terms=terms)
    days = holiday_days(version, date(2021, 4, 1), date(2021, 5, 31))
    assert days == {date(2021, 4, 2), date(2021, 5, 31)}


def test_enroll_all_copies_the_list_once_and_again_when_it_changes(distributor):
    meter = make_meter(distributor, contracted_kw=Decimal(100))
    make_meter(distributor)  # nothing contracted
    make_meter(distributor, contracted_kw=Decimal(5), retired_at=timezone.now())
    program = create_program(distributor=distributor, name="A", terms=make_terms())[0].program
    found = enroll_all(program=program)
    assert (found.joined, found.changed, found.unchanged) == (1, 0, 0)
    found = enroll_all(program=program)
    assert (found.joined, found.changed, found.unchanged) == (0, 0, 1)
    meter.contracted_kw = Decimal(120)
    meter.save()
    found = enroll_all(program=program)
    assert (found.joined, found.changed, found.unchanged) == (0, 1, 0)
    assert [row.kw for row in Nomination.objects.all()] == [100, 120]
    assert Nomination.objects.first().source.startswith("Meter list, 20")


def test_enroll_all_takes_a_fixed_number_of_queries(distributor, django_assert_num_queries):
    program = create_program(distributor=distributor, name="A", terms=make_terms())[0].program
    for number in range(20):
        make_meter(distributor, contracted_kw=Decimal(number))
    with django_assert_num_queries(10):  # two of them are the savepoint
        enroll_all(program=program)


def test_who_left_stays_out_of_enroll_all_and_comes_back_by_enroll(distributor):
    meter = make_meter(distributor, contracted_kw=Decimal(3))
    program = make_program(distributor)
    enrollment = end_enrollment(enrollment=Enrollment.objects.get())
    ended = enrollment.ended_at
    assert end_enrollment(enrollment=enrollment).ended_at == ended
    assert enroll_all(program=program).joined == 0
    assert not Enrollment.objects.active().exists()
    enroll(program=program, meter=meter)
    assert Enrollment.objects.active().count() == 1


def test_nobody_is_enrolled_without_a_figure(distributor):
    program = make_program(distributor)
    with pytest.raises(NotNominated):
        enroll(program=program, meter=make_meter(distributor))
    enroll(program=program, meter=make_meter(distributor), kw=Decimal("2.5"), source="Letter of 2 May")
    assert Nomination.objects.get().source == "Letter of 2 May"


def test_the_nomination_at_a_moment_is_the_last_before_it_or_else_the_first_ever(distributor):
    meter, now = make_meter(distributor, contracted_kw=Decimal(10)), timezone.now()
    program = make_program(distributor)
    enrollment = Enrollment.objects.get()
    assert nominate(enrollment=enrollment, kw=Decimal(10), source="same").kw == 10
    nominate(enrollment=enrollment, kw=Decimal(20), source="raised", valid_from=now + timedelta(days=2))
    assert Nomination.objects.count() == 2
    for days, kw in ((-900, 10), (1, 10), (3, 20)):
        found = nominations_at(program_id=program.pk, at=now + timedelta(days=days))
        assert found[meter.pk].kw == kw


def test_an_unknown_program_is_answered_with_the_known_names(distributor):
    with pytest.raises(UnknownProgram, match="none yet"):
        program_named(distributor=distributor, name="B")
    make_program(distributor, "A")
    with pytest.raises(UnknownProgram, match="There are: A"):
        program_named(distributor=distributor, name="B")


def test_the_command_makes_a_program_and_says_so_when_it_exists(distributor):
    make_meter(distributor, contracted_kw=Decimal(1))
    call = ["create_program", "A", "--rate=2.80", "--enroll-all", "--holidays", "US", "2021-04-02"]
    assert "now has version 1" in (first := run(*call))
    assert "1 new" in first
    assert "already has version 1" in (second := run(*call))
    assert "0 new, 0 with a new nomination, 1 as they were" in second
    version = ProgramVersion.objects.get()
    assert (version.holiday_calendar, version.holidays) == ("US", ["2021-04-02"])
    assert (version.preset, version.rate_per_kw) == ("three-day", Decimal("2.80"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rate=2.80", "--preset=x"], "Known: three-day"),
        (["--rate=-1"], "rate must be"),
        (["--rate=lots"], "not an amount"),
        (["--rate=1", "--holidays", "Atlantis"], "no holiday calendar"),
        (["--rate=1", "--holidays", "US", "DE"], "Only one"),
        (["--rate=1", "--distributor=Nobody"], "no distributor"),
    ],
)
def test_the_command_refuses_with_one_sentence(distributor, arguments, words):
    with pytest.raises(CommandError, match=words):
        run("create_program", "A", *arguments)
    assert not Program.objects.exists()


def test_the_list_leaves_a_participants_own_figure_and_shows_both(distributor):
    meter = make_meter(distributor, "M-own", contracted_kw=Decimal(5))
    call = ["create_program", "A", "--rate=2.80", "--enroll-all"]
    run(*call)
    nominate(enrollment=Enrollment.objects.get(), kw=Decimal("3.5"), source="Portal, person 7")
    said = run(*call)
    assert "0 with a new nomination, 1 as they were" in said
    assert f"{meter.number}: 3.500 kW stays" in said
    assert "the list says 5.000 kW" in said
    assert "3.500 kW before, 5.000 kW now" in run(*call, "--over-own")
    assert newest_nominations(program_id=Program.objects.get().pk)[meter.pk].kw == 5


def test_the_command_writes_every_term_it_offers(distributor, tmp_path):
    text = tmp_path / "terms.txt"
    text.write_text("Be kind.\n", encoding="utf-8")
    run(
        "create_program", "Homes", "--rate-per-kwh=1.50", "--points-per-kwh=10", "--season", "2026-06-01",
        "2026-09-30", "--hours", "16:00", "21:00", "--pay-cap=up-to-site-load", "--opt-out-minutes=60",
        "--control-share=0.1", "--max-events=15", "--budget=5000", f"--terms={text}",
    )  # fmt: skip
    version = ProgramVersion.objects.get()
    assert (version.rate_per_kw, version.rate_per_kwh, version.points_per_kwh) == (0, Decimal("1.5"), 10)
    assert (version.season_start, version.hours_to) == (date(2026, 6, 1), time(21))
    assert (version.pay_cap, version.opt_out_minutes, version.max_events) == ("UP_TO_SITE_LOAD", 60, 15)
    assert (version.control_share, version.budget, version.terms_text) == (Decimal("0.1"), 5000, "Be kind.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say what it pays"),
        (["--rate=1", "--season", "soon", "2026-09-30"], "not a day"),
        (["--rate=1", "--season", "2026-09-30", "2026-06-01"], "season"),
        (["--rate=1", "--hours", "5pm", "7pm"], "not a time"),
        (["--rate=1", "--terms=/nowhere/terms.txt"], "cannot be read"),
        (["--rate=1", "--control-share=0.9"], "half"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_term(distributor, arguments, words):
    with pytest.raises(CommandError, match=words):
        run("create_program", "A", *arguments)
    assert not Program.objects.exists()
