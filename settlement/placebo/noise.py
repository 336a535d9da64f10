"""How large a reward is against its meter's own noise: what the rule misses on ordinary days."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import sqrt
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from common.intervals import clock_minute, local_day
from common.money import parse_fraction
from common.speech import float_words
from events.holiday_calendar import holiday_days
from settlement.baselines import Method, Preset, day_type, days_of_others
from settlement.baselines.control import student
from settlement.control_intervals import basis_of
from settlement.models import SettlementLine
from settlement.own_rules import frozen_rule, rule_named
from settlement.placebo.baseline import baseline_wh
from settlement.placebo.load import Floats, Hours, Load, in_day, measured, taken
from settlement.services.measuring.held import held_since
from settlement.services.placebo.fetch import fetch_load, fetch_predictions
from settlement.traces import end_of

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
        days: how many ordinary days it rests on; of a control group, how many homes.
        by_days: whether it was found on days without an event.
    """

    typical_wh: int
    ratio: float
    days: int
    words: str
    by_days: bool = True


@dataclass(frozen=True)
class Unknown:
    """Why nothing can be said of a line's noise."""

    words: str


def noise_of(line: SettlementLine) -> Noise | Unknown | None:
    """The noise beside a line's savings, or why it is not known; None without a measurement.

    A few queries for readings and days of one meter, besides those of the line's run and event.
    """
    if line.performance_wh is None:
        return None
    version = line.run.event.version
    is_own = line.run.preset == version.preset
    distributor = line.run.event.program.distributor
    rule = frozen_rule(version) if is_own else rule_named(distributor=distributor, name=line.run.preset)
    saved_wh = float(parse_fraction(line.performance_wh))
    if rule.method is Method.CONTROL_GROUP:
        return by_group(basis_of(line.trace), saved_wh)
    load, hours, holidays = _looked_at(line)
    if rule.method is Method.DAY_MATCHING:
        return noise_from(ordinary_errors(rule, load, hours, holidays), saved_wh) or Unknown(_few_days())
    if rule.adjustment is not None:
        return Unknown(_("A prediction that is moved by the hours before an event is not tried on ordinary days."))
    errors = prediction_errors(rule, line, load, hours, holidays)
    return noise_from(errors, saved_wh) or Unknown(_few_predictions())


def _looked_at(line: SettlementLine) -> tuple[Load, Hours, frozenset[date]]:
    """The meter's load before the event, the event's hours, and the holidays among its days."""
    event = line.run.event
    zone, day = event.program.zone, local_day(event.start, event.program.zone)
    first, last = day - SPAN - LOOK_BACK, day - timedelta(days=1)
    length = int((end_of(line.trace, event.end) - event.start).total_seconds() // 60)
    hours = Hours(day, clock_minute(event.start, zone), length)
    load = _of_holder(line, fetch_load(meters=[line.meter], first=first, last=last, zone=zone))
    return load, hours, holiday_days(event.version, first, day)


def by_group(basis: dict[str, Any], saved_wh: float) -> Noise | Unknown:
    """The noise of a line settled by homes held out by lot: how far one home lies from the group's ratio.

    >>> found = by_group({"kind": "CONTROL_GROUP", "members": 9, "interval_wh": [1608, 2392]}, 1000)
    >>> found.typical_wh, found.ratio
    (173, 5.77)
    """
    if not basis.get("interval_wh"):
        return Unknown(_("The homes held out by lot were too few to say how far they differ from each other."))
    low, high = basis["interval_wh"]
    half = (high - low) / 2
    typical = half / student(basis["members"] - 1)
    words = _(
        "%(count)d homes held out by lot say what the day was like, and no two homes are alike: with 95 percent "
        "certainty what was saved here lies between %(low)s and %(high)s."
    ) % {"count": basis["members"], "low": _kwh(saved_wh - half), "high": _kwh(saved_wh + half)}
    if saved_wh > 0 and saved_wh <= half:
        words = f"{words} {_('It may be chance.')}"
    ratio = saved_wh / typical if typical else 0.0
    return Noise(round(typical), round(ratio, 2), basis["members"], words, by_days=False)


def _of_holder(line: SettlementLine, load: Load) -> Load:
    """The load without the days on which others had the meter: their noise is not the holder's."""
    event = line.run.event
    since = held_since(event, after=line.meter_id - 1, last=line.meter_id).get(line.meter_id)
    if since is None:
        return load
    others = days_of_others(since, (load.day(at) for at in range(load.day_count)), event.program.zone)
    excluded = load.excluded | np.array([load.day(at) in others for at in range(load.day_count)])
    return replace(load, excluded=excluded)


def ordinary_errors(rule: Preset, load: Load, hours: Hours, holidays: frozenset[date]) -> Floats:
    """Baseline − actual of one meter on each of the last 60 days of the event's kind, Wh; without unknown ones."""
    each = _like_hours(rule, load, hours, holidays)
    found = np.array([baseline_wh(rule, load, one, holidays)[0] - measured(load, one)[0] for one in each])
    return np.asarray(found[~np.isnan(found)])


def prediction_errors(
    rule: Preset, line: SettlementLine, load: Load, hours: Hours, holidays: frozenset[date]
) -> Floats:
    """The same of predictions, of those made as long before their hours as people were told before the event."""
    event, each = line.run.event, _like_hours(rule, load, hours, holidays)
    if not each:
        return np.zeros(0)
    told = event.notified_at
    lead = event.start - told if told is not None and told < event.start else timedelta(0)
    first, last, zone = each[-1].day, each[0].day, event.program.zone
    predicted = fetch_predictions(
        meters=[line.meter], first=first, last=last, zone=zone, minute=hours.start_minute, lead=lead
    )
    found = []
    for one in each:
        day = np.array([(one.day - first).days])
        usual = taken(predicted, day, in_day(load, one))[:, 0].sum(axis=1)
        found.append(float(usual[0] - measured(load, one)[0]))
    errors = np.array(found)
    return np.asarray(errors[~np.isnan(errors)])


def _like_hours(rule: Preset, load: Load, hours: Hours, holidays: frozenset[date]) -> list[Hours]:
    """The event's hours on each of the last 60 days of its kind, the newest first."""
    kind = day_type(hours.day, holidays, rule.weekends)
    days = [hours.day - timedelta(days=age) for age in range(1, SPAN.days + 1)]
    like = [day for day in days if day_type(day, holidays, rule.weekends) is kind and load.index(day) >= 0]
    return [Hours(day, hours.start_minute, hours.minutes) for day in like]


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


def _few_days() -> str:
    return _(
        "There are too few ordinary days like this one before the event to say how far the rule is usually off for "
        "this meter."
    )


def _few_predictions() -> str:
    return _(
        "Too few predictions of ordinary days are kept that were made as long ahead as the one for this event, so "
        "nobody can say how far they are usually off for this meter."
    )


def _kwh(wh: float) -> str:
    return f"{float_words(wh / 1000, 1 if wh >= 10_000 else 2)} kWh"
