"""Baselines of many meters at once, in floating point: the engine's rule on whole arrays.

The engine (`settlement.baselines`) is exact and explains itself, one meter and event at a time; an audit needs
hundreds of thousands of baselines and neither. A test holds both to the same figures. One thing differs: where
too few ordinary days exist, no event days are taken in their place; there is no baseline.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from settlement.baselines import Adjustment, AdjustmentKind, DayRule, Preset, Rounding, Select, day_type
from settlement.placebo.load import Floats, Hours, Load, Truths, in_day, taken

# A sum of floats may fall short of a half that is one exactly.
_NUDGE = 1e-7


@dataclass(frozen=True)
class _Candidates:
    """The days that the calendar allows, most recent first, and what was metered on them.

    Attributes:
        days: places in the load's arrays; `ages` in days before the event.
        slots, window: (meters, days, slots) Wh.
        slot_exists, window_exists: (days, slots).
        usable: (meters, days).
        mean: (meters, days) Wh per slot.
    """

    days: NDArray[np.intp]
    ages: NDArray[np.intp]
    slots: Floats
    window: Floats
    slot_exists: Truths
    window_exists: Truths
    usable: Truths
    mean: Floats


def baseline_wh(preset: Preset, load: Load, hours: Hours, holidays: AbstractSet[date]) -> Floats:
    """The baseline of each meter over these hours, Wh; NaN where it has too few comparable days.

    Args:
        hours: notice counts as given the day before, so that no window moves.
        holidays: local days of the program's holiday calendar.
    """
    rule = preset.day_rule(day_type(hours.day, holidays, preset.weekends))
    found = _candidates(preset, load, hours, holidays)
    if not found.days.size:
        return np.full(load.energy.shape[0], np.nan)
    pool = _pool(preset, rule, found)
    enough = pool.sum(axis=1) >= rule.minimum
    weights = _weights(rule, pool, found.mean)
    plain = _average(weights, found.slots, found.slot_exists)
    adjusted = plain if preset.adjustment is None else _adjust(preset, load, hours, found, weights, plain)
    if preset.rounding is Rounding.WH_PER_SLOT:
        adjusted = np.floor(adjusted + 0.5 + _NUDGE)
    return np.where(enough, adjusted.sum(axis=1), np.nan)


def window_offsets(rule: Adjustment | None, load: Load, hours: Hours) -> NDArray[np.intp]:
    """The slots of the adjustment window, counted from the start of the event's day."""
    if rule is None:
        return np.arange(0)
    opens = (hours.start_minute - rule.opens_minutes_before) // load.minutes
    return np.arange(opens, opens + rule.window_minutes // load.minutes)


def _candidates(preset: Preset, load: Load, hours: Hours, holidays: AbstractSet[date]) -> _Candidates:
    event = load.index(hours.day)
    days = _calendar(preset, load, hours.day, holidays)
    offsets, before = in_day(load, hours), window_offsets(preset.adjustment, load, hours)
    slots, window = taken(load.energy, days, offsets), taken(load.energy, days, before)
    slot_exists, window_exists = (taken(load.exists[None], days, places)[0] for places in (offsets, before))
    usable = ~load.excluded[:, days] & slot_exists.any(axis=1)
    if before.size and before[0] < 0:
        usable &= ~np.where(days > 0, load.excluded[:, np.maximum(days - 1, 0)], False)
    for values, exists, places in ((slots, slot_exists, offsets), (window, window_exists, before)):
        usable &= (~np.isnan(values) | ~exists).all(axis=2)
        estimates = (taken(load.estimated, days, places) & exists).sum(axis=2)
        usable &= estimates <= float(preset.estimated_share) * exists.sum(axis=1)
    mean = np.where(slot_exists, np.nan_to_num(slots), 0).sum(axis=2) / np.maximum(slot_exists.sum(axis=1), 1)
    return _Candidates(days, event - days, slots, window, slot_exists, window_exists, usable, mean)


def _calendar(preset: Preset, load: Load, day: date, holidays: AbstractSet[date]) -> NDArray[np.intp]:
    kind, event = day_type(day, holidays, preset.weekends), load.index(day)
    oldest = max(0, event - preset.days_back_extended)
    # Notice counts as given the day before.
    skipped = max(preset.skip_days, int(preset.skips_told_day))
    places = range(event - skipped - 1, oldest - 1, -1)
    return np.array([place for place in places if _comparable(preset, load.day(place), kind, holidays)], dtype=np.intp)


def _comparable(preset: Preset, day: date, kind: object, holidays: AbstractSet[date]) -> bool:
    return day not in holidays and day_type(day, holidays, preset.weekends) is kind


def _pool(preset: Preset, rule: DayRule, found: _Candidates) -> Truths:
    """(meters, days): the days gathered, without those of low usage."""
    usable = found.usable
    while True:
        pool = _walk(preset, rule, usable, found.ages)
        if preset.low_usage_share is None:
            return pool
        count = np.maximum(pool.sum(axis=1), 1)
        bar = float(preset.low_usage_share) * np.where(pool, found.mean, 0).sum(axis=1) / count
        low = pool & (found.mean < bar[:, None]) & (bar > 0)[:, None]
        if not low.any():
            return pool
        usable = usable & ~low


def _walk(preset: Preset, rule: DayRule, usable: Truths, ages: NDArray[np.intp]) -> Truths:
    near = ages <= preset.days_back
    few = (usable & near).sum(axis=1) < rule.minimum
    within = usable & (near[None, :] | few[:, None])
    return np.asarray(within & (np.cumsum(within, axis=1) <= rule.pool))


def _weights(rule: DayRule, pool: Truths, mean: Floats) -> Floats:
    """(meters, days): the share of each day in the average; rows sum to 1, or to 0 for an empty pool."""
    count = pool.sum(axis=1, keepdims=True)
    if rule.select is Select.ALL:
        ranks = np.cumsum(pool, axis=1) - 1
    else:
        # The most recent of equals comes first: the days are in that order already.
        order = np.argsort(np.where(pool, -mean, np.inf), axis=1, kind="stable")
        ranks = np.argsort(order, axis=1, kind="stable")
    shares = np.where(pool, 1.0, 0.0)
    if rule.weights:
        table = np.array([float(weight) for weight in rule.weights])
        shares *= table[np.minimum(ranks, len(table) - 1)]
    if rule.select is Select.TOP:
        shares[ranks >= rule.used] = 0
    if rule.select is Select.MIDDLE:
        drop = (rule.pool - rule.used) // 2
        shares[(ranks < drop) | (ranks >= count - drop)] = 0
    total = shares.sum(axis=1, keepdims=True)
    return np.asarray(shares / np.where(total > 0, total, 1))


def _average(weights: Floats, values: Floats, exists: Truths) -> Floats:
    """(meters, slots): the weighted mean of each slot over the days that have it; NaN if none has."""
    known = np.where(exists[None], np.nan_to_num(values), 0)
    total = np.einsum("md,mds->ms", weights, known)
    if exists.all():
        return np.asarray(total)
    present = weights @ exists.astype(float)
    return np.where(present > 0, total / np.where(present > 0, present, 1), np.nan)


def _adjust(preset: Preset, load: Load, hours: Hours, found: _Candidates, weights: Floats, plain: Floats) -> Floats:
    rule = preset.adjustment
    assert rule is not None
    today = np.array([load.index(hours.day)])
    before = window_offsets(rule, load, hours)
    metered = taken(load.energy, today, before)[:, 0]
    estimates = taken(load.estimated, today, before)[:, 0].sum(axis=1)
    usual = _average(weights, found.window, found.window_exists)
    usable = ~np.isnan(metered).any(axis=1) & ~np.isnan(usual).any(axis=1)
    usable &= estimates <= float(preset.estimated_share) * before.size
    if rule.kind is AdjustmentKind.ADDITIVE:
        moved = _add(rule, plain, metered.mean(axis=1) - usual.mean(axis=1))
    else:
        moved = _scale(rule, plain, metered.sum(axis=1), usual.sum(axis=1))
    return np.where(usable[:, None], moved, plain)


def _add(rule: Adjustment, plain: Floats, addend: Floats) -> Floats:
    added = np.broadcast_to(float(rule.shrink) * addend[:, None], plain.shape)
    if rule.share is not None:
        bound = float(rule.share) * np.abs(plain)
        added = np.clip(added, -bound, bound)
    # Never turning use into feeding the grid.
    return plain + np.where(plain >= 0, np.maximum(added, -plain), added)


def _scale(rule: Adjustment, plain: Floats, metered: Floats, usual: Floats) -> Floats:
    assert rule.low is not None
    assert rule.high is not None
    factor = np.where(usual > 0, metered / np.where(usual > 0, usual, 1), 1)
    applied = np.clip(1 + float(rule.shrink) * (factor - 1), float(rule.low), float(rule.high))
    return np.asarray(plain * np.where(usual > 0, applied, 1)[:, None])
