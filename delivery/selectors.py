"""What is read of messages, in whole sets: counts by what they are about, and lists for who runs the distributor."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from delivery.attention import UNDELIVERED, undelivered
from delivery.letters import letter_kinds
from delivery.models import Attempt, Channel, DeliveryState, Message, Notice


class Counts(NamedTuple):
    """How many messages stand how, on one channel."""

    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    unreachable: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.sent + self.delivered + self.unreachable

    def __add__(self, other: object) -> "Counts":
        assert isinstance(other, Counts)
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Delivery:
    """How what was told about one thing stands, by channel; a notice in the portal arrives by being there."""

    email: Counts
    sms: Counts
    portal: Counts

    @property
    def leaving(self) -> Counts:
        """What leaves the portal: mails and text messages."""
        return self.email + self.sms


_STATES = {
    DeliveryState.PENDING: "waiting",
    DeliveryState.SENT: "sent",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.UNREACHABLE: "unreachable",
}


def delivery_of(about: str) -> Delivery:
    """How the messages about one thing stand, such as "event-12". Two queries."""
    rows = shown(Message.objects.filter(about=about)).order_by().values("channel", "state").annotate(count=Count("pk"))
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        name = _STATES[DeliveryState(row["state"])]
        by_state = found.setdefault(row["channel"], {})
        by_state[name] = by_state.get(name, 0) + row["count"]
    there = Notice.objects.filter(dedupe_key__startswith=f"{about}-").count()
    email, sms = (Counts(**found.get(channel, {})) for channel in (Channel.EMAIL, Channel.SMS))
    return Delivery(email, sms, Counts(delivered=there))


def shown(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Without letters that became mails: those mails stand for them."""
    return messages.exclude(kind__in=letter_kinds(), state=DeliveryState.DELIVERED)


def messages_for(user: User, **wanted: Any) -> QuerySet[Message]:
    """What the reader may see of messages, newest first, each with `reason`: why the last attempt failed.

    Args:
        wanted: state, channel, kind and about as they stand in the row, the state also `UNDELIVERED`; `find`: part of
            an address or of its person's name. Empty ones count for nothing.
    """
    rows = shown(Message.objects.visible_to(user))
    exact = {name: wanted[name] for name in ("state", "channel", "kind", "about") if wanted.get(name)}
    if exact.get("state") == UNDELIVERED:
        del exact["state"]
        rows = rows.filter(undelivered())
    rows = rows.filter(**exact)
    if find := wanted.get("find"):
        named = Q(user__first_name__icontains=find) | Q(user__last_name__icontains=find)
        rows = rows.filter(Q(recipient__icontains=find) | named)
    failed = Attempt.objects.filter(message=OuterRef("pk")).exclude(error="").order_by("-pk")
    return rows.annotate(reason=Subquery(failed.values("error")[:1])).select_related("user").order_by("-pk")
