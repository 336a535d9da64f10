"""How large a reward is against its meter's own noise: what the rule misses on ordinary days."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

import numpy as np
from django.utils.translation import gettext as _

from common.intervals import clock_minute, local_day
from common.money import parse_fraction
from common.speech import float_words
from events.holiday_calendar import holiday_days
from settlement.baselines import Method, Preset, day_type
from settlement.models import SettlementLine
from settlement.own_rules import frozen_rule, rule_named
from settlement.placebo.baseline import baseline_wh
from settlement.placebo.load import Floats, Hours, Load, measured
from settlement.services.placebo.fetch import fetch_load

# Days looked at, and the days that their own baselines look back on.
SPAN = timedelta(days=60)
LOOK_BACK = timedelta(days=61)
# Fewer ordinary days say nothing of what is typical.
LEAST_DAYS = 8


@dataclass(frozen=True)
class Noise:
    """What the rule usually misses for this meter over such hours.

    Attributes:
        typical_wh: √mean(error²) on ordinary days of the same kind, the event's hours each.
        ratio: what was saved, in such typical errors; negative if more was used than usual.
        days: how many ordinary days it rests on.
    """

    typical_wh: int
    ratio: float
    days: int
    words: str


def noise_of(line: SettlementLine) -> Noise | None:
    """The noise beside a line's savings; None without a measurement or with too few ordinary days.

    Two queries for readings and days of one meter, besides those of the line's run and event.
    """
    if line.performance_wh is None:
        return None
    event = line.run.event
    zone, version = event.program.zone, event.version
    is_own = line.run.preset == version.preset
    rule = frozen_rule(version) if is_own else rule_named(distributor=event.program.distributor, name=line.run.preset)
    if rule.method is not Method.DAY_MATCHING:
        return None
    day, minute = local_day(event.start, zone), clock_minute(event.start, zone)
    holidays = holiday_days(version, day - SPAN - LOOK_BACK, day)
    last = day - timedelta(days=1)
    load = fetch_load(meters=[line.meter], first=day - SPAN - LOOK_BACK, last=last, zone=zone)
    length = int((event.end - event.start).total_seconds() // 60)
    errors = ordinary_errors(rule, load, Hours(day, minute, length), holidays)
    return noise_from(errors, float(parse_fraction(line.performance_wh)))


def ordinary_errors(rule: Preset, load: Load, hours: Hours, holidays: frozenset[date]) -> Floats:
    """Baseline − actual of one meter on each of the last 60 days of the event's kind, Wh; without unknown ones."""
    kind = day_type(hours.day, holidays, rule.weekends)
    days = [hours.day - timedelta(days=age) for age in range(1, SPAN.days + 1)]
    like = [day for day in days if day_type(day, holidays, rule.weekends) is kind and load.index(day) >= 0]
    each = [Hours(day, hours.start_minute, hours.minutes) for day in like]
    found = np.array([baseline_wh(rule, load, one, holidays)[0] - measured(load, one)[0] for one in each])
    return np.asarray(found[~np.isnan(found)])


def noise_from(errors: Floats, saved_wh: float) -> Noise | None:
    """The noise, and what was saved in terms of it; None for too few days or a rule that never misses.

    >>> found = noise_from(np.array([-100.0, 100.0] * 4), 250)
    >>> found.typical_wh, found.ratio
    (100, 2.5)
    """
    if errors.size < LEAST_DAYS:
        return None
    typical = sqrt(float((errors**2).mean()))
    if typical < 1:
        return None
    ratio = saved_wh / typical
    return Noise(round(typical), round(ratio, 2), int(errors.size), _words(typical, saved_wh, ratio, errors.size))


def _words(typical_wh: float, saved_wh: float, ratio: float, days: int) -> str:
    usual = _("On %(days)d ordinary days this rule was typically off by %(typical)s over the same hours.") % {
        "days": days,
        "typical": _kwh(typical_wh),
    }
    if saved_wh <= 0:
        return usual
    values = {"saved": _kwh(saved_wh), "ratio": float_words(ratio, 1)}
    if ratio < 1:
        more = _("The %(saved)s saved here are less than that: they may be chance.")
    elif ratio < 2:
        more = _("The %(saved)s saved here are %(ratio)s times that: probably more than chance.")
    else:
        more = _("The %(saved)s saved here are %(ratio)s times that: far more than chance.")
    return f"{usual} {more % values}"


def _kwh(wh: float) -> str:
    return f"{float_words(wh / 1000, 1 if wh >= 10_000 else 2)} kWh"
