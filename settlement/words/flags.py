"""What a flag says, in a sentence."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import float_words
from settlement.models import FlagKind, IntegrityFlag
from settlement.words.placebo import share_words


def flag_words(flag: IntegrityFlag) -> str:
    """The sentence of a flag, from its numbers."""
    return _WORDS[FlagKind(flag.kind)](flag.numbers)


def _kwh(wh: float) -> str:
    return f"{float_words(wh / 1000, 1 if wh >= 100_000 else 3)} kWh"


def _window(numbers: dict[str, Any]) -> str:
    words = _(
        "In the hours before the event, which lift the baseline, %(now)s were used. On %(days)d days like this it "
        "was %(mean)s on average: this is %(sigmas)s standard deviations above."
    )
    return words % {
        "now": _kwh(numbers["wh"]),
        "mean": _kwh(numbers["mean_wh"]),
        "sigmas": float_words(numbers["sigmas"], 1),
        "days": numbers["days"],
    }


def _old(numbers: dict[str, Any]) -> str:
    days = numbers["days"]
    words = ngettext(
        "The newest comparable day lies %(days)d day before the event; 30 are usual at most.",
        "The newest comparable day lies %(days)d days before the event; 30 are usual at most.",
        days,
    )
    return words % {"days": days}


def _high(numbers: dict[str, Any]) -> str:
    words = _(
        "The comparable days average %(pool)s in each interval of the event’s hours, %(share)s more than all days like "
        "this in the 60 before (%(before)s)."
    )
    return words % {
        "pool": _kwh(numbers["pool_wh"]),
        "before": _kwh(numbers["before_wh"]),
        "share": share_words(numbers["share"], places=0),
    }


def _two(numbers: dict[str, Any]) -> str:
    words = (
        _("The meter takes part in %(programs)s as well, and was asked there at the same time.")
        if numbers["called"]
        else _("The meter takes part in %(programs)s as well; it was not asked there at the same time.")
    )
    return words % {"programs": ", ".join(numbers["programs"])}


def _record(numbers: dict[str, Any]) -> str:
    words = _("%(kw)s kW were delivered on average. In %(events)d earlier events it was never more than %(most)s kW.")
    return words % {
        "kw": float_words(numbers["kw"], 2),
        "most": float_words(numbers["most_kw"], 2),
        "events": numbers["events"],
    }


_WORDS = {
    FlagKind.WINDOW_LOAD: _window,
    FlagKind.OLD_POOL: _old,
    FlagKind.HIGH_POOL: _high,
    FlagKind.TWO_PROGRAMS: _two,
    FlagKind.RECORD: _record,
}
