"""What one audit works on: the program's meters, days, hours, rules and prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from common.intervals import local_days
from events.holiday_calendar import holiday_days
from events.models import Enrollment, Event, EventState, PayCap, Program
from events.selectors import newest_nominations
from meters.models import Meter
from settlement.baselines import PRESETS, Preset
from settlement.errors import NothingToAudit
from settlement.models import BaselineRule
from settlement.own_rules import frozen_rule, rule_named
from settlement.placebo.load import Floats

DEFAULT_HOURS = (7, 14, 16, 17)
# More say nothing new of a rule; the first by a shuffled order that is always the same.
MOST_METERS = 1000
MOST_DAYS = 366
# What a rule may look back, and the day before a day.
LOOK_BACK = timedelta(days=61)


@dataclass(frozen=True)
class AuditCase:
    """One audit before anything is computed.

    Attributes:
        left_out: how many meters were not drawn.
        event_days: local days of the program's events, of whatever outcome.
    """

    program: Program
    zone: ZoneInfo
    first: date
    last: date
    hours: tuple[int, ...]
    rules: tuple[Preset, ...]
    in_force: str
    meters: tuple[Meter, ...]
    left_out: int
    holidays: frozenset[date]
    event_days: frozenset[date]


def open_audit(*, program: Program, first: date, last: date, hours: Sequence[int], presets: Sequence[str]) -> AuditCase:
    """The case of an audit; without presets all rules that the program could choose.

    Raises:
        NothingToAudit: The days or hours make no sense, or no meter is enrolled.
        UnknownPreset: No rule has such a name.
    """
    check_asked(first=first, last=last, hours=hours)
    version, zone = program.current, program.zone
    meters = _meters(program)
    if not meters:
        raise NothingToAudit(_("No meter takes part in this program yet, so there is nothing to audit."))
    drawn = _drawn(meters)
    return AuditCase(
        program=program,
        zone=zone,
        first=first,
        last=last,
        hours=tuple(sorted(set(hours))),
        rules=tuple(_rules(program, presets)),
        in_force=version.preset,
        meters=tuple(drawn),
        left_out=len(meters) - len(drawn),
        holidays=holiday_days(version, first - LOOK_BACK, last),
        event_days=_event_days(program, zone),
    )


def check_asked(*, first: date, last: date, hours: Sequence[int]) -> None:
    """Passes days in order and whole hours of the clock.

    Raises:
        NothingToAudit: They are not.
    """
    if last < first:
        raise NothingToAudit(_("The last day is before the first one."))
    if (last - first).days >= MOST_DAYS:
        raise NothingToAudit(_("An audit spans at most %(days)d days.") % {"days": MOST_DAYS})
    if not hours or any(type(hour) is not int or not 0 <= hour <= 23 for hour in hours):
        raise NothingToAudit(_("Hours are whole numbers from 0 to 23, like 7,14,16,17."))


def prices(case: AuditCase) -> Floats:
    """(meters, 2): the price of a kW over one hour, and the kW up to which it is paid. One query."""
    version = case.program.current
    nominated = newest_nominations(program_id=case.program.pk)
    rows = []
    for meter in case.meters:
        nomination = nominated.get(meter.pk)
        # Nothing promised, nothing paid per kW; kWh need no promise.
        rate = float(version.rate_per_kwh) + (float(version.rate_per_kw) if nomination else 0)
        bounded = version.pay_cap == PayCap.UP_TO_NOMINATION and nomination is not None
        rows.append((rate, float(nomination.kw) if bounded and nomination else np.inf))
    return np.array(rows)


def _meters(program: Program) -> list[Meter]:
    enrolled = Enrollment.objects.filter(program=program).taking_part().active()
    return list(Meter.objects.filter(pk__in=enrolled.values("meter")).order_by("number"))


def _drawn(meters: list[Meter]) -> list[Meter]:
    if len(meters) <= MOST_METERS:
        return meters
    places = np.random.default_rng(len(meters)).permutation(len(meters))[:MOST_METERS]
    return [meters[at] for at in sorted(places.tolist())]


def _rules(program: Program, names: Sequence[str]) -> list[Preset]:
    distributor = program.distributor
    if names:
        return [rule_named(distributor=distributor, name=name) for name in dict.fromkeys(names)]
    own = BaselineRule.objects.filter(distributor=distributor).order_by("name").values_list("name", flat=True)
    found = {name: rule_named(distributor=distributor, name=name) for name in (*PRESETS, *own)}
    version = program.current
    # What pays now is audited as it was frozen, whatever goes by its name today.
    found[version.preset] = frozen_rule(version)
    return list(found.values())


def _event_days(program: Program, zone: ZoneInfo) -> frozenset[date]:
    called = Event.objects.filter(program=program).exclude(state__in=(EventState.DRAFT, EventState.CANCELLED))
    spans = called.values_list("start", "end")
    return frozenset(day for start, end in spans for day in local_days(start, end, zone))


def today(program: Program) -> date:
    """The day that it is for the program."""
    return timezone.now().astimezone(program.zone).date()
