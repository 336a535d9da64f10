"""What becomes of an event from above, and what is answered.

The rules, one by one, are in docs/openadr.md. In short: a call becomes a draft; where the policy says so and the
program's terms allow it, it is scheduled and announced. A change is followed, a cancellation too. The answer is what
the program can deliver: "optIn" while something is expected and nothing stands against it.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from math import lcm
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.intervals import clock_minute
from common.retry import retried
from events.errors import EventError
from events.models import Event, EventState, Program
from events.selectors import meters_taking_part, targets_of
from events.services import (
    Words,
    cancel_event,
    change_event,
    create_event,
    delete_event,
    draft_size,
    edit_draft,
    end_now,
    notify_event,
    read_targets,
    schedule_event,
)
from events.targets import EVERYBODY, Targets
from openadr.models import Opt, Upstream, UpstreamEvent, UpstreamPolicy
from openadr.upstream.events import CANCELLED, COMPLETED
from openadr.upstream.notes import FAILED, stored_note

CALLED = (EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE)
MINUTE = timedelta(minutes=1)
MOVED_HERE = stored_note("moved_here")


class Span(NamedTuple):
    """When our event would be, and whether that is more than what was asked for."""

    start: datetime
    end: datetime
    is_wider: bool


@retried
@transaction.atomic
def decide(pk: int, now: datetime | None = None) -> UpstreamEvent:
    """The event from above after what it says was followed; the same call twice changes nothing the second time.

    Locked in the order of the services of events: program, event, then what was told of it.
    """
    now = now or timezone.now()
    found = UpstreamEvent.objects.select_related("upstream").get(pk=pk)
    program = Program.objects.select_for_update().get(pk=found.upstream.program_id)
    if found.event_id is not None:
        Event.objects.select_for_update().filter(pk=found.event_id).first()
    told: UpstreamEvent = UpstreamEvent.objects.select_for_update().get(pk=pk)
    told.upstream = found.upstream
    told.note = "" if told.note == FAILED else told.note
    # Its own program, which may be another than that of events to come.
    ours = Event.objects.select_related("program__distributor", "version")
    event = ours.get(pk=told.event_id) if told.event_id is not None else None
    if told.applied_modification != told.modification_number:
        event = _follow(told, event, program, now)
    elif event is None and told.taken_at is not None:
        told.note = stored_note("deleted_here")
    elif event is not None and event.state == EventState.CANCELLED and told.status != CANCELLED:
        told.note = stored_note("off_here")
    elif event is not None and event.state in CALLED and told.note.startswith("draft"):
        told.note = stored_note("called")
    _note_where(told, event, now)
    told.event = event
    told.applied_modification, told.is_stale = told.modification_number, False
    told.opt = answer_to(told, event, now)
    told.save(update_fields=["event", "taken_at", "note", "applied_modification", "is_stale", "opt"])
    return told


def _note_where(told: UpstreamEvent, event: Event | None, now: datetime) -> None:
    """Notes that somebody here moved the event off the hours that are asked for, or back."""
    is_open = event is not None and event.state in (EventState.DRAFT, *CALLED)
    if event is None or not is_open or told.status in (CANCELLED, COMPLETED) or told.note.startswith("stands"):
        return
    if not is_covered(told, event, now):
        told.note = MOVED_HERE
    elif told.note == MOVED_HERE:
        told.note = stored_note("draft" if event.state == EventState.DRAFT else "called")


def _follow(told: UpstreamEvent, event: Event | None, program: Program, now: datetime) -> Event | None:
    """Our event after what is said above, if there is one."""
    if told.status == CANCELLED:
        return _call_off(told, event)
    if event is None:
        if told.taken_at is not None:
            told.note = stored_note("deleted_here")
            return None
        return _take(told, program, now)
    if told.status == COMPLETED:
        return _end(told, event)
    return _change(told, event, now)


def _take(told: UpstreamEvent, program: Program, now: datetime) -> Event | None:
    if not told.payload.get("asks") or told.payload.get("is_open"):
        told.note = stored_note("no_end" if told.payload.get("asks") else "no_call")
        return None
    if told.end <= now or told.status == COMPLETED:
        told.note = stored_note("over")
        return None
    try:
        targets = read_targets(distributor=program.distributor, values=told.upstream.targets)
        span = fit(program, told.start, told.end, now, targets=targets)
        event = create_event(program=program, start=span.start, end=span.end, targets=targets, words=_words(told))
    except EventError as refusal:
        told.note = stored_note("refused", refusal)
        return None
    told.taken_at = now
    return _call(told, event, span)


def _call(told: UpstreamEvent, draft: Event, span: Span) -> Event:
    """The draft, announced where the policy says so and nothing stands against it."""
    if told.upstream.policy != UpstreamPolicy.SCHEDULE:
        told.note = stored_note("draft")
        return draft
    if span.is_wider:
        told.note = stored_note("draft_widened")
        return draft
    if not draft.expected_kw:
        told.note = stored_note("draft_nothing")
        return draft
    try:
        with transaction.atomic():
            event = notify_event(event=schedule_event(event=draft))
    except EventError as refusal:
        told.note = stored_note("draft_refused", refusal)
        return draft
    told.note = stored_note("called")
    return event


def _change(told: UpstreamEvent, event: Event, now: datetime) -> Event:
    if event.state == EventState.CANCELLED:
        told.note = stored_note("off_here")
        return event
    if event.state not in (EventState.DRAFT, *CALLED):
        told.note = stored_note("over")
        return event
    span = fit(event.program, told.start, told.end, now, event)
    try:
        if event.state == EventState.DRAFT:
            return _call(told, _edited(told, event, span), span)
        if (span.start, span.end) == (event.start, event.end):
            told.note = stored_note("same")
            return event
        told.note = stored_note("followed")
        return change_event(event=event, start=span.start, end=span.end)
    except EventError as refusal:
        told.note = stored_note("stands", refusal)
        return event


def _edited(told: UpstreamEvent, draft: Event, span: Span) -> Event:
    """The draft at its new time; whom it asks and what it tells them is left as somebody here wrote it."""
    words = Words(note=draft.note, target_kw=_target(told) or draft.target_kw, is_test=told.is_test)
    same = (draft.start, draft.end, draft.target_kw, draft.is_test)
    if same == (span.start, span.end, words.target_kw, words.is_test):
        return draft
    return edit_draft(event=draft, start=span.start, end=span.end, targets=targets_of(draft), words=words)


def _call_off(told: UpstreamEvent, event: Event | None) -> Event | None:
    told.note = stored_note("cancelled")
    if event is None or event.state == EventState.CANCELLED:
        return event
    if event.state == EventState.DRAFT:
        # Nobody was told, and the same hours may be called again under another name.
        delete_event(event=event)
        told.taken_at = None
        return None
    try:
        return cancel_event(event=event, reason=_("The grid operator called the event off."))
    except EventError:
        told.note = stored_note("cancelled_late")
        return event


def _end(told: UpstreamEvent, event: Event) -> Event:
    """A running event ends with the next full interval; one that is over stays as it is."""
    if event.state != EventState.ACTIVE:
        return event
    try:
        event = end_now(event=event)
        told.note = stored_note("ended")
    except EventError:
        pass  # it ends by then anyway, or no interval is full yet
    return event


def answer_to(told: UpstreamEvent, event: Event | None, now: datetime) -> str:
    """What the program can deliver, as an opt."""
    if told.status == CANCELLED or told.status == COMPLETED:
        return told.opt or Opt.IN
    if event is None or event.state == EventState.CANCELLED or told.note.startswith("stands"):
        return Opt.OUT
    if not is_covered(told, event, now):
        return Opt.OUT
    if event.state == EventState.DRAFT:
        size = draft_size(event)
        return Opt.IN if size.expected_kw > 0 and not size.refusals and event.start > now else Opt.OUT
    return Opt.IN if event.expected_kw else Opt.OUT


def is_covered(told: UpstreamEvent, event: Event, now: datetime) -> bool:
    """Whether our event lies over the hours that are asked for, of which what is past does not count any more.

    Somebody here may have moved it, or ended it early.
    """
    start = told.start
    if start <= now:
        start = fit(event.program, told.start, told.end, now, event).start
    return event.start <= start and event.end >= told.end


def fit(
    program: Program,
    start: datetime,
    end: datetime,
    now: datetime,
    event: Event | None = None,
    targets: Targets = EVERYBODY,
) -> Span:
    """The hours of an event on whole intervals of the meters that it asks: never less than what is asked for.

    What began already begins with the next interval, or with our event where that has begun too.
    """
    minutes = _step(program, start, targets_of(event) if event is not None else targets)
    first, last = _floor(start, minutes, program), _ceil(end, minutes, program)
    is_wider = (first, last) != (start, end)
    if first <= now:
        soon = _ceil(now + MINUTE, minutes, program)
        first = event.start if event is not None and event.start <= soon else min(soon, last - minutes * MINUTE)
    return Span(first, last, is_wider)


def _step(program: Program, at: datetime, targets: Targets) -> int:
    meters = meters_taking_part(program=program, at=at, targets=targets)
    lengths = meters.order_by().values_list("interval_minutes", flat=True)
    return lcm(*lengths.distinct())


def _floor(moment: datetime, minutes: int, program: Program) -> datetime:
    whole = moment.replace(second=0, microsecond=0)
    return whole - clock_minute(whole, program.zone) % minutes * MINUTE


def _ceil(moment: datetime, minutes: int, program: Program) -> datetime:
    down = _floor(moment, minutes, program)
    return down if down == moment else down + minutes * MINUTE


def _target(told: UpstreamEvent) -> Decimal | None:
    target = told.payload.get("target_kw")
    return Decimal(target) if target else None


def _words(told: UpstreamEvent) -> Words:
    return Words(target_kw=_target(told), is_test=told.is_test)


def drafts_of(upstream: Upstream) -> int:
    """How many of its events wait for somebody here."""
    return int(upstream.events.filter(event__state=EventState.DRAFT, event__start__gt=timezone.now()).count())
