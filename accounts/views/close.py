"""Closing the own account."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.closing import ask_to_close, close_account
from accounts.forms import CloseForm
from accounts.models import User
from common.errors import PortalError


@never_cache
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth leaves it untyped
def close(request: HttpRequest) -> HttpResponse:
    """What goes and what stays; with the typed address and the password, the end."""
    assert isinstance(request.user, User)
    form = CloseForm(request.POST or None, user=request.user)
    refusal = ""
    try:
        if request.method == "POST" and form.is_valid():
            close_account(user=request.user, by=request.user)
            logout(request)
            messages.success(request, _("Your account is closed. A last mail is on its way to you."))
            return redirect("landing")
        ask_to_close(user=request.user)
    except PortalError as problem:
        refusal = str(problem)
    return render(request, "accounts/close.html", {"form": form, "refusal": refusal})
