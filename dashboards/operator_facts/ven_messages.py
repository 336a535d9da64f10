"""The log of messages in words, and bodies made readable."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from lxml import etree

from dashboards.selectors.ven_messages import TAKEN
from openadr.models import VenMessage

KINDS = (
    "oadrPoll", "oadrRequestEvent", "oadrDistributeEvent", "oadrCreatedEvent", "oadrResponse",
    "oadrQueryRegistration", "oadrCreatePartyRegistration", "oadrCreatedPartyRegistration",
    "oadrCancelPartyRegistration", "oadrCanceledPartyRegistration", "oadrRequestReregistration",
    "oadrRegisterReport", "oadrRegisteredReport", "oadrCreateReport", "oadrCreatedReport", "oadrUpdateReport",
    "oadrUpdatedReport", "oadrCancelReport", "oadrCanceledReport",
    "oadrCreateOpt", "oadrCreatedOpt", "oadrCancelOpt", "oadrCanceledOpt",
)  # fmt: skip
# What is shown of one body; the log keeps no longer ones.
MOST_SHOWN = 200_000


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    return [{"label": name} for name in (_("Time"), _("VEN"), _("Message"), _("Code"), _("Note"))]


def rows(page: Sequence[VenMessage], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    return [{"cells": _cells(row, zone)} for row in page]


def _cells(row: VenMessage, zone: ZoneInfo) -> list[dict[str, Any]]:
    ven: dict[str, Any] = {"label": _("VEN"), "text": _("nobody known"), "sub": row.address or "–"}
    if row.ven is not None:
        url = reverse("operator_ven", args=[row.ven.pk])
        ven = {"label": _("VEN"), "text": row.ven.name, "sub": row.address or row.ven.ven_id, "url": url}
    return [
        {
            "text": f"{row.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            "sub": row.at.astimezone(zone).tzname() or " ",
            "url": reverse("operator_ven_message", args=[row.pk]),
        },
        ven,
        {"label": _("Message"), "text": row.kind or "–", "sub": row.answer_kind or " "},
        {"label": _("Code"), **code_badge(row)},
        {"label": _("Note"), "text": row.note or "–"},
    ]


def code_badge(row: VenMessage) -> dict[str, str]:
    """The code as a word with its tone."""
    return {"badge": str(row.code), "tone": "good" if row.code in TAKEN else "danger"}


def message_facts(row: VenMessage, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/facts.html."""
    at = row.at.astimezone(zone)
    facts: list[dict[str, Any]] = [
        {"label": _("Time"), "value": f"{at:%Y-%m-%d %H:%M:%S} {at.tzname()}"},
        {"label": _("VEN"), "value": row.ven.name, "url": reverse("operator_ven", args=[row.ven.pk])}
        if row.ven is not None
        else {"label": _("VEN"), "value": _("nobody known")},
        {"label": _("From"), "value": row.address or "–"},
        {"label": _("Message"), "value": row.kind or "–"},
        {"label": _("Answer"), "value": row.answer_kind or "–"},
        {"label": _("Code"), "value": str(row.code)},
    ]
    return [*facts, *([{"label": _("Note"), "value": row.note}] if row.note else [])]


def pretty(body: str) -> str:
    """XML with a line for each element; what is no XML, or too long, as it is. The template escapes it.

    >>> pretty("<a><b>1</b></a>")
    '<a>\\n  <b>1</b>\\n</a>\\n'
    >>> pretty("<a")
    '<a'
    """
    text = body[:MOST_SHOWN]
    if "<!" in text or len(body) > MOST_SHOWN:
        return text
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_blank_text=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return text
    return etree.tostring(root, pretty_print=True, encoding="unicode")
