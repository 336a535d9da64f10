"""What VENs answer to the events that they were told."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from common.errors import PortalError
from common.retry import retried
from events.errors import EventError
from events.models import AnswerSource, Event, Participation, ParticipationState
from events.services import record_opts
from openadr.models import DeliveryRecord, DeliveryStep, EventDelivery, Opt, Ven
from openadr.services.aligning import BATCH, align, lock_deliveries, told_pairs
from openadr.services.changes import announce_changes
from openadr.services.told import parts_behind

logger = logging.getLogger(__name__)
ANSWERS = {Opt.IN.value: ParticipationState.OPTED_IN, Opt.OUT.value: ParticipationState.OPTED_OUT}
STEPS = {Opt.IN.value: DeliveryStep.OPTED_IN, Opt.OUT.value: DeliveryStep.OPTED_OUT}
TOO_LATE = "too late: the meter takes part all the same"
# What may stand against one answer alone; a database that is away stands against all of them, and is raised.
ONE_ACKS_FAULT = (IntegrityError, DataError, PortalError, ValueError)


@dataclass(frozen=True)
class Ack:
    """One VEN's answer to one event at one modification; `opt` is "optIn", "optOut", or empty for none."""

    ven_pk: int
    event_pk: int
    modification_number: int
    opt: str = ""


class AckResult(StrEnum):
    """What became of an answer."""

    TAKEN = "taken"
    # The event was changed meanwhile: the VEN is told again.
    STALE = "stale"
    # Kept, but the meter takes part all the same: the time to answer is over.
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    FAILED = "failed"


# OpenADR's response codes; 469 is "deployment error or other error".
CODES = {
    AckResult.TAKEN: 200,
    AckResult.STALE: 200,
    AckResult.TOO_LATE: 451,
    AckResult.UNKNOWN: 452,
    AckResult.INVALID: 454,
    AckResult.FAILED: 469,
}


@dataclass(frozen=True)
class AckOutcome:
    """What became of one answer, and the response code that says so."""

    ack: Ack
    result: AckResult

    @property
    def code(self) -> int:
        """The code for the VEN."""
        return CODES[self.result]


def acknowledge(acks: Sequence[Ack]) -> list[AckOutcome]:
    """What became of each answer, in their order; a repeated one changes nothing.

    An answer to what was changed meanwhile is written down, and the VEN goes on being told. Opting in or out is the
    answer of the meters behind the VEN, where it comes in time; too late, it is kept as what the device will do.

    One transaction; where something stands against one of the answers, each gets one of its own.
    """
    if not acks:
        return []
    try:
        return _acknowledge(acks)
    except ONE_ACKS_FAULT:
        return [_alone(ack) for ack in acks]


def _alone(ack: Ack) -> AckOutcome:
    try:
        (outcome,) = _acknowledge([ack])
    except ONE_ACKS_FAULT:
        logger.exception("The answer of VEN %s to event %s could not be taken.", ack.ven_pk, ack.event_pk)
        return AckOutcome(ack, AckResult.FAILED)
    return outcome


def opt_for_event(*, ven_pk: int, event_pk: int, opt: str, resources: Collection[str] = ()) -> AckOutcome:
    """What became of a VEN's answer outside of an acknowledgement (EiOpt): for all of it, or for some resources.

    What it was told stays pending where it was. Called off, an event needs no answer.
    """
    ack = Ack(ven_pk, event_pk, 0, opt)
    return AckOutcome(ack, _opt(ack, tuple(resources)))


@retried
@transaction.atomic
def _opt(ack: Ack, resources: tuple[str, ...]) -> AckResult:
    work = _Work(timezone.now(), [ack])
    row = work.rows.get((ack.ven_pk, ack.event_pk))
    if row is None or ack.opt not in ANSWERS:
        return AckResult.UNKNOWN if row is None else AckResult.INVALID
    if row.is_cancelled:
        return AckResult.TAKEN
    if not resources:
        work.opt(row, ack.opt)
    else:
        work.answers[row.event_id][row.ven_id] = (ack.opt, resources)
        # Its own word for some of its resources is no news to it.
        work.spared = row.ven_id
        work.note(row, STEPS[ack.opt], row.modification_number, ", ".join(resources))
    late = work.finish()
    return AckResult.TOO_LATE if (row.ven_id, row.event_id) in late else AckResult.TAKEN


