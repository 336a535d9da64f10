"""Amounts that no computation says: asked for with a reason, agreed to or refused by a second person."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Entity
from common.errors import PortalError
from dashboards.operator_facts import disputes as facts
from dashboards.operator_facts.holders import holder_names
from dashboards.operator_facts.settlement_run import person
from dashboards.sections import section_tabs
from dashboards.selectors.disputes import adjustment_amount
from dashboards.views.operator.disputes import amount_of
from dashboards.views.operator.scope import Scope, operator_page
from settlement.errors import BadAdjustment
from settlement.models import Adjustment, AdjustmentState, SettlementLine, Unit
from settlement.services import approve_adjustment, ask_adjustment, refuse_adjustment
from settlement.services.adjustments import REASON_LENGTH

PER_PAGE = 50
UNITS = [(Unit.MONEY.value, gettext_lazy("Money")), (Unit.POINTS.value, gettext_lazy("Points"))]


@require_GET
@operator_page
def adjustments(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The adjustments by state, newest first."""
    state = request.GET.get("state", "")
    found = _visible(scope).select_related("asked_by", "distributor")
    if state in AdjustmentState.values:
        found = found.filter(state=state)
    page = Paginator(found.order_by("-asked_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "tabs": section_tabs("settlement", "operator_adjustments"),
        "page_obj": page,
        "columns": facts.adjustment_columns(),
        "rows": facts.adjustment_rows(list(page.object_list), scope.distributor),
        "state": state,
        "states": AdjustmentState.choices,
    }
    return render(request, "dashboards/adjustments/list.html", context)


class AdjustmentForm(forms.Form):
    """What is asked for, for whom and why."""

    holder = forms.CharField(
        label=gettext_lazy("For whom"),
        max_length=254,
        help_text=gettext_lazy("The resident’s e-mail address, the organization’s name, or the number of the meter."),
    )
    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        widget=forms.TextInput({"inputmode": "decimal"}),
        help_text=gettext_lazy("What is owed in addition; with a minus, what is taken back."),
    )
    unit = forms.ChoiceField(label=gettext_lazy("Of what"), choices=UNITS, initial=Unit.MONEY)
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Stays with the amount in the ledger, and is told to whom it concerns."),
    )

    def __init__(self, *args: Any, line: SettlementLine | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if line is not None:
            # The reward says whose it is.
            del self.fields["holder"]

    def clean_amount(self) -> Any:
        """The amount as a number."""
        try:
            return amount_of(self.cleaned_data["amount"])
        except BadAdjustment as refusal:
            raise forms.ValidationError(str(refusal)) from None


@dataclass(frozen=True)
class _About:
    """The reward that an adjustment is about, in words."""

    line: SettlementLine
    who: str


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def adjustment_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Asks for an adjustment; `?line=` says of which reward."""
    if not scope.may_manage:
        raise PermissionDenied
    about = _about(request, scope)
    form = AdjustmentForm(request.POST or None, line=about.line if about else None)
    if request.method == "POST" and form.is_valid():
        asked = _asked(scope, form, about)
        if asked is not None:
            messages.success(request, _("Asked for. Somebody else agrees to it; then it is posted."))
            return redirect("operator_adjustment", pk=asked.pk)
    context = {"scope": scope, "form": form, "about": about, "crumbs": _crumbs()}
    return render(request, "dashboards/adjustments/new.html", context)


def _about(request: HttpRequest, scope: Scope) -> _About | None:
    """The reward that the address names; None without one.

    Raises:
        Http404: There is no such reward of this distributor.
    """
    text = request.GET.get("line", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    lines = SettlementLine.objects.visible_to(scope.user).filter(run__event__program__distributor=scope.distributor)
    related = "run__event__program__distributor", "meter", "holder"
    line = get_object_or_404(lines.filter(holder__isnull=False).select_related(*related), pk=int(text))
    assert line.holder_id is not None
    return _About(line, holder_names({line.holder_id}).get(line.holder_id, line.meter.label))


def _asked(scope: Scope, form: AdjustmentForm, about: _About | None) -> Adjustment | None:
    said = form.cleaned_data
    holder: Entity | None = about.line.holder if about else facts.holder_named(scope.distributor, said["holder"])
    if holder is None:
        form.add_error("holder", _("Nobody of this address, name or meter number is there."))
        return None
    try:
        return ask_adjustment(
            distributor=scope.distributor,
            holder=holder,
            amount=said["amount"],
            unit=Unit(said["unit"]),
            reason=said["reason"],
            line=about.line if about else None,
            by=scope.user,
        )
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def adjustment(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One adjustment; a POST agrees or refuses."""
    related = "asked_by", "decided_by", "batch", "line__meter", "dispute", "event__program__distributor", "distributor"
    found = get_object_or_404(_visible(scope).select_related(*related), pk=pk)
    if request.method == "POST":
        if not scope.may_manage:
            raise PermissionDenied
        return _act(request, scope, found)
    is_waiting = found.state == AdjustmentState.ASKED
    context = {
        "scope": scope,
        "adjustment": found,
        "who": holder_names({found.holder_id}).get(found.holder_id, "–"),
        "asked_by": person(found.asked_by),
        "decided_by": person(found.decided_by),
        "amount": adjustment_amount(found, found.distributor.currency),
        "badge": facts.adjustment_badge(found),
        "may_decide": scope.may_manage and is_waiting and found.asked_by_id != scope.user.pk,
        "is_own": scope.may_manage and is_waiting and found.asked_by_id == scope.user.pk,
        "crumbs": _crumbs(),
    }
    return render(request, "dashboards/adjustments/detail.html", context)


def _visible(scope: Scope) -> QuerySet[Adjustment]:
    return Adjustment.objects.visible_to(scope.user).filter(distributor=scope.distributor)


def _act(request: HttpRequest, scope: Scope, found: Adjustment) -> HttpResponse:
    try:
        if request.POST.get("action") == "approve":
            approve_adjustment(adjustment=found, by=scope.user)
            messages.success(request, _("Posted. Whom it concerns is told."))
        elif request.POST.get("action") == "refuse":
            refuse_adjustment(adjustment=found, by=scope.user, reason=request.POST.get("reason", ""))
            messages.success(request, _("Refused. Nothing is posted."))
        else:
            messages.error(request, _("There is no such action."))
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("operator_adjustment", pk=found.pk)


def _crumbs() -> list[dict[str, str]]:
    return [
        {"label": _("Settlement"), "url": reverse("operator_settlement")},
        {"label": _("Adjustments"), "url": reverse("operator_adjustments")},
    ]
