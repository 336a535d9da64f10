"""The entries of a Green Button (ESPI) feed: usage points, their series of values, and what the values are.

Source: NAESB REQ.21 ESPI, whose resources point at each other by the links of their Atom entries.
"""

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from meters.formats.lines import Lines
from meters.formats.xml_stream import XmlStream

ATOM, ESPI = "http://www.w3.org/2005/Atom", "http://naesb.org/espi"
_MAX_ENTRIES = 10_000
_MAX_READINGS = 5_000_000
_MAX_HREF = 1_000
_MAX_TITLE = 200
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)  # values are Int48
_RESOURCES = ("UsagePoint", "MeterReading", "ReadingType", "IntervalBlock")
_READING = ("value", "quality")
_TYPE = (
    "accumulationBehaviour", "commodity", "dataQualifier", "defaultQuality", "flowDirection", "intervalLength",
    "powerOfTenMultiplier", "uom",
)  # fmt: skip


@dataclass
class Values:
    """Interval readings as columns: their number in the file, start, seconds, value and worst quality.

    A reading without a time of its own has the start of its block and, as negative `seconds`, its place in it from 1.
    A quality of -1 was not said; `broken` are the numbers of readings that say no whole number.
    """

    rows: "array[int]" = field(default_factory=lambda: array("q"))
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    seconds: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[int]" = field(default_factory=lambda: array("q"))
    qualities: "array[int]" = field(default_factory=lambda: array("b"))
    broken: list[int] = field(default_factory=list)

    def add(self, row: int, start: int, seconds: int, value: int, quality: int) -> None:
        """Keeps one reading."""
        self.rows.append(row)
        self.starts.append(start)
        self.seconds.append(seconds)
        self.values.append(value)
        self.qualities.append(quality)

    def extend(self, other: "Values") -> None:
        """Takes those of another block."""
        for name in ("rows", "starts", "seconds", "values", "qualities", "broken"):
            getattr(self, name).extend(getattr(other, name))


@dataclass
class Entry:
    """One entry of the feed: which resource it holds, its links and, of a reading type or usage point, its codes."""

    kind: str = ""
    title: str = ""
    self_link: str = ""
    up: str = ""
    related: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    values: Values | None = None

    def code(self, name: str, default: int = 0) -> int:
        """A whole number that the resource says.

        Raises:
            ValueError: It says something else.
        """
        return _whole(self.codes.get(name) or str(default))


@dataclass
class Feed:
    """All entries of a file; `blocks` are the values by the link of the series that they belong to."""

    usage_points: list[Entry] = field(default_factory=list)
    meter_readings: list[Entry] = field(default_factory=list)
    reading_types: list[Entry] = field(default_factory=list)
    blocks: dict[str, Values] = field(default_factory=dict)
    count: int = 0


def read_feed(lines: Lines) -> Feed:
    """Everything that a Green Button file says about energy.

    Raises:
        UnreadableFile: It is no such file.
    """
    return _Collector(lines).feed


class _Collector:
    """Builds the feed while the elements come in: `path` are the local names from the root."""

    def __init__(self, lines: Lines) -> None:
        self.lines, self.feed = lines, Feed()
        self.path: list[str] = []
        self.entry = Entry()
        self.block_start = 0
        self.order = 0
        self.reading: dict[str, str] = {}
        self.quality = -1
        XmlStream(lines, self._start, self._end).read()
        if not self.feed.blocks:
            raise lines.refusal("holds no interval readings of Green Button (ESPI)")

    def _start(self, name: str, attributes: Mapping[str, str]) -> bool:
        space, _, local = name.rpartition(" ")
        if not self.path and (space != ATOM or local not in ("feed", "entry")):
            raise self.lines.refusal(f"is XML, but no Green Button (ESPI) feed: it begins with “{local[:40]}”")
        parent = self.path[-1] if self.path else ""
        self.path.append(local)
        if local == "link":
            self._link(attributes)
        elif local == "entry":
            self.entry = Entry()
        elif local in _RESOURCES and parent == "content":
            self.entry.kind = local
        if local == "IntervalBlock":
            self.block_start, self.order = 0, 0
        elif local == "IntervalReading":
            self.reading, self.quality = {}, -1
            self.order += 1
            self.feed.count += 1
            if self.feed.count > _MAX_READINGS:
                raise self.lines.refusal(f"holds more than {_MAX_READINGS:,} readings; split it")
        return local in _READING or local in _TYPE or local in ("title", "start", "duration", "kind")

    def _link(self, attributes: Mapping[str, str]) -> None:
        href = attributes.get("href", "").rstrip("/")
        if len(href) > _MAX_HREF or len(self.entry.related) > _MAX_ENTRIES or "entry" not in self.path:
            return
        if attributes.get("rel") == "self":
            self.entry.self_link = href
        elif attributes.get("rel") == "up":
            self.entry.up = href
        elif attributes.get("rel") == "related":
            self.entry.related.append(href)

    def _end(self, name: str, text: str) -> None:
        local = self.path.pop()
        parent = self.path[-1] if self.path else ""
        if parent in ("IntervalReading", "timePeriod", "ReadingQuality"):
            self._take(local, text)
        elif local == "IntervalReading":
            self._keep()
        elif local == "start" and parent == "interval":
            self.block_start = _number(text, 0)
        elif parent == "ReadingType" and local in _TYPE:
            self.entry.codes[local] = text[:20]
        elif local == "kind" and parent == "ServiceCategory":
            self.entry.codes["service"] = text[:20]
        elif local == "title" and parent == "entry":
            self.entry.title = text[:_MAX_TITLE]
        elif local == "entry":
            self._close()

    def _take(self, local: str, text: str) -> None:
        if local == "quality":
            self.quality = max(self.quality, RANKS.get(text, _WORST))
        elif local in ("start", "duration", "value"):
            self.reading[local] = text

    def _keep(self) -> None:
        if self.entry.values is None:
            self.entry.values = Values()
        try:
            value = _whole(self.reading["value"])
            start = _whole(self.reading["start"]) if "start" in self.reading else self.block_start
            seconds = _whole(self.reading["duration"]) if "duration" in self.reading else -self.order
        except (KeyError, ValueError):
            self.entry.values.broken.append(self.feed.count)
        else:
            self.entry.values.add(self.feed.count, start, seconds, value, self.quality)

    def _close(self) -> None:
        entry, feed = self.entry, self.feed
        if entry.values is not None:
            feed.blocks.setdefault(entry.up or entry.self_link, Values()).extend(entry.values)
            entry.values = None
        kept = {"UsagePoint": feed.usage_points, "MeterReading": feed.meter_readings}
        kept["ReadingType"] = feed.reading_types
        if entry.kind in kept:
            kept[entry.kind].append(entry)
        if sum(map(len, kept.values())) + len(feed.blocks) > _MAX_ENTRIES:
            raise self.lines.refusal(f"describes more than {_MAX_ENTRIES:,} meters and series; split it")
        self.entry = Entry()


# ESPI's qualities of readings as ours: 0 measured, 1 corrected, 2 estimated. What is derived, projected, questionable
# or mixed counts as estimated too: it must not be paid.
RANKS = {"0": 0, "7": 1, "14": 0, "17": 0, "18": 0, "19": 0}
_WORST = 2


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _number(text: str, default: int) -> int:
    try:
        return _whole(text)
    except ValueError:
        return default
