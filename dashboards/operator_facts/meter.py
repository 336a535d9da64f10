"""One meter in figures, for its operator."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import float_words, length_words, number_words, plain_words
from dashboards.operator_facts.holders import holder_names
from dashboards.operator_facts.points import DAYS, lines_of, recently_compared
from dashboards.operator_facts.selection import in_service
from dashboards.times import moment_words
from dashboards.words import kwh, money
from forecasting.selectors import newest_of_meter
from meters.models import IntervalReading, Meter
from meters.selectors import BelowForecast, holders_at
from settlement.selectors import Saved, rank_by_savings, saved_by_meter

NOTHING = BelowForecast(0, 0, 0, 0)


def savings_tiles(meter: Meter, now: datetime) -> list[dict[str, str]]:
    """Saved in events with its rank, below forecast with its signed sum, participation. Three queries."""
    distributor = meter.distributor
    saved = saved_by_meter(lines=lines_of(distributor))
    ids = in_service(distributor).values_list("pk", flat=True)
    ranked = rank_by_savings(saved=saved, meter_ids=ids)
    mine = saved.get(meter.pk, Saved())
    place = next((row.rank for row in ranked if row.meter_id == meter.pk), None)
    rank = _("rank %(rank)d of %(all)d") % {"rank": place, "all": len(ranked)} if place else _("out of service")
    events = ngettext("%(count)d event", "%(count)d events", mine.events) % {"count": mine.events}
    earned = money(mine.earned, distributor.currency)
    return [
        {
            "label": _("Saved in events"),
            "value": kwh(mine.saved_wh),
            "unit": "kWh",
            "note": f"{events}, {earned}, {rank}",
        },
        *_below_tiles(meter, now),
    ]


def _below_tiles(meter: Meter, now: datetime) -> list[dict[str, str]]:
    below = recently_compared([meter], now).get(meter.pk, NOTHING)
    share = below.participation
    signed = _("%(days)d days; %(signed)s kWh less what was above it") % {"days": DAYS, "signed": kwh(below.signed_wh)}
    counted = _("%(below)s of %(all)s intervals below forecast") % {
        "below": number_words(below.saving_intervals),
        "all": number_words(below.intervals),
    }
    return [
        {"label": _("Below forecast"), "value": kwh(below.saving_wh), "unit": "kWh", "note": signed},
        {
            "label": _("Participation"),
            "value": "–" if share is None else float_words(float(share) * 100),
            "unit": "" if share is None else "%",
            "note": counted,
        },
    ]


def meter_facts(meter: Meter, now: datetime) -> list[dict[str, Any]]:
    """Who holds it, where it hangs, what it promises, when it last spoke, how it is forecast. Five queries."""
    holder = holders_at(meter_ids=[meter.pk], at=now).get(meter.pk)
    name = holder_names([holder]).get(holder, "") if holder else ""
    promised = "–" if meter.contracted_kw is None else f"{plain_words(meter.contracted_kw)} kW"
    return [
        {"label": _("Number"), "value": meter.number},
        {"label": _("Holder"), "value": name or _("the distributor only")},
        {"label": _("Kind"), "value": meter.usage_kind or "–"},
        {"label": _("Feeder"), "value": meter.feeder.name if meter.feeder else "–"},
        {"label": _("Contracted"), "value": promised},
        {"label": _("Interval"), "value": length_words(timedelta(minutes=meter.interval_minutes))},
        {"label": _("Newest reading ends"), "value": _newest(meter, now)},
        *_forecast(meter),
    ]


def _newest(meter: Meter, now: datetime) -> str:
    row = IntervalReading.objects.filter(meter=meter, start__lte=now).order_by("-start").first()
    if row is None:
        return _("none yet")
    row.meter = meter
    return moment_words(row.end, meter.zone)


def _forecast(meter: Meter) -> list[dict[str, Any]]:
    made = newest_of_meter(meter=meter)
    if made is None:
        return [{"label": _("Forecast"), "value": _("none yet")}]
    facts = [{"label": _("Forecast by"), "value": made.rung or _("no method")}]
    if made.fallback_reason:
        facts.append({"label": _("Because"), "value": made.fallback_reason})
    if made.mae_wh is not None and made.naive_mae_wh is not None:
        words = _("%(ours)s Wh; last week’s hours %(naive)s Wh") % {
            "ours": float_words(made.mae_wh),
            "naive": float_words(made.naive_mae_wh),
        }
        facts.append({"label": _("Off by, per interval"), "value": words})
    return facts
