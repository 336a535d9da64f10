"""Texts of files and requests turned into seconds and watt-hours, exactly."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any

from common.intervals import parse_local
from common.units import W_PER_UNIT, WH_PER_UNIT, BadQuantity, parse_energy_wh

_PLAIN = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,3}))?", re.ASCII)
# A short exponent only: the exact fraction of 1e-999999999 would not fit into memory.
_NUMBER = re.compile(r"[+-]?(\d{1,30}\.?\d{0,30}|\.\d{1,30})([eE][+-]?\d{1,2})?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_CACHE_SIZE = 200_000
# What a column of values may be in: energy of the interval, or mean power over it.
VALUE_UNITS = (*WH_PER_UNIT, *W_PER_UNIT)


def energy_wh(text: str, unit: str = "kWh", seconds: int = 3600) -> int:
    """Whole Wh of a decimal text, halves away from zero; a mean power is that of so many seconds.

    Raises:
        BadQuantity: It is no number; the text says what is wrong with it.

    >>> energy_wh("0.412"), energy_wh("-18.0235"), energy_wh("7", "Wh")
    (412, -18024, 7)
    """
    if unit == "kWh" and (match := _PLAIN.fullmatch(text)):
        sign, whole, part = match.groups()
        size = int(whole) * 1000 + (int(part.ljust(3, "0")) if part else 0)
        return -size if sign else size
    cleaned = text.strip()
    if not cleaned:
        raise BadQuantity("the value is empty")
    if _COMMA.fullmatch(cleaned):
        raise BadQuantity(f"“{cleaned[:40]}” has a decimal comma; write {cleaned[:40].replace(',', '.')}")
    if not _NUMBER.fullmatch(cleaned):
        raise BadQuantity(f"“{cleaned[:40]}” is not a number")
    return parse_energy_wh(cleaned, unit=unit, seconds=seconds)


def known_unit(name: str, units: Iterable[str] = WH_PER_UNIT) -> str:
    """The unit's own spelling; of energy, unless others are taken, too.

    Raises:
        BadQuantity: There is no such unit.
    """
    for unit in units:
        if unit.lower() == name.lower():
            return unit
    raise BadQuantity(f"There is no unit “{name}”; use one of {', '.join(units)}.")


def time_text(seconds: int) -> str:
    """ISO 8601 in UTC with Z.

    >>> time_text(0)
    '1970-01-01T00:00Z'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%MZ}"


class Clock:
    """Reads times on one zone's clock and remembers them: files repeat each time once per meter."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._starts: dict[str, int] = {}
        self._ends: dict[str, frozenset[int]] = {}

    def start(self, text: str) -> int:
        """Seconds since 1970 UTC.

        Raises:
            ValueError: It is no time, has parts of a second, or falls into the hour of a clock change.
        """
        seconds = self._starts.get(text)
        if seconds is None:
            seconds = _seconds(parse_local(_with_time(text), self.zone))
            _remember(self._starts, text, seconds)
        return seconds

    def ends(self, text: str) -> frozenset[int]:
        """The instants that this end can mean: two in a repeated hour, for the start tells which.

        Raises:
            ValueError: It is no time.
        """
        found = self._ends.get(text)
        if found is None:
            found = frozenset(self._instants(text))
            _remember(self._ends, text, found)
        return found

    def first_end(self, text: str) -> int:
        """The earlier instant that this end can mean."""
        return min(self.ends(text))

    def last_end(self, text: str) -> int:
        """The later one."""
        return max(self.ends(text))

    def _instants(self, text: str) -> set[int]:
        cleaned = _with_time(text)
        try:
            moment = datetime.fromisoformat(cleaned)
        except ValueError:
            return {_seconds(parse_local(cleaned, self.zone))}
        if moment.tzinfo is not None:
            return {_seconds(moment)}
        # In a skipped hour both readings lead to the instant of the change, written either way by utilities.
        return {_seconds(moment.replace(tzinfo=self.zone, fold=fold)) for fold in (0, 1)}


class OffsetClock(Clock):
    """Reads times that say their offset from UTC themselves, and refuses those that do not."""

    def start(self, text: str) -> int:
        """Seconds since 1970 UTC.

        Raises:
            ValueError: It is no time, has no offset or has parts of a second.
        """
        seconds = self._starts.get(text)
        if seconds is None:
            seconds = _seconds(_with_offset(text))
            _remember(self._starts, text, seconds)
        return seconds

    def _instants(self, text: str) -> set[int]:
        return {_seconds(_with_offset(text))}


def _with_offset(text: str) -> datetime:
    cleaned = text.strip()
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError:
        raise ValueError(f"“{cleaned[:40]}” is not a time like 2026-07-22T16:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"“{cleaned[:40]}” has no zone; add Z or the offset from UTC")
    return moment


def _remember(cache: dict[str, Any], text: str, value: Any) -> None:
    if len(cache) >= _CACHE_SIZE:
        cache.clear()
    cache[text] = value


def _with_time(text: str) -> str:
    cleaned = text.strip()
    if not cleaned:
        raise ValueError("the time is empty")
    if len(cleaned) < 12:
        raise ValueError(f"“{cleaned}” has no time of day; write it like 2026-07-22T16:00")
    return cleaned


def _seconds(moment: datetime) -> int:
    if moment.microsecond:
        raise ValueError(f"“{moment.isoformat()}” has parts of a second")
    return int(moment.timestamp())
