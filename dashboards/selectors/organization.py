"""An organization's meters for its pages, in a fixed number of queries however many there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from dashboards.charts import MeterPoint, Payload, rank_payload
from dashboards.selectors.savings import NOTHING, compared_by_meter, share_words
from dashboards.times import length_words
from dashboards.words import kwh
from meters.models import IntervalReading, Meter
from meters.selectors import BelowForecast
from organizations.access import holder_id_of
from settlement.models import SettlementLine
from settlement.selectors import Ranked, Saved, rank_by_savings, saved_by_meter

DAYS = 30
STALE_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Fleet:
    """The meters of an organization now, with what each did; dictionaries are keyed by meter id.

    Attributes:
        saved: in settled events, all of them.
        figures: readings against forecast over [start, now).
        last_end: the end of each meter's newest reading in that time.
    """

    meters: Sequence[Meter]
    now: datetime
    start: datetime
    saved: dict[int, Saved] = field(default_factory=dict)
    figures: dict[int, BelowForecast] = field(default_factory=dict)
    last_end: dict[int, datetime] = field(default_factory=dict)

    @property
    def ranked(self) -> list[Ranked]:
        """The meters by what they saved in events."""
        return rank_by_savings(saved=self.saved, meter_ids=[meter.pk for meter in self.meters])

    @property
    def saved_in_total(self) -> Saved:
        """What all of them saved and earned, former meters included."""
        rows = self.saved.values()
        return Saved(
            events=max((row.events for row in rows), default=0),
            saved_wh=sum(row.saved_wh for row in rows),
            earned=sum((row.earned for row in rows), start=Saved().earned),
        )

    @property
    def total(self) -> BelowForecast:
        """Readings against forecast of all meters together."""
        rows = self.figures.values()
        return BelowForecast(
            sum(row.intervals for row in rows),
            sum(row.saving_intervals for row in rows),
            sum(row.saving_wh for row in rows),
            sum(row.signed_wh for row in rows),
        )

    @property
    def freshest(self) -> datetime | None:
        """The end of the newest reading of any meter."""
        return max(self.last_end.values(), default=None)


def meters_of(user: User, *, holder_id: int | None = None) -> list[Meter]:
    """The meters that are the reader's, the organization's, or another visible holder's now. One query."""
    holder_id = holder_id_of(user) if holder_id is None else holder_id
    mine = Meter.objects.visible_to(user).held_by(holder_id, timezone.now())
    return list(mine.select_related("distributor", "feeder").order_by("number"))


def fleet_of(*, user: User, holder_id: int, meters: Sequence[Meter], now: datetime) -> Fleet:
    """A holder's meters with what each saved, stayed below and reported last. Three queries."""
    start = now - timedelta(days=DAYS)
    lines = SettlementLine.objects.visible_to(user).filter(holder_id=holder_id)
    return Fleet(
        meters=meters,
        now=now,
        start=start,
        saved=saved_by_meter(lines=lines),
        figures=compared_by_meter(user=user, meters=list(meters), start=start, end=now),
        last_end=_last_ends(user, meters, start),
    )


def _last_ends(user: User, meters: Sequence[Meter], start: datetime) -> dict[int, datetime]:
    # One look into the key per meter: the newest of all readings would be found by reading all of them.
    mine = IntervalReading.objects.visible_to(user).filter(meter=OuterRef("pk"), start__gte=start).order_by("-start")
    asked = Meter.objects.filter(pk__in=[meter.pk for meter in meters])
    rows = asked.annotate(last=Subquery(mine.values("start")[:1])).values_list("pk", "last", "interval_minutes")
    return {pk: last + timedelta(minutes=minutes) for pk, last, minutes in rows if last is not None}


@dataclass(frozen=True, slots=True)
class Load:
    """Energy of one local day so far, of the meters whose readings are compared with a forecast."""

    energy_wh: int
    expected_wh: int | None


def load_since(*, user: User, meters: Sequence[Meter], start: datetime) -> Load:
    """What the meters used since a moment, and what was expected for the same intervals. One query."""
    readings = IntervalReading.objects.visible_to(user).filter(meter__in=list(meters), start__gte=start)
    sums = readings.aggregate(energy=Sum("energy_wh"), expected=Sum("predicted_wh"))
    return Load(int(sums["energy"] or 0), None if sums["expected"] is None else int(sums["expected"]))


def points_of(fleet: Fleet, organization_name: str) -> list[MeterPoint]:
    """The meters for the rank chart, by what they saved in events; without the name that all begin with."""
    return [
        MeterPoint(
            name=meter.label.removeprefix(f"{organization_name}, "),
            kind=meter.usage_kind,
            savings_wh=fleet.saved.get(meter.pk, Saved()).saved_wh,
            participation=_share(fleet.figures.get(meter.pk, NOTHING)),
            feeder=meter.feeder.name if meter.feeder else "",
            url=reverse("meter_detail", args=[meter.pk]),
        )
        for meter in fleet.meters
    ]


def _share(figures: BelowForecast) -> float | None:
    return None if figures.participation is None else float(figures.participation)


def rank_chart(fleet: Fleet, organization_name: str) -> Payload:
    """The rank chart's payload."""
    return rank_payload(points_of(fleet, organization_name))


def meter_columns() -> list[dict[str, Any]]:
    """The columns of `meter_rows`."""
    names = (_("Meter"), _("Rank"), _("Saved in events"), _("Below forecast"), _("Participation"), _("Last reading"))
    return [{"label": name, "numeric": 0 < place < 5} for place, name in enumerate(names)]


def meter_rows(fleet: Fleet, shown: Iterable[Meter]) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html for these meters of the fleet, ranked among all of them."""
    ranks = {place.meter_id: place.rank for place in fleet.ranked}
    return [{"cells": _meter_cells(fleet, meter, ranks[meter.pk])} for meter in shown]


def _meter_cells(fleet: Fleet, meter: Meter, rank: int) -> list[dict[str, Any]]:
    figures = fleet.figures.get(meter.pk, NOTHING)
    saved = fleet.saved.get(meter.pk, Saved())
    kind = ", ".join(word for word in (meter.number if meter.name else "", meter.usage_kind) if word)
    below = f"{kwh(figures.saving_wh)} kWh" if figures.intervals else "–"
    return [
        {"text": meter.label, "sub": kind, "url": reverse("meter_detail", args=[meter.pk])},
        {"label": _("Rank"), "text": str(rank), "numeric": True},
        {"label": _("Saved in events"), "text": f"{kwh(saved.saved_wh, 3)} kWh", "numeric": True},
        {"label": _("Below forecast"), "text": below, "numeric": True},
        {"label": _("Participation"), "text": share_words(figures.participation), "numeric": True},
        {"label": _("Last reading"), **_last_cell(fleet, meter)},
    ]


def _last_cell(fleet: Fleet, meter: Meter) -> dict[str, str]:
    last = fleet.last_end.get(meter.pk)
    if last is None:
        return {"badge": _("none in %(days)s days") % {"days": DAYS}, "tone": ""}
    age = max(fleet.now - last, timedelta(0))
    words = _("%(age)s ago") % {"age": length_words(age)}
    return {"badge": words, "tone": "attention", "icon": "alert"} if age > STALE_AFTER else {"text": words}
