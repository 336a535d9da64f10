"""An audit's findings in words."""

from typing import Any

from django.utils.translation import gettext as _

from common.speech import float_words

_POINT = 100


def share_words(share: float | None, *, signed: bool = False, places: int = 1) -> str:
    """A share in percent: "5.6 %"; a sign before it where that says something.

    >>> share_words(0.0557), share_words(-0.0038, signed=True), share_words(None)
    ('5.6 %', '−0.4 %', '–')
    """
    if share is None:
        return "–"
    words = float_words(_POINT * share, places)
    return f"+{words} %" if signed and share > 0 and words.strip("0.,") else f"{words} %"


def reason_words(row: dict[str, Any]) -> str:
    """Why a rule could not be tried."""
    if row["reason"] == "too_few_days":
        words = _("it finds enough comparable days for only %(share)s of the hours")
        return words % {"share": share_words(row["share"], places=0)}
    return {
        "nobody_held_out": _("on ordinary days nobody is held out, so there is no group to compare with"),
        "no_predictions": _("no prediction was made before these days began"),
        "forecast_adjusted": _("a prediction with a same-day adjustment is not tried on ordinary days"),
    }[row["reason"]]


def verdict_words(row: dict[str, Any], result: dict[str, Any]) -> str:
    """What became of a rule, and why, in a sentence."""
    low, high = row["extra_interval"]
    values = {
        "bias": share_words(row["bias"], signed=True),
        "nothing": share_words(row["for_nothing"]),
        "extra": share_words(row["extra"], places=2),
        "low": share_words(low, signed=True, places=2),
        "high": share_words(high, signed=True, places=2),
        "best": result["recommended"],
    }
    return _sentences()[row["verdict"]] % values


def _sentences() -> dict[str, str]:
    return {
        "best": _(
            "Recommended: of the rules whose bias lies within ±1 %%, it pays least for nothing, %(nothing)s of load."
        ),
        "best_biased": _(
            "Recommended with a warning: no rule has a bias within ±1 %%, and this one is closest, at %(bias)s."
        ),
        "biased": _(
            "Not recommended: its bias of %(bias)s lies outside ±1 %%, so it pays too much or too little on every day."
        ),
        "dearer": _(
            "Not recommended: it pays %(extra)s of load more for nothing than %(best)s; in 95 of 100 draws of meters "
            "and days between %(low)s and %(high)s."
        ),
        "close": _(
            "Not recommended, but close: it pays %(extra)s of load more for nothing than %(best)s, and from %(low)s "
            "to %(high)s in 95 of 100 draws of meters and days, so these days do not tell the two apart."
        ),
    }
