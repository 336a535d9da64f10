"""Answers by the link of a notice, and what an answer keeps."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApprovalStatus
from accounts.services import set_approval
from delivery.models import Message
from delivery.models import Notice as PortalNotice
from events.answers import answer_url
from events.errors import TooLate, WrongState
from events.models import AnswerSource, Event, ParticipationState
from events.notices import Notice, remind, tell_participants
from events.services import cancel_event, opt_in, opt_out
from events.tests.world import make_announced, make_program
from tests.builder import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return make_world().here


@pytest.fixture
def event(here):
    return make_announced(make_program(here.distributor))


@pytest.fixture
def row(here, event):
    return event.participations.get(meter=here.home)


def path_of(row, user):
    return urlsplit(answer_url(participation_id=row.pk, user_id=user.pk, tenant_id=None)).path


def answer(row, user, what, client=None):
    return (client or Client()).post(path_of(row, user), {"answer": what})


def state_of(row):
    row.refresh_from_db()
    return row.state


class TestLink:
    def test_looking_changes_nothing_and_shows_nobody(self, row, here):
        before = state_of(row)
        page = Client().get(path_of(row, here.resident))
        text = page.content.decode()
        assert (page.status_code, state_of(row)) == (200, before)
        assert here.home.label in text
        assert here.resident.first_name not in text
        assert here.resident.email not in text
        assert page.headers["X-Robots-Tag"] == "noindex"

    def test_two_taps_join_or_skip_and_the_link_undoes_it(self, row, here):
        page = answer(row, here.resident, "skip")
        assert (page.status_code, page.url) == (302, path_of(row, here.resident))
        assert state_of(row) == ParticipationState.OPTED_OUT
        assert (row.answered_by, row.answer_source) == (here.resident, AnswerSource.LINK)
        assert row.answered_at is not None
        answer(row, here.resident, "join")
        assert state_of(row) == ParticipationState.OPTED_IN

    def test_a_post_needs_the_pages_token(self, row, here):
        assert answer(row, here.resident, "skip", Client(enforce_csrf_checks=True)).status_code == 403

    def test_an_unknown_answer_is_not_found(self, row, here):
        assert answer(row, here.resident, "dance").status_code == 404

    @pytest.mark.parametrize("change", ["x", "1.2:abc", "é", "a" * 200])
    def test_a_changed_link_is_not_found(self, row, here, change):
        assert Client().get(f"/answer/{change}").status_code == 404
        assert Client().get(path_of(row, here.resident) + change).status_code == 404

    def test_somebody_elses_meter_is_not_found(self, row, here):
        assert answer(row, here.neighbor, "skip").status_code == 404

    def test_a_member_who_only_reads_cannot_answer(self, event, here):
        school = event.participations.get(meter=here.school)
        assert answer(school, here.member, "skip").status_code == 404
        assert answer(school, here.organization_admin, "skip").status_code == 302
        assert state_of(school) == ParticipationState.OPTED_OUT

    def test_who_moved_out_or_lost_approval_cannot_answer(self, row, here):
        set_approval(user=here.resident, status=ApprovalStatus.REJECTED, by=here.admin)
        assert answer(row, here.resident, "skip").status_code == 404
        set_approval(user=here.resident, status=ApprovalStatus.APPROVED, by=here.admin)
        row.holder_id = here.neighbor.pk
        row.save()
        assert answer(row, here.resident, "skip").status_code == 404

    def test_after_the_stated_minute_nothing_is_taken(self, row, here, event):
        Event.objects.filter(pk=event.pk).update(opt_until=timezone.now() - timedelta(minutes=1))
        before = state_of(row)
        page = answer(row, here.resident, "skip")
        assert (page.status_code, state_of(row)) == (200, before)
        assert b"time to answer is over" in page.content
        assert b'name="answer"' not in page.content

    def test_after_the_event_the_link_has_expired(self, row, here, event):
        now = timezone.now()
        number = event.modification_number + 1
        Event.objects.filter(pk=event.pk).update(
            start=now - timedelta(hours=2), end=now - timedelta(hours=1), modification_number=number
        )
        page = answer(row, here.resident, "skip")
        assert page.status_code == 410
        assert here.home.label not in page.content.decode()

    def test_a_cancelled_event_asks_nothing(self, row, here, event):
        cancel_event(event=event, reason="The weather changed.")
        page = Client().get(path_of(row, here.resident))
        assert b"Called off" in page.content
        assert b'name="answer"' not in page.content

    def test_a_program_that_answers_without_end_is_stopped(self, row, here):
        answers = [answer(row, here.resident, ("join", "skip")[n % 2]).status_code for n in range(21)]
        assert answers == [302] * 20 + [429]


class TestAnswer:
    def test_the_same_answer_keeps_when_it_was_given_first(self, row, here):
        first = opt_out(participation=row, by=here.resident, source=AnswerSource.API).answered_at
        again = opt_out(participation=row, by=here.admin, source=AnswerSource.OPERATOR)
        assert (again.answered_at, again.answered_by, again.answer_source) == (first, here.resident, AnswerSource.API)

    def test_the_stated_minute_holds_for_every_way(self, row, event):
        until = timezone.now() + timedelta(hours=1)
        Event.objects.filter(pk=event.pk).update(opt_until=until)
        opt_in(participation=row, at=until - timedelta(seconds=1))
        with pytest.raises(TooLate):
            opt_out(participation=row, at=until)

    def test_who_is_held_out_is_not_asked(self, row):
        row.state = ParticipationState.HELD_OUT
        row.save()
        with pytest.raises(WrongState):
            opt_in(participation=row)


class TestNotices:
    def soon(self, event, notified=timedelta(days=1)):
        now = timezone.now()
        Event.objects.filter(pk=event.pk).update(
            start=now + timedelta(minutes=50),
            end=now + timedelta(minutes=110),
            notified_at=now - notified,
            modification_number=event.modification_number + 1,
        )
        event.refresh_from_db()
        return event

    def test_who_is_held_out_is_told_nothing(self, row, event, here):
        row.state = ParticipationState.HELD_OUT
        row.save()
        Message.objects.all().delete()
        PortalNotice.objects.all().delete()
        tell_participants(event=self.soon(event), notice=Notice.CHANGED)
        assert not Message.objects.filter(user=here.resident).exists()
        assert Message.objects.filter(about=f"event-{event.pk}").exists()

    def test_who_takes_part_is_reminded_once_of_what_was_told_long_before(self, row, event, here):
        opt_out(participation=row, by=here.resident)
        self.soon(event)
        assert remind() > 0
        assert remind() == 0
        reminded = set(Message.objects.filter(kind="event-reminder").values_list("user", flat=True))
        assert here.resident.pk not in reminded
        assert here.organization_admin.pk in reminded

    def test_nobody_is_reminded_of_what_was_told_just_now(self, event):
        self.soon(event, notified=timedelta(hours=2))
        assert remind() == 0

    def test_no_link_stands_in_what_is_kept(self, event):
        kept = str(list(Message.objects.values_list("payload", flat=True)))
        assert "/answer/" not in kept
