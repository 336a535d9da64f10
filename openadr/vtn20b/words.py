"""Reading elements of OpenADR 2.0b, and the parts that several answers share. Text stays text: "007" is no number."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from openadr.errors import InvalidData
from openadr.services.reports import ReportAsk
from openadr.vtn20b.exchange import OK
from openadr.vtn20b.names import NS

_DURATION = re.compile(
    r"([+-])?P(?:(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?T?(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?|(\d{1,6})W)"
)
# A year and a month of a duration without a start, as RFC 5545 knows none.
_PARTS = (365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1, 7 * 86_400)


def text(element: etree._Element, path: str) -> str:
    """The text at a path, without the spaces around it; empty for none.

    Raises:
        InvalidData: It has characters that no ID or name has.
    """
    found = (element.findtext(path, namespaces=NS) or "").strip()
    if not found.isprintable():
        raise InvalidData("A text has characters that cannot be kept.")
    return found


def flag(element: etree._Element, path: str) -> bool | None:
    """A boolean of XML at a path; None where there is none."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text(element, path))


def moment(words: str) -> datetime | None:
    """A time of the schema, in UTC where it names no zone; None for no text.

    Raises:
        InvalidData: There is no such time.
    """
    if not words:
        return None
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise InvalidData("There is no such time.") from None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise InvalidData("There is no such time.") from None


def seconds(words: str) -> int | None:
    """The length of a duration of the schema; None for no text.

    >>> seconds("PT30M"), seconds("P1DT2H"), seconds("P2W"), seconds("-PT5S"), seconds("")
    (1800, 93600, 1209600, -5, None)

    Raises:
        InvalidData: It is no duration, or longer than a database can tell.
    """
    if not words:
        return None
    # The schema takes weeks without the P, by a slip of its pattern.
    found = _DURATION.fullmatch(f"P{words}" if words[0].isdigit() else words)
    if found is None:
        raise InvalidData("This is no duration.")
    total = sum(int(number) * part for number, part in zip(found.groups()[1:], _PARTS, strict=True) if number)
    if total > 2_000_000_000:
        raise InvalidData("This duration is too long.")
    return -total if found[1] == "-" else total


def request_id(element: etree._Element) -> str:
    """The requestID of a message, also where it stands in its eiResponse."""
    return text(element, "pyld:requestID") or text(element, "ei:eiResponse/pyld:requestID")


def response(element: etree._Element, code: int = OK, description: str = "OK") -> dict[str, Any]:
    """The eiResponse that answers a message."""
    return {"response_code": code, "response_description": description[:1000], "request_id": request_id(element)}


def report_request(ask: ReportAsk) -> dict[str, Any]:
    """One oadrReportRequest for the template."""
    return {
        "report_request_id": ask.request_id,
        "report_specifier": {
            "report_specifier_id": ask.specifier_id,
            "granularity": timedelta(seconds=ask.granularity_seconds),
            "report_back_duration": timedelta(seconds=ask.report_back_seconds),
            "specifier_payloads": [{"r_id": r_id, "reading_type": kind} for r_id, kind in ask.points],
        },
    }
