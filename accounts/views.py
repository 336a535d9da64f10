"""The waiting page and the own account."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import AccountForm
from accounts.models import User
from accounts.stages import WAITING_FOR


@login_not_required
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """What happens next for somebody who proved the password but is not approved (yet)."""
    user = User.objects.filter(pk=request.session.get(WAITING_FOR)).first()
    if user is None or user.is_approved:
        request.session.pop(WAITING_FOR, None)
        if user is not None:
            messages.success(request, _("You are approved. Sign in to go on."))
        return redirect("account_login")
    membership = getattr(user, "membership", None)
    context = {
        "waiting_user": user,
        "status": user.approval_status,
        "organization": membership.organization if membership is not None else None,
    }
    return render(request, "accounts/waiting.html", context)


@login_not_required
@require_POST
def stop_waiting(request: HttpRequest) -> HttpResponse:
    """Forgets who waits in this browser."""
    request.session.flush()
    return redirect("landing")


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The own account: name and colors, and the ways to address, password and log-out."""
    assert isinstance(request.user, User)
    form = AccountForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("account")
    return render(request, "accounts/account.html", {"form": form})
