"""The meters of a file while it is read, and the exact way to read one value: its errors are what people see."""

from datetime import tzinfo
from typing import NamedTuple

from common.errors import PortalError
from meters.formats.base import CORRECTED, ESTIMATED, MEASURED, Context, KnownMeter, RowProblem, Rows
from meters.formats.values import Clock, energy_wh, time_text

WRONG_VALUE = (PortalError, ValueError, OverflowError)
QUALITIES = {"": MEASURED, "measured": MEASURED, "corrected": CORRECTED, "estimated": ESTIMATED}


class Source(NamedTuple):
    """One meter while a file is read: `seconds` is the length of its intervals."""

    id: int
    seconds: int
    clock: Clock


class Texts(NamedTuple):
    """One row as it is written; an empty `end` says nothing, and neither does an empty `quality`."""

    name: str
    start: str
    value: str
    end: str = ""
    quality: str = ""


class Sources:
    """The meters of a file by number; those of one zone share a clock of this kind."""

    def __init__(self, context: Context, kind: type[Clock] = Clock) -> None:
        self._context, self._kind = context, kind
        self._clocks: dict[tzinfo, Clock] = {}
        self._known: dict[str, Source | None] = {}

    def get(self, number: str) -> Source | None:
        """The meter of this number, or None where there is none."""
        if number not in self._known:
            meter = self._context.meters.get(number)
            if meter is None:
                return None
            self._known[number] = self._source(meter)
        return self._known[number]

    def _source(self, meter: KnownMeter) -> Source:
        zone = self._context.zone or meter.zone
        return Source(meter.id, meter.minutes * 60, self._clocks.setdefault(zone, self._kind(zone)))


def take(rows: Rows, number: int, texts: Texts, sources: Sources, unit: str) -> None:
    """Keeps one value, or tells what is wrong with it."""
    source = sources.get(texts.name)
    if source is None:
        count_unknown(rows, number, texts.name)
        return
    try:
        start = source.clock.start(texts.start)
        if texts.end:
            check_end(source, start, texts.end)
        wh = energy_wh(texts.value, unit, source.seconds)
        rows.add(number, source.id, start, wh, quality_of(texts.quality))
    except WRONG_VALUE as problem:
        rows.problems.append(problem_of(number, texts.name, texts.start, problem))


def check_end(source: Source, start: int, text: str) -> None:
    """Nothing, if the interval has the length of the meter's.

    Raises:
        ValueError: It has not.
    """
    ends = source.clock.ends(text)
    if start + source.seconds in ends:
        return
    minutes = (min(ends) - start) // 60
    if minutes <= 0:
        raise ValueError(f"the end {time_text(min(ends))} is not after the start")
    raise ValueError(f"lasts {minutes} minutes; the meter has intervals of {source.seconds // 60}")


def quality_of(text: str) -> int:
    """The number of a quality's name; without one the value is measured.

    Raises:
        ValueError: There is no such quality.
    """
    found = QUALITIES.get(text.strip().lower())
    if found is None:
        raise ValueError(f"the quality “{text.strip()[:40]}” is neither measured nor estimated")
    return found


def count_unknown(rows: Rows, number: int, name: str) -> None:
    """Counts a value of a meter that is not here."""
    if name:
        rows.unknown[name[:60]] += 1
    else:
        rows.problems.append(RowProblem(number, "", "", "the meter is missing"))


def problem_of(number: int, name: str, start: str, problem: Exception) -> RowProblem:
    """The row with the error's sentence."""
    return RowProblem(number, name[:40], start.strip()[:40], str(problem).rstrip(".")[:200])
