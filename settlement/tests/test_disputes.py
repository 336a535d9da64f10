"""Disputes: who may object until when, the clock, what is said, and how it ends in the books."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.attention import needs_of
from accounts.closing import close_account
from accounts.exports import parts
from delivery.models import Notice
from events.models import Participation, ParticipationState
from meters.models import IntervalReading
from organizations.models import Membership, MembershipRole
from settlement.errors import BadDispute, DisputeDecided, NotApproved, ReasonMissing, TooLate, TooOften
from settlement.models import (
    AdjustmentState,
    BatchKind,
    Dispute,
    DisputeCategory,
    DisputeState,
    LedgerEntry,
    RunKind,
)
from settlement.services import (
    answer_dispute,
    approve_adjustment,
    approve_run,
    balance,
    check_chain,
    open_dispute,
    post_run,
    refuse_adjustment,
    resolve_against,
    resolve_by_adjusting,
    resolve_by_settling,
    settle,
    withdraw_dispute,
    write_in_dispute,
)
from settlement.services.disputes import MOST_SAID, lacks_remedy
from settlement.services.objections import MOST_OPENINGS
from settlement.tests.world import EVENT_DAY, make_case, put
from settlement.working_days import working_day_after
from tests.builder import make_admin, make_member

pytestmark = pytest.mark.django_db
D = Decimal


class Case:
    """A posted event, 2.24 for the resident, and who acts."""

    def __init__(self, *, posted: bool = True, **terms: object) -> None:
        self.world, self.program, self.event = make_case(**terms)
        self.here = self.world.here
        self.run = settle(event=self.event)
        if posted:
            post_run(run=self.run)
        self.second = make_admin(self.here.distributor)
        self.line = self.run.lines.select_related("run__event__program__distributor").get(meter=self.here.home)

    def open(self, **fields: object) -> Dispute:
        values = {"line": self.line, "category": DisputeCategory.READING, "by": self.here.resident} | fields
        return open_dispute(**values)  # type: ignore[arg-type]  # as the dict above says

    @property
    def state(self) -> str:
        return Participation.objects.get(event=self.event, meter=self.here.home).state


@pytest.fixture
def case():
    return Case()


def test_an_objection_is_in_dispute_until_it_is_decided_and_what_was_paid_stays(case):
    opened = case.open(words="My meter was swapped that day.")
    assert (opened.state, opened.holder_id, case.state) == ("open", case.here.resident.pk, ParticipationState.DISPUTED)
    assert [said.words for said in opened.messages.all()] == ["My meter was swapped that day."]
    answer_dispute(dispute=opened, words="When was that?", by=case.here.admin)
    opened.refresh_from_db()
    assert opened.state == DisputeState.ANSWERED
    ended = resolve_against(dispute=opened, outcome="The readings are those of your meter.", by=case.here.admin)
    assert (ended.state, ended.decided_by, case.state) == ("against", case.here.admin, ParticipationState.RESOLVED)
    assert balance(holder=case.here.resident) == D("2.24")


def test_both_sides_are_told(case):
    opened = case.open()
    answer_dispute(dispute=opened, words="Looking at it.", by=case.here.admin)
    resolve_against(dispute=opened, outcome="It is right.", by=case.here.admin)
    mine = Notice.objects.filter(user=case.here.resident, url=f"/rewards/disputes/{opened.pk}")
    theirs = Notice.objects.filter(user=case.second, url=f"/ops/disputes/{opened.pk}")
    assert (mine.count(), theirs.count()) == (3, 1)
    assert not Notice.objects.filter(user__tenant=case.world.there.distributor.pk, url__contains="disputes").exists()


def test_who_objects_twice_has_one_dispute(case):
    assert case.open() == case.open(category=DisputeCategory.OTHER)
    assert Dispute.objects.count() == 1


@pytest.mark.parametrize(("days", "is_late"), [(30, False), (31, True)])
def test_one_may_object_until_the_last_of_the_stated_days(case, monkeypatch, days, is_late):
    later = case.run.batch.posted_at + timedelta(days=days)
    monkeypatch.setattr("settlement.services.disputes.timezone.now", lambda: later)
    if is_late:
        with pytest.raises(TooLate):
            case.open()
        assert case.state == ParticipationState.SETTLED
    else:
        assert case.open().state == DisputeState.OPEN


def test_an_estimate_can_be_questioned_at_any_time():
    case = Case(posted=False)
    assert case.run.kind == RunKind.FINAL
    assert case.open().state == DisputeState.OPEN


def test_a_decided_figure_is_not_questioned_again_but_a_withdrawn_objection_may_be_made_anew(case):
    withdraw_dispute(dispute=case.open(), by=case.here.resident)
    again = case.open()
    assert again.state == DisputeState.OPEN
    resolve_against(dispute=again, outcome="No.", by=case.here.admin)
    with pytest.raises(BadDispute):
        case.open()
    assert case.state == ParticipationState.RESOLVED


def test_ten_working_days_leave_out_weekends_and_holidays():
    friday = date(2026, 7, 17)
    assert working_day_after(friday, 10) == date(2026, 7, 31)
    assert working_day_after(friday, 10, {date(2026, 7, 20), date(2026, 7, 25)}) == date(2026, 8, 3)


def test_the_clock_ends_with_the_tenth_working_day_and_begins_anew_when_the_holder_writes(case, monkeypatch):
    thursday = datetime(2026, 7, 30, 14, tzinfo=UTC)
    monkeypatch.setattr("settlement.services.disputes.timezone.now", lambda: thursday)
    opened = case.open()
    # 13 August is the tenth; it ends at midnight in New York.
    assert opened.due_at == datetime(2026, 8, 14, 4, tzinfo=UTC)
    write_in_dispute(dispute=opened, words="One more thing.", by=case.here.resident)
    opened.refresh_from_db()
    assert opened.due_at == datetime(2026, 8, 14, 4, tzinfo=UTC)
    answer_dispute(dispute=opened, words="Yes?", by=case.here.admin)
    monkeypatch.setattr("settlement.services.disputes.timezone.now", lambda: thursday + timedelta(days=1))
    write_in_dispute(dispute=opened, words="This one.", by=case.here.resident)
    opened.refresh_from_db()
    assert (opened.state, opened.due_at) == (DisputeState.OPEN, datetime(2026, 8, 15, 4, tzinfo=UTC))


def test_in_favor_by_an_adjustment_which_a_second_person_posts(case):
    opened = case.open()
    asked = resolve_by_adjusting(dispute=opened, outcome="Our meter was slow.", amount=D("1.00"), by=case.here.admin)
    opened.refresh_from_db()
    assert (opened.state, asked.state, asked.line) == (DisputeState.IN_FAVOR, AdjustmentState.ASKED, case.line)
    assert balance(holder=case.here.resident) == D("2.24")
    with pytest.raises(NotApproved):
        approve_adjustment(adjustment=asked, by=case.here.admin)
    approve_adjustment(adjustment=asked, by=case.second)
    approve_adjustment(adjustment=asked, by=case.second)
    assert balance(holder=case.here.resident) == D("3.24")
    entry = LedgerEntry.objects.get(batch__adjustment__dispute=opened, holder=case.here.resident.pk)
    assert (entry.amount, entry.batch.kind) == (D("1.00"), BatchKind.ADJUSTMENT)
    assert check_chain(distributor=case.here.distributor) is None


def test_a_promise_whose_adjustment_is_refused_can_be_kept_by_another_one(case):
    opened = case.open()
    asked = resolve_by_adjusting(dispute=opened, outcome="You are right.", amount=D("100.00"), by=case.here.admin)
    opened.refresh_from_db()
    with pytest.raises(DisputeDecided):
        resolve_by_adjusting(dispute=opened, outcome="Twice.", amount=D("1.00"), by=case.here.admin)
    refuse_adjustment(adjustment=asked, by=case.second, reason="A hundred times too much.")
    assert lacks_remedy(opened)
    again = resolve_by_adjusting(dispute=opened, outcome="You are right.", amount=D("1.00"), by=case.here.admin)
    approve_adjustment(adjustment=again, by=case.second)
    assert not lacks_remedy(opened)
    assert balance(holder=case.here.resident) == D("3.24")


def test_in_favor_by_settling_again_posts_the_difference_after_approval(case):
    opened = case.open()
    with pytest.raises(BadDispute, match="more"):
        resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    opened.refresh_from_db()
    assert opened.state == DisputeState.OPEN
    put(case.here.home, EVENT_DAY, 550)
    type(case.here.home).objects.filter(pk=case.here.home.pk).update(data_version=9)
    assert IntervalReading.objects.filter(meter=case.here.home, energy_wh=550).exists()
    ended = resolve_by_settling(dispute=opened, outcome="You are right.", by=case.here.admin)
    assert (ended.state, ended.run.number) == (DisputeState.IN_FAVOR, 2)
    with pytest.raises(NotApproved):
        post_run(run=ended.run, by=case.here.admin)
    approve_run(run=ended.run, by=case.second)
    batch = post_run(run=ended.run, by=case.second)
    due = ended.run.lines.get(meter=case.here.home).credit
    assert balance(holder=case.here.resident) == due
    assert sum(entry.amount for entry in batch.entries.filter(holder=case.here.resident.pk)) == due - D("2.24")
    assert case.state == ParticipationState.RESOLVED


def test_nothing_more_happens_to_a_decided_dispute(case):
    opened = case.open()
    resolve_against(dispute=opened, outcome="It is right.", by=case.here.admin)
    with pytest.raises(DisputeDecided):
        write_in_dispute(dispute=opened, words="But", by=case.here.resident)
    with pytest.raises(DisputeDecided):
        answer_dispute(dispute=opened, words="No", by=case.here.admin)
    with pytest.raises(DisputeDecided):
        withdraw_dispute(dispute=opened, by=case.here.resident)
    with pytest.raises(DisputeDecided):
        resolve_by_settling(dispute=opened, outcome="After all.", by=case.second)
    for change in ({"state": "open"}, {"outcome": "other"}, {"decided_by": case.second}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Dispute.objects.filter(pk=opened.pk).update(**change)


def test_a_decision_has_a_reason_and_words_have_an_end(case):
    opened = case.open()
    for reason in (" ", "x" * 301):
        with pytest.raises(ReasonMissing):
            resolve_against(dispute=opened, outcome=reason, by=case.here.admin)
    for words in (" ", "x" * 2001):
        with pytest.raises(BadDispute):
            write_in_dispute(dispute=opened, words=words, by=case.here.resident)
    with pytest.raises(BadDispute):
        case.open(category="nothing")


def test_what_was_said_stays_until_the_account_is_closed(case):
    opened = case.open(words="I am Rita.")
    said = opened.messages.get()
    for change in ({"words": ""}, {"words": "other"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            opened.messages.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        said.delete()
    close_account(user=case.here.resident, by=case.here.resident)
    opened.refresh_from_db()
    said.refresh_from_db()
    assert (opened.state, said.words) == (DisputeState.WITHDRAWN, "")


def test_the_own_copy_of_the_data_has_what_was_said(case):
    case.open(words="I am Rita.")
    part = next(part for part in parts() if part.name == "disputes")
    rows = list(part.rows(case.here.resident))
    assert rows[0]["what"] == "reading"
    assert rows[0]["said"][0]["words"] == "I am Rita."


def test_overdue_ones_need_somebody(case):
    opened = case.open()
    need = next(need for need in needs_of(case.here.admin) if "dispute" in need.title)
    assert (need.title, need.text) == ("1 dispute", "They wait for an answer.")
    assert "/ops/disputes" in need.url
    answer_dispute(dispute=opened, words="Yes?", by=case.here.admin)
    assert not [need for need in needs_of(case.here.admin) if "dispute" in need.title]


def test_nobody_else_sees_a_dispute(case):
    opened = case.open()
    here, there = case.here, case.world.there
    for stranger in (here.neighbor, here.member, there.admin, there.resident):
        assert not Dispute.objects.visible_to(stranger).exists()
    for reader in (here.resident, here.staff, here.auditor, here.admin, case.world.platform):
        assert Dispute.objects.visible_to(reader).get() == opened
    for powerless in (here.resident, here.staff, here.auditor):
        assert not Dispute.objects.managed_by(powerless).exists()


def test_the_database_refuses_what_cannot_be(case):
    now = timezone.now()
    opened = case.open()
    for change in (
        {"due_at": now},
        {"category": DisputeCategory.OTHER},
        {"state": DisputeState.AGAINST},
        {"holder": case.world.there.resident.pk},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Dispute.objects.filter(pk=opened.pk).update(**change)


def told(case, opened):
    return Notice.objects.filter(user=case.second, url=f"/ops/disputes/{opened.pk}").count()


def test_the_admins_are_told_once_while_it_waits_for_them(case):
    opened = case.open()
    for number in range(5):
        write_in_dispute(dispute=opened, words=f"And {number}.", by=case.here.resident)
    assert (told(case, opened), opened.messages.count()) == (1, 5)
    answer_dispute(dispute=opened, words="We look.", by=case.here.admin)
    for words in ("Thanks.", "Still?"):
        write_in_dispute(dispute=opened, words=words, by=case.here.resident)
    assert told(case, opened) == 2


def test_nobody_says_more_than_an_hour_allows(case):
    opened = case.open()
    for number in range(MOST_SAID - 1):
        write_in_dispute(dispute=opened, words=f"{number}", by=case.here.resident)
    with pytest.raises(TooOften, match="Wait a while"):
        write_in_dispute(dispute=opened, words="more", by=case.here.resident)
    assert opened.messages.count() == MOST_SAID - 1
    answer_dispute(dispute=opened, words="The distributor may.", by=case.here.admin)


def test_a_figure_may_be_questioned_three_times(case):
    for _time in range(MOST_OPENINGS):
        withdraw_dispute(dispute=case.open(), by=case.here.resident)
    with pytest.raises(BadDispute, match="3 times"):
        case.open()
    assert (Dispute.objects.count(), case.state) == (MOST_OPENINGS, ParticipationState.RESOLVED)


def test_closing_an_account_takes_ones_own_words_out_of_the_organizations_dispute():
    case = Case()
    case.line = case.run.lines.select_related("run__event__program__distributor").get(meter=case.here.school)
    writer = case.here.organization_admin
    opened = case.open(by=writer, words="I am Wanda.")
    write_in_dispute(dispute=opened, words="So am I.", by=case.here.member)
    answer_dispute(dispute=opened, words="Noted.", by=case.here.admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        opened.messages.filter(author=writer).update(words="")
    heir = make_member(case.here.organization)
    Membership.objects.filter(user=heir).update(role=MembershipRole.ADMIN)
    close_account(user=writer, by=writer)
    assert [said.words for said in opened.messages.all()] == ["", "So am I.", "Noted."]
    opened.refresh_from_db()
    assert opened.state == DisputeState.ANSWERED


def test_what_the_distributors_people_wrote_stays_when_they_leave(case):
    opened = case.open(words="I am Rita.")
    answer_dispute(dispute=opened, words="Noted.", by=case.second)
    close_account(user=case.second, by=case.second)
    assert [said.words for said in opened.messages.all()] == ["I am Rita.", "Noted."]
