"""What the data gate found, in plain words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import day_words


def gate_words(found: Mapping[str, Any]) -> str:
    """What is missing and when it will suffice, from what an enrollment keeps; empty where nothing was looked at."""
    if not found:
        return ""
    if found["is_enough"]:
        return _("There are enough readings.")
    return f"{_missing(found)} {_when(found)}".strip()


def _missing(found: Mapping[str, Any]) -> str:
    days, needed = int(found["days"]), int(found["needed"])
    if not found["percent"]:
        return _("No readings of this meter have come in during the last 60 days.")
    if days < needed:
        words = ngettext(
            "We know %(days)d ordinary working day of this meter and need %(needed)d to know its usual use.",
            "We know %(days)d ordinary working days of this meter and need %(needed)d to know its usual use.",
            days,
        )
        return words % {"days": days, "needed": needed}
    words = _("Only %(percent)d %% of the readings have come in; at least 80 %% are needed.")
    return words % {"percent": found["percent"]}


def _when(found: Mapping[str, Any]) -> str:
    if not found["ready_on"]:
        return _("We look again every day.") if found["percent"] else _("As soon as some come in, we count on.")
    day = day_words(date.fromisoformat(found["ready_on"]))
    return _("If readings keep coming, it is enough on %(day)s. We look by ourselves.") % {"day": day}
