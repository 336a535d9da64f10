"""Links by which one person answers for one meter without signing in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from accounts.models import User
from delivery.tenants import site_url_for
from events.models import Event, EventState, Participation, ParticipationState
from events.models.participation import NOT_COUNTED
from organizations.access import Role, holder_id_of, role_of

_SALT = "events.answer"
# Ids of a database have at most 19 digits.
_LONGEST = 100
# How long after the end that was told people may still say whether they go on.
TO_SAY = timedelta(minutes=15)


def answers_until(event: Event) -> datetime:
    """Until when an answer may be given or changed."""
    return min(event.opt_until or event.start, event.start)


def longer_until(event: Event, row: Participation | None = None) -> datetime | None:
    """Until when people may say whether the time added to a running event counts for them; None if none was added.

    That is a quarter of an hour after the end that they were told before, so that nobody has to decide in a minute.
    Whose part ended earlier has until a quarter of an hour after that.
    """
    if event.told_end is None:
        return None
    told = event.told_end if row is None or row.until is None else min(row.until, event.told_end)
    return min(told + TO_SAY, event.end)


@dataclass(frozen=True)
class Asked:
    """Who is asked, and in which event with which meter."""

    user: User
    participation: Participation

    @property
    def event(self) -> Event:
        """What it is about."""
        return self.participation.event

    def can_answer(self, now: datetime) -> bool:
        """Whether an answer still counts."""
        return self.event.state == EventState.NOTIFIED and now < answers_until(self.event)


def may_say_longer(event: Event, row: Participation, now: datetime) -> bool:
    """Whether it may still be said of the participation whether the time added to its running event counts."""
    latest = longer_until(event, row)
    is_open = event.state == EventState.ACTIVE and row.state not in NOT_COUNTED
    return is_open and latest is not None and now < latest


def may_answer(user: User) -> bool:
    """Whether the person answers for meters: one's own, or as the admin of their organization."""
    return role_of(user) in (Role.RESIDENT, Role.ORGANIZATION_ADMIN)


def answer_url(*, participation_id: int, user_id: int, tenant_id: int | None) -> str:
    """The link; it works until the event's stated minute, and only while the person has the meter."""
    token = Signer(salt=_SALT).sign(f"{participation_id}.{user_id}")
    return f"{site_url_for(tenant_id)}{reverse('answer', args=[token])}"


def read_answer(token: str) -> Asked | None:
    """Whom the link asks; None for one that we did not write, and once the person may not answer any more."""
    if len(token) > _LONGEST:
        return None
    try:
        participation_id, _dot, user_id = Signer(salt=_SALT).unsign(token).partition(".")
    except BadSignature:
        return None
    user = User.objects.filter(pk=user_id, closed_at=None).select_related("membership").first()
    rows = Participation.objects.select_related("event__program__distributor", "event__version", "meter")
    row = rows.filter(pk=participation_id, event__notified_at__isnull=False).first()
    if user is None or row is None or not may_answer(user) or row.state == ParticipationState.HELD_OUT:
        return None
    return Asked(user, row) if row.holder_id == holder_id_of(user) else None
