"""What many meters used together: pages for operators and organizations, the data of their charts, and files."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from common.spreadsheet import safe_cell
from dashboards.cached import kept_bytes
from dashboards.charts import (
    LoadSeries,
    heat_columns,
    heat_csv_rows,
    heat_payload,
    load_columns,
    load_csv_rows,
    load_payload,
    load_table,
    payload_json,
    peak_csv_rows,
    peak_rows,
)
from dashboards.charts import heat as heat_map
from dashboards.charts import load as load_chart
from dashboards.charts import peaks as peak_list
from dashboards.errors import BadRange
from dashboards.live import live_seconds
from dashboards.selectors import load, load_parts
from dashboards.selectors.load import Asked, Fresh, LoadScope
from dashboards.selectors.spans import PERIODS, Period, Span, span_of
from dashboards.selectors.windows import window_of
from dashboards.times import hour_zone_words, length_words, moment_words
from dashboards.views.charts import LIVE, answer, refused
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.readers import membership_of, signed_in
from meters.models import ScopeKind

PER_PAGE = 25
# Sums that are older than this while readings wait: something is wrong with the jobs.
OLD_SECONDS = 3_600
NAMES = {
    ScopeKind.ORGANIZATION: "organization",
    ScopeKind.GROUP: "group",
    ScopeKind.FEEDER: "feeder",
    ScopeKind.DISTRIBUTOR: "distributor",
}


@require_GET
@operator_page
def fleet(request: HttpRequest, scope: Scope) -> HttpResponse:
    """All meters of the distributor in view."""
    shown = visible_load(scope.user, ScopeKind.DISTRIBUTOR, scope.distributor.pk)
    return _page(request, scope.user, shown, "dashboards/load/operator.html", {"scope": scope})


@require_GET
@operator_page
def part(request: HttpRequest, scope: Scope, pk: int, kind: ScopeKind) -> HttpResponse:
    """One organization, group or feeder of the distributor in view."""
    shown = visible_load(scope.user, kind, pk)
    if shown.distributor != scope.distributor:
        raise Http404
    crumbs = [{"label": _("Load"), "url": reverse("load_fleet")}, {"label": shown.name, "url": ""}]
    return _page(request, scope.user, shown, "dashboards/load/operator.html", {"scope": scope, "crumbs": crumbs})


@require_GET
def own(request: HttpRequest) -> HttpResponse:
    """The reader's own organization."""
    membership, user = membership_of(request), signed_in(request)
    shown = visible_load(user, ScopeKind.ORGANIZATION, membership.organization_id)
    return _page(request, user, shown, "dashboards/load/organization.html", {})


@require_GET
def data(request: HttpRequest, pk: int, kind: ScopeKind) -> HttpResponse:
    """The load over the asked dates, or with `of=heat` the same hours as a heat map."""
    user = signed_in(request)
    scope = visible_load(user, kind, pk)
    try:
        asked = asked_of(request, scope)
    except BadRange as error:
        return refused(error)
    fresh = load.fresh_of(user=user, scope=scope)
    events = load.load_events(user=user, scope=scope, span=asked.span)
    version = load.version_of(user=user, scope=scope, asked=asked, events=events, of=fresh.version)
    is_heat = request.GET.get("of") == "heat"

    def body() -> bytes:
        hours = load.load_hours(user=user, scope=scope, asked=asked)
        if is_heat:
            return payload_json(heat_payload(load.heat_of(hours), scope.zone, version))
        shown = load.shown_series(hours, scope.zone)
        return payload_json(load_payload(shown, [event for event, _number in events], scope.zone, version=version))

    tag = f"{version}-heat" if is_heat else version
    response = answer(request, f'"{tag}"', lambda: kept_bytes(body, window_of(user), "load", tag))
    response[LIVE] = live_seconds([event for event, _number in events], asked.now, newest=None, span=asked.span)
    return response


