"""Messages a VEN sends, as bytes. Every text is escaped."""

from collections.abc import Iterable, Sequence
from uuid import uuid4
from xml.sax.saxutils import escape

from simulator.times import utc_text
from simulator.ven.names import DECLARED
from simulator.ven.reports import Point, Quantity, Status, Value

_MEASURES = {
    Quantity.ENERGY: ("usage", "<power:energyReal>{0}</power:energyReal>", "RealEnergy", "Wh"),
    Quantity.POWER: ("usage", "<power:powerReal>{0}{1}</power:powerReal>", "RealPower", "W"),
    Quantity.VOLTAGE: ("usage", "<power:voltage>{0}</power:voltage>", "Voltage", "V"),
}
_ATTRIBUTES = (
    "<power:powerAttributes><power:hertz>60</power:hertz><power:voltage>120</power:voltage>"
    "<power:ac>true</power:ac></power:powerAttributes>"
)


def new_id(kind: str) -> str:
    """A fresh id that begins with a letter."""
    return f"{kind}-{uuid4().hex}"


def query_registration() -> bytes:
    return _message("oadrQueryRegistration", _request_id(new_id("query")))


def create_registration(ven_name: str, ven_id: str, registration_id: str) -> bytes:
    """A registration, or where there was one its renewal."""
    known = _tag("ei:registrationID", registration_id) if registration_id else ""
    known += _tag("ei:venID", ven_id) if ven_id else ""
    return _message(
        "oadrCreatePartyRegistration",
        _request_id(new_id("reg")) + known + "<oadr:oadrProfileName>2.0b</oadr:oadrProfileName>"
        "<oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName>"
        "<oadr:oadrReportOnly>false</oadr:oadrReportOnly><oadr:oadrXmlSignature>false</oadr:oadrXmlSignature>"
        f"{_tag('oadr:oadrVenName', ven_name)}<oadr:oadrHttpPullModel>true</oadr:oadrHttpPullModel>",
    )


def poll(ven_id: str) -> bytes:
    return _message("oadrPoll", _tag("ei:venID", ven_id))


def request_event(ven_id: str) -> bytes:
    """Asks for all events that apply."""
    inner = f"<pyld:eiRequestEvent>{_request_id(new_id('req'))}{_tag('ei:venID', ven_id)}</pyld:eiRequestEvent>"
    return _message("oadrRequestEvent", inner)


def response(ven_id: str, request_id: str) -> bytes:
    return _message("oadrResponse", _ok(request_id) + _tag("ei:venID", ven_id))


def created_event(ven_id: str, request_id: str, answers: Iterable[tuple[str, int, str]]) -> bytes:
    """The answers to events: id, modification number and opt of each."""
    rows = "".join(
        "<ei:eventResponse><ei:responseCode>200</ei:responseCode><ei:responseDescription>OK</ei:responseDescription>"
        f"{_request_id(request_id)}<ei:qualifiedEventID>{_tag('ei:eventID', event_id)}"
        f"<ei:modificationNumber>{number}</ei:modificationNumber></ei:qualifiedEventID>"
        f"<ei:optType>{opt}</ei:optType></ei:eventResponse>"
        for event_id, number, opt in answers
    )
    inner = f"{_ok('')}<ei:eventResponses>{rows}</ei:eventResponses>{_tag('ei:venID', ven_id)}"
    return _message("oadrCreatedEvent", f"<pyld:eiCreatedEvent>{inner}</pyld:eiCreatedEvent>")


def register_report(ven_id: str, points: Sequence[Point], now: int) -> bytes:
    """What the VEN can report: one report for each quantity."""
    reports = "".join(
        _offered(quantity, [point for point in points if point.quantity is quantity], now)
        for quantity in Quantity
        if any(point.quantity is quantity for point in points)
    )
    return _message("oadrRegisterReport", _request_id(new_id("reports")) + reports + _tag("ei:venID", ven_id))


def registered_report(ven_id: str, request_id: str) -> bytes:
    return _message("oadrRegisteredReport", _ok(request_id) + _tag("ei:venID", ven_id))


def created_report(ven_id: str, request_id: str, running: Iterable[str]) -> bytes:
    """Which requests for reports the VEN now serves."""
    return _message("oadrCreatedReport", _ok(request_id) + _pending(running) + _tag("ei:venID", ven_id))


def canceled_report(ven_id: str, request_id: str, running: Iterable[str]) -> bytes:
    return _message("oadrCanceledReport", _ok(request_id) + _pending(running) + _tag("ei:venID", ven_id))


def updated_report(ven_id: str, request_id: str) -> bytes:
    return _message("oadrUpdatedReport", _ok(request_id) + _tag("ei:venID", ven_id))


def canceled_registration(ven_id: str, registration_id: str, request_id: str) -> bytes:
    inner = _ok(request_id) + _tag("ei:registrationID", registration_id) + _tag("ei:venID", ven_id)
    return _message("oadrCanceledPartyRegistration", inner)


