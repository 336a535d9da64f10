"""Giving meters their part in an event that is called: invited, skipping by a wish, or held out."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db.models import Q
from django.utils import timezone

from events.draw import held_out, is_held_out
from events.models import (
    AnswerSource,
    Enrollment,
    EnrollmentState,
    Event,
    EventLeftOut,
    LeftOutReason,
    Participation,
    ParticipationState,
)
from events.models.participation import NOT_COUNTED
from events.services.changes import BATCH, free_days, keep_days
from events.services.opt_schedules import skipped_by_schedule
from events.services.sizing import Size
from meters.models import Meter
from meters.selectors import holders_at
from organizations.access import holder_id_of

UNANSWERED = (ParticipationState.INVITED, ParticipationState.NOTIFIED)
FIELDS = ["holder", "state", "answered_at", "answered_by", "answer_source"]


def draw_of(event: Event, size: Size) -> frozenset[int]:
    """The meters held out of the event: drawn among the homes that do not skip it, by the event's seed.

    Homes whose readings are as far apart are drawn among themselves, as they are compared with each other only.
    """
    lengths: dict[int, dict[str, int]] = defaultdict(dict)
    for meter in size.meters:
        if meter.pk in size.homes - size.skipping:
            lengths[meter.interval_minutes][meter.number] = meter.pk
    drawn: set[int] = set()
    for pool in lengths.values():
        numbers = held_out(seed=event.draw_seed, numbers=pool, share=event.version.control_share)
        drawn |= {pool[number] for number in numbers}
    return frozenset(drawn)


def drawn_later(event: Event, size: Size) -> frozenset[int]:
    """The meters held out among those that get a seat by a change: each home by its own hash with the event's seed."""
    seated = set(Participation.objects.filter(event=event).values_list("meter", flat=True))
    pool = [meter for meter in size.meters if meter.pk in size.homes - size.skipping - seated]
    seed, share = event.draw_seed, event.version.control_share
    return frozenset(meter.pk for meter in pool if is_held_out(seed=seed, number=meter.number, share=share))


def hear_wishes(event: Event) -> int:
    """How many meters, not told of the event yet, skip it by a standing wish that came after it was scheduled."""
    rows = list(Participation.objects.filter(event=event, state=ParticipationState.INVITED).order_by("meter"))
    skipping = skipped_by_schedule(event=event, holders={row.meter_id: row.holder_id for row in rows})
    changed = [row for row in rows if row.meter_id in skipping]
    for row in changed:
        _skip(row)
    Participation.objects.bulk_update(changed, FIELDS, batch_size=BATCH)
    return len(changed)


def seat(event: Event, size: Size, drawn: Collection[int] = ()) -> None:
    """Each meter gets its participation and, unless it is held out, its exclusion.

    Who is seated already keeps the answer, unless it was a standing wish's, which is asked again; the holder becomes
    the one at the event's start, and who was not it before, or was never told, is asked anew. Who does not take part
    in the program any more by then has no part in the event. Held-out meters stay held out.
    """
    known = {row.meter_id: row for row in Participation.objects.filter(event=event)}
    _seat_new(event, size, known, drawn)
    _seat_again(event, size, known)
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


def _seat_again(event: Event, size: Size, known: Mapping[int, Participation]) -> None:
    asked = {meter.pk for meter in size.meters}
    gone = _gone(event, known.keys() - asked)
    holders = holders_at(meter_ids=sorted(known), at=event.start)
    changed = []
    for meter_id, row in known.items():
        before = row.holder_id, row.state, row.answer_source
        holder = holders.get(meter_id)
        has_moved = row.holder_id not in (None, holder)
        # Whoever is not asked at the new time does not come to an event by somebody else's seat.
        row.holder_id = holder if meter_id in asked or not has_moved else None
        if meter_id in asked:
            if (has_moved and row.state != ParticipationState.HELD_OUT) or _was_never_told(row, event):
                _forget(row)
            _ask_again(row, is_skipping=meter_id in size.skipping)
        elif has_moved or meter_id in gone:
            _let_go(row, AnswerSource.MOVE if has_moved else gone[meter_id])
        if before != (row.holder_id, row.state, row.answer_source):
            changed.append(row)
    Participation.objects.bulk_update(changed, FIELDS, batch_size=BATCH)


def _gone(event: Event, meter_ids: Collection[int]) -> dict[int, AnswerSource]:
    """Meter id -> by what it left, of these: no longer in the program when the event starts, or paused."""
    lasting = Q(ended_at__isnull=True) | Q(ended_at__gt=event.start)
    rows = Enrollment.objects.filter(lasting, program=event.program_id).values_list("meter", "state")
    states = dict(rows)
    found = {pk: AnswerSource.PAGE for pk in meter_ids if pk not in states}
    return found | {pk: AnswerSource.PAUSE for pk in meter_ids if states.get(pk) == EnrollmentState.PAUSED}


def _let_go(row: Participation, source: AnswerSource) -> None:
    """Skips the event for who left before its new time; a home that is held out is compared with no more."""
    if row.state == ParticipationState.OPTED_OUT or (row.state == ParticipationState.HELD_OUT and row.answer_source):
        return
    if row.state != ParticipationState.HELD_OUT:
        row.state = ParticipationState.OPTED_OUT
    row.answer_source = source
    if source != AnswerSource.MOVE:  # by a move it stays, as in `follow_end`
        row.answered_at = timezone.now()


def _ask_again(row: Participation, *, is_skipping: bool) -> None:
    """Takes back what neither a wish nor a move says any more at the new time."""
    if row.state in NOT_COUNTED and row.answer_source in (AnswerSource.SCHEDULE, AnswerSource.MOVE):
        if row.state == ParticipationState.HELD_OUT:
            row.answered_at, row.answer_source = None, ""
        elif _had_joined(row):
            row.state, row.answer_source = ParticipationState.OPTED_IN, ""
        else:
            _forget(row)
    if row.state in UNANSWERED and is_skipping:
        _skip(row)


def _was_never_told(row: Participation, event: Event) -> bool:
    """Whether a device of theirs skipped the event before they were told of it."""
    if row.state != ParticipationState.OPTED_OUT or row.answer_source != AnswerSource.DEVICE:
        return False
    return event.notified_at is not None and row.answered_at is not None and row.answered_at <= event.notified_at


def _had_joined(row: Participation) -> bool:
    """Whether who has the meter at the new time had said yes themselves before a move took them out."""
    if row.answer_source != AnswerSource.MOVE or row.answered_at is None or row.answered_by is None:
        return False
    return holder_id_of(row.answered_by) == row.holder_id


def _forget(row: Participation) -> None:
    """Asks as if nobody had been asked before."""
    row.state, row.answer_source = ParticipationState.INVITED, ""
    row.answered_at, row.answered_by = None, None


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
