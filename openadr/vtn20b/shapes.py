"""Polls like one that was taken before: what differs is the venID alone, so they need not be parsed again."""

import re
from collections import OrderedDict

from lxml import etree

# Letters that mean the same in XML as anywhere else.
_VEN_ID = re.compile(rb"venID>([A-Za-z0-9._:-]{1,64})</")
# Devices of one make send polls of one shape. A shape beyond these takes the place of the oldest.
MOST, MOST_BYTES = 64, 2_000


class Shapes:
    """What polls of proven senders look like around their venID."""

    def __init__(self) -> None:
        # By the bytes before and after the venID: the message that was parsed.
        self._known: OrderedDict[tuple[bytes, bytes], etree._Element] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def read(self, body: bytes) -> tuple[str, etree._Element] | None:
        """The venID of a poll of a known shape, and the message of that shape; None for all else."""
        found = _VEN_ID.search(body, 0, MOST_BYTES)
        element = self._known.get(_around(body, found)) if found is not None else None
        return (found[1].decode(), element) if found is not None and element is not None else None

    def learn(self, body: bytes, element: etree._Element, ven_id: str) -> None:
        """Takes the shape of an oadrPoll that the schema takes and whose sender, this VEN, is proven."""
        if len(body) > MOST_BYTES:
            return
        found = list(_VEN_ID.finditer(body))
        # There is one venID, and no place for one that means nothing: whatever else stands there is read as that is.
        has_others = b"<!" in body or body.count(b"<?") > body.startswith(b"<?xml ")
        if len(found) != 1 or found[0][1] != ven_id.encode() or has_others:
            return
        self._known[_around(body, found[0])] = element
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def _around(body: bytes, found: re.Match[bytes]) -> tuple[bytes, bytes]:
    return body[: found.start(1)], body[found.end(1) :]
