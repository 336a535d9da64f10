"""How sure savings are that were settled by homes held out by lot, in words."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.words import kwh
from events.models import Event
from settlement.control_intervals import SavedBetween, saved_between, together
from settlement.models import SettlementRun
from settlement.selectors import counted_runs


def run_words(run: SettlementRun) -> str:
    """What all participants of a run saved together, with its interval; empty where no control group paid them."""
    found = saved_between(run)
    return "" if found is None else _run_words(found)


def _run_words(found: SavedBetween) -> str:
    words = _(
        "%(homes)d homes held out by lot say what was usual. With 95 percent certainty all %(meters)d participants "
        "together would have used between %(usual_low)s and %(usual_high)s kWh; so they saved between %(low)s and "
        "%(high)s kWh."
    ) % {
        "homes": found.homes,
        "meters": found.meters,
        "usual_low": kwh(found.usual_low_wh),
        "usual_high": kwh(found.usual_high_wh),
        "low": kwh(found.low_wh),
        "high": kwh(found.high_wh),
    }
    return f"{words} {_('It may be chance: the interval begins below zero.')}" if found.low_wh <= 0 else words


def season_words(events: Iterable[Event]) -> str:
    """The same of all events of a season that a control group settled; empty without one."""
    runs = counted_runs(list(events))
    found = [one for run in runs.values() if (one := saved_between(run)) is not None]
    interval = together(found)
    if interval is None:
        return ""
    low, high = interval
    words = ngettext(
        "In %(count)d event homes held out by lot say what was usual. With 95 percent certainty its participants saved "
        "between %(low)s and %(high)s kWh together.",
        "In %(count)d events homes held out by lot say what was usual. With 95 percent certainty their participants "
        "saved between %(low)s and %(high)s kWh together.",
        len(found),
    )
    return words % {"count": len(found), "low": kwh(low), "high": kwh(high)}
