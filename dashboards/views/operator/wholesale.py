"""What events were worth at the wholesale meter, month by month."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from common.intervals import local_day
from common.speech import day_words
from dashboards.charts import pair_rows, pairs_payload, payload_json
from dashboards.charts.skeletons import etag
from dashboards.operator_facts import wholesale as facts
from dashboards.sections import section_tabs
from dashboards.views.charts import answer
from dashboards.views.operator.scope import Scope, operator_page
from settlement.reports.wholesale_month import months_with_events, wholesale_cost, wholesale_month

HOUR = timedelta(hours=1)


class MonthForm(forms.Form):
    """Which month, at which price, and the hour by which the supplier bills it."""

    month = forms.RegexField(
        r"^20\d\d-(0[1-9]|1[0-2])$",
        required=False,
        error_messages={"invalid": gettext_lazy("Write a month like 2026-07.")},
    )
    cost = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=4,
        error_messages={"invalid": gettext_lazy("Write the price of a kW like 10.35.")},
    )
    billed_at = forms.DateTimeField(
        required=False,
        error_messages={"invalid": gettext_lazy("Write the billed hour as a day and a time of the clock.")},
    )


@require_GET
@operator_page
def wholesale(request: HttpRequest, scope: Scope) -> HttpResponse:
    """One month: its peak, what events took off it, and what that spared."""
    view, refusals, months = _view(request, scope)
    asked = urlencode({name: str(request.GET.get(name, "")) for name in MonthForm.base_fields if request.GET.get(name)})
    pairs = facts.day_pairs(view)
    context = {
        "scope": scope,
        "tabs": section_tabs("programs", "operator_wholesale"),
        "view": view,
        "refusals": refusals,
        "month": f"{view.month.first:%Y-%m}",
        "months": [(f"{month:%Y-%m}", day_words(month, "month of year")) for month in months],
        "month_words": day_words(view.month.first, "month of year"),
        "cost": f"{view.cost_per_kw.normalize():f}",
        "billed_at": f"{timezone.localtime(view.billed_at):%Y-%m-%dT%H:%M}" if view.billed_at else "",
        "sentences": facts.sentences(view),
        "tiles": facts.tiles(view),
        "warnings": facts.warnings(view),
        "columns": facts.columns(),
        "rows": facts.rows(view),
        "chart": {"say": facts.say(view), "rows": pair_rows(pairs), "columns": facts.table_columns()},
        "keys": facts.keys(),
        "data_url": f"{reverse('operator_wholesale_chart')}?{asked}",
        "csv_url": f"{reverse('operator_wholesale_csv')}?{asked}",
    }
    return render(request, "dashboards/insights/wholesale.html", context)


@require_GET
@operator_page
def wholesale_chart(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The highest hour of each day."""
    view, _refusals, _months = _view(request, scope)
    empty = _("There is no reading in this month.")
    body = payload_json(pairs_payload(facts.day_pairs(view), kind="wholesale", say=facts.say(view), empty=empty))
    return answer(request, etag(body), lambda: body)


@require_GET
@operator_page
def wholesale_csv(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The month as a file for the power supplier."""
    view, _refusals, _months = _view(request, scope)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="wholesale-{view.month.first:%Y-%m}.csv"'
    csv.writer(response, lineterminator="\n").writerows(facts.file_rows(view))
    return response


def _view(request: HttpRequest, scope: Scope) -> tuple[facts.View, list[str], Sequence[date]]:
    """The month that the address asks for, what of it cannot be, and the months to choose from.

    What cannot be is left aside: the newest month with an event, the price of the terms, the highest hour.
    """
    here = scope.distributor
    form = MonthForm(request.GET)
    form.is_valid()
    asked: dict[str, Any] = form.cleaned_data
    refusals = [str(words) for found in form.errors.values() for words in found]
    months = months_with_events(distributor=here)
    first = date.fromisoformat(f"{asked['month']}-01") if asked.get("month") else _newest(months, here.zone)
    cost = asked.get("cost")
    price: Decimal = wholesale_cost(distributor=here, month=first) if cost is None else cost
    month = wholesale_month(user=scope.user, distributor=here, month=first)
    entered = asked.get("billed_at")
    billed = next((start for start in month.load_wh if entered and start <= entered < start + HOUR), None)
    if entered and billed is None:
        refusals.append(_("There is no reading in the billed hour that you entered, or it is of another month."))
    value = month.value(cost_per_kw=price, billed_at=billed)
    return facts.View(here, month, price, billed, value), refusals, sorted({*months, first}, reverse=True)


def _newest(months: Sequence[date], zone: Any) -> date:
    return months[0] if months else local_day(timezone.now(), zone).replace(day=1)
