"""What both sides of a dispute are told."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import ApprovalStatus, StaffRole, User
from common.speech import day_words
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.notify import Told, notify_many
from delivery.tenants import site_url_for
from settlement.models import Dispute
from settlement.notices import people_behind

HOLDER_KIND = "dispute-news"
DISTRIBUTOR_KIND = "dispute-case"


class News(StrEnum):
    """What happened in a dispute."""

    OPENED = "opened"
    WRITTEN = "written"
    ANSWERED = "answered"
    IN_FAVOR = "in_favor"
    AGAINST = "against"
    WITHDRAWN = "withdrawn"


def tell_holder(*, dispute: Dispute, news: News, number: int = 0) -> None:
    """Tells the resident, or the people of the organization."""
    _tell(HOLDER_KIND, people_behind([dispute.holder_id]), dispute, news, number)


def tell_distributor(*, dispute: Dispute, news: News, number: int = 0) -> None:
    """Tells the distributor's admins."""
    admins = User.objects.filter(tenant=dispute.distributor_id, staff_role=StaffRole.ADMIN, is_active=True)
    _tell(
        DISTRIBUTOR_KIND,
        admins.filter(approval_status=ApprovalStatus.APPROVED).order_by("pk"),
        dispute,
        news,
        number,
    )


def _tell(kind: str, people: Iterable[User], dispute: Dispute, news: News, number: int) -> None:
    program = dispute.participation.event.program
    shared = {
        "dispute": dispute.pk,
        "news": news.value,
        "tenant": dispute.distributor_id,
        "program": program.name,
        "start": dispute.participation.event.start.isoformat(),
        "due": dispute.due_at.isoformat(),
        "zone": program.zone.key,
        "outcome": dispute.outcome,
    }
    key = f"dispute-{dispute.pk}-{news}-{number}"
    told = [
        Told(user=user, payload=shared | {"name": user.get_short_name()}, dedupe_key=f"{key}-{user.pk}")
        for user in people
    ]
    notify_many(kind=kind, people=told)


def _words(payload: dict[str, Any]) -> dict[str, str]:
    zone = ZoneInfo(payload["zone"])
    start, due = (datetime.fromisoformat(payload[name]).astimezone(zone) for name in ("start", "due"))
    return {
        "program": payload["program"],
        "day": day_words(start.date()),
        # The clock ends with the day before this instant.
        "due": day_words(datetime.fromtimestamp(due.timestamp() - 1, zone).date()),
        "outcome": payload["outcome"],
    }


@letter(HOLDER_KIND, Topic.REWARDS)
def write_news(payload: dict[str, Any]) -> Letter:
    """What became of one's own dispute."""
    words = _words(payload)
    titles = {
        News.OPENED: _("We got your objection to the event on %(day)s"),
        News.ANSWERED: _("An answer to your objection to the event on %(day)s"),
        News.IN_FAVOR: _("Your objection to the event on %(day)s: you are right"),
        News.AGAINST: _("Your objection to the event on %(day)s: the amount stays"),
    }
    bodies = {
        News.OPENED: _("A person looks at it and answers by %(due)s. What you were paid stays yours meanwhile."),
        News.ANSWERED: _("Read the answer, and write back if it does not settle the matter."),
        News.IN_FAVOR: _("%(outcome)s You are told again once the correction is in the books."),
        News.AGAINST: _("%(outcome)s"),
    }
    return _letter(payload, titles[News(payload["news"])] % words, bodies[News(payload["news"])] % words, "dispute")


@letter(DISTRIBUTOR_KIND, Topic.REWARDS)
def write_case(payload: dict[str, Any]) -> Letter:
    """What an admin should know of a dispute; without names."""
    words = _words(payload)
    titles = {
        News.OPENED: _("Somebody objects to the event on %(day)s"),
        News.WRITTEN: _("New words in a dispute about the event on %(day)s"),
        News.WITHDRAWN: _("A dispute about the event on %(day)s was withdrawn"),
    }
    bodies = {
        News.OPENED: _("A participant of %(program)s says that an amount is not right. Answer by %(due)s."),
        News.WRITTEN: _("The participant of %(program)s wrote. Answer by %(due)s."),
        News.WITHDRAWN: _("The participant of %(program)s took it back. There is nothing to do."),
    }
    news = News(payload["news"])
    return _letter(payload, titles[news] % words, bodies[news] % words, "operator_dispute")


def _letter(payload: dict[str, Any], title: str, body: str, page: str) -> Letter:
    url = reverse(page, args=[payload["dispute"]])
    site = {"site": site_url_for(payload["tenant"]) + url}
    text = "\n\n".join([_("Hello %(name)s,") % payload, body, _("The whole matter: %(site)s") % site])
    return Letter(title, text + "\n", title, body, url)
