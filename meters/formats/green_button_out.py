"""A meter's readings as Green Button (ESPI) XML, which our own import reads back to the same Wh.

Source: NAESB REQ.21 ESPI 4.0; the contents of the entries are valid against espi.xsd. The file names the meter and
nobody: whose it is, is for the portal to know. Times are UTC, as everywhere in ESPI.
"""

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import groupby
from typing import BinaryIO
from urllib.parse import quote

from meters.formats.base import CORRECTED, ESTIMATED, MEASURED

Reading = tuple[int, int, int]

_ROOT = "/DataCustodian/espi/1_1/resource"
_QUALITIES = {MEASURED: 0, CORRECTED: 7, ESTIMATED: 8}
_FROM_GRID, _NET = 1, 4
_DAY_SECONDS = 86_400
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class ExportedMeter:
    """What the file says of a meter: its number, the minutes of its intervals, and whether it also feeds the grid."""

    number: str
    minutes: int
    feeds_grid: bool = False


def write_green_button(
    stream: BinaryIO, meter: ExportedMeter, readings: Iterable[Reading], *, updated: datetime
) -> None:
    """Writes the file; arguments as in `green_button_lines`."""
    for line in green_button_lines(meter, readings, updated=updated):
        stream.write(line)


def green_button_lines(meter: ExportedMeter, readings: Iterable[Reading], *, updated: datetime) -> Iterator[bytes]:
    """The file, piece by piece: one entry for the meter, one block per day (UTC) that has readings.

    Args:
        readings: (start in seconds since 1970 UTC, Wh from the grid, number of the quality), by start.
        updated: When the data were last changed; the same readings and time give the same bytes.
    """
    feed = _Feed(meter, f"{updated.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    yield from (piece.encode() for piece in feed.head())
    for number, (_, day) in enumerate(groupby(readings, key=lambda each: each[0] // _DAY_SECONDS), 1):
        yield feed.block(number, list(day)).encode()
    yield b"</feed>\n"


class _Feed:
    """The texts of one file."""

    def __init__(self, meter: ExportedMeter, updated: str) -> None:
        self.meter, self.updated = meter, updated
        self.title = escape(_NO_XML.sub("", meter.number))
        self.point = f"{_ROOT}/UsagePoint/{quote(meter.number, safe='')}"
        self.series = f"{self.point}/MeterReading/1"
        self.kind = f"{_ROOT}/ReadingType/1"

    def head(self) -> Iterator[str]:
        """Everything before the blocks."""
        yield (
            '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
            f"<id>{_id(self.point + '#feed')}</id>\n<title>Green Button data of {self.title}</title>\n"
            f"<updated>{self.updated}</updated>\n<author><name>Demand Response Portal</name></author>\n"
            f'<link rel="self" href="{self.point}"/>\n'
        )
        yield self._entry(
            self.point, f"{_ROOT}/UsagePoint", [f"{self.point}/MeterReading"], self.title,
            '<UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>',
        )  # fmt: skip
        yield self._entry(
            self.series, f"{self.point}/MeterReading", [f"{self.series}/IntervalBlock", self.kind],
            "Electric energy per interval", '<MeterReading xmlns="http://naesb.org/espi"/>',
        )  # fmt: skip
        yield self._entry(self.kind, f"{_ROOT}/ReadingType", [], "Energy in Wh", self._type())

    def block(self, number: int, readings: list[Reading]) -> str:
        """One day as an entry."""
        seconds = self.meter.minutes * 60
        first, end = readings[0][0], readings[-1][0] + seconds
        values = "\n".join(_value(reading, seconds) for reading in readings)
        content = (
            '<IntervalBlock xmlns="http://naesb.org/espi">\n'
            f"<interval><duration>{end - first}</duration><start>{first}</start></interval>\n{values}\n</IntervalBlock>"
        )
        link = f"{self.series}/IntervalBlock"
        return self._entry(f"{link}/{number}", link, [], "", content)

    def _type(self) -> str:
        flow = _NET if self.meter.feeds_grid else _FROM_GRID
        return (
            '<ReadingType xmlns="http://naesb.org/espi"><accumulationBehaviour>4</accumulationBehaviour>'
            "<commodity>1</commodity><dataQualifier>12</dataQualifier>"
            f"<flowDirection>{flow}</flowDirection><intervalLength>{self.meter.minutes * 60}</intervalLength>"
            "<kind>12</kind><powerOfTenMultiplier>0</powerOfTenMultiplier><timeAttribute>0</timeAttribute>"
            "<uom>72</uom></ReadingType>"
        )

    def _entry(self, link: str, up: str, related: list[str], title: str, content: str) -> str:
        links = "".join(f'<link rel="related" href="{each}"/>\n' for each in related)
        return (
            f'<entry>\n<id>{_id(link)}</id>\n<link rel="self" href="{link}"/>\n<link rel="up" href="{up}"/>\n{links}'
            f'<title>{title}</title>\n<content type="application/xml">\n{content}\n</content>\n'
            f"<published>{self.updated}</published>\n<updated>{self.updated}</updated>\n</entry>\n"
        )


def _value(reading: Reading, seconds: int) -> str:
    start, energy_wh, quality = reading
    said = _QUALITIES[quality]
    return (
        f"<IntervalReading><ReadingQuality><quality>{said}</quality></ReadingQuality>"
        f"<timePeriod><duration>{seconds}</duration><start>{start}</start></timePeriod>"
        f"<value>{energy_wh}</value></IntervalReading>"
    )


def _id(link: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, link).urn
