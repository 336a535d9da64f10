"""Joining a program: the data gate, consent, decisions, pausing and leaving, new terms, exclusive programs."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from common.intervals import DAY, local_day, slots_in_day
from delivery.models import Message
from events import services
from events.agreement import terms_hash, unagreed
from events.errors import AlreadyIn, NotNominated, ProgramClosed, TermsChanged, WrongEnrollment
from events.gate_words import gate_words
from events.models import Consent, Enrollment, EnrollmentState, Nomination, Participation, PayCap, Program
from events.selectors import meters_taking_part, nominations_at, nominations_of
from events.services import Agreement, publish_version
from events.tests.world import make_announced, make_draft, make_terms
from meters.models import DailyEnergy
from meters.services import leave_meter, map_meter
from tests.builder import make_meter, make_user

pytestmark = pytest.mark.django_db
REBATE = {"rate": "0", "rate_per_kwh": Decimal(1), "pay_cap": PayCap.UP_TO_SITE_LOAD}
D = Decimal


def make_open(side, name="Rebate", *, is_exclusive=False, **terms):
    program = Program.objects.create(distributor=side.distributor, name=name, is_exclusive=is_exclusive)
    publish_version(program=program, terms=make_terms(**(terms or REBATE)))
    return program


def measured(meter, *, days, share=1.0, until=1):
    """Whole days of sums that end some days ago."""
    today = local_day(timezone.now(), meter.zone)
    for back in range(until, until + days):
        day = today - back * DAY
        slots = int(slots_in_day(day, meter.zone, meter.interval_minutes) * share)
        start = datetime.combine(day, datetime.min.time(), tzinfo=meter.zone)
        DailyEnergy.objects.create(meter=meter, day=day, slots=slots, energy_wh=1, peak_wh=1, peak_start=start)


def join(program, user, *meters, **kw):
    agreement = Agreement(sha256=terms_hash(program.current), kw=kw.get("kw", {}))
    return services.apply(program=program, meters=meters, agreement=agreement, by=user)


def taking_part(program):
    return {meter.number for meter in meters_taking_part(program=program, at=timezone.now())}


def test_who_has_readings_takes_part_at_once_and_the_consent_is_noted(here):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    assert (row.state, row.gate["is_enough"], row.applied_by) == (EnrollmentState.ACTIVE, True, here.resident)
    consent = Consent.objects.get()
    assert (consent.version, consent.holder_id, consent.given_by) == (program.current, here.resident.pk, here.resident)
    assert consent.terms_sha256 == program.current.sha256
    assert taking_part(program) == {here.home.number}


def test_without_readings_one_waits_and_comes_in_by_oneself(here):
    program = make_open(here)
    (row,) = join(program, here.resident, here.home)
    assert (row.state, row.gate["days"], row.gate["ready_on"]) == (EnrollmentState.APPLIED, 0, None)
    assert "No readings" in gate_words(row.gate)
    assert taking_part(program) == set()
    assert services.recheck_waiting() == 0
    measured(here.home, days=20)
    assert services.recheck_waiting() == 1
    assert services.recheck_waiting() == 0
    assert taking_part(program) == {here.home.number}
    assert Message.objects.filter(kind="enrollment-notice", recipient=here.resident.email).count() == 1


def test_the_gate_says_what_is_missing_and_when_it_suffices(here):
    program = make_open(here)
    measured(here.home, days=1)
    monday = datetime(2026, 3, 2, 17, tzinfo=here.home.zone)
    DailyEnergy.objects.all().delete()
    DailyEnergy.objects.create(
        meter=here.home, day=monday.date() - 3 * DAY, slots=48, energy_wh=1, peak_wh=1, peak_start=monday
    )
    gate = services.check_gates(version=program.current, meters=[here.home], now=monday)[here.home.pk]
    # Friday is known; the week-end was silent, so complete days are needed until 80 % of all are there.
    assert (gate.days, gate.needed, gate.is_enough) == (1, 3, False)
    assert gate.ready_on == monday.date() + 7 * DAY
    assert "1 ordinary working day" in gate_words(gate.data())
    assert "Mon 9 March" in gate_words(gate.data())


def test_patchy_readings_are_not_enough(here):
    program = make_open(here)
    measured(here.home, days=30, share=0.7)
    (row,) = join(program, here.resident, here.home)
    assert (row.state, row.gate["days"]) == (EnrollmentState.APPLIED, 0)


def test_nobody_is_measured_by_what_others_used_before(here):
    program = make_open(here)
    empty = make_meter(here.distributor, "EMPTY")
    newcomer = make_user(here.distributor)
    map_meter(meter=empty, holder=newcomer, valid_from=timezone.now() - timedelta(days=2))
    measured(empty, days=30)
    (row,) = join(program, newcomer, empty)
    assert row.state == EnrollmentState.APPLIED


def test_where_promises_are_paid_an_operator_decides(here):
    program = make_open(here, rate="1", capacity_per_kw_month=D(4))
    measured(here.school, days=20)
    (row,) = join(program, here.organization_admin, here.school, kw={here.school.pk: D(30)})
    assert row.state == EnrollmentState.ELIGIBLE
    assert [each.kw for each in row.nominations.all()] == [30]
    with pytest.raises(WrongEnrollment, match="why"):
        services.refuse_enrollment(enrollment=row, by=here.admin, reason=" ")
    services.approve_enrollment(enrollment=row, by=here.admin)
    assert taking_part(program) == {here.school.number}
    with pytest.raises(WrongEnrollment, match="meanwhile"):
        services.approve_enrollment(enrollment=row, by=here.admin)


def test_who_is_refused_reads_why_and_may_ask_again(here):
    program = make_open(here, rate="1", capacity_per_kw_month=D(4))
    (row,) = join(program, here.organization_admin, here.school)
    services.refuse_enrollment(enrollment=row, by=here.admin, reason="No control installed.")
    message = Message.objects.get(kind="enrollment-notice")
    assert message.payload["reason"] == "No control installed."
    (again,) = join(program, here.organization_admin, here.school)
    assert (again.pk, again.state, again.reason) == (row.pk, EnrollmentState.APPLIED, "")


def test_consent_is_to_the_terms_that_are_in_force(here):
    program = make_open(here)
    seen = terms_hash(program.current)
    publish_version(program=program, terms=make_terms(**REBATE, points_per_kwh=1))
    with pytest.raises(TermsChanged):
        services.apply(program=program, meters=[here.home], agreement=Agreement(sha256=seen), by=here.resident)
    assert not Enrollment.objects.exists()


def test_nobody_comes_twice_or_into_a_closed_program_or_without_a_promise_that_is_needed(here):
    program = make_open(here)
    join(program, here.resident, here.home)
    with pytest.raises(AlreadyIn, match="already"):
        join(program, here.resident, here.home)
    services.open_program(program=program, is_open=False)
    with pytest.raises(ProgramClosed):
        join(program, here.neighbor, here.neighbor_home)
    with pytest.raises(NotNominated):
        join(make_open(here, "Load", rate="2"), here.neighbor, here.neighbor_home)
    assert Enrollment.objects.count() == 1


def test_a_meter_is_in_one_exclusive_program_at_a_time(here):
    one, two = (make_open(here, name, is_exclusive=True) for name in ("One", "Two"))
    measured(here.home, days=20)
    (row,) = join(one, here.resident, here.home)
    with pytest.raises(AlreadyIn, match="is in One"):
        join(two, here.resident, here.home)
    with pytest.raises(AlreadyIn, match="is in One"):
        services.enroll(program=two, meter=here.home)
    assert services.enroll_all(program=two).joined == 1  # the school; the home is elsewhere
    services.end_enrollment(enrollment=row)
    join(two, here.resident, here.home)
    assert here.home.number in taking_part(two)


def test_who_waits_stays_waiting_while_in_another_exclusive_program(here):
    one, two = (make_open(here, name, is_exclusive=True) for name in ("One", "Two"))
    join(two, here.resident, here.home)
    measured(here.home, days=20)
    join(one, here.resident, here.home)
    assert services.recheck_waiting() == 0
    assert taking_part(two) == set()


def test_a_pause_skips_what_can_be_skipped_and_going_on_is_asked_again(here):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    services.enroll(program=program, meter=here.school)
    event = make_announced(program)
    services.pause_enrollment(enrollment=row, by=here.resident)
    assert Participation.objects.get(event=event, meter=here.home).state == "opted_out"
    assert taking_part(program) == {here.school.number}
    with pytest.raises(WrongEnrollment):
        services.pause_enrollment(enrollment=row, by=here.resident)
    services.resume_enrollment(enrollment=row, by=here.resident)
    assert here.home.number in taking_part(program)


def test_who_leaves_is_asked_no_more_and_can_come_back(here):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    event = make_announced(program)
    services.end_enrollment(enrollment=row, by=here.resident)
    assert Participation.objects.get(event=event, meter=here.home).state == "opted_out"
    assert taking_part(program) == set()
    (again,) = join(program, here.resident, here.home)
    assert (again.pk, again.ended_at, again.consents.count()) == (row.pk, None, 2)


def test_new_terms_ask_nobody_who_has_not_agreed_to_them_and_paper_stays_paper(here):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    services.enroll(program=program, meter=here.school)
    before = make_announced(program)
    publish_version(program=program, terms=make_terms(**REBATE, budget=D(9)))
    assert taking_part(program) == {here.home.number, here.school.number}
    publish_version(program=program, terms=make_terms(**REBATE, max_events=5))
    version = program.current
    assert taking_part(program) == {here.school.number}
    assert unagreed(Enrollment.objects.all(), version) == {row.pk}
    # What was announced under the old terms stays as it was.
    assert Participation.objects.filter(event=before, meter=here.home).exclude(state="opted_out").exists()
    with pytest.raises(TermsChanged):
        services.agree(enrollments=[row], agreement=Agreement(sha256="0" * 64), by=here.resident)
    services.agree(enrollments=[row], agreement=Agreement(sha256=terms_hash(version)), by=here.resident)
    assert here.home.number in taking_part(program)


def test_who_moves_in_is_asked_anew(here):
    program = make_open(here)
    measured(here.home, days=20)
    join(program, here.resident, here.home)
    day = local_day(timezone.now(), here.home.zone) + 2 * DAY
    end = leave_meter(user=here.resident, meter=here.home, day=day).valid_to
    with pytest.raises(AlreadyIn, match="until"):
        join(program, here.resident, here.home)
    newcomer = make_user(here.distributor)
    map_meter(meter=here.home, holder=newcomer, valid_from=end)
    assert not meters_taking_part(program=program, at=end).exists()


def test_a_nomination_counts_if_it_came_before_the_deadline(here):
    program = make_open(here, rate="2", nomination_deadline_minutes=120)
    row = services.enroll(program=program, meter=here.school, kw=D(10))
    event = make_announced(program)
    for before, kw in ((180, 20), (60, 30)):
        services.nominate(enrollment=row, kw=D(kw), source="test", valid_from=event.start - timedelta(minutes=before))
    assert nominations_of(event=event)[here.school.pk].kw == 20
    assert nominations_at(program_id=program.pk, at=event.start)[here.school.pk].kw == 20
    publish_version(program=program, terms=replace(make_terms(rate="2"), nomination_deadline_minutes=0))
    event.refresh_from_db()
    assert nominations_of(event=event)[here.school.pk].kw == 20


def test_without_promised_kw_nobody_needs_a_figure(here):
    program = make_open(here)
    services.enroll(program=program, meter=here.neighbor_home)
    assert not Nomination.objects.exists()


def test_going_on_takes_up_what_the_pause_skipped_and_leaves_ones_own_answers(here):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    make_announced(program)
    second = make_announced(program, days=3)
    third = services.schedule_event(event=make_draft(program, days=4))
    services.opt_out(participation=Participation.objects.get(event=second), by=here.resident)
    services.pause_enrollment(enrollment=row, by=here.resident)
    states = Participation.objects.order_by("event__start").values_list("state", "answer_source")
    assert list(states) == [("opted_out", "pause"), ("opted_out", "page"), ("opted_out", "pause")]
    services.resume_enrollment(enrollment=row, by=here.resident)
    assert list(states.all()) == [("notified", ""), ("opted_out", "page"), ("invited", "")]
    assert Participation.objects.get(event=third).holder_id == here.resident.pk


def test_an_event_that_has_begun_stays_skipped_after_a_pause(here, monkeypatch):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    event = make_announced(program)
    services.pause_enrollment(enrollment=row, by=here.resident)
    later = event.start + timedelta(minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    services.resume_enrollment(enrollment=row, by=here.resident)
    assert Participation.objects.get(event=event).state == "opted_out"


def test_who_is_put_forward_waits_for_readings_and_needs_no_consent(here):
    program = make_open(here, rate="3", penalty_per_kw=Decimal(1))
    row = services.put_forward(program=program, meter=here.home, kw=Decimal(2), source="Letter", by=here.admin)
    assert (row.state, row.applied_at, row.nominations.get().source) == (EnrollmentState.APPLIED, None, "Letter")
    assert services.recheck_waiting() == 0
    measured(here.home, days=20)
    # Although promises are paid: whoever put it forward has decided.
    assert services.recheck_waiting() == 1
    assert taking_part(program) == {here.home.number}
    assert not Consent.objects.exists()
    with pytest.raises(AlreadyIn):
        services.put_forward(program=program, meter=here.home, kw=Decimal(2), by=here.admin)
    services.open_program(program=program, is_open=False)
    with pytest.raises(ProgramClosed):
        services.put_forward(program=program, meter=here.school, kw=Decimal(2), by=here.admin)


def test_who_has_not_agreed_to_new_terms_is_left_out_with_that_reason(here):
    program = make_open(here)
    measured(here.home, days=20)
    join(program, here.resident, here.home)
    services.enroll(program=program, meter=here.school)
    old = make_draft(program)
    services.publish_version(program=program, terms=make_terms(**REBATE | {"rate_per_kwh": Decimal(9)}))
    event = services.schedule_event(event=make_draft(program, days=3))
    assert dict(event.left_out.values_list("meter", "reason")) == {here.home.pk: "not_agreed"}
    # A draft from before is scheduled under the terms of now, and says so as well.
    assert dict(services.schedule_event(event=old).left_out.values_list("meter", "reason")) == {
        here.home.pk: "not_agreed"
    }


def test_an_event_stays_with_those_who_agreed_to_its_own_terms(here):
    program = make_open(here)
    measured(here.home, days=20)
    join(program, here.resident, here.home)
    event = make_announced(program)
    services.publish_version(program=program, terms=make_terms(**REBATE | {"rate_per_kwh": Decimal(9)}))
    moved = services.change_event(event=event, start=event.start + DAY, end=event.end + DAY)
    assert Participation.objects.get(event=moved).holder_id == here.resident.pk
    assert not moved.left_out.exists()
