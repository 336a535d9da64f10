"""Giving meters their part in an event that is called: invited, skipping by a wish, or held out."""

from collections.abc import Collection, Mapping

from django.utils import timezone

from events.draw import held_out
from events.models import AnswerSource, Event, EventLeftOut, LeftOutReason, Participation, ParticipationState
from events.services.changes import BATCH, free_days, keep_days
from events.services.sizing import Size
from meters.models import Meter

UNANSWERED = (ParticipationState.INVITED, ParticipationState.NOTIFIED)


def draw_of(event: Event, size: Size) -> frozenset[int]:
    """The meters held out of the event: drawn among the homes that do not skip it, by the event's seed."""
    pool = {meter.number: meter.pk for meter in size.meters if meter.pk in size.homes - size.skipping}
    drawn = held_out(seed=event.draw_seed, numbers=pool, share=event.version.control_share)
    return frozenset(pool[number] for number in drawn)


def seat(event: Event, size: Size, drawn: Collection[int] = ()) -> None:
    """Each meter gets its participation and, unless it is held out, its exclusion.

    Who is seated already keeps the answer, unless it was a standing wish's, which is asked again; the holder becomes
    the one at the event's start. Held-out meters stay held out.
    """
    known = {row.meter_id: row for row in Participation.objects.filter(event=event)}
    _seat_new(event, size, known, drawn)
    _seat_again(size, known)
    _write_left_out(event, size)
    if known:
        free_days(event)
    keep_days(event, asked_meters(event))


def asked_meters(event: Event) -> list[Meter]:
    """The event's meters but those held out."""
    rows = Participation.objects.filter(event=event).exclude(state=ParticipationState.HELD_OUT)
    return [row.meter for row in rows.select_related("meter").order_by("meter")]


def _seat_new(event: Event, size: Size, known: Mapping[int, Participation], drawn: Collection[int]) -> None:
    rows = []
    for meter in size.meters:
        if meter.pk in known:
            continue
        row = Participation(event=event, meter=meter, holder_id=size.holders.get(meter.pk))
        if meter.pk in drawn:
            row.state = ParticipationState.HELD_OUT
        elif meter.pk in size.skipping:
            _skip(row)
        rows.append(row)
    Participation.objects.bulk_create(rows, batch_size=BATCH)


def _seat_again(size: Size, known: Mapping[int, Participation]) -> None:
    changed = []
    for meter_id, row in known.items():
        before = row.holder_id, row.state
        row.holder_id = size.holders.get(meter_id)
        by_wish = row.answer_source == AnswerSource.SCHEDULE and row.state == ParticipationState.OPTED_OUT
        if by_wish and meter_id not in size.skipping:
            row.state, row.answered_at, row.answer_source = ParticipationState.INVITED, None, ""
        elif row.state in UNANSWERED and meter_id in size.skipping:
            _skip(row)
        if before != (row.holder_id, row.state):
            changed.append(row)
    fields = ["holder", "state", "answered_at", "answer_source"]
    Participation.objects.bulk_update(changed, fields, batch_size=BATCH)


def _skip(row: Participation) -> None:
    row.state, row.answer_source = ParticipationState.OPTED_OUT, AnswerSource.SCHEDULE
    row.answered_at = timezone.now()


def _write_left_out(event: Event, size: Size) -> None:
    """The rows of what was found; the operator's own, with their notes, stay."""
    rows = EventLeftOut.objects.filter(event=event)
    rows.exclude(reason=LeftOutReason.OPERATOR).delete()
    taken = {*rows.values_list("meter", flat=True), *event.participations.values_list("meter", flat=True)}
    new = [
        EventLeftOut(event=event, meter_id=pk, reason=reason)
        for pk, reason in size.left_out.items()
        if reason != LeftOutReason.OPERATOR and pk not in taken
    ]
    EventLeftOut.objects.bulk_create(new, batch_size=BATCH)
