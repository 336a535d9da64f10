"""What every way to a baseline ends in: slots beside what was metered, rounded as the rule says."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from common.money import half_up
from settlement.baselines.model import BaselineStatus, MeterHistory, Slot
from settlement.baselines.plan import Plan
from settlement.baselines.presets import EstimatedSlots, Rounding


def settled_slots(
    plan: Plan, history: MeterHistory, plain: Sequence[Fraction], adjusted: Sequence[Fraction]
) -> tuple[Slot, ...]:
    """The event's slots; none if there is no baseline."""
    if not plain:
        return ()
    pairs = zip(plan.slots, plain, adjusted, strict=True)
    return tuple(_slot(plan, history, start, before, after) for start, before, after in pairs)


def _slot(plan: Plan, history: MeterHistory, start: datetime, before: Fraction, after: Fraction) -> Slot:
    reading = history.readings.get(start)
    estimated = reading is not None and reading[1]
    settled = Fraction(half_up(after)) if plan.preset.rounding is Rounding.WH_PER_SLOT else after
    counts = plan.preset.estimated_slots is EstimatedSlots.COUNT or not estimated
    return Slot(start, before, after, settled, None if reading is None else reading[0], estimated, counts)


def status_of(plan: Plan, history: MeterHistory, as_of: datetime | None) -> BaselineStatus:
    """Whether the event was metered, given that there is a baseline."""
    if all(start in history.readings for start in plan.slots):
        return BaselineStatus.OK
    deadline = plan.event.data_deadline
    if as_of is None or deadline is None or as_of < deadline:
        return BaselineStatus.DATA_PENDING
    return BaselineStatus.UNMEASURED


def actual_of(plan: Plan, history: MeterHistory) -> int | None:
    """The metered Wh of the whole event, None while a reading is missing."""
    found = [history.readings.get(start) for start in plan.slots]
    energies = [reading[0] for reading in found if reading is not None]
    return sum(energies) if len(energies) == len(found) else None
