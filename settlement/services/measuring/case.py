"""What one settlement works on: the event, its terms, and who takes part with what."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.utils import timezone

from events.holiday_calendar import holiday_days
from events.models import Event
from meters.models import Meter
from settlement.baselines import CapacityTerms, Floor, Preset
from settlement.baselines import Event as Span
from settlement.models import RunKind, ToldSpan
from settlement.own_rules import frozen_rule, rule_named


class Promise(NamedTuple):
    """The nomination that an event counts, and where it came from."""

    kw: Decimal
    source: str


@dataclass(frozen=True)
class Participant:
    """One meter that counts, its holder at the event, and the nomination in force then.

    Attributes:
        until: where it counts to an earlier end than the event's, which was made longer while it ran.
        held_from: since when the holder has had the meter; None if that is longer ago than any rule looks.
    """

    meter: Meter
    holder_id: int | None
    nomination: Promise | None
    until: datetime | None = None
    held_from: datetime | None = None

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
    # Readings that are still missing then are given up: the meter was not measured.
    deadline = event.end + timedelta(days=event.version.data_deadline_days)
    notice, first = notice_of(event), event.notified_at
    told = first if notice is not None and first is not None and first < notice else None
    return Span(event.start, event.end, zone, notice_at=notice, told_at=told, data_deadline=deadline)


def notice_of(event: Event) -> datetime | None:
    """When people were last told of the event before it began: of the event itself, or of a change.

    None for an event that was recorded after it began.
    """
    changed = ToldSpan.objects.filter(event=event, at__lt=event.start).aggregate(last=Max("at"))["last"]
    told = max((moment for moment in (event.notified_at, changed) if moment is not None), default=None)
    return told if told is not None and told < event.start else changed
