#!/usr/bin/env python3
"""Check one reward from its evidence file, on any computer: python verify_reward.py evidence.json

Plain Python 3.8 or newer, nothing to install, no network. This is a second way to the same cents, written apart from
the portal: it reads the file, does the whole sum again in exact fractions, and says in words what it checked.
Exit code: 0 if everything holds, 1 if something does not, 2 if the file cannot be read.

It is one long file on purpose: people download it, and whoever doubts a reward can read all of it from top to bottom.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple, Union

Data = Dict[str, Any]
Checks = List[Tuple[bool, str]]
Values = List[Optional[Fraction]]
Days = List[Data]
Shares = List[Tuple[Data, Fraction]]
Found = Tuple[Days, List[Fraction], Optional[List[Fraction]], Optional[Fraction], Optional[Fraction]]

FORMAT = "drportal-evidence-1"
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ZERO = Fraction(0)
ONE = Fraction(1)
SECTIONS = {
    "about": "whom and what it is about",
    "header": "event, prices, holidays and fingerprint of the rule",
    "rule": "the rule",
    "participant": "readings, left-out days and agreed power",
    "result": "the result",
    "ledger": "the postings",
}
NO_TERMS = {
    "floor": "EVENT", "pay_cap": "UP_TO_NOMINATION", "rate_per_kw": 0, "rate_per_kwh": 0, "flat_per_event": 0,
    "threshold_kwh": None, "threshold_amount": 0, "bonus_factor": None, "bonus_amount": 0, "penalty_per_kw": 0,
    "points_per_kwh": 0, "cap_per_event": None, "cap_per_season": None,
}  # fmt: skip
STRENGTH = ["EVENT", "TEST", "IDLE", "OUTAGE", "OTHER_HOLDER"]
OUTCOME = {reason: reason for reason in STRENGTH}
OUTCOME["EVENT"] = "EVENT_DAY"


# --- texts and numbers ---


def digest(data: Any) -> str:
    """The SHA-256 of the canonical text: sorted keys, no spaces, UTF-8."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def half_up(value: Fraction) -> int:
    """The nearest whole number, halves away from zero."""
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size


def cents(value: Union[int, Fraction]) -> Decimal:
    """The amount with two decimals, rounded once."""
    units = half_up(Fraction(value) * 100)
    return Decimal((int(units < 0), tuple(int(digit) for digit in str(abs(units))), -2))


def text(value: Optional[Fraction]) -> Optional[str]:
    """A fraction as "n/d"."""
    return None if value is None else f"{value.numerator}/{value.denominator}"


def number(value: Any) -> Any:
    """A fraction of "n/d" or of a decimal text; None stays None."""
    return None if value is None else Fraction(value)


def utc(moment_text: str) -> datetime:
    """The time of a text that ends in Z."""
    return datetime.strptime(moment_text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def day_of(day_text: str) -> date:
    """The day of an ISO text."""
    return datetime.strptime(day_text, "%Y-%m-%d").date()


# --- the local clock, from the offsets in the file ---


class Clock:
    """Local time of the program."""

    def __init__(self, offsets: List[Any]) -> None:
        self.offsets = [(utc(since), timedelta(seconds=seconds)) for since, seconds in offsets]

    def offset(self, moment: datetime) -> timedelta:
        found = self.offsets[0][1]
        for since, offset in self.offsets:
            if since <= moment:
                found = offset
        return found

    def wall(self, moment: datetime) -> datetime:
        return (moment + self.offset(moment)).replace(tzinfo=None)

    def day(self, moment: datetime) -> date:
        return self.wall(moment).date()

    def minute(self, moment: datetime) -> int:
        wall = self.wall(moment)
        return wall.hour * 60 + wall.minute

    def instants(self, day: date, minute: int) -> List[datetime]:
        """When the clock shows this minute of the day: once; twice or never at a change."""
        wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=timezone.utc)
        found = {wall - offset for _since, offset in self.offsets if self.offset(wall - offset) == offset}
        return sorted(found)


