"""What one transaction makes again: rectangles of meters and days, from the marks that ask for it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from common.intervals import DAY
from meters.services.locks import zone_of
from meters.services.rollups.energy import day_at, day_start, whole_days
from meters.services.rollups.marks import Mark
from meters.services.rollups.readings import Patch
from meters.services.rollups.spans import Span, merged
from meters.services.rollups.tables import IDS_PER_STATEMENT, id_lists, ids_by
from organizations.models import Distributor

# How much larger than what is asked for a rectangle of meters and days may be.
_LOOSE = 1.5


@dataclass(frozen=True)
class Clock:
    """The zone of a meter and the length of its intervals."""

    zone: tzinfo
    minutes: int


@dataclass
class _Wish:
    """Whole local days of one meter, and the marks that they come from."""

    meter_id: int
    span: Span
    clock: Clock
    marks: list[Mark]

    @property
    def slots(self) -> int:
        return (self.span.end - self.span.start) // 60 // self.clock.minutes

    def first_days(self, slots: int) -> int:
        """The end of as many days as hold this many slots, at least one; of all of them where they do."""
        if self.slots <= slots:
            return self.span.end
        seconds = slots * self.clock.minutes * 60
        day = day_at(min(self.span.start + seconds, self.span.end - 1), self.clock.zone)
        end = day_start(day, self.clock.zone)
        return end if end > self.span.start else day_start(day + DAY, self.clock.zone)


@dataclass
class Work:
    """What one transaction makes again: rectangles of meters and days, from the marks that are then done.

    Attributes:
        left: what is not made yet of a mark that is too long for one transaction.
    """

    patches: list[Patch] = field(default_factory=list)
    done: list[Mark] = field(default_factory=list)
    left: list[Mark] = field(default_factory=list)

    @classmethod
    def of(cls, marks: Sequence[Mark], clocks: Mapping[int, Clock], slots: int) -> "Work":
        """The work of as many marks as fit; without a clock a meter is gone."""
        # Of a meter that is gone, or of no time at all, there is nothing to make.
        work = cls(done=[mark for mark in marks if mark.meter_id not in clocks or mark.end <= mark.start])
        wishes = sorted(_wishes(marks, clocks), key=lambda wish: (str(wish.clock.zone), wish.span, wish.meter_id))
        chosen: list[_Wish] = []
        for wish in wishes:
            if chosen and wish.slots > slots:
                break
            chosen.append(wish)
            work.done.extend(wish.marks)
            if (cut := wish.first_days(slots)) < wish.span.end:
                work.left.append(_rest(wish, cut))
            slots -= wish.slots
        work.patches = list(_patches(chosen))
        return work


def _rest(wish: _Wish, cut: int) -> Mark:
    """The mark of what does not fit; the wish is cut to what does."""
    rest = Mark(0, wish.meter_id, cut, wish.span.end)
    wish.span = Span(wish.span.start, cut)
    return rest


def clocks_of(meter_ids: Iterable[int], distributor_id: int) -> dict[int, Clock]:
    """The clock of each meter that there is. A query or two per few hundred meters."""
    distributor = Distributor.objects.get(pk=distributor_id)
    found: dict[int, Clock] = {}
    for ids in id_lists(sorted(meter_ids)):
        alike = ids_by(["zone_name", "interval_minutes"], "id", "meters_meter", f"id IN ({ids})")
        for (name, minutes), meters in alike:
            found |= dict.fromkeys(meters.tolist(), Clock(zone_of(name, distributor), minutes))
    return found


def _wishes(marks: Sequence[Mark], clocks: Mapping[int, Clock]) -> Iterator[_Wish]:
    """Per meter the days that its marks touch, where they touch each other as one."""
    by_meter: dict[int, list[tuple[Span, Mark]]] = defaultdict(list)
    for mark in marks:
        if mark.meter_id in clocks and mark.start < mark.end:
            zone = clocks[mark.meter_id].zone
            days = Span(*whole_days(mark.start, mark.end, zone))
            by_meter[mark.meter_id].append((days, mark))
    for meter_id, pairs in by_meter.items():
        for span in merged(days for days, _mark in pairs):
            inside = [mark for days, mark in pairs if span.start <= days.start < span.end]
            yield _Wish(meter_id, span, clocks[meter_id], inside)


def _patches(wishes: Sequence[_Wish]) -> Iterator[Patch]:
    """Rectangles that hold the wishes and not much more, so that one constant range reads many meters."""
    group: list[_Wish] = []
    for wish in wishes:
        if group and not _fits(group, wish):
            yield _patch(group)
            group = []
        group.append(wish)
    if group:
        yield _patch(group)


def _fits(group: list[_Wish], wish: _Wish) -> bool:
    # Sorted by start: the first begins first. Ends differ.
    if wish.clock.zone != group[0].clock.zone or len(group) >= IDS_PER_STATEMENT:
        return False
    if wish.span == group[0].span == group[-1].span:
        return True
    end = max(each.span.end for each in (*group, wish))
    area = (end - group[0].span.start) * (len(group) + 1)
    return area <= _LOOSE * sum(each.span.end - each.span.start for each in (*group, wish))


def _patch(group: list[_Wish]) -> Patch:
    meters = tuple(sorted({wish.meter_id for wish in group}))
    end = max(wish.span.end for wish in group)
    return Patch(meters, group[0].span.start, end, group[0].clock.zone)
