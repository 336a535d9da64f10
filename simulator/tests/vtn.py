"""A small VTN on the loopback for the tests of VENs. It checks every message against the standard's schema."""

import asyncio
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from simulator.times import utc_text
from simulator.ven.names import DECLARED, NS

OK = "<ei:eiResponse><ei:responseCode>{0}</ei:responseCode><pyld:requestID>{1}</pyld:requestID></ei:eiResponse>"


@cache
def schema() -> etree.XMLSchema:
    """The schema, out of the package that brings it."""
    package = find_spec("openleadr")
    assert package is not None
    assert package.origin is not None
    return etree.XMLSchema(etree.parse(Path(package.origin).with_name("schema") / "oadr_20b.xsd"))


def event_xml(
    event_id: str,
    start: int,
    seconds: int,
    *,
    number: int = 0,
    status: str = "active",
    level: float = 1,
    more: str = "",
) -> str:
    """One oadrEvent."""
    return (
        f"<oadr:oadrEvent><ei:eiEvent><ei:eventDescriptor><ei:eventID>{event_id}</ei:eventID>"
        f"<ei:modificationNumber>{number}</ei:modificationNumber><ei:eiMarketContext>"
        "<emix:marketContext>http://vtn.example/1</emix:marketContext></ei:eiMarketContext>"
        f"<ei:createdDateTime>{utc_text(start)}</ei:createdDateTime><ei:eventStatus>{status}</ei:eventStatus>"
        "</ei:eventDescriptor><ei:eiActivePeriod><xcal:properties><xcal:dtstart>"
        f"<xcal:date-time>{utc_text(start)}</xcal:date-time></xcal:dtstart><xcal:duration>"
        f"<xcal:duration>PT{seconds}S</xcal:duration></xcal:duration></xcal:properties><xcal:components/>"
        "</ei:eiActivePeriod><ei:eiEventSignals><ei:eiEventSignal><strm:intervals><ei:interval><xcal:duration>"
        f"<xcal:duration>PT{seconds}S</xcal:duration></xcal:duration><xcal:uid><xcal:text>0</xcal:text></xcal:uid>"
        f"<ei:signalPayload><ei:payloadFloat><ei:value>{level}</ei:value></ei:payloadFloat></ei:signalPayload>"
        "</ei:interval></strm:intervals><ei:signalName>SIMPLE</ei:signalName><ei:signalType>level</ei:signalType>"
        f"<ei:signalID>s</ei:signalID></ei:eiEventSignal></ei:eiEventSignals><ei:eiTarget>{more}</ei:eiTarget>"
        "</ei:eiEvent><oadr:oadrResponseRequired>always</oadr:oadrResponseRequired></oadr:oadrEvent>"
    )


