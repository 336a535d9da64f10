"""The own account: the overview, and name and look."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import set_language as django_set_language

from accounts.audit import deed
from accounts.forms import ProfileForm
from accounts.models import User
from accounts.sections import sections_of


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """Every part of the own account with how it stands, each on a page of its own."""
    assert isinstance(request.user, User)
    return render(request, "accounts/account.html", {"sections": sections_of(request.user)})


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, colors, language and quiet hours."""
    assert isinstance(request.user, User)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        with deed("account.changed", by=request.user):
            user = form.save()
        # The news is in the language that was chosen just now.
        with translation.override(user.language or translation.get_language()):
            messages.success(request, _("Saved."))
        return redirect("account")
    return render(request, "accounts/profile.html", {"form": form})


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """A visitor's choice of language, kept in a cookie; an account has its own."""
    return django_set_language(request)
