"""Who waits for an organization's answer and who is in it, with what an admin should look at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import ApprovalStatus, User
from dashboards.times import day_words, hour_words, length_words, long_day_words
from organizations.models import Membership


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody who asks to be let in, and what to check first (empty: nothing found)."""

    membership: Membership
    since: str
    waited: str
    doubts: tuple[str, ...]

    @property
    def name(self) -> str:
        """What to call the person."""
        return self.membership.user.get_full_name()


def memberships_for(user: User) -> QuerySet[Membership]:
    """The memberships that the reader decides on, with their people, longest first."""
    return Membership.objects.managed_by(user).select_related("user", "decided_by").order_by("created_at", "pk")


def requests_of(
    memberships: Sequence[Membership], *, verified: set[int], now: datetime, zone: ZoneInfo
) -> list[Request]:
    """Those who wait and whose address is verified, longest wait first."""
    waiting = [row for row in _with_status(memberships, ApprovalStatus.PENDING) if row.user_id in verified]
    return [
        Request(
            membership=row,
            since=f"{long_day_words(row.created_at, zone)}, {hour_words(row.created_at, zone)}",
            waited=length_words(now - row.created_at),
            doubts=tuple(doubts_of(row, memberships)),
        )
        for row in waiting
    ]


def doubts_of(asking: Membership, memberships: Sequence[Membership]) -> list[str]:
    """What an admin should look at before deciding; a doubt refuses nobody by itself."""
    others = [row for row in memberships if row.pk != asking.pk]
    twins = [row for row in others if _same_name(row.user, asking.user)]
    found = [
        _("Same name as %(email)s, who %(status)s.") % {"email": row.user.email, "status": _status_words(row.user)}
        for row in twins[:2]
    ]
    found += [
        _("Address like %(email)s, who %(status)s.") % {"email": row.user.email, "status": _status_words(row.user)}
        for row in others
        if row not in twins and _same_mailbox(row.user, asking.user)
    ][:2]
    if asking.decided_at is not None:
        found.append(_("You answered this person before, and took it back.") + _quoted(asking.refusal_reason))
    usual = usual_domain(_with_status(others, ApprovalStatus.APPROVED))
    if usual and domain_of(asking.user) != usual:
        found.append(_("Other mail domain than your people, who have %(domain)s.") % {"domain": usual})
    return found


def _same_name(one: User, other: User) -> bool:
    name = f"{one.first_name} {one.last_name}".strip().casefold()
    return bool(name) and name == f"{other.first_name} {other.last_name}".strip().casefold()


def _same_mailbox(one: User, other: User) -> bool:
    """Whether the addresses differ in what many people vary only: domain, dots, and what follows a plus."""
    name = _mailbox(one)
    return len(name) > 3 and name == _mailbox(other)


def _mailbox(user: User) -> str:
    email: str = user.email
    return email.partition("@")[0].partition("+")[0].replace(".", "").casefold()


def _quoted(reason: str) -> str:
    return f" “{reason}”" if reason else ""


def _status_words(user: User) -> str:
    return {
        ApprovalStatus.APPROVED: _("is a member"),
        ApprovalStatus.PENDING: _("is waiting too"),
        ApprovalStatus.REJECTED: _("was refused"),
    }[ApprovalStatus(user.approval_status)]


def domain_of(user: User) -> str:
    """What stands after the @ of the address."""
    email: str = user.email
    return email.rpartition("@")[2].casefold()


def usual_domain(memberships: Iterable[Membership]) -> str:
    """The mail domain of most members; of equally many the first by name; empty without members."""
    counts = Counter(domain_of(row.user) for row in memberships)
    return min(counts, key=lambda domain: (-counts[domain], domain), default="")


def _with_status(memberships: Iterable[Membership], status: ApprovalStatus) -> list[Membership]:
    return [row for row in memberships if row.user.approval_status == status]


def members_of(memberships: Iterable[Membership]) -> list[Membership]:
    """Those who are in, admins first, then by name."""
    inside = _with_status(memberships, ApprovalStatus.APPROVED)
    return sorted(inside, key=lambda row: (not row.is_admin, row.user.get_full_name().casefold()))


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer that was given: to whom, which, when, by whom and why."""

    membership: Membership
    approved: bool
    when: str
    by: str
    may_undo: bool


def decisions_of(memberships: Iterable[Membership], *, reader: User, zone: ZoneInfo) -> list[Decision]:
    """The answers that stand, the newest first."""
    answered = [
        (row.decided_at, row)
        for row in memberships
        if row.decided_at and row.user.approval_status != ApprovalStatus.PENDING
    ]
    answered.sort(key=lambda pair: (pair[0], pair[1].pk), reverse=True)
    return [
        Decision(
            membership=row,
            approved=row.user.approval_status == ApprovalStatus.APPROVED,
            when=f"{day_words(at, zone)}, {hour_words(at, zone)}",
            by=_decider(row, reader),
            may_undo=not row.is_admin,
        )
        for at, row in answered
    ]


def _decider(row: Membership, reader: User) -> str:
    if row.decided_by_id == reader.pk:
        return _("You")
    return row.decided_by.get_full_name() if row.decided_by else _("an admin")


def verified_ids(memberships: Iterable[Membership]) -> set[int]:
    """Ids of the people whose address is verified. One query."""
    from_mail: Any = User.objects.filter(pk__in=[row.user_id for row in memberships], emailaddress__verified=True)
    return set(from_mail.values_list("pk", flat=True))
