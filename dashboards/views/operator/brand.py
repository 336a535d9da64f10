"""How the distributor shows itself."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.audit import deed
from dashboards.views.operator.organizations import refuse_readers
from dashboards.views.operator.scope import Scope, operator_page
from organizations.brand_form import BrandForm
from organizations.models import Distributor
from organizations.services import clear_logo, set_logo


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def brand(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Logo, color, contact, host and sender of the distributor."""
    refuse_readers(scope)
    # A row of its own: a refused form leaves its values on it, and the page's head shows the stored ones.
    own = Distributor.objects.managed_by(scope.user).get(pk=scope.distributor.pk)
    form = BrandForm(request.POST or None, request.FILES or None, instance=own)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic(), deed("distributor.brand", by=scope.user):
            form.save()
            _keep_logo(form, own, scope)
        messages.success(request, _("Saved. Your pages look like this from now on."))
        return redirect("operator_brand")
    context = {"scope": scope, "form": form}
    return render(request, "dashboards/operator/brand.html", context)


def _keep_logo(form: BrandForm, distributor: Distributor, scope: Scope) -> None:
    if content := form.cleaned_data["logo"]:
        set_logo(distributor=distributor, content=content, by=scope.user)
    elif form.cleaned_data["clear_logo"]:
        clear_logo(distributor=distributor, by=scope.user)
