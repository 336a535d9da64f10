"""Mails about membership."""

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from delivery.models import Message
from delivery.services import register

# What the organization's admins decided, told to the person.
NOTICE = "membership-notice"
# Somebody with a verified address waits, told to the organization's admins.
REQUEST = "membership-request"

_SUBJECTS = {
    "approved": "You can sign in now: {organization}",
    "rejected": "Your request to join {organization}",
    "removed": "Your account at {organization} was closed",
}


@register(NOTICE)
def tell_member(message: Message) -> None:
    """Mails the decision to the person."""
    content = message.payload
    subject = _SUBJECTS[content["decision"]].format(**content)
    _mail(subject, f"organizations/mail/{content['decision']}.txt", message)


@register(REQUEST)
def tell_admin(message: Message) -> None:
    """Mails an organization's admin that somebody waits."""
    subject = "{name} asks to join {organization}".format(**message.payload)
    _mail(subject, "organizations/mail/request.txt", message)


def _mail(subject: str, template: str, message: Message) -> None:
    text = render_to_string(template, {**message.payload, "site_url": settings.SITE_URL})
    # Names are what people typed; a line break would end the subject's header.
    send_mail(" ".join(subject.split()), text, None, [message.recipient])