class Vtn:
    """What the VENs of a test talk to. `answer_with` replaces the next answers of a kind of message.

    Attributes:
        got: names of all messages, in order.
        values: (rID, start) to number, of all reports taken.
        taken: how often each (rID, start) came.
        qualities: (rID, start) to oadrDataQuality, empty where nothing was said.
        answers: eventID to (modification, opt), of all acknowledgements.
        to_say: messages that polls hand out next, one each.
        fail: message name to a function of (vtn, element) that does something else, once.
    """

    def __init__(self) -> None:
        self.got: list[str] = []
        self.bodies: list[bytes] = []
        self.values: dict[tuple[str, str], str] = {}
        self.taken: dict[tuple[str, str], int] = {}
        self.qualities: dict[tuple[str, str], str] = {}
        self.answers: dict[str, tuple[int, str]] = {}
        self.events: dict[str, str] = {}
        self.to_say: list[str] = []
        self.fail: dict[str, Callable[[], web.Response | None]] = {}
        self.registered: dict[str, str] = {}
        self.granularity, self.report_back, self.n_requests = {"energy": 300}, {"energy": 0}, 0
        self._heard = asyncio.Condition()

    async def __aenter__(self) -> "Vtn":
        app = web.Application()
        app.router.add_post("/OpenADR2/Simple/2.0b/{service}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    async def listen(self, port: int = 0, ssl: Any = None) -> None:
        """Starts, or after `stop` starts again at the same port."""
        self.site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=ssl)
        await self.site.start()
        self.port = self._runner.addresses[-1][1]
        self.url = f"http{'s' if ssl else ''}://127.0.0.1:{self.port}"

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits until messages have made it so."""
        async with self._heard:
            await asyncio.wait_for(self._heard.wait_for(is_so), 20)

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        root = etree.fromstring(body)
        schema().assertValid(root)
        element = root[0][0]
        kind = etree.QName(element).localname
        answer = self.fail.pop(kind)() if kind in self.fail else None
        if answer is None:
            answer = self._answer(kind, element)
        self.got.append(kind)
        self.bodies.append(body)
        async with self._heard:
            self._heard.notify_all()
        if answer.status == 299:  # the VTN has done it, and its answer is lost
            assert request.transport is not None
            request.transport.abort()
        return answer

    def _answer(self, kind: str, element: etree._Element) -> web.Response:
        said = element.findtext("pyld:requestID", "", NS)
        ven_id = element.findtext(".//ei:venID", "", NS)
        known = kind in {"oadrQueryRegistration", "oadrCreatePartyRegistration"} or ven_id in self.registered
        if not known:
            return self.reply("oadrResponse", f"{OK.format(452, said)}<ei:venID>{escape(ven_id)}</ei:venID>")
        handler = getattr(self, f"_{kind}", None)
        if handler is None:
            return self.reply("oadrResponse", f"{OK.format(200, said)}<ei:venID>{escape(ven_id)}</ei:venID>")
        return handler(element, said, ven_id)

    def _oadrQueryRegistration(self, element, said, ven_id):
        return self.reply("oadrCreatedPartyRegistration", self._registration(said, "", ""))

    def _oadrCreatePartyRegistration(self, element, said, ven_id):
        ven_id = ven_id or "ven-" + element.findtext("oadr:oadrVenName", "", NS)
        self.registered[ven_id] = f"reg-{len(self.got)}"
        return self.reply("oadrCreatedPartyRegistration", self._registration(said, ven_id, self.registered[ven_id]))

    def _registration(self, said: str, ven_id: str, registration_id: str) -> str:
        ids = f"<ei:registrationID>{registration_id}</ei:registrationID>" if registration_id else ""
        ids += f"<ei:venID>{escape(ven_id)}</ei:venID>" if ven_id else ""
        return (
            f"{OK.format(200, said)}{ids}<ei:vtnID>vtn</ei:vtnID><oadr:oadrProfiles><oadr:oadrProfile>"
            "<oadr:oadrProfileName>2.0b</oadr:oadrProfileName><oadr:oadrTransports><oadr:oadrTransport>"
            "<oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName></oadr:oadrTransport></oadr:oadrTransports>"
            "</oadr:oadrProfile></oadr:oadrProfiles>"
        )

    def _oadrRegisterReport(self, element, said, ven_id):
        offered = element.iterfind("oadr:oadrReport/ei:reportSpecifierID", NS)
        wanted = "".join(self.request_xml(each.text or "") for each in offered if each.text in self.granularity)
        return self.reply("oadrRegisteredReport", OK.format(200, said) + wanted)

    def request_xml(self, specifier: str) -> str:
        """One oadrReportRequest for all points of a report."""
        self.n_requests += 1
        return (
            f"<oadr:oadrReportRequest><ei:reportRequestID>request-{self.n_requests}</ei:reportRequestID>"
            f"<ei:reportSpecifier><ei:reportSpecifierID>{specifier}</ei:reportSpecifierID><xcal:granularity>"
            f"<xcal:duration>PT{self.granularity[specifier]}S</xcal:duration></xcal:granularity>"
            f"<ei:reportBackDuration><xcal:duration>PT{self.report_back[specifier]}S</xcal:duration>"
            "</ei:reportBackDuration><ei:specifierPayload><ei:rID>all</ei:rID><ei:readingType>x-notApplicable"
            "</ei:readingType></ei:specifierPayload></ei:reportSpecifier></oadr:oadrReportRequest>"
        )

    def _oadrUpdateReport(self, element, said, ven_id):
        for interval in element.iterfind("oadr:oadrReport/strm:intervals/ei:interval", NS):
            start = interval.findtext("xcal:dtstart/xcal:date-time", "", NS)
            key = (interval.findtext("oadr:oadrReportPayload/ei:rID", "", NS), start)
            payload = interval.find("oadr:oadrReportPayload/ei:payloadFloat/ei:value", NS)
            online = interval.findtext("oadr:oadrReportPayload/oadr:oadrPayloadResourceStatus/oadr:oadrOnline", "", NS)
            self.values[key] = (payload.text or "") if payload is not None else online
            self.qualities[key] = interval.findtext("oadr:oadrReportPayload/oadr:oadrDataQuality", "", NS)
            self.taken[key] = self.taken.get(key, 0) + 1
        return self.reply("oadrUpdatedReport", OK.format(200, said))

    def _oadrCreatedEvent(self, element, said, ven_id):
        for row in element.iterfind(".//ei:eventResponse", NS):
            number = int(row.findtext("ei:qualifiedEventID/ei:modificationNumber", "", NS))
            opt = row.findtext("ei:optType", "", NS)
            self.answers[row.findtext("ei:qualifiedEventID/ei:eventID", "", NS)] = (number, opt)
        return self.reply("oadrResponse", f"{OK.format(200, said)}<ei:venID>{escape(ven_id)}</ei:venID>")

    def _oadrRequestEvent(self, element, said, ven_id):
        return self.distribute()

    def _oadrPoll(self, element, said, ven_id):
        if self.to_say:
            kind, inner = self.to_say.pop(0).split(":", 1)
            return self.distribute() if kind == "events" else self.reply(kind, inner)
        return self.reply("oadrResponse", f"{OK.format(200, '')}<ei:venID>{escape(ven_id)}</ei:venID>")

    def distribute(self) -> web.Response:
        """All events, as an answer."""
        inner = "<pyld:requestID>d-1</pyld:requestID><ei:vtnID>vtn</ei:vtnID>" + "".join(self.events.values())
        return self.reply("oadrDistributeEvent", inner)

    def tell(self, *events: tuple[str, str]) -> None:
        """Changes events by name (an empty text takes one away) and hands the list out with the next poll."""
        for name, xml in events:
            self.events[name] = xml
        self.events = {name: xml for name, xml in self.events.items() if xml}
        self.to_say.append("events:")

    def reply(self, kind: str, inner: str) -> web.Response:
        """One message as an answer."""
        text = (
            f'<oadr:oadrPayload {DECLARED}><oadr:oadrSignedObject><oadr:{kind} ei:schemaVersion="2.0b">{inner}'
            f"</oadr:{kind}></oadr:oadrSignedObject></oadr:oadrPayload>"
        )
        schema().assertValid(etree.fromstring(text))
        return web.Response(text=text, content_type="application/xml")
