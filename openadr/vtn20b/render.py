"""The messages that polls are answered with, put together from pieces that are rendered once."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from uuid import uuid4

from django.conf import settings

from openadr.ids import event_ref, market_context
from openadr.selectors import Told
from openadr.vtn20b.codec import harmless, skeleton
from openadr.vtn20b.exchange import OK, Reply

# Stand for what differs between two messages of a kind.
VEN, REQUEST, ANSWERED, EVENTS, CREATED, CHANGED = "\ue001", "\ue002", "\ue003", "\ue004", "\ue005", "\ue006"
_CUT = re.compile(f"([{VEN}-{CHANGED}])")
_EVENT = re.compile("<oadr:oadrEvent>.*</oadr:oadrEvent>", re.DOTALL)
_END = "</oadr:oadrDistributeEvent>"
_RESPONSE = {"response_code": OK, "response_description": "OK", "request_id": ANSWERED}


class Pieces:
    """A text of XML, cut where a message's own parts belong; these go in once, so that no part can hold another."""

    def __init__(self, whole: str) -> None:
        self._parts = _CUT.split(whole)

    def filled(self, own: dict[str, str]) -> str:
        """The text with its own parts, which must be harmless already."""
        return "".join([own.get(part, part) for part in self._parts])


def nothing(ven_id: str, request_id: str = "") -> str:
    """An oadrResponse that says OK, as oadrSignedObject: the answer to a poll that finds nothing."""
    return _pieces("oadrResponse").filled({VEN: harmless(ven_id), ANSWERED: harmless(request_id)})


def reregister(ven_id: str) -> str:
    """An oadrRequestReregistration."""
    return _pieces("oadrRequestReregistration").filled({VEN: harmless(ven_id)})


def distribute(ven_id: str, events: Sequence[Told], now: datetime, request_id: str = "") -> str:
    """An oadrDistributeEvent with these events as they stand now.

    Args:
        request_id: that of the oadrRequestEvent which this answers; empty for a poll.
    """
    name = harmless(ven_id)
    rendered = "".join([_event_of(told, name, now) for told in events])
    own = {REQUEST: f"distribute-{uuid4().hex}", ANSWERED: harmless(request_id), EVENTS: rendered}
    return _pieces("oadrDistributeEvent").filled(own)


def status_of(told: Told, now: datetime) -> str:
    """The eventStatus; never "near", as programs know no ramp-up."""
    if told.is_cancelled:
        return "cancelled"
    if now < told.start:
        return "far"
    return "active" if now < told.end else "completed"


def _event_of(told: Told, name: str, now: datetime) -> str:
    pieces = _event(
        told.event_pk, told.modification_number, told.start, told.end, told.level, told.resources, told.program_pk,
        told.is_test, told.note, status_of(told, now),
    )  # fmt: skip
    return pieces.filled({VEN: name, CREATED: _time(told.created_at), CHANGED: _time(told.changed_at)})


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@cache
def _pieces(kind: str) -> Pieces:
    skeletons: dict[str, dict[str, object]] = {
        "oadrResponse": {"response": _RESPONSE, "ven_id": VEN},
        "oadrRequestReregistration": {"ven_id": VEN},
        "oadrDistributeEvent": {"response": _RESPONSE, "request_id": REQUEST, "vtn_id": settings.VTN_ID, "events": []},
    }
    return Pieces(skeleton(Reply(kind, skeletons[kind])).replace(_END, EVENTS + _END))


@lru_cache(maxsize=2048)
def _event(
    event_pk: int, modification: int, start: datetime, end: datetime, level: int, resources: tuple[str, ...],
    program_pk: int, is_test: bool, note: str, status: str,
) -> Pieces:  # fmt: skip
    """One oadrEvent, the same for every VEN that is told the same."""
    signal = {
        "signal_name": "SIMPLE",
        "signal_type": "level",
        "signal_id": "simple",
        "intervals": [{"duration": end - start, "signal_payload": level}],
        "current_value": level if status == "active" else 0,
    }
    event = {
        "event_descriptor": {
            "event_id": event_ref(event_pk),
            "modification_number": modification,
            "modification_date_time": CHANGED if modification else None,
            "priority": None,
            "market_context": market_context(program_pk),
            "created_date_time": CREATED,
            "event_status": status,
            "test_event": is_test,
            # No note may have slots of its own.
            "vtn_comment": _CUT.sub("\ufffd", note) or None,
        },
        "active_period": {"dtstart": start, "duration": end - start},
        "event_signals": [signal],
        "targets": [{"ven_id": VEN}, *({"resource_id": name} for name in resources)],
        "response_required": "always",
    }
    whole = skeleton(Reply("oadrDistributeEvent", {"request_id": "0", "vtn_id": "0", "events": [event]}))
    found = _EVENT.search(whole)
    assert found is not None  # the template holds each event in one
    return Pieces(found[0])