@retried
@transaction.atomic
def _acknowledge(acks: Sequence[Ack]) -> list[AckOutcome]:
    work = _Work(timezone.now(), acks)
    results = [work.take(ack) for ack in acks]
    late = work.finish()
    taken = AckResult.TAKEN
    return [
        AckOutcome(ack, AckResult.TOO_LATE if result is taken and (ack.ven_pk, ack.event_pk) in late else result)
        for ack, result in zip(acks, results, strict=True)
    ]


@dataclass
class _Work:
    """Answers being taken: events and deliveries locked in the order of their keys, written at the end."""

    now: datetime
    acks: Sequence[Ack]
    rows: dict[tuple[int, int], EventDelivery] = field(init=False)
    events: dict[int, Event] = field(init=False)
    fields: dict[int, dict[str, object]] = field(default_factory=lambda: defaultdict(dict))
    records: list[DeliveryRecord] = field(default_factory=list)
    # Event -> VEN -> its answer, and for which resources; empty for all that it is asked with.
    answers: dict[int, dict[int, tuple[str, tuple[str, ...]]]] = field(default_factory=lambda: defaultdict(dict))
    spared: int | None = None

    def __post_init__(self) -> None:
        # Only what the VENs were told of: naming other events holds nobody up.
        pairs = told_pairs({(ack.ven_pk, ack.event_pk) for ack in self.acks})
        events = Event.objects.filter(pk__in={event_pk for _ven, event_pk in pairs})
        found = events.select_for_update().order_by("pk") if pairs else events.none()
        self.events = {row.pk: row for row in found}
        self.rows = {(row.ven_id, row.event_id): row for row in lock_deliveries(pairs)}

    def take(self, ack: Ack) -> AckResult:
        """What becomes of the answer as far as the delivery goes."""
        row = self.rows.get((ack.ven_pk, ack.event_pk))
        if row is None:
            return AckResult.UNKNOWN
        number = ack.modification_number
        if not 0 <= number <= row.modification_number or ack.opt not in Opt.values:
            return AckResult.INVALID
        is_new = row.acknowledged_modification is None or row.acknowledged_modification < number
        self._acknowledge(row, number)
        if number < row.modification_number:
            return AckResult.STALE
        if ack.opt and not row.is_cancelled and (is_new or row.opt != ack.opt):
            self.opt(row, ack.opt)
        return AckResult.TAKEN

    def _acknowledge(self, row: EventDelivery, number: int) -> None:
        if row.acknowledged_modification is not None and row.acknowledged_modification >= number:
            return
        if row.delivered_modification is None or row.delivered_modification < number:
            self.change(row, delivered_modification=number, delivered_at=self.now)
            self.note(row, DeliveryStep.DELIVERED, number)
        self.change(row, acknowledged_modification=number, acknowledged_at=self.now)
        self.note(row, DeliveryStep.ACKNOWLEDGED, number)
        if number == row.modification_number and row.unreachable_at is not None:
            self.change(row, unreachable_at=None)

    def opt(self, row: EventDelivery, opt: str) -> None:
        """Keeps the VEN's answer; whether it is news is for who asks, as the meters may stand otherwise by now."""
        if row.opt != opt:
            self.change(row, opt=opt, opted_at=self.now)
        self.note(row, STEPS[opt], row.modification_number)
        self.answers[row.event_id][row.ven_id] = (opt, tuple(row.resources))

    def change(self, row: EventDelivery, **values: object) -> None:
        """Changes the row, here and at the end in the database."""
        for name, value in values.items():
            setattr(row, name, value)
        self.fields[row.pk] |= values

    def note(self, row: EventDelivery, step: DeliveryStep, number: int, detail: str = "") -> None:
        """A line of the delivery's history."""
        self.records.append(
            DeliveryRecord(delivery=row, step=step, modification_number=number, at=self.now, detail=detail[:200])
        )

    def finish(self) -> set[tuple[int, int]]:
        """Writes everything; VEN and event of the answers that came too late."""
        late: set[tuple[int, int]] = set()
        changed = {row.ven_id for row in self.rows.values() if row.pk in self.fields}
        meters: dict[int, set[int]] = {}
        for event_pk in sorted(self.answers):
            refused, moved, meters[event_pk] = _answer(self.events[event_pk], self.answers[event_pk])
            late |= {(ven_pk, event_pk) for ven_pk in refused}
            self._said_now(event_pk, refused | moved)
        self._save()
        for event_pk, answered in meters.items():
            if answered:
                changed |= align(self.events[event_pk], _vens_of(answered) - {self.spared})
        self._say_late(late)
        DeliveryRecord.objects.bulk_create(self.records, batch_size=BATCH)
        announce_changes(changed)
        return late

    def _said_now(self, event_pk: int, ven_ids: Iterable[int]) -> None:
        """The answer that counts, or comes too late, is this one, also where the VEN said the same before."""
        for ven_pk in ven_ids:
            row = self.rows[ven_pk, event_pk]
            if row.opt == self.answers[event_pk][ven_pk][0]:
                self.change(row, opted_at=self.now)

    def _save(self) -> None:
        alike: dict[tuple[tuple[str, object], ...], list[int]] = defaultdict(list)
        for pk, values in self.fields.items():
            alike[tuple(values.items())].append(pk)
        for same, keys in alike.items():
            for first in range(0, len(keys), BATCH):
                EventDelivery.objects.filter(pk__in=keys[first : first + BATCH]).update(**dict(same))

    def _say_late(self, late: Collection[tuple[int, int]]) -> None:
        for record in self.records:
            key = (record.delivery.ven_id, record.delivery.event_id)
            if record.step in STEPS.values() and key in late:
                record.detail = f"{record.detail} {TOO_LATE}".strip()