def update_report(ven_id: str, request_id: str, specifier_id: str, values: Sequence[Value], now: int) -> bytes:
    """The values of one request, oldest first."""
    name = "TELEMETRY_STATUS" if specifier_id == Quantity.STATUS else "TELEMETRY_USAGE"
    intervals = "".join(_interval(value) for value in values)
    report = (
        f"<oadr:oadrReport>{_start(values[0].start)}<strm:intervals>{intervals}</strm:intervals>"
        f"{_tag('ei:eiReportID', new_id('report'))}{_tag('ei:reportRequestID', request_id)}"
        f"{_tag('ei:reportSpecifierID', specifier_id)}<ei:reportName>{name}</ei:reportName>"
        f"<ei:createdDateTime>{utc_text(now)}</ei:createdDateTime></oadr:oadrReport>"
    )
    return _message("oadrUpdateReport", _request_id(new_id("update")) + report + _tag("ei:venID", ven_id))


def _message(kind: str, inner: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><oadr:oadrPayload {DECLARED}><oadr:oadrSignedObject>'
        f'<oadr:{kind} ei:schemaVersion="2.0b">{inner}</oadr:{kind}></oadr:oadrSignedObject></oadr:oadrPayload>'
    ).encode()


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _request_id(text: str) -> str:
    return _tag("pyld:requestID", text)


def _ok(request_id: str) -> str:
    return (
        "<ei:eiResponse><ei:responseCode>200</ei:responseCode><ei:responseDescription>OK</ei:responseDescription>"
        f"{_request_id(request_id)}</ei:eiResponse>"
    )


def _pending(running: Iterable[str]) -> str:
    rows = "".join(_tag("ei:reportRequestID", name) for name in running)
    return f"<oadr:oadrPendingReports>{rows}</oadr:oadrPendingReports>"


def _offered(quantity: Quantity, points: Sequence[Point], now: int) -> str:
    kind = "STATUS" if quantity is Quantity.STATUS else "USAGE"
    described = "".join(_described(point) for point in points)
    return (
        f"<oadr:oadrReport><xcal:duration><xcal:duration>P1D</xcal:duration></xcal:duration>{described}"
        f"<ei:reportRequestID>0</ei:reportRequestID>{_tag('ei:reportSpecifierID', str(quantity))}"
        f"<ei:reportName>METADATA_TELEMETRY_{kind}</ei:reportName>"
        f"<ei:createdDateTime>{utc_text(now)}</ei:createdDateTime></oadr:oadrReport>"
    )


def _described(point: Point) -> str:
    source = f"<ei:reportDataSource>{_tag('ei:resourceID', point.resource)}</ei:reportDataSource>"
    longest = point.max_seconds or point.seconds
    if point.quantity is Quantity.STATUS:
        kind, measure, reading = "x-resourceStatus", "", "x-notApplicable"
    else:
        kind, frame, words, unit = _MEASURES[point.quantity]
        said = (
            f"<power:itemDescription>{words}</power:itemDescription><power:itemUnits>{unit}</power:itemUnits>"
            "<scale:siScaleCode>none</scale:siScaleCode>"
        )
        measure, reading = frame.format(said, _ATTRIBUTES), "Direct Read"
    return (
        f"<oadr:oadrReportDescription>{_tag('ei:rID', point.r_id)}{source}<ei:reportType>{kind}</ei:reportType>"
        f"{measure}<ei:readingType>{reading}</ei:readingType><oadr:oadrSamplingRate>"
        f"<oadr:oadrMinPeriod>PT{point.seconds}S</oadr:oadrMinPeriod><oadr:oadrMaxPeriod>PT{longest}S"
        "</oadr:oadrMaxPeriod><oadr:oadrOnChange>false</oadr:oadrOnChange></oadr:oadrSamplingRate>"
        "</oadr:oadrReportDescription>"
    )


def _start(seconds: int) -> str:
    return f"<xcal:dtstart><xcal:date-time>{utc_text(seconds)}</xcal:date-time></xcal:dtstart>"


def _interval(value: Value) -> str:
    lasts = f"<xcal:duration><xcal:duration>PT{value.seconds}S</xcal:duration></xcal:duration>" if value.seconds else ""
    quality = _tag("oadr:oadrDataQuality", value.quality) if value.quality else ""
    return (
        f"<ei:interval>{_start(value.start)}{lasts}<oadr:oadrReportPayload>{_tag('ei:rID', value.r_id)}"
        f"{_payload(value.value)}{quality}</oadr:oadrReportPayload></ei:interval>"
    )


def _payload(value: float | Status) -> str:
    if not isinstance(value, Status):
        return f"<ei:payloadFloat><ei:value>{value:.10g}</ei:value></ei:payloadFloat>"
    return (
        f"<oadr:oadrPayloadResourceStatus><oadr:oadrOnline>{_yes(value.is_online)}</oadr:oadrOnline>"
        f"<oadr:oadrManualOverride>{_yes(value.is_overridden)}</oadr:oadrManualOverride>"
        "</oadr:oadrPayloadResourceStatus>"
    )


def _yes(value: bool) -> str:
    return "true" if value else "false"
