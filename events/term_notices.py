"""What those who take part in a program are told of it: other terms, and what became of their wish to join."""

from collections import defaultdict
from collections.abc import Collection
from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import ApprovalStatus, User
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.notify import Told, notify_many
from delivery.tenants import site_url_for
from events.models import Enrollment, EnrollmentState, ProgramVersion
from meters.selectors import holders_at
from organizations.models.membership import MembershipRole

TERMS = "program-terms"
ENROLLMENT = "enrollment-notice"


class News(StrEnum):
    """What happened to an enrollment."""

    ACTIVE = "active"
    REFUSED = "refused"
    ENDED = "ended"


_SUBJECTS = {
    News.ACTIVE: _lazy("You take part in %(program)s"),
    News.REFUSED: _lazy("%(program)s: not joined"),
    News.ENDED: _lazy("You no longer take part in %(program)s"),
}
_SENTENCES = {
    News.ACTIVE: _lazy("From now on we ask you when %(program)s has an event. You choose each time."),
    News.REFUSED: _lazy("Your wish to join %(program)s was refused."),
    News.ENDED: _lazy("We ask you for no more events of %(program)s. What you have earned stays yours."),
}


def tell_of_terms(*, version: ProgramVersion) -> int:
    """How many people are told that a program has other terms: who takes part, or wants to."""
    rows = Enrollment.objects.active().filter(program=version.program_id).exclude(state=EnrollmentState.REFUSED)
    meters = dict(rows.values_list("meter_id", "meter__number"))
    program = version.program
    payload = {"tenant": program.distributor_id, "program": program.name, "id": program.pk, "number": version.number}
    told = [
        Told(
            user=user,
            payload=payload | {"name": user.get_short_name()},
            dedupe_key=f"terms-{version.program_id}-{version.number}-{user.pk}",
        )
        for user in people_behind(meters)
    ]
    notify_many(kind=TERMS, people=told)
    return len(told)


def tell_of_enrollment(*, enrollments: Collection[Enrollment], news: News, reason: str = "") -> int:
    """How many people are told what became of enrollments of one program, one letter each."""
    if not enrollments:
        return 0
    program = next(iter(enrollments)).program
    by_person: dict[User, list[str]] = defaultdict(list)
    for row in enrollments:
        for user in people_behind({row.meter_id}):
            by_person[user].append(row.meter.label)
    stamp = f"{timezone.now():%Y%m%d%H%M%S}"
    payload = {"tenant": program.distributor_id, "program": program.name, "id": program.pk, "news": news.value}
    told = [
        Told(
            user=user,
            payload=payload | {"name": user.get_short_name(), "meters": sorted(meters), "reason": reason},
            dedupe_key=f"enrollment-{program.pk}-{news}-{min(row.pk for row in enrollments)}-{stamp}-{user.pk}",
        )
        for user, meters in by_person.items()
    ]
    notify_many(kind=ENROLLMENT, people=told)
    return len(told)


def people_behind(meter_ids: Collection[int]) -> list[User]:
    """Who decides for meters now: their residents, and the admins of the organizations that hold them."""
    holders = set(holders_at(meter_ids=list(meter_ids), at=timezone.now()).values())
    approved = User.objects.filter(approval_status=ApprovalStatus.APPROVED, is_active=True)
    admins = Q(membership__organization__in=holders, membership__role=MembershipRole.ADMIN)
    return list(approved.filter(Q(pk__in=holders) | admins).order_by("pk"))


@letter(TERMS, Topic.EVENTS)
def write_terms(payload: dict[str, Any]) -> Letter:
    """That a program has other terms, and what to do."""
    url = f"{reverse('program_detail', args=[payload['id']])}#changes"
    subject = _("New terms of %(program)s") % payload
    body = _("%(program)s has new terms. See what changed, then agree or leave.") % payload
    text = _(
        "Hello %(name)s,\n\n%(program)s has new terms. Events that are announced already keep the old ones.\n\n"
        "See what changed, and agree or leave: %(link)s\n\n"
        "If you joined here in the portal and the change concerns you, we ask you for no more events until you agree."
    )
    link = site_url_for(payload["tenant"]) + url
    return Letter(subject, text % {**payload, "link": link}, subject, body, url)


@letter(ENROLLMENT, Topic.EVENTS)
def write_enrollment(payload: dict[str, Any]) -> Letter:
    """What became of the wish to join a program."""
    news = News(payload["news"])
    url = reverse("program_detail", args=[payload["id"]])
    sentence = str(_SENTENCES[news]) % payload
    lines = [_("Hello %(name)s,") % payload, "", sentence]
    if payload["reason"]:
        lines.append(_("Reason: %(reason)s") % payload)
    lines += ["", _("Meters: %(meters)s") % {"meters": ", ".join(payload["meters"])}]
    lines += ["", site_url_for(payload["tenant"]) + url]
    subject = str(_SUBJECTS[news]) % payload
    body = f"{sentence} {payload['reason']}".strip()
    return Letter(subject, "\n".join(lines) + "\n", subject, body, url)
