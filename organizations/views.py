"""Pages of this room that need no role: a distributor's brand, an invitation, taking a request back."""

import hashlib

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.stages import WAITING_FOR
from organizations.colors import style_sheet
from organizations.errors import AccountExists, CannotJoin, InvitationGone, OrganizationError
from organizations.forms import InvitedForm
from organizations.models import Distributor, DistributorLogo, Invitation
from organizations.services import accept_invitation, open_invitation, sign_up_invited, withdraw_wish

# Long, because every page names the version it wants.
_CACHE_SECONDS = 7 * 24 * 3600


@login_not_required
@require_safe
def logo(request: HttpRequest, pk: int) -> HttpResponse:
    """The distributor's logo, as the picture it was checked to be and nothing else."""
    row = get_object_or_404(DistributorLogo.objects.only("digest"), pk=pk)
    if (same := _unchanged(request, row.digest)) is not None:
        return same
    return _cached(HttpResponse(bytes(row.content), content_type=row.media_type), row.digest)


@login_not_required
@require_safe
def colors(request: HttpRequest, pk: int) -> HttpResponse:
    """The distributor's colors as custom properties."""
    accent = Distributor.objects.filter(pk=pk).values_list("accent", flat=True).first()
    sheet = style_sheet(accent or "")
    if not sheet:
        raise Http404
    tag = hashlib.sha256(sheet.encode()).hexdigest()
    if (same := _unchanged(request, tag)) is not None:
        return same
    return _cached(HttpResponse(sheet, content_type="text/css; charset=utf-8"), tag)


def _unchanged(request: HttpRequest, tag: str) -> HttpResponse | None:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return _cached(HttpResponseNotModified(), tag) if f'"{tag}"' in known else None


def _cached(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = f'"{tag}"'
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, public=True, max_age=_CACHE_SECONDS)
    return response


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who invites to what; accepting it, with the account of the address or with a new one."""
    try:
        found = open_invitation(token)
        user = _reader(request)
        if user is not None:
            return _with_account(request, found, token, user)
        if User.objects.filter(email=found.email).exists():
            return _sign_in_first(request, found)
        return _new_account(request, found, token)
    except InvitationGone as refusal:
        return render(request, "organizations/invitation_gone.html", {"words": str(refusal)}, status=404)


def _reader(request: HttpRequest) -> User | None:
    """Who is signed in, or has proved the password and waits for approval."""
    if isinstance(request.user, User):
        return request.user
    waiting: User | None = User.objects.filter(pk=request.session.get(WAITING_FOR) or 0).first()
    return waiting


def _with_account(request: HttpRequest, found: Invitation, token: str, user: User) -> HttpResponse:
    context = {"invitation": found, "reader": user, "refusal": ""}
    if request.method != "POST":
        context["refusal"] = _wrong_account(found, user)
        return render(request, "organizations/invitation.html", context)
    try:
        accept_invitation(token=token, user=user)
    except CannotJoin as refusal:
        context["refusal"] = str(refusal)
        return render(request, "organizations/invitation.html", context, status=403)
    messages.success(request, _("You belong to %(name)s now.") % {"name": found.organization.name})
    return redirect("home" if isinstance(request.user, User) else "account_login")


def _wrong_account(found: Invitation, user: User) -> str:
    if user.email == found.email:
        return ""
    return _("You are signed in as %(email)s. The invitation is for another address.") % {"email": user.email}


def _sign_in_first(request: HttpRequest, found: Invitation) -> HttpResponse:
    login_url = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
    context = {"invitation": found, "login_url": login_url}
    return render(request, "organizations/invitation.html", context)


def _new_account(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    names = {"first_name": found.first_name, "last_name": found.last_name}
    form = InvitedForm(request.POST or None, email=found.email, initial=names)
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_up_invited(
                token=token,
                first_name=form.cleaned_data["first_name"],
                last_name=form.cleaned_data["last_name"],
                password=form.cleaned_data["password1"],
            )
        except AccountExists:
            return _sign_in_first(request, found)
        messages.success(request, _("You belong to %(name)s now.") % {"name": found.organization.name})
        answer: HttpResponse = perform_login(request, user, redirect_url=reverse("home"))
        return answer
    return render(request, "organizations/invitation.html", {"invitation": found, "form": form})


@login_not_required
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Takes back what the person of the waiting page asked for; they are a resident then."""
    user = User.objects.filter(pk=request.session.get(WAITING_FOR) or 0).first()
    if user is None:
        return redirect("account_login")
    try:
        withdraw_wish(user=user)
    except OrganizationError as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts_waiting")
    messages.success(request, _("Your request is withdrawn. Your account is one for your home now: sign in to go on."))
    request.session.pop(WAITING_FOR, None)
    return redirect("account_login")
