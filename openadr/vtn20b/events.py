"""EiEvent: what VENs ask and answer about events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from openadr.errors import InvalidData
from openadr.ids import event_pk
from openadr.selectors import Told
from openadr.services.deliveries import Ack, AckOutcome, AckResult
from openadr.vtn20b import render
from openadr.vtn20b.exchange import INVALID_ID, OK, Reply
from openadr.vtn20b.names import NS
from openadr.vtn20b.snapshot import Entry
from openadr.vtn20b.words import request_id, response, text

_MOST = 2**31 - 1
# Many more than one device is ever told of at once; each answer locks its event while it is written down.
MOST_ANSWERS = 200
_WORDS = {
    AckResult.TAKEN: "OK",
    AckResult.STALE: "OK; the event was changed meanwhile",
    AckResult.TOO_LATE: "too late to answer; the answer is kept",
    AckResult.UNKNOWN: "no such event",
    AckResult.INVALID: "no such modification of the event",
    AckResult.FAILED: "the answer could not be kept",
}


@dataclass(frozen=True)
class Created:
    """One oadrCreatedEvent, read.

    Attributes:
        acks: its answers to events of ours, by their eventIDs.
        unknown: eventIDs that are none of ours.
    """

    acks: tuple[Ack, ...]
    unknown: tuple[str, ...]


def open_events(entry: Entry, now: datetime) -> list[Told]:
    """Every event that applies to the VEN: an event that a message leaves out counts as called off."""
    return [told for told in entry.told if told.end > now]


def is_pending(entry: Entry, now: datetime) -> bool:
    """Whether the VEN has not acknowledged one of its events that are not over."""
    return any(told.is_pending and told.end > now for told in entry.told)


def answer_request(entry: Entry, element: etree._Element, now: datetime) -> tuple[str, list[Told]]:
    """The oadrDistributeEvent that answers an oadrRequestEvent, and the events in it.

    Who limits the reply gets what runs or begins first.
    """
    request = element.find("pyld:eiRequestEvent", NS)
    if request is None:  # possible where the schema's complaints are passed over
        raise InvalidData("The message asks for nothing.")
    told = sorted(open_events(entry, now), key=lambda each: (each.start, each.event_pk))
    limit = text(request, "pyld:replyLimit")
    told = told[: int(limit)] if limit.isdecimal() and int(limit) else told
    return render.distribute(entry.ven_id, told, now, text(request, "pyld:requestID")), told


def read_created(ven_pk: int, element: etree._Element) -> Created:
    """What an oadrCreatedEvent answers.

    Raises:
        InvalidData: It has no answers, or more than `MOST_ANSWERS`.
    """
    if element.find("pyld:eiCreatedEvent", NS) is None:  # possible where the schema's complaints are passed over
        raise InvalidData("The message answers nothing.")
    answers = element.findall("pyld:eiCreatedEvent/ei:eventResponses/ei:eventResponse", NS)
    if len(answers) > MOST_ANSWERS:
        raise InvalidData(f"A message answers at most {MOST_ANSWERS} events; send the rest in another.")
    acks, unknown = [], []
    for answer in answers:
        name = text(answer, "ei:qualifiedEventID/ei:eventID")
        number = text(answer, "ei:qualifiedEventID/ei:modificationNumber")
        pk = event_pk(name)
        if pk is None:
            unknown.append(name)
        else:
            modification = int(number) if number.isdecimal() and len(number) < 10 else _MOST
            acks.append(Ack(ven_pk, pk, modification, _opt(answer)))
    return Created(tuple(acks), tuple(unknown))


def _opt(answer: etree._Element) -> str:
    """The answer; a VEN that could not make use of the event does not take part, whatever it says."""
    went_well = text(answer, "ei:responseCode").startswith("2")
    return text(answer, "ei:optType") if went_well else "optOut"


def created_reply(ven_id: str, element: etree._Element, created: Created, outcomes: Sequence[AckOutcome]) -> Reply:
    """The oadrResponse to an oadrCreatedEvent: the first thing that is wrong, or OK."""
    code, words = OK, "OK"
    wrong = [outcome for outcome in outcomes if outcome.code != OK]
    if created.unknown:
        code, words = INVALID_ID, f"no such event: {created.unknown[0]}"
    elif wrong:
        code, words = wrong[0].code, _WORDS[wrong[0].result]
    inner = element.find("pyld:eiCreatedEvent", NS)
    assert inner is not None  # `read_created` has refused it
    return Reply("oadrResponse", {"response": _response(element, inner, code, words), "ven_id": ven_id})


def _response(element: etree._Element, inner: etree._Element, code: int, words: str) -> dict[str, object]:
    first = "ei:eventResponses/ei:eventResponse/pyld:requestID"
    own = request_id(inner) or text(inner, first)
    return {**response(element, code, words), "request_id": own}
