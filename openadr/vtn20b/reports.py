"""EiReport: what VENs offer, what they agree to, and what they send."""

from collections.abc import Sequence
from typing import Any

from openadr.errors import AnsweredError, NotKnown
from openadr.models import RequestState
from openadr.services import registration, reports, telemetry
from openadr.services.telemetry import SentReport, Taken
from openadr.vtn20b.exchange import INVALID_ID, Caller, Handler, Message, Reply
from openadr.vtn20b.names import NS
from openadr.vtn20b.reading import read_offered, read_sent
from openadr.vtn20b.registration import acknowledged
from openadr.vtn20b.words import report_request, response, text

__all__ = ["HANDLERS", "read_update", "updated"]

REPORT_NOT_SUPPORTED = 461
# So many refused values are named in an answer.
NAMED = 5


def register(message: Message) -> Reply:
    """Keeps what a VEN offers and asks for what is wanted of it."""
    caller, element = _caller(message), message.element
    fields: dict[str, Any] = {"report_requests": [], "ven_id": caller.ven_id}
    try:
        offered = [read_offered(each) for each in element.iterfind("oadr:oadrReport", NS)]
        asks = reports.register_reports(ven_pk=caller.pk, reports=offered)
    except AnsweredError as problem:
        return Reply("oadrRegisteredReport", {"response": response(element, problem.code, str(problem)), **fields})
    reports.note_asked(request_ids=[ask.request_id for ask in asks if ask.state != RequestState.RUNNING])
    fields["report_requests"] = [report_request(ask) for ask in asks]
    return Reply("oadrRegisteredReport", {"response": response(element), **fields})


def registered(message: Message) -> Reply:
    """A VEN's answer to our own oadrRegisterReport: it can want nothing, as we offer nothing."""
    registration.note_our_reports(ven_pk=_caller(message).pk)
    return acknowledged(message)


def created(message: Message) -> Reply:
    """A VEN says which of the wanted reports it will send."""
    caller = _caller(message)
    if text(message.element, "ei:eiResponse/ei:responseCode").startswith("2"):
        reports.agree_requests(ven_pk=caller.pk, request_ids=_pending(message))
    return acknowledged(message)


def create(message: Message) -> Reply:
    """A VEN wants reports of ours: there are none."""
    refusal = response(message.element, REPORT_NOT_SUPPORTED, "This VTN offers no reports.")
    fields = {"response": refusal, "pending_reports": [], "ven_id": _caller(message).ven_id}
    return Reply("oadrCreatedReport", fields)


def read_update(message: Message) -> list[SentReport]:
    """The reports of an oadrUpdateReport, so that those of many VENs can be taken at once."""
    return read_sent(message.element, _caller(message).pk)


def updated(message: Message, taken: Sequence[Taken]) -> Reply:
    """The answer to an oadrUpdateReport, once all of it is stored."""
    ven_id = _caller(message).ven_id
    if not all(each.is_known for each in taken):
        answer = response(message.element, INVALID_ID, "There is no such report request; register the reports again.")
        return Reply("oadrUpdatedReport", {"response": answer, "ven_id": ven_id})
    refused = [reason for each in taken for reason in each.refused]
    return Reply(
        "oadrUpdatedReport", {"response": response(message.element, description=_words(refused)), "ven_id": ven_id}
    )


def update(message: Message) -> Reply:
    """Stores what one VEN reports; acknowledged only after the commit."""
    return updated(message, telemetry.take_reports(read_update(message)))


def cancel(message: Message) -> Reply:
    """A VEN ends reports that it was asked for."""
    caller, element = _caller(message), message.element
    ids = [(each.text or "").strip() for each in element.iterfind("ei:reportRequestID", NS)]
    fields: dict[str, Any] = {"pending_reports": [], "ven_id": caller.ven_id}
    try:
        going_on = reports.end_requests(ven_pk=caller.pk, request_ids=ids)
    except AnsweredError as problem:
        return Reply("oadrCanceledReport", {"response": response(element, problem.code, str(problem)), **fields})
    fields["pending_reports"] = [{"report_request_id": each} for each in going_on]
    return Reply("oadrCanceledReport", {"response": response(element), **fields})


def canceled(message: Message) -> Reply:
    """A VEN's answer to our oadrCancelReport."""
    reports.confirm_ended(ven_pk=_caller(message).pk, going_on=_pending(message))
    return acknowledged(message)


HANDLERS: dict[str, Handler] = {
    "oadrRegisterReport": register,
    "oadrRegisteredReport": registered,
    "oadrCreateReport": create,
    "oadrCreatedReport": created,
    "oadrUpdateReport": update,
    "oadrCancelReport": cancel,
    "oadrCanceledReport": canceled,
}


def _caller(message: Message) -> Caller:
    if message.caller is None:
        raise NotKnown("no VEN")
    return message.caller


def _pending(message: Message) -> list[str]:
    found = message.element.iterfind("oadr:oadrPendingReports/ei:reportRequestID", NS)
    return [(each.text or "").strip() for each in found]


def _words(refused: Sequence[str]) -> str:
    if not refused:
        return "OK"
    more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
    return f"OK, but refused: {'; '.join(refused[:NAMED])}{more}"
