"""Support: seeing the portal as a customer does."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import acting
from accounts.models import User


class ReasonForm(forms.Form):
    """Why an admin looks at somebody's pages."""

    reason = forms.CharField(
        label=_("Why"),
        min_length=acting.REASON_LENGTH,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For example: asked by phone why the reward of Tuesday is missing."),
        error_messages={"min_length": _("Write in a few words why: the history keeps it.")},
    )


@require_http_methods(["GET", "POST"])
def act_as_start(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks why, and starts."""
    admin = request.user
    if not isinstance(admin, User) or not admin.may_manage:
        raise PermissionDenied
    person = get_object_or_404(User.objects.visible_to(admin), pk=pk)
    if not acting.people_for(admin).filter(pk=pk).exists():
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        acting.start(session=request.session, admin=admin, person=person, reason=form.cleaned_data["reason"])
        return redirect("home")
    context = {"person": person, "form": form, "minutes": acting.LASTS.seconds // 60}
    return render(request, "dashboards/operator/act_as.html", context)


@require_POST
def act_as_stop(request: HttpRequest) -> HttpResponse:
    """Back to the own pages; without anybody acted as there is nothing to do."""
    if acting.SESSION_KEY in request.session:
        acting.stop(session=request.session, why="stopped")
        messages.success(request, gettext("You see your own pages again."))
    return redirect("home")
