"""The waiting page."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

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
    # The newest request to register an organization; a higher room's rows, found by their way back.
    wish = None if membership is not None else user.organization_requests.order_by("-asked_at").first()
    context = {
        "waiting_user": user,
        "status": user.approval_status,
        "organization": membership.organization if membership is not None else None,
        "wish": wish,
        "since": membership.created_at if membership is not None else getattr(wish, "asked_at", None),
        "reason": membership.refusal_reason if membership is not None else getattr(wish, "reason", ""),
        "distributor": getattr(user.tenant, "as_distributor", None),
    }
    return render(request, "accounts/waiting.html", context)


@login_not_required
@require_POST
def stop_waiting(request: HttpRequest) -> HttpResponse:
    """Forgets who waits in this browser."""
    request.session.flush()
    return redirect("landing")
