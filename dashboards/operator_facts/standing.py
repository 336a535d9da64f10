"""Meters of a program: who saved most in a season, and what each is expected to deliver."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from common.intervals import local_day
from common.speech import day_words, number_words
from common.spreadsheet import safe_cell
from dashboards.operator_facts.holders import holder_names
from dashboards.operator_facts.season import kw, share
from dashboards.words import kwh, money
from events.models import Program
from meters.models import Meter
from meters.selectors import holders_at
from settlement.reports.past_response import Expected, Past, expected_of, past_of
from settlement.reports.ranks import Place

RANK_COLUMNS = (
    "rank", "meter", "holder", "events", "saved_in_events_kwh", "earned", "currency", "intervals_with_forecast",
    "intervals_below_forecast", "participation", "below_forecast_kwh", "signed_kwh",
)  # fmt: skip
RESPONSE_COLUMNS = (
    "meter", "holder", "kind", "events", "mean_kw", "expected_kw", "expected_low_90", "expected_high_90", "last_event",
)  # fmt: skip


@dataclass(frozen=True)
class Response:
    """One meter's past in a program, and what is expected of it."""

    meter: Meter
    past: Past
    expected: Expected


def responses(program: Program) -> list[Response]:
    """The meters with a past, who is expected to deliver most first. Four queries."""
    pasts = past_of(program)
    expected = expected_of(pasts)
    meters = Meter.objects.select_related("distributor").in_bulk(list(pasts))
    found = [Response(meters[pk], past, expected[pk]) for pk, past in pasts.items() if pk in meters]
    return sorted(found, key=lambda each: (-each.expected.kw, each.meter.number))


def names_of(meters: Sequence[Meter]) -> dict[int, str]:
    """Meter id -> the name of who holds it now. Three queries."""
    holders = holders_at(meter_ids=[meter.pk for meter in meters], at=timezone.now())
    names = holder_names(set(holders.values()))
    return {meter_id: names.get(holder_id, "") for meter_id, holder_id in holders.items()}


def response_columns() -> list[dict[str, Any]]:
    """The columns of `response_rows`."""
    names = [_("Meter"), _("Kind"), _("Events"), _("Mean so far"), _("Expected"), _("9 in 10"), _("Last event")]
    return [{"label": name, "numeric": place in (2, 3, 4, 5)} for place, name in enumerate(names)]


def response_rows(page: Sequence[Response], program: Program) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    names = names_of([each.meter for each in page])
    return [{"cells": _response_cells(each, names, program)} for each in page]


def _response_cells(each: Response, names: Mapping[int, str], program: Program) -> list[dict[str, Any]]:
    expected, past = each.expected, each.past
    ends = {"low": kw(expected.low_kw, 2), "high": kw(expected.high_kw, 2)}
    last = "–" if past.last is None else day_words(local_day(past.last, program.zone), "date")
    return [
        _meter(each.meter, names),
        {"label": _("Kind"), "text": past.kind or "–"},
        {"label": _("Events"), "text": number_words(past.events), "numeric": True},
        {"label": _("Mean so far"), "text": kw(past.mean_kw, 2), "numeric": True},
        {"label": _("Expected"), "text": kw(expected.kw, 2), "numeric": True},
        {
            "label": _("9 in 10"),
            "text": "–" if expected.low_kw is None else _("%(low)s to %(high)s") % ends,
            "numeric": True,
        },
        {"label": _("Last event"), "text": last},
    ]


def _meter(meter: Meter, names: Mapping[int, str]) -> dict[str, Any]:
    url = f"{reverse('operator_meters')}?{urlencode({'meter': meter.pk})}"
    return {"text": meter.label, "sub": names.get(meter.pk) or "–", "url": url}


def response_file(found: Sequence[Response]) -> Iterator[Sequence[object]]:
    """What is expected of each meter, for a file."""
    yield RESPONSE_COLUMNS
    names = names_of([each.meter for each in found])
    for each in found:
        past, expected = each.past, each.expected
        yield (
            safe_cell(each.meter.number), safe_cell(names.get(each.meter.pk, "")), safe_cell(past.kind), past.events,
            f"{past.mean_kw:.3f}", f"{expected.kw:.3f}", _number(expected.low_kw), _number(expected.high_kw),
            "" if past.last is None else f"{past.last:%Y-%m-%dT%H:%M:%SZ}",
        )  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def rank_columns() -> list[dict[str, Any]]:
    """The columns of `rank_rows`."""
    names = [_("Rank"), _("Meter"), _("Saved in events"), _("Events"), _("Earned"), _("Participation")]
    return [{"label": name, "numeric": place > 1} for place, name in enumerate(names)]


def rank_rows(page: Sequence[Place], program: Program) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    names = names_of([place.meter for place in page])
    currency = program.distributor.currency
    return [
        {
            "cells": [
                {"text": f"{place.rank}."},
                {"label": _("Meter"), **_meter(place.meter, names)},
                {"label": _("Saved in events"), "text": f"{kwh(place.saved.saved_wh)} kWh", "numeric": True},
                {"label": _("Events"), "text": number_words(place.joined), "numeric": True},
                {"label": _("Earned"), "text": money(place.saved.earned, currency), "numeric": True},
                {"label": _("Participation"), "text": share(_participation(place)), "numeric": True},
            ]
        }
        for place in page
    ]


def _participation(place: Place) -> float | None:
    found = place.below.participation
    return None if found is None else float(found)


def rank_file(places: Sequence[Place], program: Program) -> Iterator[Sequence[object]]:
    """The ranking, for a file."""
    yield RANK_COLUMNS
    names = names_of([place.meter for place in places])
    for place in places:
        below, found = place.below, _participation(place)
        yield (
            place.rank, safe_cell(place.meter.number), safe_cell(names.get(place.meter.pk, "")), place.joined,
            f"{place.saved.saved_wh / 1000:.3f}", f"{place.saved.earned:.2f}", program.distributor.currency,
            below.intervals, below.saving_intervals, "" if found is None else f"{found:.4f}",
            f"{below.saving_wh / 1000:.3f}", f"{below.signed_wh / 1000:.3f}",
        )  # fmt: skip
