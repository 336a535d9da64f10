"""Imports of an organization's own readings, for its admins."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from dashboards.views import import_pages as pages
from dashboards.views.organization_people import admin_membership_of
from dashboards.views.readers import signed_in

# Lists of meters and of outages are the distributor's.
EXAMPLES = ("long", "wide", "register")


def _place(request: HttpRequest) -> pages.Place:
    """The organization's imports, on the distributor's clock; 404 and 403 as `admin_membership_of` says."""
    organization = admin_membership_of(request).organization
    return pages.Place(
        user=signed_in(request),
        distributor=organization.distributor,
        route="organization_import",
        base="base.html",
        examples=EXAMPLES,
        organization=organization,
    )


@require_GET
def imports(request: HttpRequest) -> HttpResponse:
    """What the organization uploaded, newest first."""
    return pages.list_page(request, _place(request))


@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """A form for a file; a POST takes it."""
    return pages.new_page(request, _place(request))


@require_http_methods(["GET", "POST"])
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One import; a POST does one step."""
    return pages.batch_page(request, _place(request), pk)


@require_GET
def import_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, as JSON."""
    return pages.progress_answer(_place(request), pk)


@require_GET
def import_errors(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows left out, as CSV."""
    return pages.errors_answer(_place(request), pk)


@require_GET
def import_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it was uploaded."""
    return pages.file_answer(_place(request), pk)


@require_GET
def import_template(request: HttpRequest, name: str) -> HttpResponse:
    """A file to begin with."""
    return pages.template_answer(_place(request), name)