# --- the usual use ---


class Case:
    """The event laid out on the calendar, with the meter's readings."""

    def __init__(self, bundle: Data) -> None:
        event, self.rule, who = bundle["header"]["event"], bundle["rule"], bundle["participant"]
        self.clock = Clock(bundle["zone_offsets"])
        # Who stopped before an event that was made longer counts to an earlier end.
        self.start, self.end = utc(event["start"]), utc(who.get("until", event["end"]))
        self.notice = None if event["notice_at"] is None else utc(event["notice_at"])
        self.minutes = who["minutes"]
        self.day = self.clock.day(self.start)
        self.skipped = self._skipped(event)
        self.holidays = {day_of(day) for day in bundle["header"]["holidays"]}
        self.given_up = bundle["header"]["given_up"]
        self.excluded = {day_of(day): reason for day, reason in who["excluded"].items()}
        self.not_usual = {utc(start) for start in who.get("not_usual", {})}
        self.readings = {utc(start): (wh, estimated) for start, wh, estimated in who["readings"]}
        self.basis = who.get("basis")
        self.slots = self.starts(self.start, self.end)
        self.flags: Set[str] = set()
        self.window = self._window()
        self.type = self.day_type(self.day)
        self.day_rule = self.rule["business" if self.type == "BUSINESS" else "weekend"]
        self.most_estimated = number(self.rule["estimated_share"])

    def starts(self, start: datetime, end: datetime) -> List[datetime]:
        count = (end - start) // (self.minutes * MINUTE)
        return [start + place * self.minutes * MINUTE for place in range(count)]

    def _window(self) -> List[datetime]:
        adjustment = self.rule["adjustment"]
        if adjustment is None:
            return []
        opens = self.start - adjustment["opens_minutes_before"] * MINUTE
        length = adjustment["window_minutes"] * MINUTE
        if self.notice is not None and (opens < self.notice or self.clock.day(self.notice) == self.day):
            late = max(timedelta(0), opens + length - self.notice)
            if late:
                step = self.minutes * MINUTE
                opens -= -(-late // step) * step
                self.flags.add("WINDOW_MOVED_BEFORE_NOTICE")
        return self.starts(opens, opens + length)

    def _skipped(self, event: Data) -> int:
        """How many days right before the event people may have known of it on."""
        told = event.get("told_at") or event["notice_at"]
        ahead = self.rule.get("skips_told_day", False) and told is not None and self.clock.day(utc(told)) < self.day
        return max(int(self.rule["skip_days"]), int(ahead))

    def told_by(self, start: datetime) -> datetime:
        """When people first heard that this interval is one of the event."""
        told = self.basis.get("told", [])
        heard = [datetime.fromisoformat(at) for at, begin, end in told if utc(begin) <= start < utc(end)]
        return min(heard) if heard else self.notice or self.start

    def day_type(self, day: date) -> str:
        if day.weekday() < 5 and day not in self.holidays:
            return "BUSINESS"
        if self.rule["weekends"] == "TOGETHER":
            return "NON_BUSINESS"
        return "SATURDAY" if day.weekday() == 5 and day not in self.holidays else "SUNDAY"

    def groups(self, starts: List[datetime], day: date) -> List[List[datetime]]:
        """Per interval the instants with the same clock time, counted from another day."""
        shifts = [((self.clock.day(start) - self.day).days, self.clock.minute(start)) for start in starts]
        return [self.clock.instants(day + shift * DAY, minute) for shift, minute in shifts]

    def calendar(self, day: date, age: int) -> Optional[str]:
        """Why the calendar alone leaves the day out, or None."""
        if age <= self.skipped:
            return "SKIPPED_BY_NOTICE"
        if day in self.holidays:
            return "HOLIDAY"
        if self.day_type(day) != self.type:
            return "WEEKEND" if self.type == "BUSINESS" else "OTHER_DAY_TYPE"
        return None if any(self.groups(self.slots, day)) else "NO_SUCH_HOUR"

    def spoiled(self, day: date) -> Optional[str]:
        """Why the day was no ordinary one, or None."""
        shifts = {0} | {(self.clock.day(start) - self.day).days for start in self.slots + self.window}
        touched = [day + shift * DAY for shift in shifts if day + shift * DAY < self.day]
        reasons = [self.excluded[touch] for touch in touched if touch in self.excluded]
        return OUTCOME[max(reasons, key=STRENGTH.index)] if reasons else None

    def read(self, groups: List[List[datetime]]) -> Any:
        """The Wh of each clock time, or why they cannot be used."""
        flat: List[Any] = [self.readings.get(start) for group in groups for start in group]
        if None in flat:
            return "MISSING_READINGS"
        if sum(1 for _wh, estimated in flat if estimated) > self.most_estimated * len(flat):
            return "TOO_MANY_ESTIMATES"
        return [Fraction(sum(self.readings[s][0] for s in group), len(group)) if group else None for group in groups]

    def read_day(self, day: date) -> Any:
        slots, window = self.read(self.groups(self.slots, day)), self.read(self.groups(self.window, day))
        for refusal in ("MISSING_READINGS", "TOO_MANY_ESTIMATES"):
            if refusal in (slots, window):
                return refusal
        present = [wh for wh in slots if wh is not None]
        return {"day": day, "slots": slots, "window": window, "mean": sum(present, ZERO) / len(present), "event": False}

    def judge(self, day: date, age: int) -> Any:
        return self.calendar(day, age) or self.spoiled(day) or self.read_day(day)


def highest_first(found: Data) -> Tuple[Fraction, int]:
    """Most energy first, on a tie the more recent day."""
    return (-found["mean"], -found["day"].toordinal())


def walk(case: Case) -> Tuple[Days, Dict[date, str], Set[str]]:
    """The pool of days, most recent first, and why each other visited day is not in it."""
    low: Set[date] = set()
    while True:
        pool, refused, flags = walk_once(case, low)
        share = number(case.rule["low_usage_share"])
        bar = share * sum((day["mean"] for day in pool), ZERO) / len(pool) if share is not None and pool else ZERO
        found = {day["day"] for day in pool if day["mean"] < bar} if bar > 0 else set()
        if not found:
            break
        low |= found
    minimum = case.day_rule["minimum"]
    if len(pool) < minimum and case.rule["event_days_fallback"]:
        events = [case.read_day(day) for day, outcome in refused.items() if outcome == "EVENT_DAY"]
        usable = sorted((day for day in events if isinstance(day, dict)), key=highest_first)
        if len(pool) + len(usable) >= minimum:
            for day in usable[: minimum - len(pool)]:
                day["event"] = True
                del refused[day["day"]]
                pool.append(day)
            pool.sort(key=lambda day: day["day"], reverse=True)
            flags.add("EVENT_DAYS_TAKEN")
    if len(pool) < case.day_rule["pool"]:
        flags.add("POOL_SHORT")
    return pool, refused, flags


def walk_once(case: Case, low: Set[date]) -> Tuple[Days, Dict[date, str], Set[str]]:
    """One pass over the days before the event."""
    pool: Days = []
    refused: Dict[date, str] = {}
    flags: Set[str] = set()
    for age in range(1, case.rule["days_back_extended"] + 1):
        if len(pool) == case.day_rule["pool"]:
            break
        if age > case.rule["days_back"] and "LOOKBACK_EXTENDED" not in flags:
            if len(pool) >= case.day_rule["minimum"]:
                break
            flags.add("LOOKBACK_EXTENDED")
        day = case.day - age * DAY
        found = "LOW_USAGE" if day in low else case.judge(day, age)
        if isinstance(found, dict):
            pool.append(found)
        else:
            refused[day] = found
    return pool, refused, flags


def choose(case: Case, pool: Days) -> Shares:
    """The days to average with their shares, in the order of their rank."""
    rule = case.day_rule
    if len(pool) < rule["minimum"]:
        return []
    ranked = pool if rule["select"] == "ALL" else sorted(pool, key=highest_first)
    if rule["select"] == "TOP":
        ranked = ranked[: rule["used"]]
    elif rule["select"] == "MIDDLE":
        drop = (rule["pool"] - rule["used"]) // 2
        ranked = ranked[drop : len(ranked) - drop]
    weights = [number(weight) for weight in rule["weights"]][: len(ranked)] or [ONE] * len(ranked)
    return [(day, weight / sum(weights)) for day, weight in zip(ranked, weights)]


def average(rows: List[Tuple[Values, Fraction]], count: int) -> Optional[List[Fraction]]:
    """The weighted mean of each clock time over the days that have it; None if one is on no day."""
    means = []
    for place in range(count):
        present: List[Any] = [(values[place], weight) for values, weight in rows if values[place] is not None]
        if not present:
            return None
        means.append(sum((wh * weight for wh, weight in present), ZERO) / sum(weight for _wh, weight in present))
    return means


def adjust(case: Case, plain: List[Fraction], usual: Optional[List[Fraction]]) -> Tuple[Any, ...]:
    """The slots after the comparison with the hours before the event, the factor found and the one applied."""
    rule = case.rule["adjustment"]
    if rule is None:
        return plain, None, None
    is_ratio = rule["kind"] == "RATIO"
    actual = case.read([[start] for start in case.window])
    if isinstance(actual, str) or usual is None:
        case.flags.add("WINDOW_INCOMPLETE")
        return plain, None, Fraction(int(is_ratio))
    if case.not_usual & set(case.window):
        case.flags.add("WINDOW_NOT_USUAL")
        return plain, None, Fraction(int(is_ratio))
    metered, expected = sum(actual, ZERO), sum(usual, ZERO)
    shrink = number(rule.get("shrink", "1/1"))
    if not is_ratio:
        return add(case, rule, plain, (metered - expected) / len(usual), shrink)
    if expected <= 0:
        case.flags.add("WINDOW_BASELINE_NOT_POSITIVE")
        return plain, None, ONE
    raw = metered / expected
    believed = 1 + shrink * (raw - 1)
    applied = min(max(believed, number(rule["low"])), number(rule["high"]))
    if applied != believed:
        case.flags.add("ADJUSTMENT_CLAMPED")
    return [wh * applied for wh in plain], raw, applied


def add(case: Case, rule: Data, plain: List[Fraction], raw: Fraction, shrink: Fraction) -> Tuple[Any, ...]:
    """The slots with an amount added to each, within its share and never below zero."""
    share, moved = number(rule["share"]), []
    for wh in plain:
        amount = shrink * raw
        if share is not None:
            amount = min(max(amount, -share * abs(wh)), share * abs(wh))
        moved.append(wh + (max(amount, -wh) if wh >= 0 else amount))
    if any(after != before + shrink * raw for after, before in zip(moved, plain)):
        case.flags.add("ADJUSTMENT_CLAMPED")
    return moved, raw, (sum(moved, ZERO) - sum(plain, ZERO)) / len(plain)


def baseline(case: Case) -> Data:
    """Everything about the usual use, as the portal writes it down."""
    if case.rule.get("method") == "FORECAST":
        days, plain, settled, raw, applied = by_forecast(case)
    else:
        days, plain, settled, raw, applied = by_days(case)
    if case.rule.get("method") == "CONTROL_GROUP":
        settled = by_control(case, plain)
    slots = [slot(case, *row) for row in zip(case.slots, plain, settled)] if settled else []
    if any(row["estimated"] for row in slots):
        case.flags.add("ESTIMATED_EVENT_READINGS")
    found: List[Any] = [case.readings.get(start) for start in case.slots]
    whole = None not in found
    missing = "UNMEASURED" if case.given_up else "DATA_PENDING"
    return {
        "status": "INSUFFICIENT_HISTORY" if not slots else "OK" if whole else missing,
        "days": days,
        "slots": slots,
        "adjustment_raw": text(raw),
        "adjustment_applied": text(applied),
        "actual_wh": sum(reading[0] for reading in found) if whole else None,
        "flags": sorted(case.flags),
    }


def by_days(case: Case) -> Found:
    """The mean of one's own days."""
    pool, refused, flags = walk(case)
    case.flags |= flags
    used = choose(case, pool)
    plain = average([(day["slots"], weight) for day, weight in used], len(case.slots)) if used else None
    settled, raw, applied = None, None, None
    if plain is not None:
        usual = average([(day["window"], weight) for day, weight in used], len(case.window))
        settled, raw, applied = adjust(case, plain, usual)
    return day_rows(pool, refused, used), plain or [], settled, raw, applied


def day_rows(pool: Days, refused: Dict[date, str], used: Shares) -> Days:
    """Every visited day with what became of it, most recent first."""
    ranks = {day["day"]: (rank, weight) for rank, (day, weight) in enumerate(used, start=1)}
    rows: List[Any] = [(day, outcome, None, None, None, False) for day, outcome in refused.items()]
    for day in pool:
        rank, weight = ranks.get(day["day"], (None, None))
        outcome = "USED" if rank else "NOT_SELECTED" if used else "KEPT"
        rows.append((day["day"], outcome, day["mean"], rank, weight, day["event"]))
    names = ("day", "outcome", "mean_wh", "rank", "weight", "event_day")
    rows.sort(key=lambda row: row[0], reverse=True)
    return [dict(zip(names, (d.isoformat(), o, text(m), r, text(w), e))) for d, o, m, r, w, e in rows]


def by_forecast(case: Case) -> Found:
    """The predictions that were made before people were told."""
    first = case.told_by(case.slots[0])
    known = {}
    for begin, wh, issued in case.basis["predictions"]:
        start = utc(begin)
        if datetime.fromisoformat(issued) <= (case.told_by(start) if start in case.slots else first):
            known[start] = Fraction(wh)
    if not all(start in known for start in case.slots):
        case.flags.add("PREDICTION_MISSING")
        return [], [], None, None, None
    plain = [known[start] for start in case.slots]
    usual = [known[start] for start in case.window] if all(start in known for start in case.window) else None
    settled, raw, applied = adjust(case, plain, usual)
    return [], plain, settled, raw, applied


def by_control(case: Case, plain: List[Fraction]) -> Optional[List[Fraction]]:
    """The use of the homes held out by lot, scaled to this home; None where it cannot be."""
    group, own = case.basis, sum(plain, ZERO)
    usual = number(group["usual_wh"])
    if group["members"] < case.rule["group_minimum"]:
        case.flags.add("GROUP_TOO_SMALL")
        return None
    if usual <= 0 or (plain and own <= 0):
        case.flags.add("SIZE_NOT_POSITIVE")
        return None
    return [load * own / usual for load in group["load_wh"]] if plain else None


def slot(case: Case, start: datetime, plain: Fraction, moved: Fraction) -> Data:
    """One interval of the event."""
    reading = case.readings.get(start)
    estimated = reading is not None and reading[1]
    settled = Fraction(half_up(moved)) if case.rule["rounding"] == "WH_PER_SLOT" else moved
    return {
        "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "unadjusted_wh": text(plain),
        "adjusted_wh": text(moved),
        "baseline_wh": text(settled),
        "actual_wh": None if reading is None else reading[0],
        "estimated": estimated,
        "counts": case.rule["estimated_slots"] == "COUNT" or not estimated,
    }


# --- the money ---


def floored(deltas: Iterable[Any], floor: str) -> Any:
    """The signed sum, losses in single intervals left out if the terms say so."""
    return sum((max(ZERO, delta) if floor == "INTERVAL" else delta for delta in deltas), ZERO)


class Pay:
    """The lines of one meter's event."""

    def __init__(self, bundle: Data, found: Data) -> None:
        who, header, event = bundle["participant"], bundle["header"], bundle["header"]["event"]
        told = header["terms"]
        # In a test nothing is paid.
        self.terms = dict(NO_TERMS, **({"floor": told.get("floor", "EVENT")} if event["is_test"] else told))
        self.found = found
        self.nominated = number(who["nomination_kw"])
        self.is_organization = who.get("organization", False)
        self.paid_before = Decimal(who.get("paid_before", "0.00"))
        self.wholesale = ZERO if event["is_test"] else number(header["wholesale_cost_per_kw"])
        self.hours = Fraction((utc(who.get("until", event["end"])) - utc(event["start"])) // MINUTE, 60)
        self.counted = [row for row in found["slots"] if row["counts"] and row["actual_wh"] is not None]
        self.is_measured = found["status"] == "OK"
        deltas: List[Any] = [number(row["baseline_wh"]) - row["actual_wh"] for row in self.counted]
        saved = floored(deltas, self.terms["floor"])
        self.performance: Any = saved if self.is_measured else None
        self.delivered: Any = max(ZERO, saved) if self.is_measured else ZERO
        self.room = self._room()

    def price(self, name: str) -> Fraction:
        return Fraction(self.terms[name] or 0)

    @property
    def factor(self) -> Any:
        """Mean kW over nominated kW."""
        if self.performance is None or not self.nominated:
            return None
        return self.performance / 1000 / self.hours / self.nominated

    @property
    def primary(self) -> str:
        return "energy" if self.price("rate_per_kwh") and not self.price("rate_per_kw") else "capacity"

    @property
    def pays_more_than_kw(self) -> bool:
        return any(
            self.price(name) for name in ("rate_per_kwh", "flat_per_event", "threshold_amount", "points_per_kwh")
        )

    def status(self) -> str:
        if not self.is_measured:
            return str(self.found["status"])
        if self.nominated:
            return "OK"
        only_kw = self.terms["pay_cap"] == "UP_TO_NOMINATION" and not self.pays_more_than_kw
        return "NO_NOMINATION" if only_kw or self.is_plain() else "OK"

    def is_plain(self) -> bool:
        extra = self.price("bonus_amount") or self.price("penalty_per_kw")
        capped = self.terms["cap_per_event"] is not None or self.terms["cap_per_season"] is not None
        up_to = self.terms["pay_cap"] == "UP_TO_NOMINATION"
        return up_to and not self.pays_more_than_kw and not extra and not capped

    def _room(self) -> List[Decimal]:
        """What the caps leave, in whole cents."""
        room = []
        if self.terms["cap_per_event"] is not None:
            room.append(whole_cents(self.terms["cap_per_event"]))
        if self.terms["cap_per_season"] is not None:
            room.append(max(Decimal("0.00"), whole_cents(self.terms["cap_per_season"]) - self.paid_before))
        return room

    def payable(self) -> Tuple[Fraction, Fraction]:
        """(Wh, kW) that may be paid, after the pay cap."""
        wh = self.delivered
        if self.terms["pay_cap"] == "UP_TO_SITE_LOAD":
            rows: List[Any] = [max(ZERO, number(row["baseline_wh"])) - max(0, row["actual_wh"]) for row in self.counted]
            wh = min(wh, max(ZERO, floored(rows, self.terms["floor"])))
        kw = wh / 1000 / self.hours
        if self.terms["pay_cap"] != "UP_TO_NOMINATION":
            return wh, kw
        if self.nominated is None:
            return wh, ZERO
        if kw <= self.nominated:
            return wh, kw
        return (self.nominated * self.hours * 1000 if self.nominated else wh), self.nominated

    def take(self, quantity: Fraction, price: Fraction) -> Decimal:
        """The amount of a line, as far as the caps leave room."""
        amount = min([cents(quantity * price), *self.room])
        self.room = [room - amount for room in self.room]
        return amount

    def lines(self) -> Tuple[List[Tuple[str, Decimal]], int]:
        """(kind, amount) of each line, and the points."""
        if not self.is_measured:
            return [(self.primary, cents(0))], 0
        wh, kw = self.payable()
        kwh = wh / 1000
        is_energy = self.primary == "energy"
        first = self.take(kwh, self.price("rate_per_kwh")) if is_energy else self.take(kw, self.price("rate_per_kw"))
        lines = [(self.primary, first)]
        if wh > 0:
            lines += self.further(kwh, kw)
        lines += self.penalty()
        points = kwh * self.price("points_per_kwh")
        return lines, points.numerator // points.denominator

    def further(self, kwh: Fraction, kw: Fraction) -> List[Tuple[str, Decimal]]:
        found = []
        if self.primary == "capacity" and self.price("rate_per_kwh"):
            found.append(("energy", self.take(kwh, self.price("rate_per_kwh"))))
        bar = self.terms["threshold_kwh"]
        if self.price("threshold_amount") and bar is not None and kwh >= Fraction(bar):
            found.append(("threshold", self.take(ONE, self.price("threshold_amount"))))
        if self.price("bonus_amount") and self.terms["bonus_factor"] is not None and self.nominated:
            is_cut = self.terms["pay_cap"] == "UP_TO_SITE_LOAD"
            if (kw / self.nominated if is_cut else self.factor) >= Fraction(self.terms["bonus_factor"]):
                found.append(("bonus", self.take(ONE, self.price("bonus_amount"))))
        if self.price("flat_per_event"):
            found.append(("flat", self.take(ONE, self.price("flat_per_event"))))
        return found

    def penalty(self) -> List[Tuple[str, Decimal]]:
        if not (self.is_organization and self.price("penalty_per_kw") and self.nominated):
            return []
        if not all(row["counts"] for row in self.found["slots"]):
            return []
        missing = self.nominated - min(self.delivered / 1000 / self.hours, self.nominated)
        amount = cents(-missing * self.price("penalty_per_kw"))
        return [("penalty", amount)] if amount else []


def whole_cents(amount: str) -> Decimal:
    """A cap in whole cents, rounded down."""
    return Decimal(int(Fraction(amount) * 100 // 1)) / 100


def recompute(bundle: Data) -> Data:
    """The result that the inputs of the file give."""
    found = baseline(Case(bundle))
    pay = Pay(bundle, found)
    lines, points = pay.lines()
    delivered_kw = pay.delivered / 1000 / pay.hours
    usual = sum((number(row["baseline_wh"]) for row in found["slots"]), ZERO) if found["slots"] else None
    return {
        "status": pay.status().lower(),
        "usual": found,
        "baseline_wh": text(usual),
        "performance_wh": text(pay.performance),
        "performance_factor": text(pay.factor),
        "delivered_wh": half_up(pay.delivered),
        "demand_savings": str(cents(delivered_kw * pay.wholesale)),
        "lines": [{"kind": kind, "credit": f"{amount:.2f}"} for kind, amount in lines],
        "points": points,
        "total": f"{sum((amount for _kind, amount in lines), Decimal(0)):.2f}",
    }


# --- the checks ---


def check(bundle: Data) -> Tuple[Checks, Data]:
    """(whether it holds, what was checked) of each check, and the result."""
    checks = []
    for name, words in SECTIONS.items():
        holds = digest(bundle[name]) == bundle["fingerprints"].get(name)
        checks.append((holds, f"Unchanged since it was made: {words}"))
    sealed = {key: value for key, value in bundle.items() if key != "sha256"}
    checks.append((digest(sealed) == bundle["sha256"], "The file as a whole has its fingerprint"))
    frozen = digest(bundle["rule"]) == bundle["header"]["rule_sha256"]
    checks.append((frozen, "The rule is the one that the program's terms froze"))
    checks += chain(bundle)
    checks += clock(bundle)
    result = recompute(bundle)
    checks += same(result, bundle["result"])
    checks += postings(bundle)
    return checks, result


def chain(bundle: Data) -> Checks:
    """The inputs' fingerprints, from this line to the run."""
    told, line = bundle["chain"], digest(bundle["participant"])
    root = line
    for side, other in told["path"]:
        pair = other + root if side == "left" else root + other
        root = hashlib.sha256(pair.encode("utf-8")).hexdigest()
    run = digest({"header": bundle["header"], "participants": root})
    # A correction that was taken back has the same inputs twice; the second fingerprint holds the run's number.
    known = (run, digest({"inputs": run, "run": told["run"]}))
    return [
        (line == told["line_sha256"], "Readings and agreed power are those that the settlement looked at"),
        (told["run_sha256"] in known, "They belong to the whole settlement, whose fingerprint follows from them"),
    ]


def clock(bundle: Data) -> Checks:
    """The offsets in the file against this computer's own, where it has them."""
    try:
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(bundle["header"]["event"]["zone"])
    except Exception:  # Python 3.8, or no table of zones: the file's own offsets are used.
        return []
    offsets = [(utc(since), seconds) for since, seconds in bundle["zone_offsets"]]
    good = all(since.astimezone(zone).utcoffset() == timedelta(seconds=seconds) for since, seconds in offsets)
    return [(good, f"The local clock of {zone} is this computer's")]


def same(result: Data, told: Data) -> Checks:
    """The recomputed result against the one in the file, part by part."""
    parts = {
        "Days that count and days left out": ("usual", "days"),
        "Usual use and use in each interval": ("usual", "slots"),
        "Comparison with the hours before the event": ("usual", "adjustment_applied"),
        "Amount of each line": ("lines",),
        "Points": ("points",),
    }
    found = []
    for words, path in parts.items():
        mine, theirs = result, told
        for key in path:
            mine, theirs = mine[key], theirs[key]
        found.append((mine == theirs, f"{words}: the same by our own sum"))
    found.append((result == told, "Everything else in the result: the same by our own sum"))
    return found


def postings(bundle: Data) -> Checks:
    """The ledger's entries of this meter and event against the amounts."""
    if not bundle["ledger"]:
        return []
    owed = sum((Decimal(entry["amount"]) for batch in bundle["ledger"] for entry in batch["entries"]), Decimal(0))
    return [(f"{owed:.2f}" == bundle["result"]["total"], "What was posted to the account is the amount")]


def main(arguments: List[str]) -> int:
    """Exit code."""
    if len(arguments) != 2 or arguments[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    try:
        with open(arguments[1], encoding="utf-8") as stream:
            bundle = json.load(stream)
        if bundle["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        checks, result = check(bundle)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        print(f"This evidence cannot be checked: {type(error).__name__}: {error}")
        return 2
    for holds, words in checks:
        print(f"{'ok   ' if holds else 'FAILS'}  {words}")
    about = bundle["about"]
    print(f"\nMeter {about['meter']}, {about['program']}, {about['when']}")
    for line in result["lines"]:
        print(f"{line['kind']:<12} {line['credit']} {about['currency']}")
    print(f"{'together':<12} {result['total']} {about['currency']}")
    if result["points"]:
        print(f"{'points':<12} {result['points']}")
    print(f"SHA-256 of the result: {digest(result)}")
    wrong = [words for holds, words in checks if not holds]
    told = f"NOT VERIFIED. {len(wrong)} of {len(checks)} checks fail." if wrong else "Everything holds."
    print(f"\n{told}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
