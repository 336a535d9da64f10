"""The own API tokens."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import TokenForm
from accounts.models import ApiToken, Scope, User
from accounts.services import issue_token, revoke_token, scopes_for


@require_GET
def tokens(request: HttpRequest) -> HttpResponse:
    """The own tokens, those in force first."""
    assert isinstance(request.user, User)
    now = timezone.now()
    found = ApiToken.objects.filter(user=request.user).order_by("-id")
    listed = [
        {
            "token": token,
            "dialog_id": f"revoke-{token.pk}",
            "in_force": token.is_valid_at(now),
            "scopes": [Scope(name).label for name in token.scopes if name in Scope.values],
        }
        for token in found
    ]
    listed.sort(key=lambda row: not row["in_force"])
    return render(request, "accounts/tokens.html", {"tokens": listed})


@never_cache
@require_http_methods(["GET", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth leaves it untyped
def new_token(request: HttpRequest) -> HttpResponse:
    """A new token; its key is on the page that follows, and nowhere else ever."""
    assert isinstance(request.user, User)
    form = TokenForm(request.POST or None, scopes=scopes_for(request.user))
    if request.method == "POST" and form.is_valid():
        token, key = issue_token(
            user=request.user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
            by=request.user,
        )
        return render(request, "accounts/token_made.html", {"token": token, "key": key})
    return render(request, "accounts/token_new.html", {"form": form})


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends an own token at once."""
    assert isinstance(request.user, User)
    token = get_object_or_404(ApiToken.objects.filter(user=request.user), pk=pk)
    revoke_token(token=token, by=request.user)
    messages.success(request, _("The token “%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect("account_tokens")
