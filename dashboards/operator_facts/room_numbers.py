"""The figures of a live event: reduction now against the target, measured, usual, saved so far and its money."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import fsum
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.money import round_half_up
from common.speech import number_words, percent_words
from dashboards.charts.room import RoomSeries, kw_words
from dashboards.selectors.event_watch import Watch
from dashboards.times import hour_zone_words
from dashboards.words import money
from events.models import Event, PayCap


@dataclass(frozen=True, slots=True)
class Figures:
    """What the event comes to so far.

    Attributes:
        until: up to when enough meters have reported; None before the first.
        is_event: whether that lies within the event or after it, so that there is a reduction to speak of.
        reduction_kw: in the newest interval that is measured; over the whole event once that is over.
        saved_kwh: less than usual since the event began, signed.
        earned: what the participants would be paid if nothing more were saved, before any check.
        reported, compared: how many meters have reported the newest interval, of how many that have a usual use.
    """

    until: datetime | None
    is_event: bool
    is_over: bool
    measured_kw: float
    usual_kw: float
    saved_kwh: float
    earned: Decimal
    reported: int
    compared: int
    target_kw: float | None

    @property
    def reduction_kw(self) -> float:
        """Usual less measured."""
        return self.usual_kw - self.measured_kw


def target_of(event: Event) -> float | None:
    """The kW that the event asks for, else what was expected of it."""
    wanted = event.target_kw if event.target_kw is not None else event.expected_kw
    return None if wanted is None else float(wanted)


def figures_of(watch: Watch) -> Figures:
    """The figures of the newest cell that enough meters have reported, or of the whole event once it is measured."""
    latest, (first, stop) = watch.latest, watch.grid.event
    compared = int(watch.comparable.sum())
    target = target_of(watch.event)
    if latest is None:
        return Figures(None, False, False, 0.0, 0.0, 0.0, Decimal(0), 0, compared, target)
    is_over = latest >= stop - 1
    cells = slice(first, stop) if is_over else slice(latest, latest + 1)
    last = stop - 1 if is_over else latest
    return Figures(
        until=watch.grid.moment(last + 1),
        is_event=latest >= first,
        is_over=is_over,
        measured_kw=_mean(watch.measured_kw()[cells]),
        usual_kw=_mean(watch.usual_kw()[cells]),
        saved_kwh=float(watch.saved_wh().sum()) / 1000,
        earned=earned_so_far(watch),
        reported=watch.reported_at(last),
        compared=compared,
        target_kw=target,
    )


def _mean(values: Any) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def earned_so_far(watch: Watch) -> Decimal:
    """What each meter's saving until now is worth by the event's prices, each at least nothing; no test is paid."""
    event, version = watch.event, watch.event.version
    if event.is_test:
        return Decimal(0)
    hours = (event.end - event.start).total_seconds() / 3600
    kw = np.maximum(watch.saved_wh(), 0) / 1000 / hours
    if version.pay_cap == PayCap.UP_TO_NOMINATION:
        agreed = [watch.seats[answer.meter_id].nominated_kw for answer in watch.answers]
        kw = np.minimum(kw, np.array([np.inf if value is None else float(value) for value in agreed]))
    # Floats, summed exactly: an estimate for a screen.
    total = fsum(kw.tolist()) * (float(version.rate_per_kw) + hours * float(version.rate_per_kwh))
    return round_half_up(Fraction(repr(round(total, 6))), 2)


def series_of(watch: Watch) -> RoomSeries:
    """The lines of the chart."""
    return RoomSeries(
        start=watch.grid.start,
        step=watch.grid.step,
        usual_kw=watch.usual_kw(),
        measured_kw=watch.measured_kw(),
        spread=watch.spread,
        event=watch.grid.event,
        target_kw=target_of(watch.event),
    )


def tiles_of(figures: Figures, event: Event) -> dict[str, Any]:
    """The large figure with its bar, and three small ones, in words."""
    return {"main": _main(figures), "small": [_measured(figures), _usual(figures), _saved(figures, event)]}


def _main(figures: Figures) -> dict[str, Any]:
    label = _("Reduction over the event") if figures.is_over else _("Reduction now")
    if not figures.is_event:
        return {"label": label, "value": "–", "note": _("No readings of the event yet."), "bullet": None}
    value = kw_words(figures.reduction_kw)
    if not figures.target_kw:
        return {"label": label, "value": value, "note": _("The event has no target."), "bullet": None}
    return {"label": label, "value": value, "note": _against(figures), "bullet": _bullet(figures)}


def _against(figures: Figures) -> str:
    target = figures.target_kw or 0.0
    share = max(0.0, figures.reduction_kw) / target
    words = {
        "share": percent_words(share),
        "target": kw_words(target),
        "rest": kw_words(abs(target - figures.reduction_kw)),
    }
    if figures.reduction_kw < target:
        return _("%(share)s of the %(target)s kW asked for, %(rest)s kW short") % words
    return _("%(share)s of the %(target)s kW asked for, %(rest)s kW above") % words


def _bullet(figures: Figures) -> dict[str, str]:
    """A bar that is full at 1.2 times the target, or at what is reached if that is more."""
    target = figures.target_kw or 0.0
    reached = max(0.0, figures.reduction_kw)
    whole = max(1.2 * target, reached)
    share = percent_words(reached / target)
    return {
        "fill": f"{100 * reached / whole:.2f}%",
        "target": f"{100 * target / whole:.2f}%",
        "label": _("%(share)s of the target.") % {"share": share},
    }


def _measured(figures: Figures) -> dict[str, Any]:
    value = kw_words(figures.measured_kw) if figures.until is not None else "–"
    return {"label": _("Measured"), "value": value, "unit": "kW", "note": _meters_words(figures)}


def _meters_words(figures: Figures) -> str:
    words = {"some": number_words(figures.reported), "all": number_words(figures.compared)}
    text = ngettext("%(some)s of %(all)s meter", "%(some)s of %(all)s meters", figures.compared)
    return text % words


def _usual(figures: Figures) -> dict[str, Any]:
    value = kw_words(figures.usual_kw) if figures.until is not None else "–"
    return {"label": _("Usual"), "value": value, "unit": "kW", "note": _("fixed before the event, by its rule")}


def _saved(figures: Figures, event: Event) -> dict[str, Any]:
    label = _("Saved") if figures.is_over else _("Saved so far")
    if not figures.is_event:
        return {"label": label, "value": "–", "note": "", "state": "estimate"}
    currency = event.program.distributor.currency
    note = (
        _("a test: nothing is paid")
        if event.is_test
        else _("about %(money)s") % {"money": money(figures.earned, currency)}
    )
    return {"label": label, "value": kw_words(figures.saved_kwh), "unit": "kWh", "note": note, "state": "estimate"}


def sentence_of(figures: Figures, event: Event) -> str:
    """The chart's result in one sentence."""
    if figures.until is None:
        return _("Nothing is measured yet.")
    zone = event.program.zone
    words = {
        "time": hour_zone_words(figures.until, zone),
        "measured": kw_words(figures.measured_kw),
        "usual": kw_words(figures.usual_kw),
        "less": kw_words(abs(figures.reduction_kw)),
    }
    if figures.is_over:
        if figures.reduction_kw >= 0:
            return _("Over the event %(measured)s kW against %(usual)s kW as usual: %(less)s kW less.") % words
        return _("Over the event %(measured)s kW against %(usual)s kW as usual: %(less)s kW more.") % words
    if figures.reduction_kw >= 0:
        return _("At %(time)s %(measured)s kW against %(usual)s kW as usual: %(less)s kW less.") % words
    return _("At %(time)s %(measured)s kW against %(usual)s kW as usual: %(less)s kW more.") % words