def _vens_of(meter_ids: Iterable[int]) -> set[int]:
    behind = Q(resources__ended_at=None, resources__meter__in=list(meter_ids))
    return set(Ven.objects.filter(behind).values_list("pk", flat=True))


class _Answered(NamedTuple):
    """What answers came to: VENs that were too late, VENs that changed something, and the meters they changed."""

    late: set[int]
    moved: set[int]
    meters: set[int]


def _answer(event: Event, answered: Mapping[int, tuple[str, tuple[str, ...]]]) -> _Answered:
    """Takes the answers of VENs for the meters behind them.

    Where two VENs behind a meter answer otherwise at once, no is the answer.
    """
    behind = parts_behind(event, {ven_pk: names for ven_pk, (_opt, names) in answered.items()})
    refused = {part.pk for ven_pk, part in behind if answered[ven_pk][0] == Opt.OUT}
    done = _Answered(set(), set(), set())
    for opt, state in ANSWERS.items():
        wanted = [
            (ven_pk, part)
            for ven_pk, part in behind
            if answered[ven_pk][0] == opt and part.state != state and _may_answer(part)
            if opt == Opt.OUT or part.pk not in refused
        ]
        if not wanted:
            continue
        try:
            changed = record_opts(event=event, keys=[part.pk for _ven, part in wanted], answer=state)
        except EventError:
            done.late.update(ven_pk for ven_pk, part in wanted if _matters(part, state))
        else:
            done.moved.update(ven_pk for ven_pk, _part in wanted)
            done.meters.update(part.meter_id for part in changed)
    return done


def _may_answer(part: Participation) -> bool:
    """Whether a device may answer: not for whom the event leaves out, and not against what a person said no to."""
    said_no = part.state == ParticipationState.OPTED_OUT and part.answer_source != AnswerSource.DEVICE
    return part.state != ParticipationState.HELD_OUT and not said_no


def _matters(part: Participation, state: ParticipationState) -> bool:
    """Whether an answer that came too late would have changed who takes part."""
    return ParticipationState.OPTED_OUT in (part.state, state)
