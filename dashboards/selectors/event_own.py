"""How the reader's own meters do in an event: now against usual, and what was saved so far."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from common.speech import float_words
from dashboards.selectors.event_watch import HOMES, Answer, Watch, answers_in, watch
from dashboards.times import hour_zone_words
from events.models import Event
from organizations.access import holder_id_of

# A difference that small is as usual: a kettle, not a saving.
AS_USUAL = 0.05


@dataclass(frozen=True, slots=True)
class Own:
    """Sums over the reader's meters that take part and have a usual use.

    Attributes:
        until: up to when they are measured; None while nothing of the event is.
        kw, usual_kw: in the newest interval.
        saved_kwh: less than usual since the event began, signed.
    """

    until: datetime | None = None
    kw: float = 0.0
    usual_kw: float = 0.0
    saved_kwh: float = 0.0


def own_answers(user: User, event: Event) -> tuple[Answer, ...]:
    """The reader's meters in the event. One query."""
    return answers_in(event, holder_id=holder_id_of(user))


def own_use(event: Event, answers: tuple[Answer, ...], now: datetime) -> Own:
    """The reader's own figures as of `now`."""
    return own_of(watch(event, answers, now, HOMES)) if answers else Own()


def own_of(seen: Watch) -> Own:
    """The figures of the newest cell of the event that at least half of the meters have reported."""
    latest, (first, stop) = seen.latest, seen.grid.event
    if latest is None or latest < first:
        return Own()
    cell = min(latest, stop - 1)
    return Own(
        until=seen.grid.moment(cell + 1),
        kw=float(seen.measured_kw()[cell]),
        usual_kw=float(seen.usual_kw()[cell]),
        saved_kwh=float(seen.saved_wh().sum()) / 1000,
    )


def own_words(own: Own, event: Event) -> dict[str, Any]:
    """The figures as tiles and one sentence; only the sentence while nothing is measured."""
    if own.until is None:
        text = _("No readings of the event have come in yet. Some meters send theirs only once a day.")
        return {"tiles": [], "say": text}
    zone = event.program.zone
    return {
        "tiles": [
            {"label": _("Your use"), "value": float_words(own.kw, 2), "unit": "kW"},
            {"label": _("Usual"), "value": float_words(own.usual_kw, 2), "unit": "kW", "state": "estimate"},
            {"label": _("Saved so far"), "value": float_words(own.saved_kwh, 2), "unit": "kWh", "state": "estimate"},
        ],
        "say": f"{_verdict(own)} "
        + _("Measured up to %(time)s. What is paid is computed after the event.")
        % {"time": hour_zone_words(own.until, zone)},
    }


def _verdict(own: Own) -> str:
    if abs(own.kw - own.usual_kw) <= AS_USUAL * max(abs(own.usual_kw), 0.1):
        return _("You use as much as usual.")
    return _("You use less than usual.") if own.kw < own.usual_kw else _("You use more than usual.")
