"""Who would take part in an event, what is expected of them, and what the terms say against it.

The preview shows it and scheduling does it, from the same figures.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Entity, Kind
from events.costs import Part, expected_cost, highest_cost, unknown_parts
from events.errors import EventError, NobodyEnrolled
from events.expectation import expected_kw
from events.loads import parts_of
from events.models import Enrollment, EnrollmentState, Event, LeftOutReason, Program
from events.selectors import asked, meters_not_agreed, meters_taking_part, nominations_of, targets_of
from events.services.allowance import Allowance, had_enough, hours_of, refusals_of
from events.services.control_group import drawn_by_length, group_refusals
from events.services.opt_schedules import skipped_by_schedule
from events.targets import EVERYBODY, Targets
from meters.models import IntervalReading, Meter
from meters.selectors import CHUNK, holders_at

# A meter whose readings end this long before those of the others is not measured any more. Before those of the
# others, and not before now: in some places all readings come as one file after the season.
SILENT_FOR = timedelta(days=14)


@dataclass(frozen=True)
class Size:
    """A coming event in figures.

    Attributes:
        meters: Those that take part; the skipping ones among them.
        holders: Meter id -> who has it at the start.
        homes: Ids of those of the meters that a resident has.
        skipping: Those that skip it by a standing wish.
        left_out: Meter id -> why an enrolled meter that is asked takes no part.
        unplaced: How many enrolled meters have no coordinates, where areas are asked; else 0.
        kw: Meter id -> mean kW that it is expected to deliver.
        nominated: Meter id -> what it nominated, where it did.
        expected_kw: The sum, less those who skip and the share that is held out.
        reserved: What the event may cost at most.
        drawn: How many homes are held out.
        unknown: Of how many meters nobody can say what they may cost at most.
        refusals: What stands against the event, the gravest first; empty where nothing does.
    """

    meters: Sequence[Meter]
    holders: Mapping[int, int]
    homes: frozenset[int]
    skipping: frozenset[int]
    left_out: Mapping[int, LeftOutReason]
    unplaced: int
    kw: Mapping[int, Decimal]
    nominated: Mapping[int, Decimal]
    expected_kw: Decimal
    expected_cost: Decimal
    reserved: Decimal
    budget_left: Decimal | None
    drawn: int
    needs_second: bool
    refusals: Sequence[EventError] = field(default_factory=list)
    unknown: int = 0


def size_of(
    *,
    event: Event,
    targets: Targets = EVERYBODY,
    left_out: Mapping[int, str] | None = None,
    now: datetime | None = None,
) -> Size:
    """The event in figures; it may be unsaved, and nothing is written.

    Args:
        left_out: Meter id -> the operator's reason to leave it out.
    """
    program, version = event.program, event.version
    meters, holders, out, enough = _asked(event, targets, left_out or {})
    ids = [meter.pk for meter in meters]
    homes = _homes(ids, holders)
    skipping = frozenset(skipped_by_schedule(event=event, holders={pk: holders.get(pk) for pk in ids}))
    nominated = {pk: row.kw for pk, row in nominations_of(event=event).items()}
    kw = expected_kw(meter_ids=ids, program=program, promised=nominated)
    expected = _expected(kw, homes, skipping, version.control_share)
    parts = parts_of(event=event, expected=kw, nominated=nominated)
    allowance = _allowance(event, parts, skipping, sorted(set(enough.values())))
    drawn = drawn_by_length(meters, homes - skipping, version.control_share)
    return Size(
        meters=meters,
        holders=holders,
        homes=homes,
        skipping=skipping,
        left_out=out,
        unplaced=_unplaced(program, event.start, targets),
        kw=kw,
        nominated=nominated,
        expected_kw=expected,
        expected_cost=allowance.expected_cost,
        reserved=allowance.reserved,
        budget_left=allowance.budget_left,
        drawn=sum(drawn.values()),
        unknown=0 if event.is_test else unknown_parts(version, parts.values()),
        needs_second=version.second_person_kw is not None and expected > version.second_person_kw,
        refusals=[
            *_nobody(program, ids or enough, out, targets),
            *refusals_of(event, ids, allowance, now or timezone.now()),
            *group_refusals(event, drawn),
        ],
    )


def _asked(
    event: Event, targets: Targets, left_out: Mapping[int, str]
) -> tuple[list[Meter], dict[int, int], dict[int, LeftOutReason], dict[int, str]]:
    """The meters that it asks, all holders, why others are left out, and which of those had enough by what limit."""
    enrolled = list(meters_taking_part(program=event.program, at=event.start, targets=targets, version=event.version))
    holders = holders_at(meter_ids=[meter.pk for meter in enrolled], at=event.start)
    out = _left_out(event, enrolled, holders, targets, left_out)
    among = [meter for meter in enrolled if meter.pk not in out]
    enough = had_enough(event, [meter.pk for meter in among])
    out |= dict.fromkeys(enough, LeftOutReason.ENOUGH_EVENTS)
    return [meter for meter in among if meter.pk not in enough], holders, out, enough


def draft_size(event: Event) -> Size:
    """The event in figures, as it asks and leaves out now."""
    chosen = dict(event.left_out.filter(reason=LeftOutReason.OPERATOR).values_list("meter", "note"))
    return size_of(event=event, targets=targets_of(event), left_out=chosen)


def expected_of(size: Size, held_out: Collection[int]) -> Decimal:
    """The kW expected of those who are asked, once it is known who is held out."""
    quiet = size.skipping | frozenset(held_out)
    return _kw(sum((kw for pk, kw in size.kw.items() if pk not in quiet), Decimal(0)))


def _nobody(program: Program, among: Collection[int], out: Collection[int], targets: Targets) -> list[EventError]:
    if among:
        return []
    if out:
        words = _("Everybody whom the event asks in %(program)s is left out; the preview says why.")
    elif targets:
        words = _("None of those whom the event asks is enrolled in %(program)s.")
    else:
        words = _("No meter is enrolled in %(program)s yet.")
    return [NobodyEnrolled(words % {"program": program.name})]


def _kw(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.001"))


def _expected(kw: Mapping[int, Decimal], homes: frozenset[int], skipping: frozenset[int], share: Decimal) -> Decimal:
    parts = ((1 - share if pk in homes else 1, value) for pk, value in kw.items() if pk not in skipping)
    return _kw(sum((part * value for part, value in parts), Decimal(0)))


def _allowance(event: Event, parts: Mapping[int, Part], skipping: frozenset[int], enough: Sequence[str]) -> Allowance:
    if event.is_test:
        return Allowance.of(event, Decimal(0), Decimal(0), enough)
    hours = hours_of(event)
    taking = [part for pk, part in parts.items() if pk not in skipping]
    likely = expected_cost(event.version, taking, hours)
    return Allowance.of(event, likely, highest_cost(event.version, parts.values(), hours), enough)


def _left_out(
    event: Event, enrolled: Sequence[Meter], holders: Mapping[int, int], targets: Targets, chosen: Mapping[int, str]
) -> dict[int, LeftOutReason]:
    """Why enrolled meters that are asked take no part; the operator's word stands before what was found."""
    paused = Enrollment.objects.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=event.start), program=event.program, state=EnrollmentState.PAUSED
    )
    resting = asked(Meter.objects.filter(pk__in=paused.values("meter")), targets=targets, at=event.start)
    found = dict.fromkeys(resting.values_list("pk", flat=True), LeftOutReason.PAUSED)
    unagreed = meters_not_agreed(event=event, targets=targets).values_list("pk", flat=True)
    found |= dict.fromkeys(unagreed, LeftOutReason.NOT_AGREED)
    found |= dict.fromkeys(_silent(enrolled), LeftOutReason.NOT_MEASURED)
    found |= {meter.pk: LeftOutReason.NO_HOLDER for meter in enrolled if meter.pk not in holders}
    return found | {meter.pk: LeftOutReason.OPERATOR for meter in enrolled if meter.pk in chosen}


