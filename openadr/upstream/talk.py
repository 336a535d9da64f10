"""What is said to one VTN while its lease lasts."""

from typing import Any

from lxml import etree

from accounts.errors import SecretUnreadable
from accounts.sealing import unseal
from openadr.errors import MessageError
from openadr.ids import new_id
from openadr.models import Upstream
from openadr.upstream.client import Link, exchange
from openadr.upstream.faults import Fault
from openadr.upstream.lease import Lease
from openadr.upstream.messages import compose, signer_for
from openadr.upstream.reading import code_of
from openadr.vtn20b.safe import kind_of, read_message
from openadr.vtn20b.signing import Signer

# "invalid id" and "not registered or authorized": it does not know us (any more).
STRANGER = (452, 463)
FINE = range(200, 300)


class Said:
    """One answer.

    Attributes:
        kind: the name of the message; empty where it said nothing.
        element: the message.
        code: of OpenADR.
    """

    def __init__(self, kind: str, element: etree._Element) -> None:
        self.kind, self.element = kind, element
        self.code, self.words = code_of(element)

    @property
    def is_fine(self) -> bool:
        """Whether the VTN took what it was told."""
        return self.code in FINE

    @property
    def fault(self) -> Fault:
        """What a refusal means."""
        return Fault("code", f"{self.code} {self.words}".strip())


NOTHING = etree.Element("nothing")


class Talk:
    """Exchanges with one VTN, each after a look whether the lease still lasts.

    Attributes:
        has_spoken: whether the VTN answered anything.
        troubles: what went wrong with parts of what was said, while the rest went on.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.has_spoken = False
        self.troubles: list[Fault] = []
        self._link, self._signer = link_of(lease.upstream)

    @property
    def upstream(self) -> Upstream:
        """The VTN as it is now."""
        return self.lease.upstream

    def say(self, service: str, kind: str, **fields: Any) -> Said:
        """What it answers to a message.

        Raises:
            Fault: it cannot be reached or understood.
            LeaseLost: it is somebody else's turn.
        """
        body = compose(kind, fields, self._signer)
        self.lease.renew()
        said = exchange(self._link, service, body)
        self.has_spoken = True
        if not said.strip():
            return Said("", NOTHING)
        try:
            return Said(*kind_of(read_message(said)))
        except MessageError as refusal:
            raise Fault("not_valid", str(refusal)) from None

    def ask(self, service: str, kind: str, **fields: Any) -> Said:
        """The same for what has an id of its own request."""
        return self.say(service, kind, request_id=new_id("request"), **fields)


def link_of(upstream: Upstream) -> tuple[Link, Signer | None]:
    """Where it is and how it is proven, and who signs, if anybody does.

    Raises:
        Fault: "own_key", where our key cannot be read any more.
    """
    try:
        key = unseal(upstream.key_sealed) if upstream.key_sealed else ""
    except SecretUnreadable as refusal:
        raise Fault("own_key", str(refusal)) from None
    link = Link(upstream.url, upstream.certificate, key, upstream.ca, upstream.vtn_fingerprint)
    return link, signer_for(upstream.certificate, key) if upstream.signs else None
