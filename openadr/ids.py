"""How the portal's rows are called on the wire."""

import re
from uuid import uuid4

from django.conf import settings

_EVENT = re.compile(r"event-([1-9][0-9]{0,17})")


def new_id(kind: str) -> str:
    """A fresh id, as "ven-3f…". It begins with a letter, so that no codec takes it for a number."""
    return f"{kind}-{uuid4().hex}"


def event_ref(event_pk: int) -> str:
    """The eventID of an event.

    >>> event_ref(12)
    'event-12'
    """
    return f"event-{event_pk}"


def event_pk(ref: str) -> int | None:
    """The key of the event that an eventID names; None for no eventID of ours.

    >>> event_pk("event-12"), event_pk("event-012"), event_pk("x")
    (12, None, None)
    """
    found = _EVENT.fullmatch(ref)
    return int(found[1]) if found else None


def market_context(program_pk: int) -> str:
    """The marketContext of a program: an address, as the standard wants it."""
    return f"{settings.SITE_URL.rstrip('/')}/programs/{program_pk}"
