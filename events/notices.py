"""What participants are told of an event: whom, when, and how often."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApprovalStatus, User
from delivery.models import Channel, Message, Topic
from delivery.models import Notice as PortalNotice
from delivery.notify import Told, notify_many
from events.answers import answers_until, longer_until, may_answer
from events.models import AnswerSource, Event, EventState, Participation, ParticipationState
from events.notice_words import KIND, REMINDER, Notice, render_notice, write_notice
from organizations.access import holder_id_of

__all__ = ["KIND", "Notice", "about", "remind", "render_notice", "tell_participants", "write_notice"]

# Who was told on the day before, or earlier, is reminded.
REMIND_BEFORE = timedelta(hours=1)
TOLD_LONG_AGO = timedelta(hours=12)
# What only those need to know who take part, and where.
_FOR_TAKERS = (Notice.SOON, Notice.ENDED, Notice.EXTENDED)
_ONLY_HERE = (Notice.ENDED,)


def about(event: Event) -> str:
    """How messages name the event that they are about; see `delivery.selectors.delivery_of`."""
    return f"event-{event.pk}"


def tell_participants(*, event: Event, notice: Notice) -> int:
    """How many people are told: each one behind a meter of the event, as they chose.

    The modification number is part of the key, so the same change is told once and the next one again. In quiet
    hours what leaves the portal waits, unless the event, in its old or its new time, would have begun by then. Who
    is held out for comparison is told nothing, nor whose device skipped it before anybody was told; who skips is
    neither reminded nor thanked.
    """
    rows = _rows_of(event, notice)
    common = _common(event, notice)
    told = [
        Told(
            user=user,
            payload={**common, **_personal(user, rows[holder_id])},
            dedupe_key=f"{_key(event, notice)}-{user.pk}",
            about=about(event),
        )
        for user, holder_id in _people_behind(rows)
    ]
    kind = REMINDER if notice is Notice.SOON else KIND
    only = (Channel.PORTAL,) if notice in _ONLY_HERE else tuple(Channel)
    notify_many(kind=kind, people=told, useful_until=answers_until(event), only=only)
    return len(told)


def _key(event: Event, notice: Notice) -> str:
    # A reminder changes nothing of the event, so the number alone would take it for the announcement.
    soon = "-soon" if notice is Notice.SOON else ""
    return f"{about(event)}-{event.modification_number}{soon}"


def _rows_of(event: Event, notice: Notice) -> dict[int, list[Participation]]:
    """Holder -> the meters that they are asked with."""
    rows = event.participations.filter(holder__isnull=False).exclude(state=ParticipationState.HELD_OUT)
    if event.notified_at is not None:
        by_device = Q(state=ParticipationState.OPTED_OUT, answer_source=AnswerSource.DEVICE)
        rows = rows.exclude(by_device & Q(answered_at__lte=event.notified_at))
    if notice in _FOR_TAKERS:
        rows = rows.exclude(state=ParticipationState.OPTED_OUT)
    found: dict[int, list[Participation]] = defaultdict(list)
    for row in rows.select_related("meter").order_by("meter__number"):
        found[row.holder_id or 0].append(row)
    return found


def _people_behind(holders: dict[int, list[Participation]]) -> list[tuple[User, int]]:
    """(person, holder): holders that are people, and the members of those that are organizations."""
    approved = User.objects.filter(approval_status=ApprovalStatus.APPROVED, is_active=True).order_by("pk")
    ids = sorted(holders)
    found: list[tuple[User, int]] = []
    for first in range(0, len(ids), 500):
        part = ids[first : first + 500]
        behind = approved.filter(Q(pk__in=part) | Q(membership__organization__in=part))
        found += [(user, holder_id_of(user)) for user in behind.select_related("membership")]
    return [(user, holder) for user, holder in found if holder in holders]


def _common(event: Event, notice: Notice) -> dict[str, Any]:
    program = event.program
    until = answers_until(event)
    is_open = event.state == EventState.NOTIFIED and timezone.now() < until and notice is not Notice.CANCELLED
    return {
        "notice": notice.value,
        "tenant": program.distributor_id,
        "event": event.pk,
        "program": program.name,
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "until": until.isoformat() if is_open else "",
        "silence": event.version.opt_policy,
        "zone": program.zone.key,
        "is_test": event.is_test,
        "note": event.note,
        **_longer(event, notice),
        "reason": event.cancel_reason if notice is Notice.CANCELLED else "",
    }


def _longer(event: Event, notice: Notice) -> dict[str, str]:
    """Of a running event that was made longer: the end told before, and until when people say whether they go on."""
    until = longer_until(event) if notice is Notice.EXTENDED else None
    if until is None or event.told_end is None:
        return {}
    return {"told_end": event.told_end.isoformat(), "longer_until": until.isoformat()}


def _personal(user: User, rows: list[Participation]) -> dict[str, Any]:
    skipped = [row for row in rows if _by_wish(row)]
    return {
        "name": user.get_short_name(),
        "user": user.pk,
        "meters": [row.meter.label for row in rows],
        "parts": [row.pk for row in rows] if may_answer(user) else [],
        "stops": any(row.until is not None for row in rows),
        "wishes": [row.meter.label for row in skipped],
    }


def _by_wish(row: Participation) -> bool:
    return row.state == ParticipationState.OPTED_OUT and row.answer_source == AnswerSource.SCHEDULE


def remind() -> int:
    """How many people are reminded of events that begin within an hour, of which they were told long before."""
    now = timezone.now()
    soon = Event.objects.filter(state=EventState.NOTIFIED, start__gt=now, start__lte=now + REMIND_BEFORE)
    told = 0
    for event in soon.select_related("program__distributor", "version").order_by("pk"):
        if event.notified_at is None or event.start - event.notified_at < TOLD_LONG_AGO or _was_reminded(event):
            continue
        with transaction.atomic():
            told += tell_participants(event=event, notice=Notice.SOON)
    return told


def _was_reminded(event: Event) -> bool:
    key = f"{_key(event, Notice.SOON)}-"
    known = Message.objects.filter(about=about(event), dedupe_key__startswith=key)
    return known.exists() or PortalNotice.objects.filter(dedupe_key__startswith=key, topic=Topic.REMINDERS).exists()
