"""What an event that is called amounts to, and what stands against it: found from who has a seat in it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import ngettext

from events.costs import Part, expected_cost, highest_cost
from events.errors import EventError, LimitReached
from events.expectation import expected_kw
from events.loads import parts_of
from events.models import Event, EventState, Participation, ParticipationState
from events.models.participation import NOT_COUNTED
from events.selectors import nominations_of
from events.services.allowance import Allowance, had_enough, hours_of, refusals_of

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Seated:
    """A called event in figures.

    Attributes:
        counted: Ids of the meters that take part as things stand: asked, and not skipping it.
        expected_kw: What they are expected to deliver.
        reserved: What the event may cost at most; while answers are open, who skips it may still join.
        needs_second: Whether that is more than one person may call.
        refusals: What stands against the event, the gravest first.
    """

    counted: frozenset[int]
    expected_kw: Decimal
    reserved: Decimal
    needs_second: bool
    refusals: Sequence[EventError]

    def columns(self) -> dict[str, Any]:
        """What of it is kept on the event."""
        return {"expected_kw": self.expected_kw, "reserved": self.reserved, "needs_second": self.needs_second}


def counted_in(event: Event) -> frozenset[int]:
    """The meters that take part in a called event as things stand."""
    rows = Participation.objects.filter(event=event).exclude(state__in=NOT_COUNTED)
    return frozenset(rows.values_list("meter", flat=True))


def seated_size(event: Event) -> Seated:
    """The called event in figures, at the time and with the seats that it has now; nothing is written.

    Whoever left the program once the answers were closed counts to the end, and whoever joined it since has no seat.
    """
    counted = counted_in(event)
    paid = counted if event.state == EventState.ACTIVE else _may_take_part(event)
    nominated = {pk: row.kw for pk, row in nominations_of(event=event, among=paid).items()}
    kw = expected_kw(meter_ids=sorted(paid), program=event.program, promised=nominated)
    expected = sum((kw[pk] for pk in counted), NOTHING).quantize(Decimal("0.001"))
    parts = parts_of(event=event, expected={pk: kw[pk] for pk in paid}, nominated=nominated)
    allowance = _allowance(event, parts, counted)
    most = event.version.second_person_kw
    return Seated(
        counted=counted,
        expected_kw=expected,
        reserved=allowance.reserved,
        needs_second=most is not None and expected > most,
        refusals=[*_too_often(event, counted), *refusals_of(event, sorted(counted), allowance, timezone.now())],
    )


def _may_take_part(event: Event) -> frozenset[int]:
    """All who are asked, whatever they answered; nobody whose meter changes hands before the event."""
    rows = Participation.objects.filter(event=event, holder__isnull=False).exclude(state=ParticipationState.HELD_OUT)
    return frozenset(rows.values_list("meter", flat=True)) | counted_in(event)


def _allowance(event: Event, parts: Mapping[int, Part], counted: Collection[int]) -> Allowance:
    if event.is_test:
        return Allowance.of(event, NOTHING, NOTHING, ())
    hours = hours_of(event)
    likely = expected_cost(event.version, [part for pk, part in parts.items() if pk in counted], hours)
    return Allowance.of(event, likely, highest_cost(event.version, parts.values(), hours), ())


def _too_often(event: Event, counted: frozenset[int]) -> list[EventError]:
    """The refusal of a time at which meters with a seat would be asked for more than the terms allow.

    A new event leaves such meters out. Who has a seat was perhaps told and has perhaps answered, so nobody loses it
    for a change of time: the operator chooses another time, or calls the event off.
    """
    enough = had_enough(event, sorted(counted))
    if not enough:
        return []
    words = ngettext(
        "%(count)d meter of this event would be asked for more than the terms allow. %(limit)s",
        "%(count)d meters of this event would be asked for more than the terms allow. %(limit)s",
        len(enough),
    )
    return [LimitReached(words % {"count": len(enough), "limit": min(enough.values())})]
