"""Who sends a message: proven by the certificate, and by the signature where there is one, before anything else.

Whoever is not proven gets the same answer, whether the venID exists or not, and whatever was wrong.
"""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from lxml import etree

from openadr.errors import NotKnown, NotValid
from openadr.vtn20b import safe, signing
from openadr.vtn20b.exchange import Caller
from openadr.vtn20b.names import EI, PYLD
from openadr.vtn20b.nonces import Nonces
from openadr.vtn20b.shapes import Shapes
from openadr.vtn20b.snapshot import Entry, Snapshot

_VEN_ID = f"{{{EI}}}venID"
# Where a message says who sends it; deeper ones name targets.
_PLACES = (f"{{{EI}}}venID", f"{{{PYLD}}}eiCreatedEvent/{_VEN_ID}", f"{{{PYLD}}}eiRequestEvent/{_VEN_ID}")
# What a VEN may say before it knows its venID.
_NAMELESS = ("oadrQueryRegistration", "oadrCreatePartyRegistration")
_shapes = Shapes()


@dataclass(frozen=True)
class Admitted:
    """A message that is taken.

    Attributes:
        fault: what the schema has against it, where the VEN's messages are taken all the same; to be logged.
    """

    kind: str
    element: etree._Element
    caller: Caller | None
    is_signed: bool
    fault: str = ""


def admit(
    *, snapshot: Snapshot, body: bytes, fingerprint: str | None, is_open: bool, may_wait: bool = True
) -> Admitted:
    """The message in a body, harmless, valid and from a proven sender.

    Raises:
        safe.Unusual: It is to be read apart, for which the caller may not wait.
        TooLarge, NotWellFormed, ForbiddenXml, NotValid: as `safe.read_message`.
        NotKnown: as `authenticate`.
    """
    before = _as_before(snapshot, body, fingerprint, is_open)
    if before is not None:
        return before
    root, unusual = safe.opened(body, may_wait=may_wait)
    fault = ""
    try:
        safe.validate(root)
    except NotValid as problem:
        fault = str(problem)
        if not _is_lenient(snapshot, root, fingerprint, is_open):
            raise
    kind, element = safe.kind_of(root)
    caller = authenticate(
        snapshot=snapshot, root=root, kind=kind, element=element, fingerprint=fingerprint, is_open=is_open
    )
    is_signed = signing.is_signed(root)
    if caller is not None and not fault:
        safe.learn(unusual, caller.pk)
        if kind == "oadrPoll" and not is_signed:
            _shapes.learn(body, element, caller.ven_id)
    return Admitted(kind, element, caller, is_signed, fault)


def _as_before(snapshot: Snapshot, body: bytes, fingerprint: str | None, is_open: bool) -> Admitted | None:
    """A poll like an earlier one, of a VEN that is proven and need not sign; all else is to be looked at whole."""
    found = _shapes.read(body)
    entry = snapshot.find(found[0]) if found is not None else None
    if found is None or entry is None or not entry.is_allowed or entry.must_sign:
        return None
    if not is_open and (fingerprint is None or not entry.has(fingerprint)):
        return None
    return Admitted("oadrPoll", found[1], Caller(entry.pk, entry.ven_id, entry.distributor_id, entry.is_lenient), False)


def look_at_certificate(snapshot: Snapshot, fingerprint: str | None) -> Entry:
    """The VEN that a certificate speaks for.

    Raises:
        NotKnown: as `authenticate`, where the certificate alone is reason enough; nothing is parsed then.
    """
    entry = snapshot.of_fingerprint(fingerprint) if fingerprint is not None else None
    if entry is None:
        raise NotKnown("no VEN with this venID and certificate")
    if not entry.is_allowed:
        raise NotKnown("revoked, or of somebody who is not approved")
    return entry


def authenticate(
    *,
    snapshot: Snapshot,
    root: etree._Element,
    kind: str,
    element: etree._Element,
    fingerprint: str | None,
    is_open: bool,
) -> Caller | None:
    """The VEN that a message comes from; None only in the open demonstration, for who asks before registering.

    Args:
        fingerprint: SHA-256 of the client certificate, in hex, from TLS or from the configured proxy.
        is_open: the demonstration on plain HTTP, where the venID is believed.

    Raises:
        NotKnown: Unknown venID, wrong, missing, revoked or expired certificate, owner not approved, signature missing
            where it must be, or not good. One text for all of them; the reason is for the log.
        Replayed: A signed message that was used before.
    """
    entry = _sender(snapshot, element, fingerprint, is_open)
    if entry is None:
        if is_open and kind in _NAMELESS and said_ven_id(element) is None:
            return None
        raise NotKnown("no VEN with this venID and certificate")
    if not entry.is_allowed:
        raise NotKnown("revoked, or of somebody who is not approved")
    if entry.must_sign or (signing.is_signed(root) and not is_open):
        nonces().use(signing.verify(root, [each for each in entry.fingerprints if entry.has(each)]))
    return Caller(entry.pk, entry.ven_id, entry.distributor_id, entry.is_lenient)


def said_ven_id(element: etree._Element) -> str | None:
    """The venID that a message says it is from; None where it says none.

    Raises:
        NotKnown: It says several.
    """
    found = [each for place in _PLACES for each in element.iterfind(place)]
    if len(found) > 1 or (found and len(found[0])):
        raise NotKnown("several venIDs")
    return (found[0].text or "").strip() if found else None


@lru_cache(1)
def nonces() -> Nonces:
    """The process's store of used nonces."""
    return Nonces(settings.REDIS_URL)


def _sender(snapshot: Snapshot, element: etree._Element, fingerprint: str | None, is_open: bool) -> Entry | None:
    ven_id = said_ven_id(element)
    if is_open:
        return snapshot.find(ven_id) if ven_id is not None else None
    if fingerprint is None:
        return None
    if ven_id is None:
        return snapshot.of_fingerprint(fingerprint)
    entry = snapshot.find(ven_id)
    return entry if entry is not None and entry.has(fingerprint) else None


def _is_lenient(snapshot: Snapshot, root: etree._Element, fingerprint: str | None, is_open: bool) -> bool:
    """Whether a message that the schema refuses comes from a VEN whose messages are taken all the same."""
    if signing.is_signed(root):
        return False
    try:
        _kind, element = safe.kind_of(root)
        entry = _sender(snapshot, element, fingerprint, is_open)
    except (NotValid, NotKnown):
        return False
    return entry is not None and entry.is_allowed and entry.is_lenient and not entry.must_sign
