"""What looks odd in settlements: the queue, one flag, and what admins decide."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import flags as facts
from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from settlement.models import FlagKind, FlagState, IntegrityFlag
from settlement.services.flags import decide_flag

PER_PAGE = 50


@require_GET
@operator_page
def flags(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The flags by kind and state, open ones unless the address says otherwise."""
    kind, find = request.GET.get("kind", ""), request.GET.get("find", "").strip()
    state = request.GET.get("state", FlagState.OPEN.value)
    found = facts.found_flags(_visible(scope), kind=kind, state=state, find=find)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = facts.rows_of(page.object_list, scope.distributor.zone)  # type: ignore[assignment, arg-type]  # the rows in words, for the template
    context = {
        "scope": scope,
        "tabs": section_tabs("settlement", "operator_flags"),
        "page_obj": page,
        "kind": kind,
        "kinds": FlagKind.choices,
        "state": state,
        "states": FlagState.choices,
        "find": find,
    }
    return render(request, "dashboards/operator/flags.html", context)


class FlagForm(forms.Form):
    """What a person decides about a flag, and why."""

    state = forms.ChoiceField(label=gettext_lazy("What you found"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("What you looked at and what it was. Whoever asks later reads it."),
    )

    def __init__(self, *args: object, flag: IntegrityFlag, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        words = {
            FlagState.CLEARED: _("Clear it: there is a good reason"),
            FlagState.CONFIRMED: _("Confirm it: something is wrong"),
            FlagState.OPEN: _("Open it again"),
        }
        choices = [(state.value, label) for state, label in words.items() if state != flag.state]
        self.fields["state"].choices = choices  # type: ignore[attr-defined]  # a choice


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def flag(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One flag with its numbers; a POST decides."""
    related = "line__meter", "line__run__event__program__distributor", "decided_by"
    found = get_object_or_404(_visible(scope).select_related(*related), pk=pk)
    form = FlagForm(flag=found) if scope.may_manage else None
    if request.method == "POST":
        if not scope.may_manage:
            raise PermissionDenied
        form = FlagForm(request.POST, flag=found)
        if form.is_valid() and _decide(request, scope, found, form):
            return redirect("operator_flag", pk=pk)
    context = {
        "scope": scope,
        "flag": found,
        "row": facts.rows_of([found], scope.distributor.zone)[0],
        "form": form,
        "crumbs": [
            {"label": _("What looks odd"), "url": reverse("operator_flags")},
            {"label": found.line.meter.number, "url": ""},
        ],
    }
    return render(request, "dashboards/operator/flag.html", context)


def _visible(scope: Scope) -> QuerySet[IntegrityFlag]:
    rows = IntegrityFlag.objects.visible_to(scope.user)
    return rows.filter(line__run__event__program__distributor=scope.distributor)


def _decide(request: HttpRequest, scope: Scope, found: IntegrityFlag, form: FlagForm) -> bool:
    try:
        decide_flag(flag=found, state=form.cleaned_data["state"], note=form.cleaned_data["note"], by=scope.user)
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("Your decision is kept. The reward itself is unchanged."))
    return True
