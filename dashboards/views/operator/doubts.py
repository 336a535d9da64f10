"""What looks wrong in readings: the list, one of them, and what admins decide."""

import csv
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from common.intervals import day_bounds
from common.spreadsheet import safe_cell
from dashboards.operator_facts import doubts, selection
from dashboards.views.operator.meters import chosen_meters
from dashboards.views.operator.quality import tabs_of
from dashboards.views.operator.scope import Scope, operator_page
from meters.models import HitState, Meter, QualityHit, QualityRule
from meters.services.quality import NothingToEstimate, estimate_gap
from meters.services.quality import decide as decisions

PER_PAGE = 50
# What a spreadsheet opens without trouble.
MOST_ROWS = 50_000


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def hits(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Everything that looks wrong; a POST accepts those that are ticked."""
    if request.method == "POST":
        return _accept(request, scope)
    found = _found(request, scope)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = doubts.doubts_of(page.object_list, scope.distributor.zone)  # type: ignore[assignment, arg-type]  # the rows in words, for the template
    context = {
        "scope": scope,
        "page_obj": page,
        "tabs": tabs_of(scope, "operator_quality_hits"),
        "of": request.GET.get("of", ""),
        "choices": selection.choices(scope.distributor),
        "rule": request.GET.get("rule", ""),
        "rules": QualityRule.choices,
        "state": _state(request),
        "states": HitState.choices,
        "find": request.GET.get("find", ""),
    }
    return render(request, "dashboards/operator/quality_hits.html", context)


@require_GET
@operator_page
def hits_csv(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The hits of the same choice as a file."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="quality.csv"'
    writer = csv.writer(response)
    writer.writerow(["meter", "rule", "start", "end", "intervals", "value_kwh", "usual_kwh", "state", "reason"])
    for hit in _found(request, scope)[:MOST_ROWS]:
        times = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (hit.start, hit.end)]
        energies = ["" if wh is None else Decimal(wh) / 1000 for wh in (hit.value_wh, hit.usual_wh)]
        words = [safe_cell(hit.meter.number), hit.rule]
        writer.writerow([*words, *times, hit.slots, *energies, hit.state, safe_cell(hit.reason)])
    return response


def _state(request: HttpRequest) -> str:
    """Open ones unless the address says otherwise; an empty word is every state."""
    return request.GET.get("state", HitState.OPEN.value)


def _found(request: HttpRequest, scope: Scope) -> QuerySet[QualityHit]:
    rows = QualityHit.objects.visible_to(scope.user).filter(distributor=scope.distributor)
    if find := request.GET.get("find", "").strip():
        rows = rows.filter(meter__number__icontains=find[:80])
    meters = chosen_meters(request, scope.distributor) if request.GET.get("of") else None
    return doubts.found_hits(rows, meters=meters, rule=request.GET.get("rule", ""), state=_state(request))


def _accept(request: HttpRequest, scope: Scope) -> HttpResponse:
    rows = _managed(scope)
    ids = [int(pk) for pk in request.POST.getlist("ids")[:PER_PAGE] if pk.isascii() and pk.isdigit() and len(pk) < 19]
    try:
        count = decisions.accept_hits(
            hits=rows.filter(pk__in=ids), by=scope.user, reason=request.POST.get("reason", "")
        )
    except PortalError as refusal:
        messages.error(request, str(refusal))
    else:
        words = ngettext("%(count)d is accepted.", "%(count)d are accepted.", count) % {"count": count}
        messages.success(request, words) if count else messages.error(request, _("Tick what you accept first."))
    return redirect("operator_quality_hits")


def _managed(scope: Scope) -> QuerySet[QualityHit]:
    """What the reader may decide.

    Raises:
        PermissionDenied: Staff and auditors read only.
    """
    if not scope.may_manage:
        raise PermissionDenied
    return QualityHit.objects.managed_by(scope.user).filter(distributor=scope.distributor)


class DecisionForm(forms.Form):
    """What becomes of one hit, and why."""

    action = forms.ChoiceField(label=gettext_lazy("What to do"), widget=forms.RadioSelect)
    kwh = forms.DecimalField(
        label=gettext_lazy("Right value, kWh in each interval"),
        required=False,
        max_digits=12,
        decimal_places=3,
        help_text=gettext_lazy("Only for “set another value”."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("Stays with the reading, for whoever asks later."),
    )

    def __init__(self, *args: object, hit: QualityHit, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        ways = decisions.corrections_of(hit)
        words = {
            decisions.VALUE: _("Set another value"),
            decisions.ESTIMATE: _("Estimate it from usual days (marked as estimated, never paid)"),
            decisions.TAKE_AWAY: _("Take the readings away"),
        }
        choices = [("accept", _("Accept: it is right as it is")), *((way, words[way]) for way in ways)]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]  # a choice
        if decisions.VALUE not in ways:
            del self.fields["kwh"]

    def clean(self) -> dict[str, object]:
        """A value is needed where one is to be set."""
        cleaned = super().clean() or {}
        if cleaned.get("action") == decisions.VALUE and cleaned.get("kwh") is None and "kwh" not in self.errors:
            self.add_error("kwh", _("Say the right value."))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def hit(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One hit with the readings around it; a POST decides, or undoes an acceptance."""
    rows = QualityHit.objects.visible_to(scope.user).filter(distributor=scope.distributor)
    found = get_object_or_404(rows.select_related("meter__distributor", "batch", "decided_by"), pk=pk)
    form = None
    if request.method == "POST":
        found = get_object_or_404(_managed(scope).select_related("meter__distributor"), pk=pk)
        if request.POST.get("action") == "undo":
            return _undo(request, scope, found)
        form = DecisionForm(request.POST, hit=found)
        if form.is_valid() and _decide(request, scope, found, form):
            return redirect("operator_quality_hit", pk=pk)
    return render(request, "dashboards/operator/quality_hit.html", _one(scope, found, form))


def _one(scope: Scope, found: QualityHit, form: DecisionForm | None) -> dict[str, object]:
    zone, rule = scope.distributor.zone, QualityRule(found.rule)
    if form is None and scope.may_manage and found.state == HitState.OPEN:
        form = DecisionForm(hit=found, initial={"action": "accept"})
    return {
        "scope": scope,
        "hit": found,
        "doubt": doubts.doubts_of([found], zone)[0],
        "advice": doubts.ADVICE[rule],
        "untried": doubts.untried_words(found),
        "plot": doubts.plot_of(found, zone),
        "columns": [_("Start"), _("kWh"), _("Quality")],
        "form": form,
        "zone": zone,
        "crumbs": [
            {"label": _("Data quality"), "url": reverse("operator_quality")},
            {"label": _("What looks wrong"), "url": reverse("operator_quality_hits")},
            {"label": found.meter.number, "url": ""},
        ],
    }


def _undo(request: HttpRequest, scope: Scope, found: QualityHit) -> HttpResponse:
    try:
        decisions.undo_accept(hit=found, by=scope.user)
        messages.success(request, _("It is open again."))
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("operator_quality_hit", pk=found.pk)


def _decide(request: HttpRequest, scope: Scope, found: QualityHit, form: DecisionForm) -> bool:
    """Whether it is decided; else the form says why not."""
    action, reason, by = form.cleaned_data["action"], form.cleaned_data["reason"], scope.user
    try:
        if action == decisions.VALUE:
            wh = int((form.cleaned_data["kwh"] * 1000).to_integral_value())
            decisions.set_value(hit=found, wh=wh, by=by, reason=reason)
        elif action == decisions.TAKE_AWAY:
            decisions.take_away(hit=found, by=by, reason=reason)
        elif action == decisions.ESTIMATE:
            decisions.replace_by_estimate(hit=found, by=by, reason=reason)
        elif not decisions.accept_hits(hits=[found], by=by, reason=reason):
            raise decisions.HitDecided(_("This was decided meanwhile: look at it again."))
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return False
    done = _("Accepted.") if action == "accept" else _("Corrected. What stood there before is kept.")
    messages.success(request, done)
    return True


class EstimateForm(forms.Form):
    """A meter and days whose missing readings are estimated at once."""

    number = forms.CharField(label=gettext_lazy("Number of the meter"), max_length=40)
    first = forms.DateField(label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}))


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def estimate(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A form for the missing readings of one meter; a POST estimates them."""
    if not scope.may_manage:
        raise PermissionDenied
    form = EstimateForm(request.POST or None, initial={"number": request.GET.get("meter", "")[:40]})
    if request.method == "POST" and form.is_valid() and _estimate(request, scope, form):
        return redirect("operator_quality")
    context = {
        "scope": scope,
        "form": form,
        "crumbs": [{"label": _("Data quality"), "url": reverse("operator_quality")}],
    }
    return render(request, "dashboards/operator/quality_estimate.html", context)


def _estimate(request: HttpRequest, scope: Scope, form: EstimateForm) -> bool:
    """Whether something was estimated; else the form says why not."""
    number, first, last = (form.cleaned_data[name] for name in ("number", "first", "last"))
    own = Meter.objects.managed_by(scope.user).filter(distributor=scope.distributor)
    meter = own.select_related("distributor").filter(number=number).first()
    if meter is None:
        form.add_error("number", _("There is no meter of this number."))
        return False
    try:
        end = day_bounds(last, meter.zone)[1]
        result = estimate_gap(meter=meter, start=day_bounds(first, meter.zone)[0], end=end, by=scope.user)
    except NothingToEstimate as refusal:
        form.add_error(None, str(refusal))
        return False
    except OverflowError:
        form.add_error("last", _("This day cannot be meant."))
        return False
    words = ngettext("%(count)d interval is estimated.", "%(count)d intervals are estimated.", result.filled)
    messages.success(request, words % {"count": result.filled})
    return True
