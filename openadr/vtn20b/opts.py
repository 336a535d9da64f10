"""EiOpt: when VENs take part, and when they do not."""

from datetime import datetime, timedelta

from lxml import etree

from openadr.errors import AnsweredError, InvalidData, NotKnown, UnknownOpt
from openadr.ids import event_pk
from openadr.services import opting
from openadr.services.opting import WantedOpt
from openadr.vtn20b.exchange import Caller, Handler, Message, Reply
from openadr.vtn20b.names import NS
from openadr.vtn20b.words import moment, response, seconds, text

__all__ = ["HANDLERS"]


def create(message: Message) -> Reply:
    """Keeps an opt schedule, or an answer to one event."""
    element, caller = message.element, _caller(message)
    opt_id = text(element, "ei:optID")
    try:
        opting.create_opt(ven_pk=caller.pk, wanted=_wanted(element, opt_id))
    except AnsweredError as problem:
        return Reply("oadrCreatedOpt", {"response": response(element, problem.code, str(problem)), "opt_id": opt_id})
    return Reply("oadrCreatedOpt", {"response": response(element), "opt_id": opt_id})


def cancel(message: Message) -> Reply:
    """Takes an opt back."""
    element, caller = message.element, _caller(message)
    opt_id = text(element, "ei:optID")
    try:
        opting.cancel_opt(ven_pk=caller.pk, opt_id=opt_id)
    except AnsweredError as problem:
        return Reply("oadrCanceledOpt", {"response": response(element, problem.code, str(problem)), "opt_id": opt_id})
    return Reply("oadrCanceledOpt", {"response": response(element), "opt_id": opt_id})


HANDLERS: dict[str, Handler] = {"oadrCreateOpt": create, "oadrCancelOpt": cancel}


def _caller(message: Message) -> Caller:
    if message.caller is None:
        raise NotKnown("no VEN")
    return message.caller


def _wanted(element: etree._Element, opt_id: str) -> WantedOpt:
    event = element.find("ei:qualifiedEventID", NS)
    return WantedOpt(
        opt_id=opt_id,
        opt=text(element, "ei:optType"),
        reason=text(element, "ei:optReason"),
        event_pk=None if event is None else _event(text(event, "ei:eventID")),
        # What a VEN says of one event is about that event, whatever schedule stands beside it.
        spans=() if event is not None else tuple(_spans(element)),
        resources=tuple(dict.fromkeys((each.text or "").strip() for each in element.iterfind(_RESOURCES, NS))),
    )


_RESOURCES = "ei:eiTarget/ei:resourceID"
_SPANS = "xcal:vavailability/xcal:components/xcal:available/xcal:properties"


def _event(ref: str) -> int:
    found = event_pk(ref)
    if found is None:
        raise UnknownOpt("There is no such event.")
    return found


def _spans(element: etree._Element) -> list[tuple[datetime, datetime]]:
    return [_span(each) for each in element.iterfind(_SPANS, NS)]


def _span(properties: etree._Element) -> tuple[datetime, datetime]:
    start = moment(text(properties, "xcal:dtstart/xcal:date-time"))
    length = seconds(text(properties, "xcal:duration/xcal:duration"))
    if start is None or length is None:
        raise InvalidData("A span has a start and a duration.")
    try:
        return start, start + timedelta(seconds=length)
    except OverflowError:
        raise InvalidData("There is no such time.") from None
