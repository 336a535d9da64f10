"""Reading what VENs send: XML that could do harm is refused before it is parsed, the rest before it is believed.

The parser knows no schema, as an entity that meets one while it is parsed kills the process in libxml2; the schema
looks at the tree afterwards. The parser takes every byte as UTF-8, whatever the message declares, so that nothing can
hide from the look at the bytes in another encoding. Comments and processing instructions are dropped.
"""

import re
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, local

import openleadr
from lxml import etree

from openadr.errors import ForbiddenXml, NotValid, NotWellFormed, TooLarge
from openadr.vtn20b.names import OADR


class Unusual(Exception):
    """A message that a thread of its own must read."""


MAX_BYTES = 256 * 1024
MAX_TAGS = 20_000
# The schema keeps a complaint for each attribute that it does not know.
MAX_ATTRIBUTES = 6_000
MAX_DEPTH = 40

_SCHEMA = etree.XMLSchema(file=str(Path(openleadr.__file__).parent / "schema" / "oadr_20b.xsd"))
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_PAYLOAD, _SIGNED = f"{{{OADR}}}oadrPayload", f"{{{OADR}}}oadrSignedObject"
# Each tag of well-formed XML, whole; a match ends before the next "<", so that "<" without a match is no tag of such.
_TAG = re.compile(rb"""<[^<>"']*(?:"[^<"]*"[^<>"']*|'[^<']*'[^<>"']*)*>""")
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
# What libxml2 keeps beside names: short runs of blanks, and the names of references that nobody defined.
_BLANKS = re.compile(rb"[ \t\r\n]{16,}+")
_SIXTEEN, _AS_SPACES = b" " * 16, bytes.maketrans(b"\t\n\r", b"   ")
_STRANGE_REFERENCE = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,8}|#x[0-9A-Fa-f]{1,7});)")
_USUAL_MAX, _USUAL_BYTES = 4096, 1000
# As many names become usual by one sender's messages.
LEARNED_OF_ONE = 256


def read_message(body: bytes, *, is_lenient: bool = False) -> etree._Element:
    """The message's root, an oadrPayload that the schema takes; with `is_lenient` only its frame is looked at.

    Raises:
        TooLarge: More bytes, tags or levels than a message has.
        NotWellFormed: No XML in UTF-8.
        ForbiddenXml: It has a document type.
        NotValid: The schema refuses it; the error carries the root. In lenient mode: it is no oadrPayload.
    """
    root, names = opened(body)
    if is_lenient:
        kind_of(root)
    else:
        validate(root)
        learn(names, None)
    return root


def kind_of(root: etree._Element) -> tuple[str, etree._Element]:
    """The name of the message inside the payload, without its namespace, and its element.

    Raises:
        NotValid: There is not exactly one message in exactly one frame.
    """
    frames = [child for child in root if child.tag == _SIGNED]
    if root.tag != _PAYLOAD or len(frames) != 1 or len(frames[0]) != 1:
        raise NotValid("This is not one OpenADR 2.0b message in an oadrPayload.", root)
    element = frames[0][0]
    namespace, _, name = element.tag[1:].partition("}")
    if namespace != OADR:
        raise NotValid("This is not a message of OpenADR 2.0b.", root)
    return name, element


def validate(root: etree._Element) -> None:
    """Raises NotValid, with the schema's first complaint, where the schema of OpenADR 2.0b refuses the message."""
    if root.tag != _PAYLOAD or not _SCHEMA.validate(root):
        entry = next((each for each in _SCHEMA.error_log), None)  # type: ignore[attr-defined]  # the stub lacks it
        said = re.sub(r"\{[^}]*\}", "", entry.message)[:200] if entry is not None else "it is no oadrPayload"
        raise NotValid(f"The schema of OpenADR 2.0b refuses this message: {said}", root)


