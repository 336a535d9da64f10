"""The state of a distributor on one page: what needs somebody, what comes next, and the sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import float_words, percent_words
from dashboards.operator_facts.points import DAYS, lines_of, recently_compared
from dashboards.times import moment_words
from dashboards.words import kwh, money
from events.models import Event, EventState
from forecasting.selectors import accuracy_of, newest_finished, rungs_of
from meters.models import IntervalReading, Meter
from meters.selectors import added_up
from organizations.models import Distributor
from settlement.selectors import saved_in_total

GRACE = timedelta(hours=1)
NEXT = (EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Newest:
    """A meter in service with its newest reading; both None where it never had one."""

    pk: int
    number: str
    name: str
    interval_minutes: int
    start: datetime | None
    energy_wh: int | None

    @property
    def label(self) -> str:
        """What people call the meter."""
        return self.name or self.number

    @property
    def end(self) -> datetime | None:
        """When the newest reading ended."""
        return None if self.start is None else self.start + timedelta(minutes=self.interval_minutes)

    @property
    def power_kw(self) -> float:
        """The mean load of the newest reading."""
        return (self.energy_wh or 0) * 60 / self.interval_minutes / 1000

    def is_stale(self, now: datetime) -> bool:
        """Whether nothing came for two intervals and an hour."""
        return self.end is None or self.end < now - 2 * timedelta(minutes=self.interval_minutes) - GRACE


def newest_readings(meters: QuerySet[Meter], now: datetime) -> list[Newest]:
    """Each of these meters with its newest reading so far. One query, one look into the key per meter."""
    latest = IntervalReading.objects.filter(meter=OuterRef("pk"), start__lte=now).order_by("-start")
    rows = meters.annotate(last=Subquery(latest.values("start")[:1]), last_wh=Subquery(latest.values("energy_wh")[:1]))
    columns = rows.values_list("pk", "number", "name", "interval_minutes", "last", "last_wh")
    return [Newest(*row) for row in columns]


def load_words(newest: Sequence[Newest], now: datetime) -> dict[str, str]:
    """The load now: the newest reading of every meter that is not stale."""
    fresh = [row for row in newest if not row.is_stale(now)]
    note = _("%(fresh)d of %(all)d meters") % {"fresh": len(fresh), "all": len(newest)}
    value = float_words(sum(row.power_kw for row in fresh), 1) if fresh else "–"
    return {"label": _("Load now"), "value": value, "unit": "kW" if fresh else "", "note": note}


def sums(distributor: Distributor, now: datetime, meters: QuerySet[Meter] | None = None) -> list[dict[str, str]]:
    """Saved in events first, below forecast second with its signed sum beside it; of all or these."""
    saved = saved_in_total(lines=lines_of(distributor, meters))
    below = added_up(recently_compared(distributor.meters.all() if meters is None else meters, now).values())
    events = ngettext("%(count)d settled event", "%(count)d settled events", saved.events) % {"count": saved.events}
    paid = _("%(amount)s earned") % {"amount": money(saved.earned, distributor.currency)}
    signed = _("%(days)d days; %(signed)s kWh less what was above it") % {"days": DAYS, "signed": kwh(below.signed_wh)}
    return [
        {"label": _("Saved in events"), "value": kwh(saved.saved_wh), "unit": "kWh", "note": f"{events}, {paid}"},
        {"label": _("Below forecast"), "value": kwh(below.saving_wh), "unit": "kWh", "note": signed},
    ]


def forecast_facts(distributor: Distributor) -> list[dict[str, Any]]:
    """The forecast in force: when, by which engine, and how far off; empty before the first one."""
    issue = newest_finished(distributor=distributor)
    if issue is None:
        return []
    accuracy, rungs = accuracy_of(forecast=issue), rungs_of(forecast=issue)
    used = ", ".join(f"{rung or _('no forecast')}: {count}" for rung, count in sorted(rungs.items()))
    facts = [
        {"label": _("Issued"), "value": moment_words(issue.issued_at, distributor.zone)},
        {"label": _("Engine"), "value": issue.engine},
        {"label": _("Meters by method"), "value": used or "–"},
    ]
    if accuracy.better_by is None:
        return [*facts, {"label": _("Accuracy"), "value": _("known after a day of readings")}]
    return [
        *facts,
        {"label": _("Off by, per interval"), "value": f"{float_words(accuracy.mae_wh or 0)} Wh"},
        {"label": _("The same hours a week before"), "value": f"{float_words(accuracy.naive_mae_wh or 0)} Wh"},
        {"label": _("Difference"), "value": better_words(accuracy.better_by)},
    ]


def better_words(better_by: float) -> str:
    """How the forecast compares with simply repeating last week.

    >>> better_words(0.214), better_words(-0.1)
    ('21 % closer than last week’s', '10 % further off than last week’s')
    """
    if better_by >= 0:
        return _("%(share)s closer than last week’s") % {"share": percent_words(better_by)}
    return _("%(share)s further off than last week’s") % {"share": percent_words(-better_by)}


def next_event(distributor: Distributor, now: datetime) -> Event | None:
    """The running event, else the next that is scheduled or announced."""
    coming = Event.objects.filter(program__distributor=distributor, state__in=NEXT, end__gt=now)
    return coming.select_related("program__distributor").order_by(F("start")).first()
