"""NEM12, the Australian market's file of interval data.

Record 200 names a meter (NMI) and one of its channels, each 300 one day of it: values in order from 00:00 at UTC+10,
whatever the season. E channels flow from the grid, B channels to it; all of a meter together are its readings, net.

The NMI is the meter's number, with or without its check digit: NMI0000001 and the same with an eleventh sign
are one meter, whichever the portal knows and whichever the file says. Suffixes (E1, N1) and serials are not used.

Source: AEMO, Meter Data File Format Specification NEM12 & NEM13.
Deviation: the days of a channel may come in any order.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from meters.formats.base import ESTIMATED, MEASURED, Batch, Column, Context, KnownMeter, RowProblem, Rows, column
from meters.formats.lines import Lines
from meters.formats.sources import WRONG_VALUE
from meters.formats.values import energy_wh, known_unit

_MINUTES = ("5", "15", "30")
_ZONE = timezone(timedelta(hours=10))
# S, F and E are the market's substitutes and estimates: never paid. N says that there is no value at all.
_QUALITIES = {"A": MEASURED, "S": ESTIMATED, "F": ESTIMATED, "E": ESTIMATED}
_NOTHING = -1
_MAX_IGNORED = 50
_MAX_VALUES = 3_000_000  # ten years of five minutes in three channels


def recognises_nem12(first: str) -> bool:
    """Whether the first record is a NEM12 header."""
    return first.replace('"', "").replace(" ", "").upper().startswith("100,NEM12")


def read_nem12(lines: Lines, context: Context) -> Iterator[Batch]:
    """The readings, a batch per meter.

    Raises:
        UnreadableFile: It is cut off (no 900 at its end), or --meter is given and it holds several meters.
    """
    yield from _Reader(lines, context).batches()


def check_digit(nmi: str) -> str:
    """The eleventh sign of an NMI of ten.

    Source: AEMO, National Metering Identifier Procedure, Appendix (a Luhn sum over the codes of the signs).

    >>> check_digit("2001985732"), check_digit("QAAAVZZZZZ")
    ('8', '3')
    """
    total = 0
    for place, sign in enumerate(reversed(nmi)):
        code = ord(sign) * (2 if place % 2 == 0 else 1)
        total += sum(map(int, str(code)))
    return str(-total % 10)


@dataclass
class _Day:
    """One channel's values of one day: Wh, and a quality each (-1: there is none)."""

    row: int
    energies: Column
    qualities: Column
    varies: bool
    told: int = 0


