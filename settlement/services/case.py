"""What one settlement works on: the event, its terms, and who takes part with what."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone

from events.holiday_calendar import holiday_days
from events.models import Event
from meters.models import Meter
from settlement.baselines import CapacityTerms, Floor, Preset
from settlement.baselines import Event as Span
from settlement.models import RunKind
from settlement.own_rules import frozen_rule, rule_named


class Promise(NamedTuple):
    """The nomination that an event counts, and where it came from."""

    kw: Decimal
    source: str


@dataclass(frozen=True)
class Participant:
    """One meter that counts, its holder at the event, and the nomination in force then."""

    meter: Meter
    holder_id: int | None
    nomination: Promise | None

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
        kind: how binding its run will be.
        holidays: the local days before the event that the walk may meet.
        as_of: when the data are looked at.
    """

    event: Event
    kind: RunKind
    span: Span
    preset: Preset
    terms: CapacityTerms
    holidays: frozenset[date]
    as_of: datetime

    @property
    def is_estimate(self) -> bool:
        """Whether the run follows another rule than the event's, or comes before the final one."""
        return self.kind != RunKind.FINAL


def open_case(*, event: Event, preset: str | None, kind: RunKind | None = None) -> Case:
    """The case of an event, under the rule of its version or another one by name.

    Raises:
        UnknownPreset: No rule has this name.
        RuleChanged: The version's rule is not what it was when the version was published.
    """
    version = event.version
    is_trial = preset not in (None, version.preset)
    rule = rule_named(distributor=event.program.distributor, name=str(preset)) if is_trial else frozen_rule(version)
    span = span_of(event)
    return Case(
        event=event,
        kind=RunKind.TRIAL if is_trial else kind or RunKind.FINAL,
        span=span,
        preset=rule,
        terms=_terms(event),
        holidays=holiday_days(version, span.day - timedelta(days=rule.days_back_extended), span.day),
        as_of=timezone.now(),
    )


def _terms(event: Event) -> CapacityTerms:
    """What a kW is worth; in a test nothing is."""
    version = event.version
    if event.is_test:
        return CapacityTerms(Decimal(0), Decimal(0), Floor(version.floor))
    return CapacityTerms(version.rate_per_kw, version.wholesale_cost_per_kw, Floor(version.floor))


def span_of(event: Event) -> Span:
    """The event as the baseline rules see it."""
    zone: ZoneInfo = event.program.zone
    told = event.notified_at
    # A past event is recorded after it began; such a "notice" moves no adjustment window.
    notice = told if told is not None and told < event.start else None
    # Readings that are still missing then are given up: the meter was not measured.
    deadline = event.end + timedelta(days=event.version.data_deadline_days)
    return Span(event.start, event.end, zone, notice_at=notice, data_deadline=deadline)
