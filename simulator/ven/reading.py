"""Messages a VEN receives: parsed without entities or network, and read into our own terms."""

import re
from dataclasses import dataclass

from lxml import etree

from simulator.errors import SimulatorError
from simulator.times import parse_time
from simulator.ven.events import Span, VenEvent
from simulator.ven.names import EI, NS, OADR
from simulator.ven.reports import Request

_MAX_BYTES = 4 * 2**20
_DURATION = re.compile(r"\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_UNITS = (604_800, 86_400, 3_600, 60, 1)
_OPEN_END = 365 * 86_400


class BadMessage(SimulatorError):
    """The VTN sent what is no message of OpenADR 2.0b."""


@dataclass(frozen=True)
class Incoming:
    """One message: its name, as "oadrResponse", and its element."""

    kind: str
    element: etree._Element

    @property
    def code(self) -> int:
        """The response code; 200 where the message has none."""
        text = self.element.findtext(".//ei:eiResponse/ei:responseCode", "200", NS)
        return int(text) if text.isdigit() else 500

    @property
    def words(self) -> str:
        """What the response says in words."""
        return self.element.findtext(".//ei:eiResponse/ei:responseDescription", "", NS) or ""

    def text(self, path: str) -> str:
        """The text at a path of children, empty where there is none."""
        return (self.element.findtext(path, "", NS) or "").strip()

    @property
    def request_id(self) -> str:
        return self.text("pyld:requestID")


def read_message(body: bytes) -> Incoming:
    """The message in `body`.

    Raises:
        BadMessage: no XML, XML with a document type, or something that is no OpenADR payload.
    """
    if len(body) > _MAX_BYTES:
        raise BadMessage(f"The VTN's message has {len(body)} bytes.")
    # A parser is not safe to share between threads, and cheap.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise BadMessage("The VTN's answer is not XML.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadMessage("The VTN's answer carries a document type.")
    signed = root.find("oadr:oadrSignedObject", NS)
    inner = next((child for child in signed if isinstance(child.tag, str)), None) if signed is not None else None
    if inner is None or not inner.tag.startswith(f"{{{OADR}}}"):
        raise BadMessage("The VTN's answer is no OpenADR 2.0b message.")
    return Incoming(etree.QName(inner).localname, inner)


def seconds_of(text: str) -> int:
    """Seconds of a duration, rounded.

    >>> seconds_of("PT5M"), seconds_of("P1DT2H"), seconds_of("PT0S")
    (300, 93600, 0)

    Raises:
        BadMessage: not a duration, or one of months or years, which have no length.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise BadMessage(f"“{text}” is not a duration.")
    return round(sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part))


def read_events(message: Incoming) -> list[VenEvent]:
    """The events of an oadrDistributeEvent.

    Raises:
        BadMessage: one without an id, a start or a duration.
    """
    return [_event(element) for element in message.element.iterfind("oadr:oadrEvent", NS)]


def read_requests(message: Incoming) -> list[Request]:
    """The report requests of an oadrRegisteredReport or oadrCreateReport."""
    return [_request(element) for element in message.element.iterfind("oadr:oadrReportRequest", NS)]


def cancelled_requests(message: Incoming) -> list[str]:
    """The requests that an oadrCancelReport, or one inside an oadrUpdatedReport, ends."""
    path = "ei:reportRequestID" if message.kind == "oadrCancelReport" else "oadr:oadrCancelReport/ei:reportRequestID"
    return [(element.text or "").strip() for element in message.element.iterfind(path, NS)]


def _event(element: etree._Element) -> VenEvent:
    inner = _Reader(element)
    start = inner.time("ei:eiEvent/ei:eiActivePeriod/xcal:properties/xcal:dtstart/xcal:date-time")
    lasts = inner.duration("ei:eiEvent/ei:eiActivePeriod/xcal:properties/xcal:duration/xcal:duration")
    signal, spans = _signal(element, start, lasts)
    end = start + (lasts or (spans[-1].end - start if spans else 0) or _OPEN_END)
    number = inner.text("ei:eiEvent/ei:eventDescriptor/ei:modificationNumber")
    return VenEvent(
        event_id=inner.text("ei:eiEvent/ei:eventDescriptor/ei:eventID"),
        modification=int(number) if number.isdigit() else 0,
        start=start,
        end=end,
        status=inner.text("ei:eiEvent/ei:eventDescriptor/ei:eventStatus"),
        signal=signal,
        spans=spans,
        resources=tuple(found.text or "" for found in element.iterfind("ei:eiEvent/ei:eiTarget/ei:resourceID", NS)),
        start_after=inner.duration(
            "ei:eiEvent/ei:eiActivePeriod/xcal:properties/xcal:tolerance/xcal:tolerate/xcal:startafter"
        ),
        is_test=inner.text("ei:eiEvent/ei:eventDescriptor/ei:testEvent", "false").lower() not in {"false", ""},
        needs_answer=inner.text("oadr:oadrResponseRequired", "always") == "always",
    )


def _signal(element: etree._Element, start: int, lasts: int) -> tuple[str, tuple[Span, ...]]:
    """The SIMPLE signal, or the first one where there is none."""
    signals = element.findall("ei:eiEvent/ei:eiEventSignals/ei:eiEventSignal", NS)
    if not signals:
        return "", ()
    chosen = next((one for one in signals if one.findtext("ei:signalName", "", NS) == "SIMPLE"), signals[0])
    spans, at = [], start
    for interval in chosen.iterfind("strm:intervals/ei:interval", NS):
        inner = _Reader(interval)
        # An interval without a length lasts as long as the event, the last one for what is left of it.
        seconds = inner.duration("xcal:duration/xcal:duration") or max(0, start + (lasts or _OPEN_END) - at)
        spans.append(Span(at, at + seconds, inner.number("ei:signalPayload/ei:payloadFloat/ei:value")))
        at += seconds
    return chosen.findtext("ei:signalName", "", NS) or "", tuple(spans)


def _request(element: etree._Element) -> Request:
    inner = _Reader(element)
    begins = "ei:reportSpecifier/ei:reportInterval/xcal:properties/"
    lasts = inner.duration(begins + "xcal:duration/xcal:duration")
    return Request(
        request_id=inner.text("ei:reportRequestID"),
        specifier_id=inner.text("ei:reportSpecifier/ei:reportSpecifierID"),
        r_ids=tuple(found.text or "" for found in element.iter(f"{{{EI}}}rID")),
        granularity=inner.duration("ei:reportSpecifier/xcal:granularity/xcal:duration"),
        report_back=inner.duration("ei:reportSpecifier/ei:reportBackDuration/xcal:duration"),
        until=inner.time(begins + "xcal:dtstart/xcal:date-time") + lasts if lasts else None,
    )


class _Reader:
    """Reads texts below one element."""

    def __init__(self, element: etree._Element) -> None:
        self._element = element

    def text(self, path: str, default: str | None = None) -> str:
        found = self._element.find(path, NS)
        if found is None:
            if default is None:
                raise BadMessage(f"The VTN's message lacks {path.rpartition(':')[2]}.")
            return default
        return (found.text or "").strip()

    def time(self, path: str) -> int:
        try:
            return parse_time(self.text(path))
        except BadMessage:
            raise
        except SimulatorError as error:
            raise BadMessage(str(error)) from None

    def duration(self, path: str) -> int:
        text = self.text(path, "")
        return seconds_of(text) if text else 0

    def number(self, path: str) -> float:
        try:
            return float(self.text(path, "0"))
        except ValueError:
            raise BadMessage("A signal's value is not a number.") from None
