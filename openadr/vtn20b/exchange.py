"""What passes between the service and the handlers of one message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

# OpenADR 2.0b, EiResponse codes.
OK = 200
BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
NOT_ALLOWED = 451
INVALID_ID = 452
INVALID_DATA = 454
COMPLIANCE_ERROR = 459


@dataclass(frozen=True)
class Caller:
    """The VEN that a message is proven to come from."""

    pk: int
    ven_id: str
    distributor_id: int
    is_lenient: bool = False


@dataclass(frozen=True)
class Message:
    """One message, parsed, valid and authenticated.

    Attributes:
        kind: the element's name without its namespace, as "oadrPoll".
        element: that element.
        caller: None for what a VEN may say before it is registered, and only where the certificate names none.
        fingerprint: SHA-256 of the client certificate, in hex; None where there is none (demonstration).
    """

    kind: str
    element: etree._Element
    caller: Caller | None
    fingerprint: str | None = None


@dataclass(frozen=True)
class Reply:
    """One answer: the kind of message and the fields of its template (openleadr's names)."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)


Handler = Callable[[Message], Reply]
