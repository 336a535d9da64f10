"""What one settlement works on: the event, its terms, and who takes part with what."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from events.holiday_calendar import holiday_days
from events.models import Event, Nomination
from events.selectors import nominations_at, participants
from meters.models import Meter
from settlement.baselines import CapacityTerms, Preset, get_preset, rule_hash
from settlement.baselines import Event as Span
from settlement.errors import RuleChanged

# Readings that are still missing then are given up: the meter was not measured.
DATA_DEADLINE = timedelta(days=30)


@dataclass(frozen=True)
class Participant:
    """One meter that counts, its holder at the event, and the nomination in force then."""

    meter: Meter
    holder_id: int | None
    nomination: Nomination | None

    @property
    def meter_id(self) -> int:
        """The meter's id."""
        return self.meter.pk

    @property
    def nominated_kw(self) -> Decimal | None:
        """The kW promised, or None."""
        return None if self.nomination is None else self.nomination.kw


@dataclass(frozen=True)
class Case:
    """One event under one rule.

    Attributes:
        participants: by meter number; who skipped the event is not among them.
        holidays: the local days before the event that the walk may meet.
        is_estimate: the rule is not the one the event was called under.
        as_of: when the data are looked at.
    """

    event: Event
    span: Span
    preset: Preset
    terms: CapacityTerms
    holidays: frozenset[date]
    participants: tuple[Participant, ...]
    is_estimate: bool
    as_of: datetime


def open_case(*, event: Event, preset: str | None) -> Case:
    """The case of an event, under the rule of its version or another one by name. Three queries.

    Raises:
        UnknownPreset: No rule has this name.
        RuleChanged: The version's rule is not what it was when the version was published.
    """
    version = event.version
    rule = get_preset(preset or version.preset)
    is_estimate = rule.name != version.preset
    if not is_estimate and rule_hash(rule) != version.rule_sha256:
        raise RuleChanged(f"The rule {rule.name} has changed since {version} was published.")
    span = _span(event)
    return Case(
        event=event,
        span=span,
        preset=rule,
        terms=CapacityTerms(version.rate_per_kw, version.wholesale_cost_per_kw),
        holidays=holiday_days(version, span.day - timedelta(days=rule.days_back_extended), span.day),
        participants=_participants(event),
        is_estimate=is_estimate,
        as_of=timezone.now(),
    )


def _span(event: Event) -> Span:
    zone: ZoneInfo = event.program.zone
    told = event.notified_at
    # A past event is recorded after it began; such a "notice" moves no adjustment window.
    notice = told if told is not None and told < event.start else None
    return Span(event.start, event.end, zone, notice_at=notice, data_deadline=event.end + DATA_DEADLINE)


def _participants(event: Event) -> tuple[Participant, ...]:
    nominations = nominations_at(program_id=event.program_id, at=event.start)
    return tuple(
        Participant(row.meter, row.holder_id, nominations.get(row.meter_id)) for row in participants(event=event)
    )