@require_GET
def file(request: HttpRequest, pk: int, kind: ScopeKind) -> HttpResponse:
    """What is shown as CSV: `of` is load, heat, peaks or parts."""
    user = signed_in(request)
    scope = visible_load(user, kind, pk)
    try:
        asked = asked_of(request, scope)
    except BadRange as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    of = request.GET.get("of", "load")
    # A file says the same to everybody; only pages are translated.
    with translation.override("en"):
        header, rows = _file_rows(request, user, scope, asked, of)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        writer = csv.writer(response, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    name = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in scope.name)
    response["Content-Disposition"] = f'attachment; filename="{of}-{name}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


def _file_rows(
    request: HttpRequest, user: User, scope: LoadScope, asked: Asked, of: str
) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
    hours = load.load_hours(user=user, scope=scope, asked=asked)
    if of == "load":
        events = [event for event, _number in load.load_events(user=user, scope=scope, span=asked.span)]
        return load_chart.CSV_HEADER, load_csv_rows(load.shown_series(hours, scope.zone), events)
    if of == "heat":
        return heat_map.CSV_HEADER, heat_csv_rows(load.heat_of(hours), scope.zone)
    if of == "peaks":
        return peak_list.CSV_HEADER, peak_csv_rows(load.peaks(hours, scope.zone))
    if of == "parts":
        parts = load_parts.parts_of(user=user, scope=scope, asked=asked, by=_by(request, scope))
        rows = load_parts.part_csv_rows(parts, _total(hours))
        return load_parts.CSV_HEADER, ([safe_cell(row[0]), safe_cell(row[1]), *row[2:]] for row in rows)
    raise Http404


def visible_load(user: User, kind: ScopeKind, pk: int) -> LoadScope:
    """The scope, if the reader may see its sums; else 404."""
    found = load.find_scope(user=user, kind=kind, pk=pk)
    if found is None:
        raise Http404
    return found


def asked_of(request: HttpRequest, scope: LoadScope) -> Asked:
    """The dates that the address says, and what they are compared with.

    Raises:
        BadRange: They make no range.
    """
    now = timezone.now()
    return _asked(span_of(request.GET, anchor=now, zone=scope.zone), request, scope, now)


def _asked(span: Span, request: HttpRequest, scope: LoadScope, now: Any) -> Asked:
    before = load.before_of(span, scope.zone) if request.GET.get("compare") == "before" else None
    return Asked(span, before, now)


def _page(request: HttpRequest, user: User, scope: LoadScope, template: str, context: dict[str, Any]) -> HttpResponse:
    refusal = ""
    try:
        asked = asked_of(request, scope)
    except BadRange as error:
        refusal, now = str(error), timezone.now()
        asked = _asked(span_of({}, anchor=now, zone=scope.zone), request, scope, now)
    hours = load.load_hours(user=user, scope=scope, asked=asked)
    numbered = load.load_events(user=user, scope=scope, span=asked.span)
    events = [event for event, _number in numbered]
    fresh = load.fresh_of(user=user, scope=scope)
    return render(
        request,
        template,
        {
            "shown": scope,
            "refusal": refusal,
            "fresh": _fresh_words(fresh, asked, scope),
            "live_seconds": live_seconds(events, asked.now, newest=None, span=asked.span),
            "share": load_chart.ENOUGH * 100,
            **_pictures(load.shown_series(hours, scope.zone), hours, events, scope),
            **_choices(request, scope, asked),
            **_parts(request, user, scope, asked, hours),
            **context,
        },
    )


def _pictures(shown: LoadSeries, hours: LoadSeries, events: Sequence[Any], scope: LoadScope) -> dict[str, Any]:
    heat = heat_payload(load.heat_of(hours), scope.zone)
    return {
        "chart": load_payload(shown, events, scope.zone) | load_table(shown, events, scope.zone),
        "chart_columns": load_columns(has_before=shown.has_before),
        "chart_keys": load.load_keys(has_before=shown.has_before),
        "heat": heat,
        "heat_columns": heat_columns(),
        "peak_rows": peak_rows(load.peaks(hours, scope.zone), scope.zone),
        "month_rows": peak_rows(load.billing_peaks(hours, scope.zone), scope.zone),
    }


