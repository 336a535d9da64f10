"""Outgoing messages: openleadr's templates, which trust what they are given, with every text made harmless before."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openleadr
from django.conf import settings
from lxml import etree
from openleadr import messaging

from common.errors import PortalError
from openadr.vtn20b import signing
from openadr.vtn20b.exchange import Reply

# What XML 1.0 cannot say at all, lone surrogates too.
_UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTES = {'"': "&quot;", "'": "&apos;"}
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07">'
_TAIL = "</oadr:oadrPayload>"


class NotOurMessage(PortalError):
    """A message of ours that the schema refuses: a fault of the portal."""


def compose(reply: Reply, *, sign: bool) -> bytes:
    """The message as it goes out; every text is escaped, and it is signed with the VTN's key where asked.

    Raises:
        NotOurMessage: the schema refuses it; looked at only where VTN_CHECK_OUTGOING says so.
    """
    return wrap(signed_object(reply), sign=sign)


def signed_object(reply: Reply) -> str:
    """The oadrSignedObject with the reply in it, in one line; openleadr puts namespaces right before."""
    return _rendered(reply.kind, messaging.preflight_message(reply.kind, harmless(dict(reply.fields))))


def skeleton(reply: Reply) -> str:
    """The same as it is: openleadr would take the value out of an event that runs, as it looks for "ACTIVE"."""
    return _rendered(reply.kind, harmless(dict(reply.fields)))


def _rendered(kind: str, fields: Mapping[str, Any]) -> str:
    rendered = messaging.TEMPLATES.get_template(f"{kind}.xml").render(**fields)
    return str(messaging.utils.flatten_xml(rendered))


def wrap(signed: str, *, sign: bool) -> bytes:
    """The whole message around an oadrSignedObject."""
    text = f"{_HEAD}{signed}{_TAIL}"
    body = signing.signer().sign(text) if sign else text.encode()
    if settings.VTN_CHECK_OUTGOING:
        check(body)
    return body


def harmless(value: Any) -> Any:
    """The value with every text in it escaped for XML; lists and mappings inside out.

    >>> harmless({"name": ["<a> & b"], "number": 7})
    {'name': ['&lt;a&gt; &amp; b'], 'number': 7}
    """
    if isinstance(value, str):
        # A template drops the ends of lines, and with them what keeps words apart.
        return escape(_UNSAYABLE.sub("", value), _QUOTES).replace("\r", " ").replace("\n", " ")
    if isinstance(value, Mapping):
        return {key: harmless(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [harmless(each) for each in value]
    return value


def check(body: bytes) -> None:
    """Raises NotOurMessage where the schema refuses a message of ours."""
    schema = _schema()
    if not schema.validate(etree.fromstring(body)):
        raise NotOurMessage(f"Not valid: {schema.error_log.last_error}")  # type: ignore[attr-defined]


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(file=str(Path(openleadr.__file__).parent / "schema" / "oadr_20b.xsd"))
