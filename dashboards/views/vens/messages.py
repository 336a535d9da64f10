"""The log of messages with VENs, and one of them in full."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from dashboards.operator_facts import ven_messages as facts
from dashboards.sections import section_tabs
from dashboards.selectors import ven_messages as selector
from dashboards.selectors.vens import vens_of
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.vens.forms import LogFilter
from openadr.models import VenMessage
from organizations.access import Role, role_of

PER_PAGE = 50


@never_cache
@require_GET
@operator_page
def messages(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The messages, newest first, searched."""
    form = LogFilter(request.GET)
    asked = form.wanted(scope)
    ven = get_object_or_404(vens_of(scope.user, scope.distributor), pk=asked["ven"]) if asked.get("ven") else None
    found = selector.found(selector.messages_of(scope.user, scope.distributor), asked=asked)
    page = Paginator(found.defer("body", "answer"), PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "scope": scope,
        "tabs": section_tabs("devices", "operator_ven_messages"),
        "ven": ven,
        "form": form,
        "asked": form.cleaned_data,
        "is_filtered": any(form.cleaned_data.values()),
        "is_narrowed": form.is_narrowed,
        "kinds": facts.KINDS,
        "days": settings.VTN_LOG_DAYS,
        "sees_nobody": role_of(scope.user) is Role.PLATFORM,
        "page_obj": page,
        "columns": facts.columns(),
        "rows": facts.rows(list(page.object_list), scope.distributor.zone),
    }
    return render(request, "dashboards/vens/messages.html", context)


@never_cache
@require_GET
@operator_page
def message(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One exchange: what the VEN said and what it was answered."""
    row: VenMessage = get_object_or_404(selector.messages_of(scope.user, scope.distributor), pk=pk)
    title = row.kind or _("Message")
    context = {
        "scope": scope,
        "row": row,
        "title": title,
        "facts": facts.message_facts(row, scope.distributor.zone),
        "body": facts.pretty(row.body),
        "answer": facts.pretty(row.answer),
        "days": settings.VTN_LOG_DAYS,
        "crumbs": [
            {"label": _("Messages of devices"), "url": reverse("operator_ven_messages")},
            {"label": title, "url": ""},
        ],
    }
    return render(request, "dashboards/vens/message.html", context)
