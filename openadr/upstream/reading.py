"""What VTNs say, read from valid messages. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from lxml import etree

from openadr.errors import InvalidData
from openadr.services.quantities import SCALES, number_of, scaled
from openadr.vtn20b.names import NS
from openadr.vtn20b.words import moment, seconds, text

LONGEST_ID = 128


@dataclass(frozen=True)
class Registered:
    """What a VTN says to who asks for, or makes, a registration."""

    ven_id: str
    registration_id: str
    vtn_id: str
    poll_seconds: int


@dataclass(frozen=True)
class Called:
    """One event of a VTN.

    Attributes:
        end: None where it has none.
        level: the highest of its SIMPLE signal; None without one.
        asks: whether it asks for less use: a SIMPLE level of 1 or more, or a dispatch of load; prices do not.
        target_kw: how much less a dispatch of load asks for.
    """

    ref: str
    modification: int
    status: str
    start: datetime
    end: datetime | None
    is_test: bool
    wants_answer: bool
    level: float | None
    asks: bool
    target_kw: Decimal | None
    details: dict[str, Any] = field(default_factory=dict)


class Told(NamedTuple):
    """What one oadrDistributeEvent says.

    Attributes:
        events: those that can be read.
        unread: why not, by eventID, of those that cannot.
    """

    events: list[Called]
    unread: dict[str, str]


@dataclass(frozen=True)
class WantedReport:
    """One series that a VTN asks for."""

    request_id: str
    specifier_id: str
    r_id: str
    granularity: int
    report_back: int
    start: datetime | None
    until: datetime | None


def code_of(element: etree._Element) -> tuple[int, str]:
    """The response code of an answer and its words; 200 where it has none."""
    code = text(element, ".//ei:eiResponse/ei:responseCode")
    words = _words(element, ".//ei:eiResponse/ei:responseDescription")
    return int(code) if code.isdigit() else 200, words[:200]


def request_id_of(element: etree._Element) -> str:
    """The id that an answer must name."""
    return _id(text(element, "pyld:requestID"))


def registered(element: etree._Element) -> Registered:
    """What an oadrCreatedPartyRegistration says."""
    frequency = text(element, "oadr:oadrRequestedOadrPollFreq/xcal:duration")
    return Registered(
        ven_id=_short(text(element, "ei:venID")),
        registration_id=_short(text(element, "ei:registrationID")),
        vtn_id=_short(text(element, "ei:vtnID")),
        poll_seconds=min(max(_seconds(frequency), 0), 86_400) if frequency else 0,
    )


def called(element: etree._Element) -> Told:
    """The events of an oadrDistributeEvent; a strange one takes none of the others along."""
    told = Told([], {})
    for each in element.findall("oadr:oadrEvent", NS):
        try:
            told.events.append(_called(each))
        except InvalidData as problem:
            told.unread[_words(each, "ei:eiEvent/ei:eventDescriptor/ei:eventID")] = str(problem)
    return told


def _called(element: etree._Element) -> Called:
    period = "ei:eiEvent/ei:eiActivePeriod/xcal:properties/"
    descriptor = "ei:eiEvent/ei:eventDescriptor/"
    start = _time(text(element, period + "xcal:dtstart/xcal:date-time"))
    length = _seconds(text(element, period + "xcal:duration/xcal:duration"))
    signals = element.findall("ei:eiEvent/ei:eiEventSignals/ei:eiEventSignal", NS)
    level, target = _level(signals), _target(signals)
    names = [_words(signal, "ei:signalName") for signal in signals]
    return Called(
        ref=_id(text(element, descriptor + "ei:eventID")),
        modification=int(text(element, descriptor + "ei:modificationNumber") or 0),
        status=text(element, descriptor + "ei:eventStatus")[:20],
        start=start,
        end=start + timedelta(seconds=length) if length > 0 else None,
        is_test=text(element, descriptor + "ei:testEvent").lower() not in ("", "false"),
        wants_answer=text(element, "oadr:oadrResponseRequired") != "never",
        level=level,
        asks=level >= 1 if level is not None else target is not None or "LOAD_CONTROL" in names,
        target_kw=target,
        details={
            "signals": names[:20],
            "comment": _words(element, descriptor + "ei:vtnComment")[:500],
            "market": _words(element, descriptor + "ei:eiMarketContext/emix:marketContext")[:200],
            "priority": _words(element, descriptor + "ei:priority")[:10],
        },
    )


def _level(signals: list[etree._Element]) -> float | None:
    simple = [signal for signal in signals if _words(signal, "ei:signalName").upper() == "SIMPLE"]
    return max((float(value) for signal in simple for value in _values(signal)), default=None)


def _target(signals: list[etree._Element]) -> Decimal | None:
    """How many kW less a dispatch of load asks for: the largest negative delta of power."""
    asked = [
        -scaled(value, SCALES.get(text(signal, ".//scale:siScaleCode"), 0) - 3)
        for signal in signals
        if _words(signal, "ei:signalName") == "LOAD_DISPATCH" and _words(signal, "ei:signalType") == "delta"
        for value in _values(signal)
        if value < 0
    ]
    most = max(asked, default=None)
    return most.quantize(Decimal("0.001")) if most is not None and Decimal("0.001") <= most < 10**9 else None


def _values(signal: etree._Element) -> list[Decimal]:
    found = signal.iterfind(".//ei:signalPayload/ei:payloadFloat/ei:value", NS)
    return [number_of(each.text or "") for each in found]


def wanted_reports(element: etree._Element) -> list[WantedReport]:
    """What an oadrRegisteredReport or an oadrCreateReport asks for, a line per series."""
    return [each for request in element.iterfind("oadr:oadrReportRequest", NS) for each in _wanted(request)]


def _wanted(request: etree._Element) -> Iterator[WantedReport]:
    within = "ei:reportSpecifier/ei:reportInterval/xcal:properties/"
    start = text(request, within + "xcal:dtstart/xcal:date-time")
    since = _time(start) if start else None
    length = _seconds(text(request, within + "xcal:duration/xcal:duration"))
    for r_id in request.iterfind("ei:reportSpecifier/ei:specifierPayload/ei:rID", NS):
        yield WantedReport(
            request_id=_id(text(request, "ei:reportRequestID")),
            specifier_id=_id(text(request, "ei:reportSpecifier/ei:reportSpecifierID")),
            r_id=_id((r_id.text or "").strip()),
            granularity=_seconds(text(request, "ei:reportSpecifier/xcal:granularity/xcal:duration")),
            report_back=_seconds(text(request, "ei:reportSpecifier/ei:reportBackDuration/xcal:duration")),
            start=since,
            until=since + timedelta(seconds=length) if since is not None and length > 0 else None,
        )


def ended_requests(element: etree._Element) -> list[str]:
    """The reportRequestIDs of an oadrCancelReport, alone or inside an oadrUpdatedReport."""
    return [(each.text or "").strip() for each in element.iterfind(".//ei:reportRequestID", NS)]


def _words(element: etree._Element, path: str) -> str:
    """A free text at a path: ends of lines, and whatever else is no letter, are blanks."""
    found = element.findtext(path, namespaces=NS) or ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in found).split())


def _time(words: str) -> datetime:
    found = moment(words)
    if found is None or not 1971 < found.year < 9000:
        raise InvalidData("There is no such time.")
    return found


def _seconds(words: str) -> int:
    """A duration; 0 for none, and no more than can be added to a time."""
    return min(seconds(words) or 0, 366 * 86_400)


def _id(said: str) -> str:
    if len(said) > LONGEST_ID:
        raise InvalidData("An id is too long.")
    return said


def _short(said: str) -> str:
    """An id that stands in a column of 64."""
    if len(said) > 64:
        raise InvalidData("An id is too long.")
    return said
