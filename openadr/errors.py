"""What may go wrong with VENs and their messages. `status` is the HTTP status of the answer."""

from typing import ClassVar

from lxml import etree

from common.errors import PortalError


class OpenadrError(PortalError):
    """Base of this room's refusals."""


class MessageError(OpenadrError):
    """A message that is not taken; the text may be told to whoever sent it.

    Attributes:
        wait_seconds: when to come again (Retry-After); 0 where that says nothing.
    """

    status: ClassVar[int] = 400
    wait_seconds: int = 0


class NotWellFormed(MessageError):
    """No XML in UTF-8."""


class ForbiddenXml(MessageError):
    """XML that could do harm: a document type, or a structure that no message has."""


class TooLarge(MessageError):
    """More bytes, elements or levels than any message has."""

    status = 413


class NotValid(MessageError):
    """XML that the schema refuses.

    Attributes:
        root: the message, safely parsed, for VENs whose messages are taken all the same.
    """

    def __init__(self, words: str, root: etree._Element | None = None) -> None:
        super().__init__(words)
        self.root = root


class WrongType(MessageError):
    """A body that does not say it is XML."""

    status = 415


class NotKnown(MessageError):
    """Who sent it is not proven. The text is always the same, so that nobody learns which VENs there are.

    Attributes:
        reason: why, for the log of messages only.
    """

    status = 403
    WORDS: ClassVar[str] = "Not registered or not authorized."

    def __init__(self, reason: str = "") -> None:
        super().__init__(self.WORDS)
        self.reason = reason


class Replayed(NotKnown):
    """A signed message that was used before, or whose time is too far off. Answered like any other stranger."""


class TooOften(MessageError):
    """More messages than the VEN may send."""

    status = 429

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(f"Too many messages; come again in {wait_seconds} seconds.")
        self.wait_seconds = wait_seconds


class Busy(MessageError):
    """More messages wait than there is room for."""

    status = 503
    wait_seconds = 5

    def __init__(self) -> None:
        super().__init__("Come again in a moment.")


class AnsweredError(OpenadrError):
    """A message that was understood and is refused in the answer itself; `code` is OpenADR's response code."""

    code: ClassVar[int] = 452


class UnknownRegistration(AnsweredError):
    """A registrationID that the VEN does not have."""


class UnknownReport(AnsweredError):
    """A reportRequestID or reportSpecifierID that the VEN does not have, or one that cannot be kept."""


class UnknownOpt(AnsweredError):
    """An optID that the VEN does not have, or that says something else already."""


class InvalidData(AnsweredError):
    """Valid by the schema, but it means nothing."""

    code = 454


class WrongVenState(OpenadrError):
    """What a person wants of a VEN does not fit its state."""


class TooLateToAnswer(AnsweredError):
    """An answer to an event after its time."""

    code = 451


class EnrollRefused(OpenadrError):
    """A VEN, its certificate or its resource that cannot be taken."""
