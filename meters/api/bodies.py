"""The body of a request, streamed into a private file or, if it is small, into memory."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, UnsupportedMediaType, ValidationError
from rest_framework.request import Request

_PIECE = 1 << 18


class LengthNeeded(APIException):
    """The request does not say how long it is."""

    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"


class TooLarge(APIException):
    """The body is longer than the portal takes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class Spooled(NamedTuple):
    """A body that arrived whole: its size and its hash."""

    size_bytes: int
    sha256: str


def media_type_of(request: Request) -> str:
    """Which type the body says it is; nothing that is packed.

    Raises:
        UnsupportedMediaType: It is packed.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        sentence = _("The body is packed (Content-Encoding: %(coding)s). Send it as it is.") % {"coding": coding[:40]}
        raise UnsupportedMediaType(coding, detail=sentence)
    return (request.content_type or "").partition(";")[0].strip().lower()


def length_of(request: Request) -> int:
    """How many bytes the body has, as the request says; at least one.

    Raises:
        LengthNeeded, TooLarge: It does not say, or says more than may be.
        ValidationError: There is no body.
    """
    said = str(request.META.get("CONTENT_LENGTH") or "")
    if not said.isascii() or not said.isdigit():
        if request.headers.get("Transfer-Encoding"):
            raise LengthNeeded(_("Say in Content-Length how long the body is; it is not taken in chunks."))
        said = "0"
    length = int(said[:18])
    if not length:
        raise ValidationError(_("The body is empty."))
    if length > settings.IMPORT_MAX_BYTES:
        size = f"{settings.IMPORT_MAX_BYTES // 1_000_000:,}"
        raise TooLarge(_("The body is larger than %(size)s MB. Send it in parts.") % {"size": size})
    return length


def read_whole(request: Request, length: int) -> bytes:
    """All of a body that is known to be small.

    Raises:
        ValidationError: The connection ended before it did.
    """
    return b"".join(_pieces(request, length))


def spool(request: Request, length: int, file: Path) -> Spooled:
    """Writes the body to a new file, piece by piece.

    Raises:
        ValidationError: The connection ended before the body did.
        OSError: The disk is full.
    """
    return _write(_pieces(request, length), file)


def keep(body: bytes, file: Path) -> Spooled:
    """Writes a body that is in memory to a new file."""
    return _write(iter([body]), file)


def _write(pieces: Iterator[bytes], file: Path) -> Spooled:
    digest, size = hashlib.sha256(), 0
    # Only the portal's own user may read it.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for piece in pieces:
            digest.update(piece)
            target.write(piece)
            size += len(piece)
    return Spooled(size, digest.hexdigest())


def _pieces(request: Request, length: int) -> Iterator[bytes]:
    """The body; half a body must never be taken for a short one."""
    left = length
    try:
        while left and (piece := request.stream.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
    except OSError:  # Django's UnreadablePostError among them
        pass
    if left:
        raise ValidationError(_("The connection ended before the body did; nothing was stored."))
