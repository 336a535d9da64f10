"""The history of an organization, for its admins."""

import csv

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import AuditEntry
from common.spreadsheet import safe_cell
from dashboards.selectors import organization_audit as history
from dashboards.times import zone_words
from dashboards.views.organization_people import admin_membership_of
from organizations.models import Membership

PER_PAGE = 50
# What a spreadsheet opens without trouble, and far more than an organization does in years.
MOST_ROWS = 20_000


@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what to whom, when and why."""
    membership = admin_membership_of(request)
    page = Paginator(_entries(request, membership), PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = history.told(page.object_list)  # type: ignore[assignment]  # the rows in words, for the template
    context = {
        "organization": membership.organization,
        "page_obj": page,
        "zone": membership.organization.distributor.zone,
        "people": history.people_of(membership.organization),
        "acts": history.act_choices(),
        "person": request.GET.get("person", ""),
        "act": request.GET.get("act", ""),
    }
    return render(request, "dashboards/organization/audit.html", context)


@require_GET
def audit_csv(request: HttpRequest) -> HttpResponse:
    """The same as a file."""
    membership = admin_membership_of(request)
    zone = membership.organization.distributor.zone
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="history.csv"'
    writer = csv.writer(response)
    writer.writerow([_("When"), _("Who"), _("What"), _("Why")])
    for deed in history.told(_entries(request, membership)[:MOST_ROWS]):
        local = deed.at.astimezone(zone)
        when = f"{local:%Y-%m-%d %H:%M:%S} {zone_words(deed.at, zone)}"
        writer.writerow([safe_cell(text) for text in (when, deed.who, deed.what, deed.why)])
    return response


def _entries(request: HttpRequest, membership: Membership) -> QuerySet[AuditEntry]:
    person = request.GET.get("person", "")
    known = person.isascii() and person.isdigit() and len(person) < 19
    return history.entries_of(
        membership.organization_id, person=int(person) if known else None, act=request.GET.get("act", "")
    )
