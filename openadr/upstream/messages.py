"""What the portal says as a VEN, in the VTN's own codec, which escapes every text."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from openadr.ids import new_id
from openadr.upstream.faults import Fault
from openadr.vtn20b import codec
from openadr.vtn20b.exchange import OK, Reply
from openadr.vtn20b.signing import Signer


def compose(kind: str, fields: Mapping[str, Any], signer: Signer | None = None) -> bytes:
    """A message as it goes on the wire, signed where there is a signer."""
    body = codec.wrap(codec.signed_object(Reply(kind, fields)), sign=False)
    return body if signer is None else signer.sign(body.decode())


def signer_for(certificate: str, key: str) -> Signer:
    """Who signs with our certificate.

    Raises:
        Fault: "own_key", where they cannot sign.
    """
    try:
        return Signer(certificate.encode(), key.encode())
    except ImproperlyConfigured:
        raise Fault("own_key") from None


def fine(request_id: str, code: int = OK, words: str = "OK") -> dict[str, Any]:
    """The eiResponse part of an answer."""
    return {"response_code": code, "response_description": words, "request_id": request_id or new_id("request")}
