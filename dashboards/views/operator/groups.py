"""Groups of organizations, for distributor admins."""

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from common.errors import PortalError
from dashboards.views.operator.organizations import refuse_readers
from dashboards.views.operator.scope import Scope, operator_page
from organizations.models import Organization, OrganizationGroup
from organizations.services import create_group, delete_group, rename_group, set_group_members


class NameForm(forms.Form):
    """The name of a group."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=50)


class MembersForm(NameForm):
    """The name and the organizations of a group."""

    organizations = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Organizations in it"),
        queryset=Organization.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: object, scope: Scope, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        own = Organization.objects.managed_by(scope.user).filter(distributor=scope.distributor).order_by("name")
        self.fields["organizations"].queryset = own  # type: ignore[attr-defined]  # a model choice


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def groups(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The distributor's groups; a POST makes one."""
    refuse_readers(scope)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_group(distributor=scope.distributor, name=form.cleaned_data["name"], by=scope.user)
        except PortalError as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("%(name)s is there. Choose its organizations.") % {"name": made.name})
            return redirect("operator_group", pk=made.pk)
    own = OrganizationGroup.objects.managed_by(scope.user).filter(distributor=scope.distributor)
    rows = own.annotate(organization_count=Count("members")).order_by("name")
    return render(request, "dashboards/operator/groups.html", {"scope": scope, "rows": rows, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def group(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One group: its name and organizations; a POST saves or deletes."""
    refuse_readers(scope)
    own = OrganizationGroup.objects.managed_by(scope.user).filter(distributor=scope.distributor)
    found = get_object_or_404(own, pk=pk)
    action = request.POST.get("action", "save")
    if request.method == "POST" and action == "delete":
        return _delete(request, scope, found)
    if action != "save":
        raise Http404
    before = {"name": found.name, "organizations": found.members.values_list("organization_id", flat=True)}
    form = MembersForm(request.POST or None, scope=scope, initial=before)
    if request.method == "POST" and form.is_valid() and _save(scope, found, form):
        messages.success(request, _("Saved."))
        return redirect("operator_groups")
    context = {"scope": scope, "group": OrganizationGroup.objects.get(pk=pk), "form": form}
    return render(request, "dashboards/operator/group.html", context)


def _save(scope: Scope, found: OrganizationGroup, form: MembersForm) -> bool:
    """Whether it was saved; else the form says why not."""
    try:
        if form.cleaned_data["name"] != found.name:
            rename_group(group=found, name=form.cleaned_data["name"], by=scope.user)
        set_group_members(group=found, organizations=form.cleaned_data["organizations"], by=scope.user)
    except PortalError as refusal:
        form.add_error("name", str(refusal))
        return False
    return True


def _delete(request: HttpRequest, scope: Scope, found: OrganizationGroup) -> HttpResponse:
    name = found.name
    try:
        delete_group(group=found, by=scope.user)
    except PortalError as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_group", pk=found.pk)
    messages.success(request, _("%(name)s is deleted. Its organizations stay.") % {"name": name})
    return redirect("operator_groups")
