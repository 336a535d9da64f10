"""Statements: what was posted to a holder in a month, to read, print and keep."""

import csv
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from common.spreadsheet import safe_cell
from dashboards.selectors import statements as facts
from dashboards.views.readers import signed_in
from organizations.access import Role, role_of
from settlement.reports.statements import Statement, months_with_postings, statement_data, statement_of

# Months beyond these have bounds that no clock can show.
FIRST_YEAR, LAST_YEAR = 1970, 2999
CSV_COLUMNS = ("posted", "what", "program", "event_start", "meter", "unit", "amount", "reason", "batch", "batch_sha256")


@require_GET
def statement_list(request: HttpRequest) -> HttpResponse:
    """The months with a statement."""
    holder = facts.holder_of(_customer(request))
    months = months_with_postings(entries=holder.entries, zone=holder.zone)
    context = {"months": facts.month_rows(months), "is_member": holder.is_organization, "crumbs": facts.crumbs(holder)}
    return render(request, "dashboards/statements/list.html", context)


@require_GET
def statement(request: HttpRequest, month: str) -> HttpResponse:
    """One month as a page, which prints on one sheet."""
    holder = facts.holder_of(_customer(request))
    found = _statement(holder, month)
    return render(request, "dashboards/statements/statement.html", facts.statement_context(found, holder))


@require_GET
def statement_json(request: HttpRequest, month: str) -> HttpResponse:
    """The same as JSON, with the hash of its content."""
    holder = facts.holder_of(_customer(request))
    data = statement_data(_statement(holder, month), holder=holder.name, currency=holder.currency)
    return _file(JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1}), month, "json")


@require_GET
def statement_csv(request: HttpRequest, month: str) -> HttpResponse:
    """The same as CSV, a row per posting."""
    holder = facts.holder_of(_customer(request))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    writer = csv.writer(answer, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for each in _statement(holder, month).posted:
        texts = facts.what_words(each), each.program, each.start.isoformat() if each.start else "", each.meter
        figures = each.unit.value, str(each.amount)
        writer.writerow(
            [
                each.at.isoformat(),
                *map(safe_cell, texts),
                *figures,
                safe_cell(each.reason),
                each.batch,
                each.batch_sha256,
            ]
        )
    return _file(answer, month, "csv")


def _customer(request: HttpRequest) -> User:
    """The reader, who may hold meters.

    Raises:
        Http404: for the distributor's people, whose ledger is a page of its own.
    """
    user = signed_in(request)
    role = role_of(user)
    if role is not Role.RESIDENT and not role.is_member:
        raise Http404
    return user


def _statement(holder: facts.Holder, month: str) -> Statement:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Http404(_("There is no such month.")) from None
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise Http404(_("There is no such month."))
    return statement_of(entries=holder.entries, month=first, zone=holder.zone)


def _file(answer: HttpResponse, month: str, end: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="statement-{month}.{end}"'
    return answer