def _silent(meters: Sequence[Meter]) -> list[int]:
    """Those whose readings ended two weeks before the newest of all; one look into the key per meter.

    A meter without any reading is new, and the data gate of the enrollment has its word on it.
    """
    latest = IntervalReading.objects.filter(meter=OuterRef("pk")).order_by("-start").values("start")[:1]
    newest: dict[int, datetime | None] = {}
    ids = [meter.pk for meter in meters]
    for first in range(0, len(ids), CHUNK):
        rows = Meter.objects.filter(pk__in=ids[first : first + CHUNK]).annotate(last=Subquery(latest))
        newest |= dict(rows.values_list("pk", "last"))
    known = {pk: last for pk, last in newest.items() if last is not None}
    oldest = max(known.values(), default=None)
    return [pk for pk, last in known.items() if oldest is not None and last < oldest - SILENT_FOR]


def _homes(ids: Sequence[int], holders: Mapping[int, int]) -> frozenset[int]:
    """The meters that a resident has."""
    people: set[int] = set()
    held = sorted({holders[pk] for pk in ids if pk in holders})
    for first in range(0, len(held), CHUNK):
        rows = Entity.objects.filter(pk__in=held[first : first + CHUNK], kind=Kind.USER)
        people |= set(rows.values_list("pk", flat=True))
    return frozenset(pk for pk in ids if holders.get(pk) in people)


def _unplaced(program: Program, at: datetime, targets: Targets) -> int:
    if not targets.areas:
        return 0
    everybody: QuerySet[Meter] = meters_taking_part(program=program, at=at)
    return everybody.filter(Q(latitude__isnull=True) | Q(longitude__isnull=True)).count()
