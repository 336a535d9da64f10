"""Telling people: as they chose, in their language, not in their quiet hours, once."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils.translation import get_language

from delivery import letters, services
from delivery import notify as notify_module
from delivery.board import mark_read, put_notices, unread_count
from delivery.choices import read_stop, set_choice, stop_url, topics_for
from delivery.letters import Letter, letter
from delivery.models import Channel, DeliveryState, Message, Notice, NotificationChoice, Topic
from delivery.notify import Told, notify, notify_many
from delivery.services import drain
from tests.builder import make_distributor, make_member, make_organization, make_user

pytestmark = pytest.mark.django_db

KIND, SECURE = "test-letter", "test-secure"
# Half past three in the morning of New York.
NIGHT = datetime(2026, 7, 2, 7, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(services, "_handlers", dict(services._handlers))
    monkeypatch.setattr(services, "_kept", dict(services._kept))
    monkeypatch.setattr(letters, "_kinds", dict(letters._kinds))

    @letter(KIND, Topic.EVENTS)
    def write(payload):
        return Letter(f"Event {payload['n']}", f"In {get_language()}.", url="/rewards")

    @letter(SECURE, Topic.SECURITY)
    def write_secure(payload):
        return Letter("Somebody signed in", "If it was not you, tell us.")


@pytest.fixture
def distributor():
    return make_distributor()


@pytest.fixture
def ada(distributor):
    return make_user(distributor, email="ada@example.com")


@pytest.fixture
def at_night(monkeypatch):
    monkeypatch.setattr(notify_module.timezone, "now", lambda: NIGHT)


def tell(user, kind=KIND, **more):
    notify(user=user, kind=kind, payload={"n": 7}, **more)


def sent(mailoutbox):
    while drain():
        pass
    return mailoutbox


class TestChannels:
    def test_whoever_chose_nothing_is_told_on_both(self, ada, mailoutbox):
        tell(ada)
        notice = Notice.objects.get()
        assert (notice.user, notice.topic, notice.title, notice.url) == (ada, Topic.EVENTS, "Event 7", "/rewards")
        (mail,) = sent(mailoutbox)
        assert (mail.to, mail.subject) == (["ada@example.com"], "Event 7")

    @pytest.mark.parametrize(("channel", "notices", "mails"), [(Channel.EMAIL, 1, 0), (Channel.PORTAL, 0, 1)])
    def test_a_channel_that_is_off_gets_nothing(self, ada, mailoutbox, channel, notices, mails):
        set_choice(user=ada, topic=Topic.EVENTS, channel=channel, wanted=False)
        tell(ada)
        assert (Notice.objects.count(), len(sent(mailoutbox))) == (notices, mails)

    def test_another_topic_stays_on(self, ada, mailoutbox):
        set_choice(user=ada, topic=Topic.REWARDS, channel=Channel.EMAIL, wanted=False)
        tell(ada)
        assert len(sent(mailoutbox)) == 1

    def test_security_cannot_be_switched_off(self, ada, mailoutbox):
        with pytest.raises(ValueError, match="always"):
            set_choice(user=ada, topic=Topic.SECURITY, channel=Channel.EMAIL, wanted=False)
        with pytest.raises(IntegrityError), transaction.atomic():
            NotificationChoice.objects.create(user=ada, topic=Topic.SECURITY, channel=Channel.EMAIL, wanted=False)
        tell(ada, SECURE)
        assert len(sent(mailoutbox)) == 1

    def test_choice_can_be_taken_back_and_set_twice(self, ada):
        for wanted in (False, False, True, True):
            set_choice(user=ada, topic=Topic.EVENTS, channel=Channel.EMAIL, wanted=wanted)
            assert NotificationChoice.objects.get().wanted is wanted

    def test_only_who_decides_about_people_is_asked_about_them(self, distributor):
        organization = make_organization(distributor)
        admin, member = make_member(organization), make_member(organization)
        assert Topic.PEOPLE in topics_for(admin)
        assert Topic.PEOPLE not in topics_for(member)


class TestOnce:
    def test_same_key_is_told_once_on_each_channel(self, ada, mailoutbox):
        tell(ada, dedupe_key="event 7")
        tell(ada, dedupe_key="event 7")
        assert (Notice.objects.count(), len(sent(mailoutbox))) == (1, 1)

    def test_same_key_twice_in_one_call_is_told_once(self, ada):
        notify_many(kind=KIND, people=[Told(user=ada, payload={"n": 1}, dedupe_key="k")] * 2)
        assert (Notice.objects.count(), Message.objects.count()) == (1, 1)

    def test_letter_whose_drain_dies_after_handing_it_on_becomes_one_mail(self, ada, mailoutbox):
        tell(ada)
        message = Message.objects.get()
        letters._deliver(message)
        letters._deliver(message)
        assert len(sent(mailoutbox)) == 1

    def test_many_people_take_few_statements(self, distributor, django_assert_max_num_queries):
        people = [make_user(distributor) for _ in range(60)]
        told = [Told(user=user, payload={"n": 1}, dedupe_key=f"e-{user.pk}") for user in people]
        with django_assert_max_num_queries(16):
            notify_many(kind=KIND, people=told)
        assert (Notice.objects.count(), Message.objects.count()) == (60, 60)

    def test_rolled_back_change_tells_nobody(self, ada):
        with transaction.atomic():
            tell(ada)
            transaction.set_rollback(True)
        assert not Notice.objects.exists()
        assert not Message.objects.exists()


class TestQuietHours:
    @pytest.fixture
    def sleeper(self, distributor):
        return make_user(distributor, quiet_from=time(22), quiet_until=time(7))

    def waits(self):
        return Message.objects.get().next_attempt_at

    def test_mail_waits_until_they_are_over_and_the_notice_does_not(self, sleeper, at_night):
        tell(sleeper)
        assert self.waits() == datetime(2026, 7, 2, 11, tzinfo=UTC)
        assert unread_count(sleeper) == 1

    def test_security_does_not_wait(self, sleeper, at_night):
        tell(sleeper, SECURE)
        assert self.waits() == NIGHT

    def test_event_that_starts_before_they_are_over_does_not_wait(self, sleeper, at_night):
        tell(sleeper, useful_until=datetime(2026, 7, 2, 11, tzinfo=UTC))
        assert self.waits() == NIGHT

    def test_event_that_starts_later_waits(self, sleeper, at_night):
        tell(sleeper, useful_until=datetime(2026, 7, 2, 12, tzinfo=UTC))
        assert self.waits() > NIGHT

    def test_who_has_none_is_told_at_once(self, ada, at_night):
        tell(ada)
        assert self.waits() == NIGHT

    def test_hours_are_those_of_the_distributor(self, at_night):
        athens = make_distributor(timezone="Europe/Athens")
        tell(make_user(athens, quiet_from=time(22), quiet_until=time(7)))
        # Half past ten there.
        assert self.waits() == NIGHT


class TestMail:
    def test_is_in_the_language_of_its_reader_and_not_of_who_caused_it(self, distributor, mailoutbox):
        tell(make_user(distributor, email="es@example.com", language="es"))
        tell(make_user(distributor, email="en@example.com", language="en"))
        bodies = {mail.to[0]: mail.body for mail in sent(mailoutbox)}
        assert bodies["es@example.com"].startswith("In es.")
        assert bodies["en@example.com"].startswith("In en.")
        assert set(Notice.objects.values_list("body", flat=True)) == {"In es.", "In en."}

    def test_foot_says_why_and_where_to_choose(self, ada, mailoutbox):
        tell(ada)
        (mail,) = sent(mailoutbox)
        assert "told of: Events" in mail.body
        assert "/account/notifications" in mail.body

    def test_header_ends_such_mails_with_one_click(self, ada, mailoutbox):
        tell(ada)
        (mail,) = sent(mailoutbox)
        assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = mail.extra_headers["List-Unsubscribe"].strip("<>")
        path = link.removeprefix("http://testserver")
        answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        tell(ada)
        assert len(sent(mailoutbox)) == 1
        assert Notice.objects.count() == 2

    def test_security_mail_offers_no_end(self, ada, mailoutbox):
        tell(ada, SECURE)
        (mail,) = sent(mailoutbox)
        assert "List-Unsubscribe" not in mail.extra_headers
        assert "always sent" in mail.body

    def test_payload_is_dropped_once_it_is_delivered(self, ada, settings):
        settings.DEMO = False
        tell(ada)
        while drain():
            pass
        assert [message.payload for message in Message.objects.order_by("id")] == [{}, {"subject": "Event 7"}]
        assert set(Message.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}

    def test_messages_know_whose_they_are(self, ada):
        tell(ada)
        while drain():
            pass
        assert set(Message.objects.values_list("user_id", flat=True)) == {ada.pk}


class TestStopLink:
    def path(self, user, topic=Topic.EVENTS):
        return stop_url(user=user, topic=topic).removeprefix("http://testserver")

    def test_opening_it_changes_nothing_and_shows_a_button(self, client, ada):
        page = client.get(self.path(ada))
        assert "Stop these mails" in page.text
        assert not NotificationChoice.objects.exists()

    def test_changed_or_made_up_link_is_not_found(self, client, ada):
        for path in (self.path(ada)[:-1], "/notifications/stop/nonsense"):
            assert client.get(path).status_code == client.post(path).status_code == 404

    def test_link_of_a_closed_account_is_not_found(self, ada):
        signed = self.path(ada).rsplit("/", 1)[1]
        assert read_stop(signed).user == ada
        type(ada).objects.filter(pk=ada.pk).update(is_active=False, closed_at=NIGHT)
        assert read_stop(signed) is None


class TestPages:
    def test_bell_counts_and_the_list_shows_own_notices_only(self, client, ada, distributor):
        other = make_user(distributor)
        put_notices([Notice(user=other, topic=Topic.EVENTS, title="Not yours")])
        tell(ada)
        client.force_login(ada)
        page = client.get("/account/notices").text
        assert "Event 7" in page
        assert "Not yours" not in page
        assert "Notices: 1 unread" in page

    def test_opening_marks_as_read_and_leads_to_the_thing(self, client, ada):
        tell(ada)
        client.force_login(ada)
        assert client.post(f"/account/notices/{Notice.objects.get().pk}/read").url == "/rewards"
        assert unread_count(ada) == 0

    def test_address_elsewhere_is_not_followed(self, client, ada):
        put_notices([Notice(user=ada, topic=Topic.EVENTS, title="x", url="//evil.example/")])
        client.force_login(ada)
        assert client.post(f"/account/notices/{Notice.objects.get().pk}/read").url == "/account/notices"

    def test_notice_of_somebody_else_is_not_found(self, client, ada, distributor):
        put_notices([Notice(user=ada, topic=Topic.EVENTS, title="x")])
        client.force_login(make_user(distributor, staff_role="admin"))
        assert client.post(f"/account/notices/{Notice.objects.get().pk}/read").status_code == 404
        assert unread_count(ada) == 1

    def test_all_are_read_at_once(self, client, ada):
        tell(ada)
        tell(ada)
        client.force_login(ada)
        client.post("/account/notices/read")
        assert unread_count(ada) == 0
        assert mark_read(user=ada) == 0

    def test_choices_are_saved_and_shown(self, client, ada):
        client.force_login(ada)
        answer = client.post("/account/notifications", {"events-portal": "on", "rewards-email": "on"})
        assert answer.url == "/account/notifications"
        refused = set(NotificationChoice.objects.filter(wanted=False).values_list("topic", "channel"))
        reminders = {("reminders", "email"), ("reminders", "portal")}
        assert refused == {("events", "email"), ("rewards", "portal"), *reminders}
        form = client.get("/account/notifications").context["form"]
        assert form["events-email"].value() is False
        assert form["events-portal"].value() is True
        assert form["security-email"].value() is True

    def test_list_has_a_fixed_number_of_queries(self, client, ada, django_assert_max_num_queries):
        put_notices([Notice(user=ada, topic=Topic.EVENTS, title=f"n{n}") for n in range(60)])
        client.force_login(ada)
        with django_assert_max_num_queries(14):
            client.get("/account/notices")


@pytest.mark.mariadb
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.django_db(transaction=True)
def test_two_who_tell_the_same_at_once_tell_it_once(distributor):
    people = [make_user(distributor) for _ in range(5)]
    told = [Told(user=user, payload={"n": 1}, dedupe_key=f"same-{user.pk}") for user in people]
    barrier = threading.Barrier(2)

    def run():
        barrier.wait()
        try:
            with transaction.atomic():
                notify_many(kind=KIND, people=told)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Notice.objects.count(), Message.objects.count()) == (5, 5)


def test_next_attempt_of_a_message_in_the_past_is_now():
    before = datetime.now(UTC)
    message = services.enqueue(kind=KIND, recipient="a", payload={}, not_before=before - timedelta(days=1))
    assert message.next_attempt_at >= before