def _fresh_words(fresh: Fresh, asked: Asked, scope: LoadScope) -> dict[str, str]:
    if fresh.refreshed_at is None:
        return {"text": _("Nothing has been added up yet."), "tone": "attention" if fresh.is_pending else ""}
    age = asked.now - fresh.refreshed_at
    at = hour_zone_words if age.total_seconds() < OLD_SECONDS else moment_words
    words = {"time": at(fresh.refreshed_at, scope.zone), "age": length_words(age)}
    if not fresh.is_pending:
        return {"text": _("Sums as of %(time)s, %(age)s ago.") % words, "tone": ""}
    text = _("Sums as of %(time)s, %(age)s ago. Newer readings are being added up.") % words
    return {"text": text, "tone": "attention" if age.total_seconds() > OLD_SECONDS else ""}


def _choices(request: HttpRequest, scope: LoadScope, asked: Asked) -> dict[str, Any]:
    """Addresses: of the data and files of these dates, and of other dates."""
    compare = {"compare": "before"} if asked.before else {}
    extra = f"&{urlencode(compare)}" if compare else ""
    data_url = reverse(f"chart_load_{NAMES[scope.kind]}", args=[scope.pk])
    file_url = reverse(f"chart_load_{NAMES[scope.kind]}_file", args=[scope.pk])
    query = asked.span.query + extra
    by = f"&{urlencode({'by': _by(request, scope)})}"
    local = [moment.astimezone(scope.zone) for moment in (asked.span.start, min(asked.span.end, asked.now))]
    return {
        "span": asked.span,
        "data_url": f"{data_url}?{query}",
        "heat_url": f"{data_url}?{query}&of=heat",
        "files": {of: f"{file_url}?{query}&of={of}{by if of == 'parts' else ''}" for of in _FILES},
        "ranges": _ranges(asked, extra),
        "steps": _steps(asked, extra),
        "compare_url": f"?{asked.span.query}" if asked.before else f"?{query}&compare=before",
        "compared": asked.before is not None,
        "first_day": local[0].date().isoformat(),
        "last_day": local[1].date().isoformat(),
        "period_words": asked.span.period.words() if asked.span.period else "",
    }


_FILES = ("load", "heat", "peaks", "parts")


def _ranges(asked: Asked, extra: str) -> list[dict[str, Any]]:
    """The last days, and the calendar's periods around what is shown now."""
    names = dict(zip(PERIODS, (_("Day"), _("Week"), _("Month"), _("Year")), strict=True))
    period = asked.span.period
    links = [{"label": _("7 days"), "url": f"?days=7{extra}", "current": asked.span.days == 7}]
    for kind, label in names.items():
        query = Period.of(kind, period.first).query if period else urlencode({"period": kind})
        links.append({"label": label, "url": f"?{query}{extra}", "current": bool(period and period.kind == kind)})
    return links


def _steps(asked: Asked, extra: str) -> dict[str, str]:
    """The period before and after, the latter unless it lies ahead."""
    period = asked.span.period
    if period is None:
        return {}
    steps = {"previous": f"?{period.previous.query}{extra}"}
    if asked.span.end <= asked.now:
        steps["next"] = f"?{period.next.query}{extra}"
    return steps


def _by(request: HttpRequest, scope: LoadScope) -> str:
    choices = load_parts.choices_of(scope)
    asked = request.GET.get("by", "")
    return asked if asked in choices else next(iter(choices))


def _parts(request: HttpRequest, user: User, scope: LoadScope, asked: Asked, hours: LoadSeries) -> dict[str, Any]:
    by, choices = _by(request, scope), load_parts.choices_of(scope)
    parts = load_parts.parts_of(user=user, scope=scope, asked=asked, by=by)
    page = Paginator(parts, PER_PAGE).get_page(request.GET.get("page"))
    extra = "&compare=before" if asked.before else ""
    links = [
        {"label": label, "url": f"?{asked.span.query}{extra}&by={word}#parts", "current": word == by}
        for word, label in choices.items()
    ]
    return {
        "page_obj": page,
        "part_rows": load_parts.part_rows(page.object_list, _total(hours)),  # type: ignore[arg-type]  # a page of that list
        "part_columns": load_parts.part_columns(),
        "part_label": choices[by],
        "part_links": links if len(links) > 1 else [],
    }


def _total(hours: LoadSeries) -> int:
    return round(float(hours.wh[hours.wh == hours.wh].sum()))
