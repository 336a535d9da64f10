"""Requests to call off a running event."""

from events.models import CancelAnswer, CancelRequest
from tests.rules.examples.example import Change, Example
from tests.rules.kit import Kit


def request(kit: Kit, **fields: object) -> CancelRequest:
    """A request that is not stored yet."""
    return CancelRequest(**({"event": kit.event, "reason": "storm", "asked_by": kit.staff} | fields))


def stored_request(kit: Kit, **fields: object) -> CancelRequest:
    """The same, stored."""
    row = request(kit, **fields)
    row.save()
    return row


def _second(kit: Kit) -> CancelRequest:
    stored_request(kit)
    return request(kit)


def _moved(kit: Kit) -> Change:
    stored_request(kit)
    return stored_request(kit, event=kit.event_at(kit.event.end)), {"event": kit.event}


def _alone(kit: Kit) -> Change:
    return stored_request(kit), {"answer": CancelAnswer.AGREED, "answered_by": kit.staff}


def _stranger(kit: Kit) -> Change:
    return stored_request(kit), {"asked_by": kit.person(kit.there)}


EXAMPLES = {
    "cancel_request_one_open": Example(new=_second, change=_moved),
    "cancel_request_answer_known": Example(
        new=lambda kit: request(kit, answer="maybe"), change=lambda kit: (stored_request(kit), {"answer": "maybe"})
    ),
    "cancel_request_two_people": Example(
        new=lambda kit: request(kit, answer=CancelAnswer.AGREED, answered_by=kit.staff), change=_alone
    ),
    "cancel_request_within_distributor": Example(
        new=lambda kit: request(kit, asked_by=kit.person(kit.there)), change=_stranger
    ),
    "cancel_request_answer_stands": Example(
        change=lambda kit: (stored_request(kit, answer=CancelAnswer.KEPT), {"answer": CancelAnswer.OPEN})
    ),
}