def parse(body: bytes, *, may_wait: bool = True) -> etree._Element:
    """The root of what is harmless XML.

    Raises:
        TooLarge, NotWellFormed, ForbiddenXml: as `read_message`.
        Unusual: It is to be read apart, for which the caller may not wait.
    """
    return opened(body, may_wait=may_wait)[0]


def opened(body: bytes, *, may_wait: bool = True) -> tuple[etree._Element, set[bytes]]:
    """As `parse`, with what is not usual in it, to be learned once the message is known to be good."""
    tags = _counted(body)
    found = _TAG.findall(body)
    has_others = b"<!" in body or body.count(b"<?") > body.startswith(b"<?xml ")
    # Nobody can hide a name where each "<" is accounted for.
    if len(found) != tags and not has_others:
        raise NotWellFormed("This is no XML in UTF-8.")
    unusual = set(found) - _usual
    if _SIXTEEN in body.translate(_AS_SPACES):
        unusual |= set(_BLANKS.findall(body)) - _usual
    if not unusual and not has_others and (b"&" not in body or _STRANGE_REFERENCE.search(body) is None):
        root = _parsed(body)
    elif may_wait:
        root = _apart.parse(body)
    else:
        raise Unusual("This message is read apart.")
    if tags > MAX_DEPTH and _TOO_DEEP(root):
        raise TooLarge("The message is nested too deeply.")
    return root, unusual


def learn(unusual: set[bytes], sender: Hashable) -> None:
    """Takes names and blanks as usual from now on; of each sender only so many."""
    if not unusual or max(map(len, unusual)) > _USUAL_BYTES:
        return
    taught = _taught.get(sender, 0) + len(unusual)
    if taught > LEARNED_OF_ONE or len(_usual) + len(unusual) > _USUAL_MAX:
        return
    _taught[sender] = taught
    # An Id may be another one in each message: those must not take the place of the rest.
    _usual.update(each for each in unusual if b"Id=" not in each or len(_usual) < _USUAL_MAX // 4)


def _counted(body: bytes) -> int:
    """How many tags the message seems to have; raises as `parse` where the bytes alone are reason enough."""
    if len(body) > MAX_BYTES:
        raise TooLarge(f"A message may have {MAX_BYTES // 1024} kB.")
    tags = body.count(b"<")
    if tags > MAX_TAGS:
        raise TooLarge("The message has too many elements.")
    if body.count(b"=") > MAX_ATTRIBUTES:
        raise TooLarge("The message has too many attributes.")
    declared = _DECLARED.match(body)
    if declared is not None and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise NotWellFormed("Send messages in UTF-8.")
    if b"<!DOCTYPE" in body:
        raise ForbiddenXml("A message may not have a document type.")
    return tags


def _parsed(body: bytes) -> etree._Element:
    try:
        root = etree.fromstring(body, _local.parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise NotWellFormed("This is no XML in UTF-8.") from problem
    if root.getroottree().docinfo.internalDTD is not None:
        raise ForbiddenXml("A message may not have a document type.")
    return root


class _Local(local):
    """A parser for each thread: one that several share keeps the names of all of them."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            remove_comments=True,
            remove_pis=True,
        )


_local = _Local()
_usual: set[bytes] = set()


_taught: dict[Hashable, int] = {}


class _Apart:
    """Parses unusual messages in a thread that is replaced now and then.

    libxml2 keeps every name that it ever met for as long as the thread lives: strangers could fill the memory with
    invented names. What proven senders send is usual from then on and needs no thread.
    """

    RENEWED_AFTER = 8_000_000

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._bytes = 0

    def parse(self, body: bytes) -> etree._Element:
        with self._lock:
            if self._thread is None or self._bytes > self.RENEWED_AFTER:
                if self._thread is not None:
                    self._thread.shutdown(wait=False)
                self._thread, self._bytes = ThreadPoolExecutor(1, "unusual-xml"), 0
            self._bytes += len(body)
            work = self._thread.submit(_parsed, body)
        return work.result()


_apart = _Apart()
