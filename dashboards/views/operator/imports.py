"""Imports of readings, for a distributor's people."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from dashboards.sections import section_tabs
from dashboards.views import import_pages as pages
from dashboards.views.operator.scope import Scope, operator_page
from meters.services.batches import EXAMPLES


def _place(scope: Scope) -> pages.Place:
    return pages.Place(
        user=scope.user,
        distributor=scope.distributor,
        route="operator_import",
        base="dashboards/operator/base_operator.html",
        examples=tuple(EXAMPLES),
        scope=scope,
    )


@require_GET
@operator_page
def imports(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The distributor's imports, newest first."""
    return pages.list_page(request, _place(scope), section_tabs("data", "operator_imports"))


@require_http_methods(["GET", "POST"])
@operator_page
def import_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A form for a file; a POST takes it."""
    return pages.new_page(request, _place(scope))


@require_http_methods(["GET", "POST"])
@operator_page
def import_detail(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One import; a POST does one step."""
    return pages.batch_page(request, _place(scope), pk)


@require_GET
@operator_page
def import_progress(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """How far it is, as JSON."""
    return pages.progress_answer(_place(scope), pk)


@require_GET
@operator_page
def import_errors(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The rows left out, as CSV."""
    return pages.errors_answer(_place(scope), pk)


@require_GET
@operator_page
def import_file(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The file as it was uploaded."""
    return pages.file_answer(_place(scope), pk)


@require_GET
@operator_page
def import_template(request: HttpRequest, scope: Scope, name: str) -> HttpResponse:
    """A file to begin with."""
    return pages.template_answer(_place(scope), name)
