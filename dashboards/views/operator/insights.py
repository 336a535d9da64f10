"""What programs achieved: side by side, a season in full, who saved most, and what to expect of each meter."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from common.intervals import local_day
from dashboards.charts import Pair, pair_rows, pairs_payload, payload_json
from dashboards.charts.skeletons import etag
from dashboards.operator_facts import control, standing
from dashboards.operator_facts import season as facts
from dashboards.operator_facts.programs import in_force
from dashboards.sections import section_tabs
from dashboards.views.charts import answer
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Program
from settlement.reports.ranks import season_ranks
from settlement.reports.season import Season, default_season, season_report, seasons_of

PER_PAGE = 50
CHARTS = ("season", "fatigue")


@require_GET
@operator_page
def insights(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Every program's season beside the others."""
    found = Program.objects.filter(distributor=scope.distributor).select_related("distributor").order_by("name")
    reports = [season_report(program=program, season=_newest(program)) for program in found]
    context = {
        "scope": scope,
        "tabs": section_tabs("programs", "operator_insights"),
        "columns": facts.compared_columns(),
        "rows": facts.compared_rows(reports),
    }
    return render(request, "dashboards/insights/programs.html", context)


@require_GET
@operator_page
def season(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One season of a program."""
    asked = _asked(request, scope, pk)
    report = season_report(program=asked.program, season=asked.season)
    drawn = {"season": facts.delivered_pairs(report), "fatigue": facts.fatigue_pairs(report)}
    context = asked.context("operator_season") | {
        "scope": scope,
        "report": report,
        "tiles": facts.tiles(report),
        "control": control.season_words(each.event for each in report.worked_out),
        "fatigue": facts.fatigue_words(report.fatigue),
        "columns": facts.columns(),
        "rows": facts.rows(report),
        "delivered": {
            "say": facts.delivered_words(report), "keys": facts.delivered_keys(),
            "columns": facts.delivered_columns(), "rows": pair_rows(drawn["season"]),
        },
        "trend": {
            "keys": facts.fatigue_keys(), "columns": facts.fatigue_columns(), "rows": pair_rows(drawn["fatigue"], 2),
        },
        "query": f"?season={asked.season.key}",
    }  # fmt: skip
    return render(request, "dashboards/insights/season.html", context)


@require_GET
@operator_page
def season_chart(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The data of one of the season's charts: `of` is season or fatigue."""
    asked = _asked(request, scope, pk)
    kind = request.GET.get("of", "season")
    if kind not in CHARTS:
        raise Http404
    report = season_report(program=asked.program, season=asked.season)
    pairs: Sequence[Pair] = facts.delivered_pairs(report) if kind == "season" else facts.fatigue_pairs(report)
    say = facts.delivered_words(report) if kind == "season" else facts.fatigue_words(report.fatigue)
    empty = _("No event is worked out yet.")
    body = payload_json(pairs_payload(pairs, kind=kind, say=say, empty=empty, places=1 if kind == "season" else 2))
    return answer(request, etag(body), lambda: body)


@require_GET
@operator_page
def season_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The season's events as a file."""
    asked = _asked(request, scope, pk)
    report = season_report(program=asked.program, season=asked.season)
    return _file(facts.file_rows(report), f"season-{pk}-{asked.season.key}.csv")


@require_GET
@operator_page
def season_json(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The season as JSON."""
    asked = _asked(request, scope, pk)
    data = facts.season_data(season_report(program=asked.program, season=asked.season))
    name = f'attachment; filename="season-{pk}-{asked.season.key}.json"'
    return JsonResponse(data, json_dumps_params={"indent": 2}, headers={"Content-Disposition": name})


@require_GET
@operator_page
def ranks(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Who saved most in a season."""
    asked = _asked(request, scope, pk)
    page = Paginator(season_ranks(program=asked.program, season=asked.season), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = asked.context("operator_ranks") | {
        "scope": scope,
        "page_obj": page,
        "columns": standing.rank_columns(),
        "rows": standing.rank_rows(list(page.object_list), asked.program),
        "query": f"?season={asked.season.key}",
    }
    return render(request, "dashboards/insights/ranks.html", context)


@require_GET
@operator_page
def ranks_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The ranking as a file."""
    asked = _asked(request, scope, pk)
    places = season_ranks(program=asked.program, season=asked.season)
    return _file(standing.rank_file(places, asked.program), f"rank-{pk}-{asked.season.key}.csv")


@require_GET
@operator_page
def response(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """What each meter is expected to deliver, by its past events."""
    asked = _asked(request, scope, pk)
    page = Paginator(standing.responses(asked.program), PER_PAGE).get_page(request.GET.get("page"))
    context = asked.context("operator_response") | {
        "scope": scope,
        "page_obj": page,
        "columns": standing.response_columns(),
        "rows": standing.response_rows(list(page.object_list), asked.program),
    }
    return render(request, "dashboards/insights/response.html", context)


@require_GET
@operator_page
def response_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The same as a file."""
    asked = _asked(request, scope, pk)
    return _file(standing.response_file(standing.responses(asked.program)), f"response-{pk}.csv")


@dataclass(frozen=True)
class _Asked:
    """The program and the season that an address asks for."""

    program: Program
    season: Season
    seasons: Sequence[Season]

    def context(self, current: str) -> dict[str, Any]:
        """What all pages of a program's insights show."""
        key = f"?season={self.season.key}"
        labels = {
            "operator_season": _("Season"),
            "operator_ranks": _("Who saved most"),
            "operator_response": _("Past response"),
        }
        return {
            "program": self.program,
            "season_key": self.season.key,
            "season_words": facts.season_name(self.season),
            "seasons": [(each.key, facts.season_name(each)) for each in self.seasons],
            "tabs": [
                {"label": label, "url": reverse(name, args=[self.program.pk]) + key, "current": name == current}
                for name, label in labels.items()
            ],
            "crumbs": [
                {"label": _("Programs"), "url": reverse("operator_programs")},
                {"label": self.program.name, "url": reverse("operator_program", args=[self.program.pk])},
                {"label": labels[current], "url": ""},
            ],
        }


def _asked(request: HttpRequest, scope: Scope, pk: int) -> _Asked:
    """A program of the distributor in view; a season that it does not have is not there."""
    visible = Program.objects.visible_to(scope.user).filter(distributor=scope.distributor)
    program = get_object_or_404(visible.select_related("distributor"), pk=pk)
    today = local_day(timezone.now(), program.zone)
    seasons = seasons_of(program=program, today=today)
    key = request.GET.get("season", "")
    if not key:
        return _Asked(program, default_season(seasons=seasons, version=in_force(program), today=today), seasons)
    chosen = next((each for each in seasons if each.key == key), None)
    if chosen is None:
        raise Http404
    return _Asked(program, chosen, seasons)


def _newest(program: Program) -> Season:
    today = local_day(timezone.now(), program.zone)
    return default_season(seasons=seasons_of(program=program, today=today), version=in_force(program), today=today)


def _file(rows: Iterable[Sequence[object]], name: str) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(response, lineterminator="\n").writerows(rows)
    return response
