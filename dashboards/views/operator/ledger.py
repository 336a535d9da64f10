"""The ledger: postings, heads, what is owed, and whether the chain holds."""

import csv
from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from common.speech import number_words
from dashboards.operator_facts import ledger as facts
from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.words import money
from organizations.models import Distributor
from settlement.models import Account, Unit
from settlement.services import balances, check_ledger, daily_heads

PER_PAGE = 50
HEADS = 14


@require_GET
@operator_page
def ledger(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The distributor's ledger; `?check=1` computes all of it again first."""
    distributor = scope.distributor
    page = Paginator(facts.batches(distributor), PER_PAGE).get_page(request.GET.get("page"))
    heads = daily_heads(distributor, most=HEADS)
    context = {
        "scope": scope,
        "tabs": section_tabs("settlement", "operator_ledger"),
        "tiles": _tiles(distributor, page.paginator.count),
        "check": _check(distributor) if request.GET.get("check") else None,
        "head_columns": facts.head_columns(),
        "head_rows": facts.head_rows(heads),
        "holders": facts.holders(distributor),
        "page_obj": page,
        "columns": facts.batch_columns(),
        "rows": facts.batch_rows(list(page.object_list), distributor),
    }
    return render(request, "dashboards/settlement/ledger.html", context)


@require_GET
@operator_page
def ledger_csv(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Every entry of the ledger, in the order of the chain."""
    response = StreamingHttpResponse(_lines(scope.distributor), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="ledger.csv"'
    return response  # type: ignore[return-value]  # streamed, so that a long ledger needs no memory


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(distributor: Distributor) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\n")
    return (writer.writerow(row) for row in facts.entry_rows(distributor))


def _tiles(distributor: Distributor, count: int) -> list[dict[str, Any]]:
    owed = balances(distributor=distributor).get(Account.OWED, {})
    points = owed.get(Unit.POINTS)
    return [
        {"label": _("Owed to participants"), "value": money(owed.get(Unit.MONEY, 0), distributor.currency)},
        *([{"label": _("Points"), "value": number_words(points)}] if points else []),
        {"label": _("Postings"), "value": number_words(count)},
    ]


def _check(distributor: Distributor) -> dict[str, str]:
    """What the check found, for components/note.html."""
    found = check_ledger(distributor=distributor)
    if found.broken is not None:
        words = {"number": found.broken, "why": found.why}
        return {
            "tone": "danger",
            "title": _("The chain is broken at posting %(number)d") % words,
            "text": _("%(why)s Do not post anything; compare with a copy of the ledger from before.") % words,
        }
    counted = ngettext("%(count)d posting", "%(count)d postings", found.batches) % {"count": found.batches}
    return {
        "tone": "good",
        "title": _("The ledger holds"),
        "text": _("%(postings)s with %(entries)d entries were computed again: every hash is right, every sum is zero.")
        % {"postings": counted, "entries": found.entries},
    }
