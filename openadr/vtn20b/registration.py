"""EiRegisterParty: what VENs say of their registration."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from lxml import etree

from openadr.errors import AnsweredError, InvalidData, NotKnown
from openadr.services import registration
from openadr.services.registration import Registration
from openadr.vtn20b.exchange import COMPLIANCE_ERROR, Handler, Message, Reply
from openadr.vtn20b.words import flag, response, text

__all__ = ["HANDLERS"]

PROFILE, TRANSPORT = "2.0b", "simpleHttp"
CREATED = "oadrCreatedPartyRegistration"


def query(message: Message) -> Reply:
    """What the VTN speaks, and how the VEN stands where it is known."""
    found = registration.registration_of(ven_pk=message.caller.pk) if message.caller else None
    is_registered = found is not None and bool(found.registration_id)
    return Reply(CREATED, {"response": response(message.element), **_offer(found if is_registered else None)})


def create(message: Message) -> Reply:
    """Registers a VEN, or tells it its registration again; it must have been enrolled before."""
    element = message.element
    refusal = _unserved(element)
    if refusal:
        return Reply(CREATED, {"response": response(element, COMPLIANCE_ERROR, refusal), **_offer(None)})
    try:
        ven_pk = message.caller.pk if message.caller else _named(message)
        number = text(element, "ei:registrationID")
        found = registration.register_ven(ven_pk=ven_pk, registration_id=number, said=_said(element))
    except AnsweredError as problem:
        return Reply(CREATED, {"response": response(element, problem.code, str(problem)), **_offer(None)})
    return Reply(CREATED, {"response": response(element), **_offer(found)})


def cancel(message: Message) -> Reply:
    """Ends the registration of the VEN that asks."""
    element, caller = message.element, _caller(message)
    number = text(element, "ei:registrationID")
    fields: dict[str, Any] = {"response": response(element), "registration_id": number, "ven_id": caller.ven_id}
    try:
        registration.cancel_registration(ven_pk=caller.pk, registration_id=number)
    except AnsweredError as problem:
        fields["response"] = response(element, problem.code, str(problem))
    return Reply("oadrCanceledPartyRegistration", fields)


def canceled(message: Message) -> Reply:
    """A VEN's answer to our oadrCancelPartyRegistration."""
    caller = _caller(message)
    code = text(message.element, "ei:eiResponse/ei:responseCode")
    # 452: it has another registration, or none. Ours is over all the same.
    if code.startswith("2") or code == "452":
        registration.confirm_cancelled(ven_pk=caller.pk)
    return acknowledged(message)


def acknowledged(message: Message) -> Reply:
    """The answer to what needs none."""
    ven_id = message.caller.ven_id if message.caller else ""
    return Reply("oadrResponse", {"response": response(message.element), "ven_id": ven_id})


HANDLERS: dict[str, Handler] = {
    "oadrQueryRegistration": query,
    "oadrCreatePartyRegistration": create,
    "oadrCancelPartyRegistration": cancel,
    "oadrCanceledPartyRegistration": canceled,
    "oadrResponse": acknowledged,
}


def _caller(message: Message) -> Any:
    if message.caller is None:
        raise NotKnown("no VEN")
    return message.caller


def _named(message: Message) -> int:
    """The VEN of the name it says. Where certificates are asked for, these decide and no name does."""
    if message.fingerprint is not None:
        raise NotKnown("the certificate is nobody's")
    return registration.ven_named(name=text(message.element, "oadr:oadrVenName"))


def _unserved(element: etree._Element) -> str:
    """Why a VEN cannot be served, in words; empty if it can."""
    if text(element, "oadr:oadrProfileName") != PROFILE:
        return f"Only profile {PROFILE} is served."
    if text(element, "oadr:oadrTransportName") != TRANSPORT:
        return f"Only transport {TRANSPORT} is served."
    if flag(element, "oadr:oadrHttpPullModel") is False:
        return "Only the pull model is served: the VEN polls."
    return ""


def _said(element: etree._Element) -> dict[str, Any]:
    name = text(element, "oadr:oadrVenName")
    if len(name) > 200:
        raise InvalidData("The name is too long.")
    return {
        "name": name,
        "profile": text(element, "oadr:oadrProfileName"),
        "transport": text(element, "oadr:oadrTransportName"),
        "address": text(element, "oadr:oadrTransportAddress")[:200],
        "is_report_only": bool(flag(element, "oadr:oadrReportOnly")),
        "signs": bool(flag(element, "oadr:oadrXmlSignature")),
    }


def _offer(found: Registration | None) -> dict[str, Any]:
    profile = {"profile_name": PROFILE, "transports": [{"transport_name": TRANSPORT}]}
    seconds = found.poll_seconds if found else max(settings.VTN_POLL_SECONDS, 1)
    return {
        "registration_id": found.registration_id if found else None,
        "ven_id": found.ven_id if found else None,
        "vtn_id": settings.VTN_ID,
        "profiles": [profile],
        "requested_oadr_poll_freq": timedelta(seconds=seconds),
    }
