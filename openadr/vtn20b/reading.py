"""Reports as VENs write them: metadata of what they offer, and values."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lxml import etree

from openadr.errors import InvalidData
from openadr.models import Measure
from openadr.services.planning import STATUS
from openadr.services.quantities import SCALES, number_of
from openadr.services.reports import OfferedPoint, OfferedReport
from openadr.services.telemetry import SentReport, SentValue
from openadr.vtn20b.names import NS
from openadr.vtn20b.words import flag, moment, seconds, text

__all__ = ["read_offered", "read_sent"]

# Beside these, a description has one element that says what is measured: its name is the quantity.
_NOT_MEASURED = {
    "rID", "reportSubject", "reportDataSource", "reportType", "readingType", "marketContext", "oadrSamplingRate",
}  # fmt: skip
_MEASURES = {"energyReal": (Measure.ENERGY, "Wh"), "powerReal": (Measure.POWER, "W")}
_PREFIXES = {"k": 3, "M": 6, "G": 9}
_STATES = ("Capacity", "LevelOffset", "PercentOffset", "SetPoint")
_PARTS = {"value": "oadrCurrent", "normal": "oadrNormal", "min": "oadrMin", "max": "oadrMax"}


def read_offered(report: etree._Element) -> OfferedReport:
    """One report of an oadrRegisterReport.

    Raises:
        InvalidData: A text cannot be kept, or a duration is none.
    """
    name = text(report, "ei:reportName").removeprefix("METADATA_")[:64]
    points = (_point(each, name) for each in report.iterfind("oadr:oadrReportDescription", NS))
    return OfferedReport(text(report, "ei:reportSpecifierID"), name, tuple(points))


def _point(description: etree._Element, report_name: str) -> OfferedPoint:
    item = next((each for each in description if etree.QName(each).localname not in _NOT_MEASURED), None)
    measure, quantity, unit, exponent = _item(item)
    if item is None and (report_name == STATUS or text(description, "ei:reportType") == "x-resourceStatus"):
        measure = Measure.STATUS
    rate = "oadr:oadrSamplingRate/oadr:oadr{}Period"
    return OfferedPoint(
        r_id=text(description, "ei:rID"),
        resource_name=_resource_name(description),
        measure=measure,
        quantity=quantity[:40],
        unit=unit[:20],
        exponent=exponent,
        reading_type=text(description, "ei:readingType")[:40],
        min_seconds=max(seconds(text(description, rate.format("Min"))) or 0, 0) or None,
        max_seconds=max(seconds(text(description, rate.format("Max"))) or 0, 0) or None,
    )


def _resource_name(description: etree._Element) -> str:
    paths = (f"ei:{place}/{path}" for path in ("ei:resourceID", "*/power:mrid", "power:mrid")
             for place in ("reportDataSource", "reportSubject"))  # fmt: skip
    name = next(filter(None, (text(description, path) for path in paths)), "")
    if len(name) > 128:
        raise InvalidData("The name of a resource is too long.")
    return name


def _item(item: etree._Element | None) -> tuple[str, str, str, int]:
    """Measure, quantity, unit and exponent of what is measured."""
    if item is None:
        return Measure.OTHER, "", "", 0
    said = {etree.QName(each).localname: (each.text or "").strip() for each in item if isinstance(each.tag, str)}
    quantity, units = etree.QName(item).localname, said.get("itemUnits", "")
    scale = said.get("siScaleCode", "none")
    shown = ("" if scale == "none" else "µ" if scale == "micro" else scale) + units
    if quantity == "customUnit":
        quantity = said.get("itemDescription", "") or quantity
    measure, base = _MEASURES.get(quantity, (Measure.OTHER, ""))
    extra = 0 if units == base else _PREFIXES.get(units.removesuffix(base)) if base else None
    if extra is None:
        return Measure.OTHER, quantity, shown, 0
    return measure, quantity, shown, SCALES.get(scale, 0) + extra


def read_sent(message: etree._Element, ven_pk: int) -> list[SentReport]:
    """The reports of an oadrUpdateReport; what cannot be read of a value is a fault of that value alone."""
    return [
        SentReport(ven_pk, _shown(report, "ei:reportRequestID"), tuple(_Values(report).read()))
        for report in message.iterfind("oadr:oadrReport", NS)
    ]


def _shown(element: etree._Element, path: str) -> str:
    return (element.findtext(path, namespaces=NS) or "").strip()


@dataclass
class _Values:
    """The values of one report, each with its own time.

    An interval may say its start and length itself. Else it starts where the one before of the same rID ended, the
    first one with the report; and it is as long as its share of the report, or else as long as was asked for.
    """

    report: etree._Element
    starts: dict[str, datetime | None] = field(default_factory=dict)

    def read(self) -> Iterator[SentValue]:
        """One after the other."""
        intervals = list(self.report.iterfind("strm:intervals/ei:interval", NS))
        counts = Counter(_shown(each, "ei:rID") for interval in intervals for each in _payloads(interval))
        for interval in intervals:
            for payload in _payloads(interval):
                r_id = _shown(payload, "ei:rID")
                try:
                    yield self._value(interval, payload, r_id, counts[r_id])
                except InvalidData as problem:
                    yield SentValue(r_id, fault=str(problem))
                except OverflowError:
                    yield SentValue(r_id, fault="There is no such time.")

    def _value(self, interval: etree._Element, payload: etree._Element, r_id: str, count: int) -> SentValue:
        at = moment(text(interval, "xcal:dtstart/xcal:date-time")) or self._next(r_id)
        length = seconds(text(interval, "xcal:duration/xcal:duration"))
        length = self._share(count) if length is None else length
        self.starts[r_id] = at + timedelta(seconds=length) if at is not None and length is not None else None
        status = payload.find("oadr:oadrPayloadResourceStatus", NS)
        return SentValue(
            r_id=r_id,
            at=at and _to_the_second(at),
            seconds=length,
            number=_shown(payload, "ei:payloadFloat/ei:value"),
            status=None if status is None else _status(status, at),
            quality=_shown(payload, "oadr:oadrDataQuality"),
        )

    def _next(self, r_id: str) -> datetime | None:
        if r_id in self.starts:
            return self.starts[r_id]
        return moment(text(self.report, "xcal:dtstart/xcal:date-time"))

    def _share(self, count: int) -> int | None:
        whole = seconds(text(self.report, "xcal:duration/xcal:duration"))
        return whole // count if whole and whole % count == 0 else None


def _payloads(interval: etree._Element) -> Iterator[etree._Element]:
    return interval.iterfind("oadr:oadrReportPayload", NS)


def _to_the_second(at: datetime) -> datetime:
    """To the nearest second: clocks of devices have parts of it, intervals of meters have not."""
    return (at + timedelta(microseconds=500_000)).replace(microsecond=0)


def _status(status: etree._Element, at: datetime | None) -> dict[str, object]:
    said: dict[str, object] = {
        "online": flag(status, "oadr:oadrOnline"),
        "overridden": flag(status, "oadr:oadrManualOverride"),
    }
    for name in _STATES:
        state = status.find(f"oadr:oadrLoadControlState/oadr:oadr{name}", NS)
        if state is not None:
            said[name[0].lower() + name[1:]] = _state(state) | {"at": at.isoformat() if at else ""}
    return said


def _state(state: etree._Element) -> dict[str, object]:
    texts = {key: _shown(state, f"oadr:{name}") for key, name in _PARTS.items()}
    return {key: float(number_of(words)) for key, words in texts.items() if words}
