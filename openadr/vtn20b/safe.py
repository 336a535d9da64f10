"""Reading what VENs send: XML that could do harm is refused before it is parsed, the rest before it is believed.

The parser knows no schema, as an entity that meets one while it is parsed kills the process in libxml2; the schema
looks at the tree afterwards. The parser takes every byte as UTF-8, whatever the message declares, so that nothing can
hide from the look at the bytes in another encoding. Comments and processing instructions are dropped.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, local

import openleadr
from lxml import etree

from openadr.errors import ForbiddenXml, NotValid, NotWellFormed, TooLarge
from openadr.vtn20b.names import OADR

MAX_BYTES = 256 * 1024
MAX_TAGS = 20_000
# The schema keeps a complaint for each attribute that it does not know.
MAX_ATTRIBUTES = 6_000
MAX_DEPTH = 40

_SCHEMA = etree.XMLSchema(file=str(Path(openleadr.__file__).parent / "schema" / "oadr_20b.xsd"))
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_PAYLOAD, _SIGNED = f"{{{OADR}}}oadrPayload", f"{{{OADR}}}oadrSignedObject"
# Each tag of well-formed XML, whole; no match reaches past the next "<", so that nothing can hide one.
_TAG = re.compile(rb"""<[^<>"']*(?:"[^<"]*"[^<>"']*|'[^<']*'[^<>"']*)*>""")
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_USUAL_MAX, _USUAL_BYTES = 4096, 1000


def read_message(body: bytes, *, is_lenient: bool = False) -> etree._Element:
    """The message's root, an oadrPayload that the schema takes; with `is_lenient` only its frame is looked at.

    Raises:
        TooLarge: More bytes, tags or levels than a message has.
        NotWellFormed: No XML in UTF-8.
        ForbiddenXml: It has a document type.
        NotValid: The schema refuses it; the error carries the root. In lenient mode: it is no oadrPayload.
    """
    root = parse(body)
    if is_lenient:
        kind_of(root)
    else:
        validate(root)
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


def parse(body: bytes) -> etree._Element:
    """The root of what is harmless XML.

    Raises:
        TooLarge, NotWellFormed, ForbiddenXml: as `read_message`.
    """
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
    names = set(_TAG.findall(body))
    root = _parsed(body) if names <= _usual else _apart.parse(body, names)
    if tags > MAX_DEPTH and _TOO_DEEP(root):
        raise TooLarge("The message is nested too deeply.")
    return root


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


class _Apart:
    """Parses unusual messages in a thread that is replaced now and then.

    libxml2 keeps every name that it ever met for as long as the thread lives: strangers could fill the memory with
    invented names. What the schema took is usual from then on and needs no thread.
    """

    RENEWED_AFTER = 8_000_000

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._bytes = 0

    def parse(self, body: bytes, names: set[bytes]) -> etree._Element:
        with self._lock:
            if self._thread is None or self._bytes > self.RENEWED_AFTER:
                if self._thread is not None:
                    self._thread.shutdown(wait=False)
                self._thread, self._bytes = ThreadPoolExecutor(1, "unusual-xml"), 0
            self._bytes += len(body)
            work = self._thread.submit(_parsed_and_judged, body)
        root, is_valid = work.result()
        if is_valid and len(_usual) + len(names) <= _USUAL_MAX and max(map(len, names)) <= _USUAL_BYTES:
            # An Id may be another one in each message: those must not take the place of the rest.
            _usual.update(name for name in names if b"Id=" not in name or len(_usual) < _USUAL_MAX // 4)
        return root


def _parsed_and_judged(body: bytes) -> tuple[etree._Element, bool]:
    root = _parsed(body)
    is_valid = not _TOO_DEEP(root) and root.tag == _PAYLOAD and _SCHEMA.validate(root)
    return root, is_valid


_apart = _Apart()
