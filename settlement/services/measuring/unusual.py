"""Of participants before one event: what is no usual use of theirs. Nearly all share the same few spans."""

from collections.abc import Sequence
from datetime import datetime

from common.intervals import day_bounds
from meters.services import ExcludedSpan, excluded_spans
from settlement.baselines import Exclusion, Plan, days_of_others, exclusion_days, unusual_starts
from settlement.services.measuring.case import Participant
from settlement.services.measuring.measured import Unusual

_Key = tuple[int, tuple[ExcludedSpan, ...], datetime | None]


class UnusualTimes:
    """Finds what is no usual use; who has the same spans gets the same object."""

    def __init__(self) -> None:
        self._found: dict[_Key, Unusual] = {}

    def of(self, plan: Plan, participants: Sequence[Participant]) -> dict[int, Unusual]:
        """Meter id -> what is no usual use of the participant. Two queries, or none where the rule looks at nothing."""
        since = day_bounds(plan.days[-1].day, plan.event.zone)[0]
        meters = [participant.meter for participant in participants]
        spans = excluded_spans(meters=meters, start=since, end=plan.event.start)
        return {
            who.meter_id: self._of_spans(plan, tuple(spans[who.meter_id]), _later(who.held_from, since))
            for who in participants
        }

    def _of_spans(self, plan: Plan, spans: tuple[ExcludedSpan, ...], held_from: datetime | None) -> Unusual:
        key = plan.minutes, spans, held_from
        if key not in self._found:
            told = [(span.start, span.end, Exclusion(span.kind.upper())) for span in spans]
            days = exclusion_days(told, plan.event.zone)
            if held_from is not None:
                days |= days_of_others(held_from, (planned.day for planned in plan.days), plan.event.zone)
            self._found[key] = Unusual(days, unusual_starts(told, plan.window, plan.minutes))
        return self._found[key]


def _later(held_from: datetime | None, since: datetime) -> datetime | None:
    """The moment, where it is later than all that the rule may look at."""
    return held_from if held_from is not None and held_from > since else None
