"""Text messages: who gets them, how they are sent, and what becomes of them."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from delivery import letters, services
from delivery.choices import set_choice
from delivery.forms import ChoicesForm
from delivery.jobs import CannotResend, resend_message
from delivery.letters import Letter, letter
from delivery.models import Attempt, Channel, DeliveryState, Message, Phone, Topic
from delivery.notify import Told, notify_many
from delivery.quiet import zone_of
from delivery.receipt_views import WRONG_SECRETS
from delivery.receipts import PATIENCE, SILENT, give_up_silent
from delivery.selectors import Counts, delivery_of
from delivery.services import drain
from delivery.sms import PermanentFailure, TemporaryFailure, choice
from delivery.sms.text import fit, parts
from delivery.tests.provider import Provider
from tests.builder import make_distributor, make_user

pytestmark = pytest.mark.django_db

KIND, LONG = "test-text", "test-long"
NUMBER = "+15555550123"
SECRET = "receipt-secret-" + "x" * 50
URL = "/delivery/receipts/test-provider"


@pytest.fixture(autouse=True)
def provider(settings, monkeypatch):
    settings.SMS_BACKEND, settings.SMS_RECEIPT_SECRET = "delivery.tests.provider.Provider", SECRET
    monkeypatch.setattr(Provider, "taken", [])
    monkeypatch.setattr(Provider, "refuses", [])
    monkeypatch.setattr(services, "_handlers", dict(services._handlers))
    monkeypatch.setattr(services, "_kept", dict(services._kept))
    monkeypatch.setattr(letters, "_kinds", dict(letters._kinds))

    @letter(KIND, Topic.EVENTS, by_sms=True, is_kept=True)
    def write(payload):
        return Letter("Event", "Less power.", sms="Please use less power.", sms_link="https://portal.example/a/1")

    @letter(LONG, Topic.REWARDS)
    def write_long(payload):
        return Letter("Reward", "It is $4.")

    return Provider


@pytest.fixture
def ada():
    user = make_user(make_distributor(), email="ada@example.com")
    Phone.objects.create(user=user, number=NUMBER, confirmed_at=timezone.now())
    return user


def tell(user, kind=KIND, key="event-7-1"):
    told = Told(user=user, payload={"n": 7}, about="event-7", dedupe_key=f"{key}-{user.pk}")
    notify_many(kind=kind, people=[told])


def text_of(user):
    return Message.objects.get(user=user, kind="sms")


def post(body, secret=SECRET, url=URL, **headers):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    headers = {"Authorization": f"Bearer {secret}"} | headers
    return Client(enforce_csrf_checks=True).post(url, data, content_type="application/json", headers=headers)


class TestWhoGetsThem:
    def test_whoever_has_a_confirmed_number_is_texted_too(self, ada, provider, mailoutbox):
        tell(ada)
        while drain():
            pass
        assert [(to, text) for to, text, _ in provider.taken] == [
            (NUMBER, "Please use less power. https://portal.example/a/1")
        ]
        assert len(mailoutbox) == 1

    def test_nobody_is_texted_at_a_number_that_waits_for_its_code(self, ada, provider):
        Phone.objects.update(
            number="", confirmed_at=None, asked_number=NUMBER, code_digest="x", code_until=timezone.now()
        )
        tell(ada)
        assert not Message.objects.filter(kind="sms").exists()

    def test_whoever_does_not_want_texts_gets_none(self, ada):
        set_choice(user=ada, topic=Topic.EVENTS, channel=Channel.SMS, wanted=False)
        tell(ada)
        assert set(Message.objects.values_list("kind", flat=True)) == {KIND}

    def test_kinds_without_a_short_form_are_not_texted(self, ada):
        tell(ada, LONG)
        assert not Message.objects.filter(kind="sms").exists()

    def test_the_same_is_texted_once(self, ada, provider):
        tell(ada)
        tell(ada)
        while drain():
            pass
        assert len(provider.taken) == 1

    def test_a_number_that_was_taken_away_meanwhile_is_not_texted(self, ada, provider):
        tell(ada)
        Phone.objects.all().delete()
        drain()
        row = text_of(ada)
        assert (row.state, provider.taken) == (DeliveryState.UNREACHABLE, [])
        assert "no longer confirmed" in row.attempts.get().error

    def test_texts_wait_for_the_end_of_quiet_hours(self, ada, provider):
        local = timezone.now().astimezone(zone_of(ada.tenant_id))
        ada.quiet_from = (local - timedelta(hours=1)).time().replace(microsecond=0)
        ada.quiet_until = (local + timedelta(hours=1)).time().replace(microsecond=0)
        ada.save()
        tell(ada)
        drain()
        assert provider.taken == []
        assert text_of(ada).next_attempt_at > timezone.now() + timedelta(minutes=50)

    def test_without_a_provider_no_text_is_written_and_no_box_shown(self, ada, settings):
        settings.SMS_BACKEND = ""
        tell(ada)
        assert not Message.objects.filter(kind="sms").exists()
        assert not any(name.endswith("-sms") for name in ChoicesForm(user=ada).fields)

    def test_boxes_without_a_number_are_shown_and_change_nothing(self, ada):
        Phone.objects.all().delete()
        form = ChoicesForm({"events-email": "on"}, user=ada)
        assert form.fields["events-sms"].disabled
        assert form.is_valid()
        form.save()
        assert not ada.notification_choices.filter(channel=Channel.SMS).exists()


class TestAttempts:
    def test_what_the_provider_took_waits_for_its_receipt(self, ada):
        tell(ada)
        drain()
        row = text_of(ada)
        assert (row.state, row.provider_id, row.finished_at) == (DeliveryState.SENT, f"id-portal-{row.pk}", None)
        assert drain() >= 0
        assert len(Provider.taken) == 1

    def test_a_passing_failure_is_tried_again_later(self, ada, provider):
        provider.refuses.append(TemporaryFailure(f"busy with {NUMBER}"))
        tell(ada)
        drain()
        row = text_of(ada)
        assert (row.state, row.claimed_at) == (DeliveryState.PENDING, None)
        assert NUMBER[1:] not in row.attempts.get().error

    def test_a_lasting_failure_ends_it_at_once(self, ada, provider):
        provider.refuses.append(PermanentFailure("no such number"))
        tell(ada)
        drain()
        row = text_of(ada)
        assert (row.state, row.attempts.count()) == (DeliveryState.UNREACHABLE, 1)

    def test_what_was_given_up_can_be_tried_again(self, ada, provider):
        provider.refuses.append(PermanentFailure("no such number"))
        tell(ada)
        drain()
        provider.refuses.clear()
        resend_message(message=text_of(ada), by=ada)
        drain()
        assert (text_of(ada).state, len(provider.taken)) == (DeliveryState.SENT, 1)
        with pytest.raises(CannotResend):
            resend_message(message=text_of(ada), by=ada)

    def test_a_dead_mail_of_a_letter_is_written_once_more(self, ada, mailoutbox, settings):
        settings.DEMO = False
        tell(ada)
        drain()
        mail = Message.objects.get(kind="mail")
        Message.objects.filter(pk=mail.pk).update(
            state=DeliveryState.UNREACHABLE, finished_at=timezone.now(), payload={"subject": "Event"}
        )
        resend_message(message=mail, by=ada)
        while drain():
            pass
        assert [sent.subject for sent in mailoutbox] == ["Event"]

    def test_a_wrong_name_of_a_provider_is_said(self, settings):
        settings.SMS_BACKEND = "nowhere.Nothing"
        with pytest.raises(ImproperlyConfigured, match="SMS_BACKEND"):
            choice.backend()
        settings.SMS_BACKEND = "delivery.models.Message"
        with pytest.raises(ImproperlyConfigured, match="no provider"):
            choice.backend()

    def test_the_file_provider_writes_what_would_be_sent(self, ada, settings, tmp_path):
        settings.SMS_BACKEND, settings.SMS_FILE_DIR = "file", tmp_path / "sms"
        tell(ada)
        drain()
        (file,) = settings.SMS_FILE_DIR.iterdir()
        assert json.loads(file.read_text())["to"] == NUMBER
        assert text_of(ada).state == DeliveryState.DELIVERED


class TestReceipts:
    @pytest.fixture
    def sent(self, ada):
        tell(ada)
        drain()
        return text_of(ada)

    def state(self, row):
        row.refresh_from_db()
        return row.state

    def test_a_receipt_ends_the_message(self, sent):
        assert post({"id": sent.provider_id, "status": "sent"}).status_code == 204
        assert self.state(sent) == DeliveryState.SENT
        assert post({"id": sent.provider_id, "status": "delivered"}).status_code == 204
        assert self.state(sent) == DeliveryState.DELIVERED
        assert sent.finished_at is not None

    def test_a_failure_says_why_and_hides_the_number(self, sent):
        post([{"id": sent.provider_id, "status": "failed", "error": f"{NUMBER} is off"}])
        assert self.state(sent) == DeliveryState.UNREACHABLE
        assert sent.attempts.last().error == "the provider says: +… is off"

    def test_what_arrived_stays_so(self, sent):
        for status in ("delivered", "failed", "delivered", "sent"):
            post({"id": sent.provider_id, "status": status})
        assert self.state(sent) == DeliveryState.DELIVERED
        assert sent.attempts.count() == 1

    def test_what_was_thought_lost_may_have_arrived(self, sent):
        for status in ("failed", "delivered"):
            post({"id": sent.provider_id, "status": status})
        assert self.state(sent) == DeliveryState.DELIVERED

    def test_unknown_names_are_answered_like_known_ones(self, sent):
        known = post({"id": sent.provider_id, "status": "delivered"})
        unknown = post({"id": "nobody-knows", "status": "delivered"})
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (204, b"")

    @pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", "é"])
    def test_without_the_secret_nothing_changes(self, sent, secret):
        answer = post({"id": sent.provider_id, "status": "delivered"}, secret.encode().decode("latin-1"))
        assert (answer.status_code, self.state(sent)) == (401, DeliveryState.SENT)

    def test_of_a_body_with_one_hostile_row_nothing_is_noted(self, sent):
        rows = [{"id": sent.provider_id, "status": "delivered"}, {"id": "\ud800", "status": "failed"}]
        assert post(json.dumps(rows)).status_code == 400
        assert self.state(sent) == DeliveryState.SENT

    def test_wrong_secrets_are_limited_and_the_right_one_is_never_counted(self, sent):
        body = {"id": sent.provider_id, "status": "delivered"}
        answers = [post(body, "wrong").status_code for _try in range(WRONG_SECRETS + 2)]
        assert answers == [401] * WRONG_SECRETS + [429] * 2
        assert post(body).status_code == 204

    def test_another_name_is_not_found(self, sent):
        assert post({"id": sent.provider_id, "status": "delivered"}, url="/delivery/receipts/other").status_code == 404

    def test_no_secret_set_takes_nothing(self, sent, settings):
        settings.SMS_RECEIPT_SECRET = ""
        assert post({"id": sent.provider_id, "status": "delivered"}, secret="").status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "nonsense",
            "[" * 5000,
            "[]x",
            '{"id": 5, "status": "sent"}',
            '{"id": "a", "status": "eaten"}',
            "7",
            json.dumps([{"id": "a", "status": "sent"}] * 501),
            b"\xff\xfe",
            '{"id": "\\ud800", "status": "failed"}',
            '{"id": "a", "status": "failed", "error": "\\udfff"}',
        ],
    )
    def test_what_is_not_understood_is_refused(self, sent, body):
        assert post(body).status_code == 400
        assert self.state(sent) == DeliveryState.SENT

    def test_what_is_too_large_is_refused(self, sent):
        assert post(" " * (64 * 1024 + 1)).status_code == 413

    def test_looking_is_not_allowed(self):
        assert Client().get(URL).status_code == 405

    def test_no_receipt_for_days_gives_it_up(self, sent):
        assert give_up_silent() == 0
        Message.objects.filter(pk=sent.pk).update(next_attempt_at=timezone.now() - PATIENCE - timedelta(minutes=1))
        assert (give_up_silent(), give_up_silent()) == (1, 0)
        assert self.state(sent) == DeliveryState.UNREACHABLE
        assert Attempt.objects.filter(message=sent, error=SILENT).count() == 1


def test_counts_say_how_messages_about_one_thing_stand(ada, provider, django_assert_num_queries):
    tell(ada)
    with django_assert_num_queries(2):
        before = delivery_of("event-7")
    assert (before.email, before.sms, before.portal) == (Counts(1), Counts(1), Counts(0, 0, 1))
    while drain():
        pass
    after = delivery_of("event-7")
    assert (after.email, after.sms) == (Counts(0, 0, 1), Counts(0, 1))
    assert after.leaving.total == 2
    assert delivery_of("event-70").leaving.total == 0


@pytest.mark.parametrize("tail", ["", "https://portal.example/answer/" + "x" * 60])
@pytest.mark.parametrize("text", ["", "a" * 500, "word " * 200, "Ωραία ώρα " * 80, "я" * 400, "€" * 300, "a\nb  c"])
def test_every_text_fits_two_parts_and_keeps_its_link(text, tail):
    whole = fit(text, tail)
    assert parts(whole) <= 2
    assert whole.endswith(tail) or len(tail) > 50


def test_accents_that_a_phone_lacks_become_simple_letters():
    assert fit("Está bien – ñandú") == "Esta bien - ñandu"
