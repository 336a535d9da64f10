"""What participants are told of an event, and whom."""

from collections import defaultdict
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q

from accounts.models import ApprovalStatus, User
from delivery.models import Message
from delivery.services import enqueue, register
from events.models import Event
from organizations.access import holder_id_of

KIND = "event-notice"


class Notice(StrEnum):
    """What happened to the event."""

    ANNOUNCED = "announced"
    CHANGED = "changed"
    CANCELLED = "cancelled"


_SUBJECTS = {
    Notice.ANNOUNCED: "Please use less power on {when}",
    Notice.CHANGED: "New time: please use less power on {when}",
    Notice.CANCELLED: "Called off: {when}",
}
_SENTENCES = {
    Notice.ANNOUNCED: "{program} asks for less load on {when} ({zone}). What you save is rewarded.",
    Notice.CHANGED: "The event of {program} has a new time: {when} ({zone}). Your answer stays as it was.",
    Notice.CANCELLED: "The event of {program} on {when} ({zone}) is called off. Nothing is expected of you.",
}
_ANSWER = "You can join or skip it until it starts; skipping costs nothing: {site}"


def tell_participants(*, event: Event, notice: Notice) -> int:
    """How many people a notice is on its way to: each one behind a meter of the event gets one.

    The modification number is part of the key, so the same change is told once and the next one again.
    """
    meters = _labels_of_holders(event)
    program = event.program
    people = _people_of(event)
    for user, holder_id in people:
        enqueue(
            kind=KIND,
            recipient=user.email,
            payload={
                "notice": notice.value,
                "program": program.name,
                "start": event.start.isoformat(),
                "end": event.end.isoformat(),
                "zone": program.zone.key,
                "name": user.get_short_name(),
                "meters": meters[holder_id],
            },
            dedupe_key=f"event-{event.pk}-{event.modification_number}-{user.pk}",
            tenant_id=program.distributor_id,
        )
    return len(people)


def _labels_of_holders(event: Event) -> dict[int, list[str]]:
    labels: dict[int, list[str]] = defaultdict(list)
    rows = event.participations.filter(holder__isnull=False).select_related("meter").order_by("meter__number")
    for row in rows:
        if row.holder_id is not None:
            labels[row.holder_id].append(row.meter.label)
    return labels


def _people_of(event: Event) -> list[tuple[User, int]]:
    """(person, holder): holders that are people, and the members of those that are organizations."""
    holders = event.participations.filter(holder__isnull=False).values("holder")
    approved = User.objects.filter(approval_status=ApprovalStatus.APPROVED, is_active=True).order_by("pk")
    behind = approved.filter(Q(pk__in=holders) | Q(membership__organization__in=holders))
    return [(user, holder_id_of(user)) for user in behind.select_related("membership")]


@register(KIND)
def deliver_notice(message: Message) -> None:
    """Writes the notice as a plain mail, which the outbox then hands to the mail provider."""
    subject, text = render_notice(message.payload)
    send_mail(subject, text, None, [message.recipient])


def render_notice(payload: dict[str, Any]) -> tuple[str, str]:
    """Subject and text of a notice."""
    notice = Notice(payload["notice"])
    words = {
        "program": payload["program"],
        "zone": payload["zone"],
        "when": _when(payload),
        "site": settings.SITE_URL,
    }
    lines = [f"Hello {payload['name']},", "", _SENTENCES[notice].format(**words)]
    lines += ["", f"Meters: {', '.join(payload['meters'])}"]
    if notice is not Notice.CANCELLED:
        lines += ["", _ANSWER.format(**words)]
    return _SUBJECTS[notice].format(**words), "\n".join(lines) + "\n"


def _when(payload: dict[str, Any]) -> str:
    zone = ZoneInfo(payload["zone"])
    start, end = (datetime.fromisoformat(payload[key]).astimezone(zone) for key in ("start", "end"))
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%A, %d %B, %H:%M}"
    return f"{start:%A, %d %B %Y, %H:%M} to {last}"
