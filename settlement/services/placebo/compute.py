"""From an audit's case to its result: readings fetched, every rule computed, figures as JSON values."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from meters.models import Meter
from settlement.baselines import Method, Preset, rule_hash
from settlement.errors import NothingToAudit
from settlement.placebo import Hours, Load, Measurements, audit, baseline_wh, measured, ordinary_days
from settlement.placebo.load import Floats, in_day, taken
from settlement.services.placebo.case import LOOK_BACK, AuditCase, prices
from settlement.services.placebo.fetch import fetch_load, fetch_predictions
from settlement.services.placebo.results import result_data
from settlement.services.placebo.segments import segments_of

# Meters that are fetched and computed at once.
CHUNK = 100
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """A finished audit: its result as JSON values and the hash of all that went in."""

    data: dict[str, Any]
    sha256: str


@dataclass(frozen=True)
class _Part:
    """Some meters with one interval length, and what is known of them."""

    meters: list[Meter]
    load: Load
    predicted: Floats | None


def run_audit(case: AuditCase, progress: Progress = lambda percent: None) -> Outcome:
    """The audit of a case. Called outside of a transaction: it reads for long.

    Args:
        progress: told the percent done after each rule of some meters, which is the worker's sign of life.

    Raises:
        NothingToAudit: No day of those asked for is an ordinary one, or nothing was measured on them.
    """
    parts, hasher = [], hashlib.sha256()
    for part in _fetched(case):
        parts.append(part)
        _feed(hasher, part)
        progress(50 * sum(len(each.meters) for each in parts) // len(case.meters))
    days = _ordinary(case, parts)
    rules = [rule for rule in case.rules if _reason(rule, parts) is None]
    actual, baselines = _measure(case, parts, days, rules, progress)
    if np.isnan(actual).all():
        raise NothingToAudit(_("On these days there are no readings in these hours."))
    meters = [meter for part in parts for meter in part.meters]
    rows = np.asarray(~np.isnan(actual).all(axis=(1, 2)))
    kept = [meter for meter, keep in zip(meters, rows, strict=True) if keep]
    price = dict(zip((meter.pk for meter in case.meters), prices(case), strict=True))
    data = Measurements(
        actual=actual[rows],
        baselines={name: values[rows] for name, values in baselines.items()},
        price=np.array([price[meter.pk] for meter in kept]),
        segments=segments_of(kept, actual[rows]),
    )
    reasons = {rule.name: reason for rule in case.rules if (reason := _reason(rule, parts)) is not None}
    judged = audit(data, lambda share: progress(95 + int(4 * share)))
    found = result_data(case, kept, days, judged, reasons, data)
    progress(100)
    return Outcome(found, _sha256(case, hasher.hexdigest(), days))


def _fetched(case: AuditCase) -> Iterator[_Part]:
    by_length = sorted(case.meters, key=lambda meter: (meter.interval_minutes, meter.number))
    wants = any(rule.method is Method.FORECAST for rule in case.rules)
    for _minutes, group in groupby(by_length, key=lambda meter: meter.interval_minutes):
        meters = list(group)
        for at in range(0, len(meters), CHUNK):
            some = meters[at : at + CHUNK]
            span = {"first": case.first - LOOK_BACK, "last": case.last, "zone": case.zone}
            load = fetch_load(meters=some, **span)  # type: ignore[arg-type]  # as the dict above says
            yield _Part(some, load, fetch_predictions(meters=some, **span) if wants else None)  # type: ignore[arg-type]  # as the dict above says


def _ordinary(case: AuditCase, parts: Sequence[_Part]) -> list[date]:
    known: set[date] = set()
    for part in parts:
        some = ~np.isnan(part.load.energy).all(axis=(0, 2))
        known.update(part.load.day(int(at)) for at in np.flatnonzero(some))
    days = ordinary_days(known, holidays=case.holidays, event_days=case.event_days, first=case.first, last=case.last)
    if not days:
        raise NothingToAudit(
            _(
                "None of these days can be audited: it takes ordinary business days with readings, and twelve "
                "earlier ones before each of them."
            )
        )
    return days


def _measure(
    case: AuditCase, parts: Sequence[_Part], days: Sequence[date], rules: Sequence[Preset], progress: Progress
) -> tuple[Floats, dict[str, Floats]]:
    """What was used, and what each rule says: (meters, days, hours) Wh."""
    hours = [Hours(day, hour * 60) for day in days for hour in case.hours]
    actual, baselines = [], {rule.name: list[Floats]() for rule in rules}
    done, all_meters = 0, len(case.meters)
    for part in parts:
        shape = len(part.meters), len(days), len(case.hours)
        actual.append(np.stack([measured(part.load, each) for each in hours], 1).reshape(shape))
        for rule in rules:
            found = np.stack([_usual(rule, part, each, case) for each in hours], 1)
            baselines[rule.name].append(found.reshape(shape))
            done += len(part.meters)
            progress(50 + 45 * done // (all_meters * len(rules)))
    return np.concatenate(actual), {name: np.concatenate(found) for name, found in baselines.items()}


def _usual(rule: Preset, part: _Part, hours: Hours, case: AuditCase) -> Floats:
    if rule.method is Method.FORECAST:
        assert part.predicted is not None
        day = np.array([part.load.index(hours.day)])
        return np.asarray(taken(part.predicted, day, in_day(part.load, hours))[:, 0].sum(axis=1))
    return baseline_wh(rule, part.load, hours, case.holidays)


def _reason(rule: Preset, parts: Sequence[_Part]) -> str | None:
    """Why a rule cannot be tried on ordinary days, as a code; None if it can."""
    if rule.method is Method.CONTROL_GROUP:
        return "nobody_held_out"
    if rule.method is Method.FORECAST:
        if rule.adjustment is not None:
            return "forecast_adjusted"
        if all(part.predicted is None or np.isnan(part.predicted).all() for part in parts):
            return "no_predictions"
    return None


def _feed(hasher: Any, part: _Part) -> None:
    hasher.update(" ".join(meter.number for meter in part.meters).encode())
    for values in (part.load.energy, part.load.estimated, part.load.excluded, part.predicted):
        if values is not None:
            hasher.update(np.ascontiguousarray(values).tobytes())


def _sha256(case: AuditCase, readings: str, days: Sequence[date]) -> str:
    said: Mapping[str, Sequence[object]] = {
        "readings": [readings],
        "rules": [f"{rule.name} {rule_hash(rule)}" for rule in case.rules],
        "days": days,
        "hours": case.hours,
        "holidays": sorted(case.holidays),
    }
    text = "\n".join(f"{name}: {' '.join(map(str, values))}" for name, values in said.items())
    return hashlib.sha256(text.encode()).hexdigest()
