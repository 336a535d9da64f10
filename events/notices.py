"""What participants are told of an event, and whom."""

from collections import defaultdict
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import ApprovalStatus, User
from common.speech import day_words, hours_words
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.notify import Told, notify_many
from delivery.tenants import site_url_for
from events.models import Event
from organizations.access import holder_id_of

KIND = "event-notice"


class Notice(StrEnum):
    """What happened to the event."""

    ANNOUNCED = "announced"
    CHANGED = "changed"
    CANCELLED = "cancelled"


_SUBJECTS = {
    Notice.ANNOUNCED: _lazy("Please use less power on %(when)s"),
    Notice.CHANGED: _lazy("New time: please use less power on %(when)s"),
    Notice.CANCELLED: _lazy("Called off: %(when)s"),
}
_SENTENCES = {
    Notice.ANNOUNCED: _lazy("%(program)s asks for less load on %(when)s. What you save is rewarded."),
    Notice.CHANGED: _lazy("The event of %(program)s has a new time: %(when)s. Your answer stays as it was."),
    Notice.CANCELLED: _lazy("The event of %(program)s on %(when)s is called off. Nothing is expected of you."),
}


def tell_participants(*, event: Event, notice: Notice) -> int:
    """How many people are told: each one behind a meter of the event, as they chose.

    The modification number is part of the key, so the same change is told once and the next one again. In quiet
    hours a mail waits, unless the event, in its old or its new time, would have begun by then.
    """
    meters = _labels_of_holders(event)
    program = event.program
    told = [
        Told(
            user=user,
            payload={
                "notice": notice.value,
                "tenant": program.distributor_id,
                "event": event.pk,
                "program": program.name,
                "start": event.start.isoformat(),
                "end": event.end.isoformat(),
                "zone": program.zone.key,
                "name": user.get_short_name(),
                "meters": meters[holder_id],
            },
            dedupe_key=f"event-{event.pk}-{event.modification_number}-{user.pk}",
        )
        for user, holder_id in _people_of(event)
    ]
    notify_many(kind=KIND, people=told, useful_until=event.start)
    return len(told)


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


@letter(KIND, Topic.EVENTS)
def write_notice(payload: dict[str, Any]) -> Letter:
    """The notice as a mail, and shorter for the portal."""
    subject, text = render_notice(payload)
    url = reverse("event_detail", args=[payload["event"]]) if "event" in payload else ""
    return Letter(subject, text, subject, _sentence(payload), url)


def render_notice(payload: dict[str, Any]) -> tuple[str, str]:
    """Subject and text of a notice, in the current language."""
    notice = Notice(payload["notice"])
    lines = [_("Hello %(name)s,") % payload, "", _sentence(payload)]
    lines += ["", _("Meters: %(meters)s") % {"meters": ", ".join(payload["meters"])}]
    if notice is not Notice.CANCELLED:
        answer = _("You can join or skip it until it starts; skipping costs nothing: %(site)s")
        lines += ["", answer % {"site": site_url_for(payload["tenant"])}]
    return str(_SUBJECTS[notice]) % {"when": _when(payload)}, "\n".join(lines) + "\n"


def _sentence(payload: dict[str, Any]) -> str:
    return str(_SENTENCES[Notice(payload["notice"])]) % {**payload, "when": _when(payload)}


def _when(payload: dict[str, Any]) -> str:
    zone = ZoneInfo(payload["zone"])
    start, end = (datetime.fromisoformat(payload[key]).astimezone(zone) for key in ("start", "end"))
    return f"{day_words(start.date(), 'long day')}, {hours_words(start, end, zones=True)}"
