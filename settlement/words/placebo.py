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
    """What became of a rule, and why: by the earlier half of the days, and how the recommended one did later."""
    low, high = row["extra_interval"]
    judged = row.get("earlier") or row.get("same_hours") or row
    values = {
        "bias": share_words(judged["bias"], signed=True),
        "nothing": share_words(judged["for_nothing"]),
        "extra": share_words(row["extra"], places=2),
        "low": share_words(low, signed=True, places=2),
        "high": share_words(high, signed=True, places=2),
        "best": result["recommended"],
    }
    said = [_sentences()[row["verdict"]] % values]
    if row["verdict"] in ("best", "best_biased") and row.get("later"):
        said.append(_held(row["earlier"], row["later"], result["halves"]))
    if (row.get("coverage") or 1) < 1:
        said.append(coverage_words(row, result))
    return " ".join(said)


def _held(earlier: dict[str, Any], later: dict[str, Any], halves: dict[str, Any]) -> str:
    """How the rule that was chosen on the earlier half did on both."""
    words = _(
        "Chosen on the earlier %(first)d days, where it paid %(nothing)s (%(span)s) with a typical error of %(error)s "
        "(%(error_span)s); on the later %(last)d days, which had no say, it paid %(later)s (%(later_span)s) with a "
        "typical error of %(later_error)s (%(later_error_span)s). In brackets: 95 of 100 draws."
    )
    return words % {
        "first": halves["earlier"][2],
        "last": halves["later"][2],
        "nothing": share_words(earlier["for_nothing"]),
        "span": span_words(earlier),
        "error": error_words(earlier["rrmse"]),
        "error_span": _error_span(earlier),
        "later": share_words(later["for_nothing"]),
        "later_span": span_words(later),
        "later_error": error_words(later["rrmse"]),
        "later_error_span": _error_span(later),
    }


def span_words(row: dict[str, Any]) -> str:
    """Where what is paid for nothing lies in 95 of 100 draws."""
    low, high = row["intervals"]["for_nothing"]
    return f"{share_words(low)} – {share_words(high)}"


def _error_span(row: dict[str, Any]) -> str:
    low, high = row["intervals"]["rrmse"]
    return f"{error_words(low)} – {error_words(high)}"


def error_words(value: float | None) -> str:
    """A typical error as part of 1."""
    return "–" if value is None else float_words(value, 3)


def coverage_words(row: dict[str, Any], result: dict[str, Any]) -> str:
    """Of how many hours a rule can say something, and on how many all of them are compared."""
    words = _(
        "It has comparable days for %(share)s of the hours; all rules are compared on the %(both)s that all have."
    )
    return words % {
        "share": share_words(row["coverage"]),
        "both": share_words(result["compared"]),
    }


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