@dataclass
class _Channel:
    """What a 200 record announces."""

    name: str
    unit: str
    minutes: int
    days: dict[str, _Day] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many values a day has."""
        return 1440 // self.minutes


@dataclass
class _Nmi:
    """One meter while its records come in."""

    number: str
    row: int
    channels: list[_Channel] = field(default_factory=list)


class _Reader:
    """Reads records in their order; `channel` and `day` are the ones that the next record belongs to."""

    def __init__(self, lines: Lines, context: Context) -> None:
        self.lines, self.context = lines, context
        self.rows = Rows()
        self.nmi: _Nmi | None = None
        self.channel: _Channel | None = None
        self.day: _Day | None = None
        self.numbers: set[str] = set()
        self.ignored: Counter[str] = Counter()
        self.empty = self.held = 0

    def batches(self) -> Iterator[Batch]:
        """Everything, in batches."""
        ended = False
        for cells in self._records():
            kind = cells[0]
            if kind == "200":
                if self.nmi and self.nmi.number != _cell(cells, 1)[:60]:
                    yield self._finished()
                self._open(cells)
            elif kind in _STEPS:
                _STEPS[kind](self, cells)
            elif kind not in ("100", "500", "900"):
                self._problem("", f"“{kind[:20]}” is no record of NEM12")
            ended = kind == "900"
        if not ended:
            raise self.lines.refusal("is cut off: its last record, 900, is missing")
        yield self._finished(last=True)

    def _records(self) -> Iterator[list[str]]:
        try:
            for cells in csv.reader(self.lines):
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield stripped
        except csv.Error as problem:
            raise self.lines.refusal(f"cannot be split into columns (row {self.lines.number}: {problem})") from None

    def _open(self, cells: list[str]) -> None:
        number, self.channel, self.day = _cell(cells, 1)[:60], None, None
        if self.nmi is None or self.nmi.number != number:
            if self.context.meter and self.numbers - {number}:
                raise self.lines.refusal("holds several meters; leave out --meter")
            if number in self.numbers:
                self._problem("", "the meter comes again after another one; its records must stand together")
            self.numbers.add(number)
            self.nmi = _Nmi(number, self.lines.number)
        name, unit, minutes = _cell(cells, 4).upper(), _cell(cells, 7), _cell(cells, 8)
        if name[:1] not in ("E", "B") or unit.lower() not in ("kwh", "wh", "mwh"):
            if len(self.ignored) < _MAX_IGNORED:
                self.ignored[f"{name[:10]} ({unit[:10]})"] += 1
            self.channel = _Channel("", "", 1)
        elif minutes not in _MINUTES:
            self._problem("", f"intervals of “{minutes[:10]}” minutes; NEM12 has 5, 15 or 30")
        else:
            self.channel = self._channel(self.nmi, _Channel(name, known_unit(unit), int(minutes)))

    def _channel(self, nmi: _Nmi, announced: _Channel) -> _Channel:
        """A channel is announced again where its meter was changed: it is still the same series."""
        for known in nmi.channels:
            if (known.name, known.minutes) == (announced.name, announced.minutes):
                known.unit = announced.unit
                return known
        nmi.channels.append(announced)
        return announced

    def _take_day(self, cells: list[str]) -> None:
        self.day = None
        if self.channel is None:
            self._problem(_cell(cells, 1), "values without a usable 200 record before them")
        elif self.channel.name:
            try:
                self.day = self._day_of(cells, self.channel)
            except WRONG_VALUE as problem:
                self._problem(_cell(cells, 1), str(problem).rstrip(".")[:200])

    def _day_of(self, cells: list[str], channel: _Channel) -> _Day:
        date, count = cells[1] if len(cells) > 1 else "", channel.count
        _midnight(date)
        if date in channel.days:
            raise ValueError(f"gives {channel.name} of this day again; row {channel.days[date].row} is used")
        if len(cells) < count + 3:
            raise ValueError(f"has {max(len(cells) - 2, 0)} values; a day of {channel.minutes} minutes has {count}")
        method = cells[count + 2]
        if method[:1] not in (*_QUALITIES, "N", "V"):
            raise ValueError(f"“{method[:20]}” stands where the quality of {count} values is expected")
        missing = method[:1] == "N"
        values = [0] * count if missing else [energy_wh(cell, channel.unit) for cell in cells[2 : count + 2]]
        quality = _QUALITIES.get(method[:1], _NOTHING)
        day = _Day(self.lines.number, column(values), np.full(count, quality, np.int64), method[:1] == "V")
        channel.days[date] = day
        self.held += count
        if self.held > _MAX_VALUES:
            raise self.lines.refusal(f"holds more than {_MAX_VALUES:,} values of one meter; split it")
        return day

    def _take_qualities(self, cells: list[str]) -> None:
        if self.day is None or not self.day.varies:
            return
        first, last, method = _cell(cells, 1), _cell(cells, 2), _cell(cells, 3)[:1]
        count = len(self.day.energies)
        if not (first.isdecimal() and last.isdecimal() and 1 <= int(first[:4]) <= int(last[:4]) <= count):
            self._problem("", f"“{first[:10]}” to “{last[:10]}” is no range of the {count} values")
        elif method not in (*_QUALITIES, "N"):
            self._problem("", f"“{method}” is no quality of NEM12")
        else:
            self.day.qualities[int(first) - 1 : int(last)] = _QUALITIES.get(method, _NOTHING)
            self.day.told += int(last) - int(first) + 1

    def _finished(self, *, last: bool = False) -> Batch:
        nmi, rows = self.nmi, self.rows
        self.nmi, self.rows, self.held = None, Rows(), 0
        parts = [rows.batch()]
        if nmi:
            parts[0] = self._net(nmi, rows)
        if last:
            parts[0].notes.extend(self._notes())
        return parts[0]

    def _net(self, nmi: _Nmi, rows: Rows) -> Batch:
        dates = sorted({date for channel in nmi.channels for date in channel.days})
        meter = self._meter(nmi.number)
        if meter is None:
            rows.unknown[nmi.number[:60]] += sum(max(c.count for c in nmi.channels) for _ in dates)
            return rows.batch()
        found = [part for date in dates if (part := self._net_day(nmi, meter, date, rows)) is not None]
        batch = rows.batch()
        if found:
            columns = [np.concatenate(each) for each in zip(*found, strict=True)]
            batch.rows, batch.starts, batch.energies_wh, batch.qualities = columns
            batch.meter_ids = np.full(len(batch.rows), meter.id, np.int64)
        return batch

    def _net_day(self, nmi: _Nmi, meter: KnownMeter, date: str, rows: Rows) -> tuple[Column, ...] | None:
        days = [(channel, channel.days.get(date)) for channel in nmi.channels]
        row = min(day.row for _, day in days if day)
        problem = _day_problem(nmi, meter, date)
        if problem:
            rows.problems.append(RowProblem(row, nmi.number[:40], date, problem))
            return None
        count = 1440 // meter.minutes
        net, worst, there = np.zeros(count, np.int64), np.zeros(count, np.int64), np.ones(count, np.bool_)
        for channel, day in days:
            assert day is not None
            net += day.energies if channel.name.startswith("E") else -day.energies
            worst = np.maximum(worst, day.qualities)
            there &= day.qualities != _NOTHING
        self.empty += count - int(there.sum())
        starts = _midnight(date) + np.arange(count) * meter.minutes * 60
        return np.full(count, row)[there], starts[there], net[there], worst[there]

    def _meter(self, number: str) -> KnownMeter | None:
        if self.context.meter:
            return self.context.meters.get(self.context.meter)
        spellings = [number]
        if len(number) == 10:
            spellings.append(number + check_digit(number))
        if len(number) == 11 and check_digit(number[:10]) == number[10]:
            spellings.append(number[:10])
        return next((self.context.meters[each] for each in spellings if each in self.context.meters), None)

    def _notes(self) -> list[str]:
        notes = []
        if self.ignored:
            notes.append(f"Channels not used: {', '.join(sorted(self.ignored))[:200]}.")
        if self.empty:
            notes.append(f"{self.empty:,} intervals are marked as without a value (quality N) and left as gaps.")
        return notes

    def _problem(self, start: str, sentence: str) -> None:
        number = self.nmi.number[:40] if self.nmi else ""
        self.rows.problems.append(RowProblem(self.lines.number, number, start[:40], sentence))


_STEPS = {"300": _Reader._take_day, "400": _Reader._take_qualities}


def _day_problem(nmi: _Nmi, meter: KnownMeter, date: str) -> str:
    for channel in nmi.channels:
        day = channel.days.get(date)
        if channel.minutes != meter.minutes:
            return f"lasts {channel.minutes} minutes; the meter has intervals of {meter.minutes}"
        if day is None:
            return f"the channel {channel.name} has no values of this day, so the net energy is not known"
        if day.varies and day.told != channel.count:
            return f"the 400 records of {channel.name} tell the quality of {day.told} of {channel.count} values"
    return ""


def _midnight(date: str) -> int:
    if not (len(date) == 8 and date.isdecimal() and date.isascii()):
        raise ValueError(f"“{date[:20]}” is not a day like 20260722")
    try:
        day = datetime(int(date[:4]), int(date[4:6]), int(date[6:]), tzinfo=_ZONE)
    except ValueError:
        raise ValueError(f"“{date}” is not a day like 20260722") from None
    return int(day.astimezone(UTC).timestamp())


def _cell(cells: list[str], at: int) -> str:
    return cells[at] if len(cells) > at else ""
