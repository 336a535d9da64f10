"""Mails about organizations: each in its reader's language, from the distributor, with links to its host."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.language import language_of
from accounts.models import User
from delivery.choices import offer
from delivery.letters import Letter, letter
from delivery.mail import KIND
from delivery.models import Topic
from delivery.notify import notify
from delivery.services import enqueue
from organizations.access import Role, role_of
from organizations.hosts import site_url_of
from organizations.models import Distributor, Invitation

# What was decided, told to the person.
NOTICE = "membership-notice"
# Somebody with a verified address waits, told to those who decide.
REQUEST = "membership-request"

# Letter -> its subject. The text is organizations/mail/<letter>.txt.
_SUBJECTS = {
    "approved": _("You can sign in now: %(organization)s"),
    "rejected": _("Your request to join %(organization)s"),
    "removed": _("Your account at %(organization)s was closed"),
    "reopened": _("Your request to join %(organization)s waits again"),
    "promoted": _("You are an admin of %(organization)s now"),
    "demoted": _("You are a member of %(organization)s now"),
    "closed": _("%(organization)s was closed"),
    "created": _("%(organization)s is registered"),
    "not_created": _("Your request to register %(organization)s"),
    "request": _("%(name)s asks to join %(organization)s"),
    "organization_request": _("%(name)s asks to register %(organization)s"),
    "left": _("%(name)s has left %(organization)s"),
    "accepted": _("%(name)s has joined %(organization)s"),
}


# The same for the portal's notice list, where the names of people do not stay.
_TITLES = {
    "request": _("Somebody asks to join %(organization)s"),
    "organization_request": _("Somebody asks to register %(organization)s"),
    "left": _("Somebody has left %(organization)s"),
    "accepted": _("Somebody has joined %(organization)s"),
}
_PATHS = {"request": "/org/approvals"}


def tell(*, user: User, letter: str, kind: str = NOTICE, dedupe_key: str | None = None, **content: str) -> None:
    """Writes one of the letters to a person; once for a known `dedupe_key`."""
    notify(
        user=user,
        kind=kind,
        payload={"decision": letter, "greeting": user.get_short_name(), "tenant": user.tenant_id, **content},
        dedupe_key=dedupe_key,
    )


def tell_all(*, users: Iterable[User], letter: str, about: str, **content: str) -> None:
    """The same letter to several people, to each once about the same thing."""
    for user in users:
        tell(user=user, letter=letter, kind=REQUEST, dedupe_key=f"{REQUEST}:{about}:{user.pk}", **content)


@letter(NOTICE, Topic.SECURITY)
def write_decision(content: dict[str, Any]) -> Letter:
    """What was decided about the person; always told."""
    return _written(content["decision"], content)


@letter(REQUEST, Topic.PEOPLE)
def write_request(content: dict[str, Any]) -> Letter:
    """That somebody waits, or came or went, for those who decide."""
    return _written(content.get("decision", "request"), content)


def _written(name: str, content: dict[str, Any]) -> Letter:
    distributor = Distributor.objects.filter(pk=content.get("tenant") or 0).first()
    context = {
        **content,
        "site_url": site_url_of(distributor),
        "distributor": distributor.name if distributor else "",
        "contact": distributor.contact_email if distributor else "",
    }
    text = render_to_string(f"organizations/mail/{name}.txt", context)
    title = str(_TITLES[name]) % content if name in _TITLES else ""
    return Letter(str(_SUBJECTS[name]) % content, text, title, url=_PATHS.get(name, ""))


def language_of_distributor(tenant_id: int) -> str:
    """The language of a distributor's mails to people who chose none; empty: that of the installation."""
    return Distributor.objects.filter(pk=tenant_id).values_list("language", flat=True).first() or ""


def zone_of_distributor(tenant_id: int) -> tzinfo:
    """The zone in which its people's quiet hours are meant."""
    name = Distributor.objects.filter(pk=tenant_id).values_list("timezone", flat=True).first()
    return ZoneInfo(name or "UTC")


offer(Topic.PEOPLE, lambda user: role_of(user) in (Role.ORGANIZATION_ADMIN, Role.DISTRIBUTOR_ADMIN, Role.PLATFORM))


def mail_invitation(*, invitation: Invitation, token: str) -> None:
    """Mails the link. It stands in the outbox until it is delivered, like every link that proves an address."""
    organization = invitation.organization
    distributor = organization.distributor
    reader = User.objects.filter(email=invitation.email, tenant_id=distributor.pk).first()
    inviter = invitation.invited_by
    with translation.override(language_of(reader, distributor.pk)):
        subject = _("Join %(organization)s") % {"organization": organization.name}
        context = {
            "name": invitation.first_name,
            "inviter": inviter.get_full_name() if inviter else organization.name,
            "organization": organization.name,
            "distributor": distributor.name,
            "expires_at": invitation.expires_at,
            "zone": distributor.zone,
            "link": f"{site_url_of(distributor)}/invite/{token}",
        }
        text = render_to_string("organizations/mail/invitation.txt", context)
    enqueue(
        kind=KIND,
        recipient=invitation.email,
        payload={"subject": " ".join(subject.split()), "text": text, "html": "", "from": None, "headers": {}},
        tenant_id=distributor.pk,
        user_id=reader.pk if reader else None,
    )
