"""What a VEN said of itself when it registered, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from openadr.models import Ven

_TRANSPORTS = {"simpleHttp": "HTTP", "xmpp": "XMPP"}


def said_pairs(ven: Ven) -> list[tuple[str, str]]:
    """Label and value of each, what is left empty left out; nothing of a VEN that never registered."""
    said: Mapping[str, Any] = ven.said if isinstance(ven.said, dict) else {}
    pairs = []
    for name, label, words in _facts():
        value = said.get(name)
        if value not in (None, ""):
            pairs.append((label, words.get(value, str(value)) if words else str(value)))
    return pairs


def _facts() -> list[tuple[str, str, Mapping[Any, str]]]:
    """Name as it is kept, label, and words for its values where these are none by themselves."""
    return [
        ("name", _("Calls itself"), {}),
        ("profile", _("Speaks OpenADR"), {}),
        ("transport", _("Talks by"), _TRANSPORTS),
        ("address", _("Names as its own address"), {}),
        ("is_report_only", _("Takes part in events"), {True: _("no, it only reports"), False: _("yes")}),
        ("signs", _("Says that it signs"), {True: _("yes"), False: _("no")}),
    ]
