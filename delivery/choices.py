"""What people want to be told where, and the link in a mail that ends such mails."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User
from delivery.models import Channel, NotificationChoice, Topic
from delivery.tenants import site_url_for

_SALT = "delivery.stop"
# Topics that not everybody is asked about.
_audiences: dict[str, Callable[[User], bool]] = {}
CHUNK = 500


def offer(topic: Topic, audience: Callable[[User], bool]) -> None:
    """A topic concerns only some people: the room that knows them says whom."""
    _audiences[topic] = audience


def topics_for(user: User) -> list[Topic]:
    """The topics that the person may hear of."""
    return [topic for topic in Topic if topic not in _audiences or _audiences[topic](user)]


def unwanted(*, user_ids: Collection[int], topic: str) -> set[tuple[int, str]]:
    """(user id, channel) of those who do not want the topic there; whoever chose nothing wants it."""
    found: set[tuple[int, str]] = set()
    ids = sorted(user_ids)
    for first in range(0, len(ids), CHUNK):
        rows = NotificationChoice.objects.filter(topic=topic, wanted=False, user__in=ids[first : first + CHUNK])
        found |= set(rows.values_list("user_id", "channel"))
    return found


def refused_by(user: User) -> set[tuple[str, str]]:
    """(topic, channel) of what the person does not want."""
    rows = NotificationChoice.objects.visible_to(user).filter(wanted=False)
    return set(rows.values_list("topic", "channel"))


def set_choice(*, user: User, topic: Topic, channel: Channel, wanted: bool) -> None:
    """Keeps the person's choice.

    Raises:
        ValueError: Security is always on.
    """
    if topic == Topic.SECURITY and not wanted:
        raise ValueError("what concerns security is always sent")
    own = NotificationChoice.objects.filter(user=user, topic=topic, channel=channel)
    if own.update(wanted=wanted):
        return
    try:
        with transaction.atomic():
            NotificationChoice.objects.create(user=user, topic=topic, channel=channel, wanted=wanted)
    except IntegrityError:
        # MariaDB counts no row that has the value already; or another window was quicker.
        own.update(wanted=wanted)


class Stop(NamedTuple):
    """What a link ends: one topic's mails to one person."""

    user: User
    topic: Topic


def stop_url(*, user: User, topic: Topic) -> str:
    """The link that ends a topic's mails without signing in; it holds for as long as the secret key."""
    signed = signing.dumps([user.pk, topic.value], salt=_SALT)
    return f"{site_url_for(user.tenant_id)}{reverse('notifications_stop', args=[signed])}"


def read_stop(signed: str) -> Stop | None:
    """What the link means; None for one that we did not write, or of an account that is closed."""
    try:
        user_id, topic = signing.loads(signed, salt=_SALT)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=user_id, closed_at=None).first()
    return Stop(user, Topic(topic)) if user is not None and topic in Topic.values else None
