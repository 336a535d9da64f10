"""Mail through the outbox."""

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.db import transaction

from delivery.mail import deliver_mail
from delivery.models import DeliveryState, Message
from delivery.services import drain
from tests.builder import make_distributor, make_user

pytestmark = pytest.mark.django_db

LINK = "https://portal.example/accounts/confirm-email/secret"


def send(to="ada@example.com"):
    return send_mail("Welcome", LINK, None, [to])


def test_mail_is_a_row_first_and_leaves_with_the_drain(mailoutbox):
    assert send() == 1
    assert mailoutbox == []
    drain()
    (mail,) = mailoutbox
    assert (mail.to, mail.subject, mail.body) == (["ada@example.com"], "Welcome", LINK)


def test_mail_of_a_transaction_that_is_rolled_back_never_leaves(mailoutbox):
    with transaction.atomic():
        send()
        transaction.set_rollback(True)
    drain()
    assert mailoutbox == []


def test_text_is_dropped_once_it_is_sent(settings):
    settings.DEMO = False
    send()
    assert LINK in Message.objects.get().payload["text"]
    drain()
    assert Message.objects.get().payload == {"subject": "Welcome"}


def test_demonstration_keeps_the_text_for_its_page(settings):
    settings.DEMO = True
    send()
    drain()
    assert Message.objects.get().payload["text"] == LINK


def test_text_stays_while_the_mail_could_not_be_sent(settings):
    settings.DEMO = False
    settings.DELIVERY_EMAIL_BACKEND = "nowhere.Backend"
    send()
    drain()
    message = Message.objects.get()
    assert message.state == DeliveryState.PENDING
    assert message.payload["text"] == LINK
    assert "nowhere" in message.attempts.get().error


def test_each_recipient_gets_a_mail_that_names_no_other(mailoutbox):
    EmailMessage("Hi", "text", None, ["a@example.com"], cc=["b@example.com"], bcc=["c@example.com"]).send()
    drain()
    assert [mail.recipients() for mail in mailoutbox] == [["a@example.com"], ["b@example.com"], ["c@example.com"]]


def test_html_goes_along(mailoutbox):
    mail = EmailMultiAlternatives("Hi", "text", None, ["a@example.com"])
    mail.attach_alternative("<p>text</p>", "text/html")
    mail.send()
    drain()
    assert mailoutbox[0].alternatives[0][0] == "<p>text</p>"


def test_attachment_is_refused_and_not_lost():
    mail = EmailMessage("Hi", "text", None, ["a@example.com"])
    mail.attach("bill.pdf", b"x", "application/pdf")
    with pytest.raises(ValueError, match="attachments"):
        mail.send()


def test_mail_belongs_to_the_distributor_of_its_reader():
    distributor = make_distributor()
    make_user(distributor, email="ada@example.com")
    send("Ada@Example.com")
    send("nobody@example.com")
    assert list(Message.objects.order_by("id").values_list("tenant_id", flat=True)) == [distributor.pk, None]


def test_handler_uses_the_sender_of_the_mail(mailoutbox):
    EmailMessage("Hi", "text", "desk@example.com", ["a@example.com"]).send()
    deliver_mail(Message.objects.get())
    assert mailoutbox[0].from_email == "desk@example.com"
